package sqlscript

import "bytes"

// A lexer looks for the end of a statement. It is given line after line, and
// remembers in between what it is inside of.
type lexer struct {
	escapes bool // in plain string constants

	begin  int // where the statement begins in its piece; -1 if it has not yet
	line   int // the line on which it begins
	inside inside
	depth  int    // of nested comments
	dollar []byte // the delimiter, with its dollars, inside a dollar-quoted string

	// A string constant may go on after whitespace that has a line break.
	last    inside // what kind of string ended, if nothing but whitespace followed
	newline bool   // a line break followed

	parens int
	words  words
}

// inside is what a lexer is inside of.
type inside byte

const (
	nothing inside = iota
	plainString
	escapeString
	quotedName
	comment
	dollarString
)

// end is why a scan ended.
type end byte

const (
	endLine end = iota
	endStatement
	endCommand // at a backslash
)

func (l *lexer) reset() {
	*l = lexer{escapes: l.escapes, begin: -1, dollar: l.dollar[:0]}
}

func (l *lexer) isCopyIn() bool { return l.words.copyIn }

// scan goes on in text, which is the rest of line number line and comes at the
// given offset in the piece. It returns how much it has scanned, and why it
// stopped.
func (l *lexer) scan(text []byte, offset, line int) (int, end) {
	for i := 0; i < len(text); {
		rest := text[i:]
		if l.inside != nothing {
			i += l.scanInside(rest)
			continue
		}
		if n := blank(rest); n > 0 {
			l.newline = l.newline || bytes.ContainsAny(rest[:n], "\n\r")
			i += n
			continue
		}
		if rest[0] == '\\' {
			return i, endCommand
		}
		if l.begin < 0 {
			l.begin, l.line = offset+i, line
		}
		n, done := l.token(rest)
		i += n
		if done {
			return i, endStatement
		}
	}
	return len(text), endLine
}

// blank returns the length of the whitespace, or of the comment to the end of
// the line, at the start of b.
func blank(b []byte) int {
	if isSpace(b[0]) {
		n := 1
		for n < len(b) && isSpace(b[n]) {
			n++
		}
		return n
	}
	if !bytes.HasPrefix(b, []byte("--")) {
		return 0
	}
	if n := bytes.IndexAny(b, "\n\r"); n >= 0 {
		return n
	}
	return len(b)
}

// token scans the token at the start of b. It returns its length, or that of
// the opening of something, and whether it ends the statement.
func (l *lexer) token(b []byte) (n int, done bool) {
	last, goesOn := l.last, l.newline
	l.last, l.newline = nothing, false
	c := b[0]
	switch {
	case isNameStart(c):
		return l.name(b), false
	case isDigit(c), c == '.' && len(b) > 1 && isDigit(b[1]):
		l.words.other()
		return number(b), false
	case c == '$':
		l.words.other()
		return l.dollarSign(b), false
	case bytes.HasPrefix(b, []byte("/*")):
		l.inside, l.depth = comment, 1
		return 2, false
	}
	l.words.other()
	switch c {
	case '\'':
		switch {
		case last != nothing && goesOn:
			l.inside = last
		case l.escapes:
			l.inside = escapeString
		default:
			l.inside = plainString
		}
	case '"':
		l.inside = quotedName
	case '(':
		l.parens++
	case ')':
		l.parens = max(0, l.parens-1)
	case ';':
		return 1, l.parens == 0 && l.words.bodies == 0
	}
	return 1, false
}

// name scans a name or key word, or the opening of a string constant that
// begins with a letter.
func (l *lexer) name(b []byte) int {
	n := nameLength(b)
	if n == 1 {
		if in, n := prefixed(b); n > 0 {
			l.words.other()
			l.inside = in
			return n
		}
	}
	l.words.word(b[:n], l.parens == 0)
	return n
}

// prefixed returns what the opening at the start of b opens, and its length; or
// a length of 0 if it is none.
func prefixed(b []byte) (inside, int) {
	follows := func(s string) bool { return bytes.HasPrefix(b[1:], []byte(s)) }
	switch b[0] | 0x20 {
	case 'e':
		if follows("'") {
			return escapeString, 2
		}
	case 'b', 'x':
		if follows("'") {
			return plainString, 2
		}
	case 'u':
		if follows("&'") {
			return plainString, 3
		}
		if follows(`&"`) {
			return quotedName, 3
		}
	}
	return nothing, 0
}

// number returns the length of the number at the start of b, and of the letters
// that stick to it.
func number(b []byte) int {
	n := 0
	digits := func() {
		for n < len(b) && (isDigit(b[n]) || b[n] == '_') {
			n++
		}
	}
	digits()
	if n < len(b) && b[n] == '.' && (n+1 == len(b) || b[n+1] != '.') {
		n++
		digits()
	}
	if n+1 < len(b) && b[n]|0x20 == 'e' && (b[n+1] == '+' || b[n+1] == '-') {
		n += 2
		if n == len(b) || !isDigit(b[n]) {
			return n
		}
		digits()
	}
	return n + nameLength(b[n:])
}

// dollarSign scans a parameter, or the opening of a dollar-quoted string, or
// just the dollar.
func (l *lexer) dollarSign(b []byte) int {
	n := 1
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	if n > 1 {
		return n + nameLength(b[n:])
	}
	if n := dollarDelimiter(b); n > 0 {
		l.inside = dollarString
		l.dollar = append(l.dollar[:0], b[:n]...)
		return n
	}
	return 1
}

// dollarDelimiter returns the length of the delimiter of a dollar-quoted string
// at the start of b, or 0.
func dollarDelimiter(b []byte) int {
	for n := 1; n < len(b); n++ {
		switch c := b[n]; {
		case c == '$':
			return n + 1
		case !isNameStart(c) && (n == 1 || !isDigit(c)):
			return 0
		}
	}
	return 0
}
