package sqlscript

import (
	"errors"
	"strings"
)

// An Argument is one of a backslash command's.
type Argument struct {
	Text   string
	Quoted bool // a part of it was quoted
}

// Arguments takes the arguments of a backslash command apart: words, of which
// parts may be in single quotes, with backslash escapes, or in double quotes.
func Arguments(s string) ([]Argument, error) {
	var all []Argument
	for {
		s = strings.TrimLeft(s, " \t\n\r\f\v")
		if s == "" {
			return all, nil
		}
		var a Argument
		var text strings.Builder
		for s != "" && !isSpace(s[0]) {
			switch c := s[0]; c {
			case '\\':
				return nil, errors.New("a second backslash command on the line")
			case '\'', '"':
				n, ok := unquote(&text, s)
				if !ok {
					return nil, errors.New("unterminated quoted string")
				}
				a.Quoted = true
				s = s[n:]
			default:
				text.WriteByte(c)
				s = s[1:]
			}
		}
		a.Text = text.String()
		all = append(all, a)
	}
}

// unquote writes what is in the quotes at the start of s, and returns where
// they end.
func unquote(text *strings.Builder, s string) (end int, ok bool) {
	quote := s[0]
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\' && quote == '\'' && i+1 < len(s):
			i++
			text.WriteByte(unescape(s[i]))
		case c != quote:
			text.WriteByte(c)
		case i+1 < len(s) && s[i+1] == quote:
			i++
			text.WriteByte(c)
		default:
			return i + 1, true
		}
	}
	return 0, false
}

// unescape returns what a letter means after a backslash.
func unescape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}
