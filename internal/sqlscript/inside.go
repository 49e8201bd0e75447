package sqlscript

import "bytes"

// scanInside goes on inside of something, to its end at most, and returns how
// far it came, which is at least one byte.
func (l *lexer) scanInside(b []byte) int {
	switch l.inside {
	case plainString, quotedName:
		return l.quoted(b)
	case escapeString:
		return l.escaped(b)
	case comment:
		return l.comment(b)
	default:
		return l.dollarQuoted(b)
	}
}

// quoted ends at the next quote. A doubled one opens the next string at once,
// which comes to the same.
func (l *lexer) quoted(b []byte) int {
	quote := byte('\'')
	if l.inside == quotedName {
		quote = '"'
	}
	n := bytes.IndexByte(b, quote)
	if n < 0 {
		return len(b)
	}
	l.endString()
	if n+1 < len(b) && b[n+1] == quote {
		l.inside = l.last
		if quote == '"' {
			l.inside = quotedName
		}
		return n + 2
	}
	return n + 1
}

// escaped is quoted for strings in which a backslash takes the next byte's
// meaning away.
func (l *lexer) escaped(b []byte) int {
	n := bytes.IndexAny(b, `'\`)
	switch {
	case n < 0:
		return len(b)
	case b[n] == '\\':
		return min(n+2, len(b))
	case n+1 < len(b) && b[n+1] == '\'':
		return n + 2
	}
	l.endString()
	return n + 1
}

// endString notes the end of a string constant, or of a quoted name.
func (l *lexer) endString() {
	l.last, l.newline = l.inside, false
	if l.inside == quotedName {
		l.last = nothing
	}
	l.inside = nothing
}

func (l *lexer) comment(b []byte) int {
	n := bytes.IndexAny(b, "/*")
	switch {
	case n < 0:
		return len(b)
	case bytes.HasPrefix(b[n:], []byte("/*")):
		l.depth++
		return n + 2
	case bytes.HasPrefix(b[n:], []byte("*/")):
		if l.depth--; l.depth == 0 {
			l.inside = nothing
		}
		return n + 2
	}
	return n + 1
}

// dollarQuoted ends after the closing delimiter, which is always on one line.
func (l *lexer) dollarQuoted(b []byte) int {
	n := bytes.Index(b, l.dollar)
	if n < 0 {
		return len(b)
	}
	l.inside = nothing
	return n + len(l.dollar)
}
