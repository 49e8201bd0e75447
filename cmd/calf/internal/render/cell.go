package render

import (
	"fmt"
	"unicode/utf8"
)

// A cell is a value as a table shows it, in one or more lines.
type cell []cellLine

type cellLine struct {
	text  string
	width int
}

// width returns the width of the longest line.
func (c cell) width() int {
	w := 0
	for _, line := range c {
		w = max(w, line.width)
	}
	return w
}

// newCell takes a value apart at its line breaks, and makes control characters
// visible.
func newCell(value []byte) cell {
	if n := plainWidth(value); n >= 0 {
		return cell{{string(value), n}}
	}
	var c cell
	line, w := make([]byte, 0, len(value)), 0
	for len(value) > 0 {
		r, n := utf8.DecodeRune(value)
		switch dw := displayWidth(r); {
		case r == utf8.RuneError && n == 1:
			line, w = fmt.Appendf(line, `\x%02X`, value[0]), w+4
		case r == '\n':
			c = append(c, cellLine{string(line), w})
			line, w = line[:0], 0
		case r == '\r':
			line, w = append(line, `\r`...), w+2
		case r == '\t':
			for pad := 8 - w%8; pad > 0; pad-- {
				line, w = append(line, ' '), w+1
			}
		case dw < 0 && r < 0x80:
			line, w = fmt.Appendf(line, `\x%02X`, r), w+4
		case dw < 0:
			line, w = fmt.Appendf(line, `\u%04X`, r), w+6
		default:
			line, w = append(line, value[:n]...), w+dw
		}
		value = value[n:]
	}
	return append(c, cellLine{string(line), w})
}

// plainWidth returns the length of a value that is just printable ASCII, else
// -1.
func plainWidth(value []byte) int {
	for _, b := range value {
		if b < 0x20 || b > 0x7e {
			return -1
		}
	}
	return len(value)
}
