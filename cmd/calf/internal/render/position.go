package render

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	positionWidth  = 60 // of the part of a line that is shown
	positionMargin = 10 // how near to the right end of that the place may be
)

// appendPosition appends the line of a statement that has the character at
// position, counted from 1, and a caret under it. Of a long line it appends the
// part around it, like libpq's reportErrorPosition.
func appendPosition(b []byte, sql string, position int) []byte {
	chars, at := lineAt(sql, position-1)
	if at < 0 {
		return b
	}
	// columns[i] is where character i begins, the last one where the line ends
	columns := make([]int, len(chars)+1)
	for i, c := range chars {
		columns[i+1] = columns[i] + c.width
	}
	from, to := 0, len(chars)
	width := func() int { return columns[to] - columns[from] }
	if width() > positionWidth {
		if columns[at]+positionMargin > positionWidth {
			for columns[at]+positionMargin < columns[to] {
				to--
			}
			for width() > positionWidth {
				from++
			}
		} else {
			for width() > positionWidth {
				to--
			}
		}
	}
	prefix := fmt.Sprintf("LINE %d: ", lineNumber(sql, position-1))
	if from > 0 {
		prefix += "..."
	}
	b = append(b, prefix...)
	for _, c := range chars[from:to] {
		b = append(b, c.text...)
	}
	if to < len(chars) {
		b = append(b, "..."...)
	}
	b = append(b, '\n')
	b = append(b, strings.Repeat(" ", len(prefix)+columns[at]-columns[from])...)
	return append(b, "^\n"...)
}

// A char is a character of a line, with its width on the screen.
type char struct {
	text  string
	width int
}

// lineAt returns the line that has character number n of a text, counted from
// 0, and the character's place in it, which is its end if n is that of the line
// break or of the text. If there is no such character, the place is -1.
func lineAt(text string, n int) (line []char, at int) {
	at = -1
	for i := 0; text != ""; i++ {
		r, size := utf8.DecodeRuneInString(text)
		if i == n {
			at = len(line)
		}
		if r == '\n' || r == '\r' {
			if at >= 0 {
				return line, at
			}
			line = line[:0]
		} else {
			line = append(line, newChar(r, text[:size]))
		}
		text = text[size:]
		if text == "" && i+1 == n {
			at = len(line)
		}
	}
	return line, at
}

func newChar(r rune, text string) char {
	if r == '\t' {
		return char{" ", 1}
	}
	return char{text, max(1, displayWidth(r))}
}

// lineNumber returns the number of the line that has character number n. A
// carriage return and a line feed together are one line break.
func lineNumber(text string, n int) int {
	number, last := 1, rune(0)
	for _, r := range text {
		if n--; n < 0 {
			break
		}
		if r == '\r' || r == '\n' && last != '\r' {
			number++
		}
		last = r
	}
	return number
}
