package link

import (
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParseDylink(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   []byte
		want dylink
	}{
		{"empty", []byte{}, dylink{}},
		{"memory and table", secOf(dylinkMemInfo, op(0x80, 0x01, 4, 7, 0)), dylink{memSize: 128, memAlign: 4, tableSize: 7}},
		{"needed", sec(dylinkNeeded, str("a.so"), str("b.so")), dylink{needed: []string{"a.so", "b.so"}}},
		{"exports are not read", secOf(3, op(0xff)), dylink{}},
		{"nor is what is unknown", secOf(99, op(0xff)), dylink{}},
		{
			"weak imports",
			sec(dylinkImportInfo,
				cat(str("GOT.mem"), str("weak"), leb(1)),
				cat(str("env"), str("strong"), leb(0x10)),
				cat(str("env"), str("both"), leb(0x11))),
			dylink{weak: map[string]bool{"weak": true, "both": true}},
		},
		{
			"all", libraryDylink(),
			dylink{memSize: libMemory, memAlign: 5, tableSize: 2, needed: []string{"libother.so"}, weak: map[string]bool{"maybe": true}},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := parseDylink(tt.in)
			require.NoError(t, err)
			if tt.want.weak == nil {
				tt.want.weak = map[string]bool{}
			}
			require.Equal(t, &tt.want, got)
		})
	}
}

func TestParseDylinkRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, err string
		in        []byte
	}{
		{"no section", "no section dylink.0", nil},
		{"a part without a size", "unexpected end", op(1)},
		{"a part that ends late", "unexpected end", op(1, 9, 0)},
		{"a short part", "part 1: at offset 2: unexpected end", secOf(dylinkMemInfo, op(1, 1))},
		{"more names than bytes", "part 2", secOf(dylinkNeeded, leb(1000))},
		{"a long name", "part 2", secOf(dylinkNeeded, op(1, 9, 'a'))},
		{"an import without flags", "part 4", secOf(dylinkImportInfo, cat(op(1), str("env"), str("f")))},
		{"an absurd alignment", "alignment of 2^17", secOf(dylinkMemInfo, op(0, 17, 0, 0))},
		{"an absurd alignment of the table", "alignment of 2^32", secOf(dylinkMemInfo, op(0, 0, 0, 32))},
		{"too much memory", "67108865 bytes of data", secOf(dylinkMemInfo, cat(leb(maxData+1), op(0, 0, 0)))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := parseDylink(tt.in)
			require.ErrorContains(t, err, tt.err)
		})
	}
}
