package icudata

import (
	"encoding/binary"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
)

// bundleReader reads a bundle of ICU's own, with all of its ways to save space, and of ours. What is no string or table
// is nil.
type bundleReader struct {
	bundle []byte // without the header
	units  uint32 // where the strings of 16 bits begin, in bytes
}

func readBundle(file []byte) table {
	r := bundleReader{bundle: file[binary.LittleEndian.Uint16(file):]}
	r.units = 4 * r.word(4*2)
	t, _ := r.get(r.word(0)).(table)
	return t
}

func (r bundleReader) word(at uint32) uint32 { return binary.LittleEndian.Uint32(r.bundle[at:]) }
func (r bundleReader) half(at uint32) uint32 {
	return uint32(binary.LittleEndian.Uint16(r.bundle[at:]))
}

func (r bundleReader) text(at, n uint32) string {
	units := make([]uint16, n)
	for i := range units {
		units[i] = uint16(r.half(at + 2*uint32(i)))
	}
	return string(utf16.Decode(units))
}

func (r bundleReader) key(offset uint32) string {
	s, _, _ := strings.Cut(string(r.bundle[offset:]), "\x00")
	return s
}

// short returns a string of 16 bits, which begins with its length if that is no less than 40 or so.
func (r bundleReader) short(offset uint32) string {
	at := r.units + 2*offset
	switch first := r.half(at); {
	case first < 0xdc00 || first >= 0xe000:
		n := uint32(0)
		for r.half(at+2*n) != 0 {
			n++
		}
		return r.text(at, n)
	case first < 0xdfef:
		return r.text(at+2, first&0x3ff)
	case first < 0xdfff:
		return r.text(at+4, (first-0xdfef)<<16|r.half(at+2))
	}
	return r.text(at+6, r.word(at+2))
}

func (r bundleReader) get(resource uint32) any {
	const resTable16, resShort = 5, 6
	kind, at := resource>>28, resource&(1<<28-1)
	switch {
	case at == 0 && (kind == resString || kind == resShort):
		return ""
	case kind == resString:
		return r.text(4*at+4, r.word(4*at))
	case kind == resShort:
		return r.short(at)
	case at == 0 && kind == resTable:
		return table{}
	case kind == resTable:
		t, n := table{}, r.half(4*at)
		items := 4*at + (2*(1+n)+3)&^3
		for i := range n {
			t[r.key(r.half(4*at+2+2*i))] = r.get(r.word(items + 4*i))
		}
		return t
	case kind == resTable16:
		at = r.units + 2*at
		t, n := table{}, r.half(at)
		for i := range n {
			t[r.key(r.half(at+2+2*i))] = r.short(r.half(at + 2 + 2*n + 2*i))
		}
		return t
	}
	return nil
}

func TestBundle(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]table{
		"empty":   {},
		"string":  {"a": "x"},
		"nothing": {"a": ""},
		"odd":     {"a": "x", "b": "xy", "c": ""},
		"nested":  {"a": table{"a": "é𐐀", "b": table{}}, "longer key": table{"a": table{"c": "d"}}},
	} {
		require.Equal(t, want, readBundle(encodeBundle(want, 0)), name)
	}
}

func TestSupplement(t *testing.T) {
	t.Parallel()
	files := Supplement()
	require.Equal(t, keyTypeData(), readBundle(files["icudt76l/keyTypeData.res"]))
	require.Equal(t, table{"collations": table{"phonebook": table{}, "search": table{}}}, readBundle(files["icudt76l/coll/de.res"]))
	require.Equal(t, table{"%%ALIAS": "he"}, readBundle(files["icudt76l/coll/iw.res"]))
	require.Equal(t, table{"%%Parent": "no"}, readBundle(files["icudt76l/coll/nb.res"]))
	installed := readBundle(files["icudt76l/res_index.res"])["InstalledLocales"]
	for _, locale := range []string{"en", "en_US", "de_AT", "pt_BR"} {
		require.Contains(t, installed, locale)
	}
	for _, locale := range []string{"sv", "ja", "zh", "en_US_POSIX"} {
		require.NotContains(t, installed, locale)
	}
	require.Equal(t, files, Supplement(), "the same each time")
}

func TestHasAttributes(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]bool{
		"und": false, "": false, "de-DE": false, "und-u-ks-level1": true, "und-u-kn": true, "en-US-U-KN": true, "sv-u-co-trad": false,
		"sv-u-co-trad-kf-upper": true, "und-u-tz-uslax": false, "und-u-ca-gregory-x-kn": false, "en-t-fr-k0-kn": false,
		"und@colStrength=primary": false, "kn": false, "und-u-vt-0020": true,
	} {
		require.Equal(t, want, HasAttributes(locale), locale)
	}
}
