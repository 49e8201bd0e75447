package runtime

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"github.com/calfdb/calf/runtime/internal/link"
)

// conversions are the functions of PostgreSQL with which the libraries of
// conversion procedures work, and which PGlite leaves out: Emscripten drops
// what nothing in the program calls. Parameters and result are on the stack,
// as for hooks; names and rules are those of mbutils.c, conv.c and wchar.c.
var conversions = map[string]func(p *process, a []uint64){
	"LocalToUtf": func(p *process, a []uint64) { a[0] = newMapping(p, a).toUTF8() },
	"UtfToLocal": func(p *process, a []uint64) { a[0] = newMapping(p, a).fromUTF8() },

	"latin2mic":            func(p *process, a []uint64) { a[0] = newByteMapping(p, a, false).toMIC() },
	"latin2mic_with_table": func(p *process, a []uint64) { a[0] = newByteMapping(p, a, true).toMIC() },
	"mic2latin":            func(p *process, a []uint64) { a[0] = newByteMapping(p, a, false).fromMIC() },
	"mic2latin_with_table": func(p *process, a []uint64) { a[0] = newByteMapping(p, a, true).fromMIC() },
	"local2local":          func(p *process, a []uint64) { a[0] = newLocalMapping(p, a).convert() },

	"pg_utf8_islegal": func(p *process, a []uint64) {
		s, n := uint32(a[0]), uint32(a[1])
		if a[0] = 0; n <= 4 && legalUTF8(p.guest.Bytes(s, n)) {
			a[0] = 1
		}
	},
	"pg_encoding_verifymbchar": func(p *process, a []uint64) {
		a[0] = uint64(uint32(p.verifyChar(int32(a[0]), uint32(a[1]), int32(a[2]))))
	},
	"report_invalid_encoding": func(p *process, a []uint64) {
		p.invalidBytes(int32(a[0]), uint32(a[1]), int32(a[2]))
	},
	"report_untranslatable_char": func(p *process, a []uint64) {
		p.untranslatable(int32(a[0]), int32(a[1]), uint32(a[2]), int32(a[3]))
	},
}

// Encodings that are not only numbers here (enum pg_enc, pg_wchar.h).
const (
	pgUTF8         = 6
	pgMULEInternal = 7
	pgGB18030      = 39
)

// Offsets in pg_wchar_tbl (pg_wchar.h), and its size.
const (
	wcharMblen      = 8
	wcharVerifyChar = 16
	wcharMaxLength  = 24
	wcharSize       = 28
)

// wchar returns what pg_wchar_table has for an encoding: that of SQL_ASCII if
// there is no such encoding.
func (p *process) wchar(encoding int32, field uint32) uint32 {
	if encodingName(int(encoding)) == "" {
		encoding = 0
	}
	return p.guest.Load32(p.guest.Address("pg_wchar_table") + uint32(encoding)*wcharSize + field)
}

// verifyChar returns the length of the character at s, of which n bytes are
// there, or -1 if it is none.
func (p *process) verifyChar(encoding int32, s uint32, n int32) int32 {
	verify := p.wchar(encoding, wcharVerifyChar)
	return int32(uint32(p.mustCall(link.DynCall+"iii", uint64(verify), uint64(s), uint64(uint32(n)))))
}

// charLength returns how long the character is that begins at s, or more than
// anything if n bytes do not tell.
func (p *process) charLength(encoding int32, s uint32, n int32) int32 {
	if n < 1 || encoding == pgGB18030 && n < 2 && p.guest.Bytes(s, 1)[0] >= 0x80 {
		return math.MaxInt32
	}
	mblen := p.wchar(encoding, wcharMblen)
	return int32(uint32(p.mustCall(link.DynCall+"ii", uint64(mblen), uint64(s))))
}

// shownBytes lists the bytes of the character at s, of which n bytes are there.
func (p *process) shownBytes(encoding int32, s uint32, n int32) string {
	n = min(p.charLength(encoding, s, n), n, 8)
	var list []string
	for _, b := range p.guest.Bytes(s, uint32(max(n, 0))) {
		list = append(list, fmt.Sprintf("0x%02x", b))
	}
	return strings.Join(list, " ")
}

// invalidBytes raises the error for bytes that are no character.
func (p *process) invalidBytes(encoding int32, s uint32, n int32) {
	p.raise(sqlError{state: "22021", message: fmt.Sprintf("invalid byte sequence for encoding %q: %s",
		encodingName(int(encoding)), p.shownBytes(encoding, s, n))})
}

// untranslatable raises the error for a character that an encoding lacks.
func (p *process) untranslatable(from, to int32, s uint32, n int32) {
	p.raise(sqlError{state: "22P05", message: fmt.Sprintf("character with byte sequence %s in encoding %q has no equivalent in encoding %q",
		p.shownBytes(from, s, n), encodingName(int(from)), encodingName(int(to)))})
}

// utf8Length is the length that the first byte of a character announces.
func utf8Length(b byte) int32 {
	switch {
	case b&0xe0 == 0xc0:
		return 2
	case b&0xf0 == 0xe0:
		return 3
	case b&0xf8 == 0xf0:
		return 4
	}
	return 1
}

// legalUTF8 tells whether bytes are one character in UTF-8.
func legalUTF8(s []byte) bool {
	r, n := utf8.DecodeRune(s)
	return n == len(s) && n > 0 && (r != utf8.RuneError || n > 1)
}
