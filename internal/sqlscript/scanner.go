package sqlscript

import (
	"bufio"
	"bytes"
	"io"
	"strings"
)

// A Scanner takes a script apart. It is not safe for concurrent use.
type Scanner struct {
	// Escapes says that backslashes are escapes in plain string constants, as
	// they are while standard_conforming_strings is off. It may be changed
	// between pieces.
	Escapes bool

	in     *bufio.Reader
	err    error  // of in
	line   []byte // the current line, with its end
	pos    int    // up to where it has been scanned
	number int    // of the current line

	text  []byte // what has been scanned of the current piece
	lexer lexer
}

// NewScanner returns a scanner for the script in r.
func NewScanner(r io.Reader) *Scanner {
	in, ok := r.(*bufio.Reader)
	if !ok {
		in = bufio.NewReaderSize(r, 64<<10)
	}
	s := &Scanner{in: in}
	s.lexer.reset()
	return s
}

// Next returns the next piece. At the end it returns io.EOF; any other error is
// one of reading.
func (s *Scanner) Next() (Piece, error) {
	for {
		if s.pos == len(s.line) && !s.readLine() {
			return s.last()
		}
		s.lexer.escapes = s.Escapes
		n, end := s.lexer.scan(s.line[s.pos:], len(s.text), s.number)
		s.take(n)
		switch end {
		case endStatement:
			return s.statement(), nil
		case endCommand:
			return s.command(), nil
		}
	}
}

// take moves n bytes of the line to the current piece.
func (s *Scanner) take(n int) {
	s.text = append(s.text, s.line[s.pos:s.pos+n]...)
	s.pos += n
}

// readLine reads the next line. It returns false at the end.
func (s *Scanner) readLine() bool {
	s.line, s.pos = s.line[:0], 0
	for s.err == nil {
		part, err := s.in.ReadSlice('\n')
		s.line = append(s.line, part...)
		if err == nil {
			break
		}
		if err != bufio.ErrBufferFull {
			s.err = err
		}
	}
	if len(s.line) == 0 {
		return false
	}
	s.number++
	if s.number == 1 && bytes.HasPrefix(s.line, byteOrderMark) {
		s.take(len(byteOrderMark))
	}
	return true
}

var byteOrderMark = []byte("\xef\xbb\xbf")

// last returns what is left at the end of the script: a statement without a
// semicolon, perhaps an unfinished one, of which the server shall judge.
func (s *Scanner) last() (Piece, error) {
	switch {
	case s.err != io.EOF:
		return Piece{}, s.err
	case len(s.text) == 0:
		return Piece{}, io.EOF
	case s.lexer.begin >= 0:
		p := s.statement()
		p.SQL = strings.TrimSuffix(p.SQL, "\n") // which ends the line, not the statement
		return p, nil
	}
	p := Piece{Kind: Space, Raw: string(s.text), Line: s.number}
	s.reset()
	return p, nil
}

func (s *Scanner) statement() Piece {
	p := Piece{Kind: Statement, Raw: string(s.text), Line: s.lexer.line, CopyIn: s.lexer.isCopyIn()}
	p.SQL = p.Raw[s.lexer.begin:]
	s.reset()
	return p
}

// command returns the backslash command at the current position.
func (s *Scanner) command() Piece {
	p := Piece{Kind: Command, Line: s.number}
	if b := s.lexer.begin; b >= 0 {
		p.SQL = string(s.text[b:])
	}
	rest := string(s.line[s.pos+1:])
	end := strings.IndexAny(rest, " \t\n\r\f\v\\")
	if end < 0 {
		end = len(rest)
	}
	p.Name, p.Args = rest[:end], strings.Trim(rest[end:], " \t\n\r\f\v")
	s.take(len(s.line) - s.pos)
	p.Raw = string(s.text)
	s.reset()
	return p
}

func (s *Scanner) reset() {
	s.text = s.text[:0]
	s.lexer.reset()
}
