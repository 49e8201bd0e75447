package render

import (
	"unicode"

	"golang.org/x/text/width"
)

// displayWidth returns how many columns a character takes on a terminal, by the
// rules of psql: 0 for what combines with the character before it, 2 for wide
// characters of East Asia, and -1 for control characters.
//
// https://github.com/postgres/postgres/blob/REL_18_STABLE/src/common/wchar.c (ucs_wcwidth)
func displayWidth(r rune) int {
	switch {
	case r == 0:
		return 0
	case r < 0x20, 0x7f <= r && r < 0xa0:
		return -1
	case r < 0x300 && r != 0xad:
		return 1
	case unicode.In(r, unicode.Mn, unicode.Me, unicode.Cf):
		return 0
	}
	switch width.LookupRune(r).Kind() {
	case width.EastAsianWide, width.EastAsianFullwidth:
		return 2
	}
	return 1
}
