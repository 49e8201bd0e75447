package sqlscript

import (
	"bufio"
	"errors"
	"io"
)

// Data returns the data of a COPY ... FROM STDIN that Next has just returned:
// the lines after the current one, up to a line of just `\.` or to the end of
// the script. Binary data has no such mark and goes to the end. The data must
// be read before Next is called again, which goes on with the rest of the
// current line.
func (s *Scanner) Data(binary bool) io.Reader {
	return &data{in: s.in, binary: binary, lines: &s.number, err: s.err}
}

// Data returns a reader of COPY data for what is in r, as [Scanner.Data] does.
func Data(r *bufio.Reader, binary bool) io.Reader {
	return &data{in: r, binary: binary, lines: new(int)}
}

// data reads lines up to the end mark.
type data struct {
	in     *bufio.Reader
	binary bool
	lines  *int
	part   []byte // what was read of the current line and not yet returned
	inLine bool   // the next part is not the start of a line
	err    error
}

func (d *data) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	if d.binary && d.err == nil {
		return d.in.Read(p)
	}
	n := 0
	for n < len(p) {
		if len(d.part) == 0 && (n > 0 && d.in.Buffered() == 0 || !d.next()) {
			break // what there is goes out before the next read blocks
		}
		m := copy(p[n:], d.part)
		d.part = d.part[m:]
		n += m
	}
	if n == 0 {
		return 0, d.err
	}
	return n, nil
}

// next reads the next line, or as much of it as the buffer holds. It returns
// false at the end.
func (d *data) next() bool {
	if d.err != nil {
		return false
	}
	part, err := d.in.ReadSlice('\n')
	start := !d.inLine
	d.inLine = errors.Is(err, bufio.ErrBufferFull)
	if err != nil && !d.inLine {
		d.err = err
	}
	if start && len(part) > 0 {
		*d.lines++
	}
	if start && isEndMark(part) {
		d.err = io.EOF
		return false
	}
	d.part = part
	return len(part) > 0
}

// isEndMark reports whether a line is `\.`.
func isEndMark(line []byte) bool {
	switch string(line) {
	case `\.`, "\\.\n", "\\.\r\n":
		return true
	}
	return false
}
