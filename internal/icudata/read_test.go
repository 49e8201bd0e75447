package icudata

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// packed returns files as a package.
func packed(files Files) []byte {
	names := slices.Sorted(maps.Keys(files))
	at := 4 + 8*len(names)
	var entries, text, content []byte
	size := 0
	for _, name := range names {
		size += len(name) + 1
	}
	for _, name := range names {
		entries = binary.LittleEndian.AppendUint32(entries, uint32(at+len(text)))
		entries = binary.LittleEndian.AppendUint32(entries, uint32(at+size+len(content)))
		text = append(append(text, name...), 0)
		content = append(content, files[name]...)
	}
	header := make([]byte, 32)
	copy(header, "\x20\x00\xda\x27\x14\x00\x00\x00\x00\x00\x02\x00CmnD\x01")
	header = binary.LittleEndian.AppendUint32(header, uint32(len(names)))
	return slices.Concat(header, entries, text, content)
}

// archived returns files as a tar.
func archived(tb testing.TB, files Files, prefix string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		require.NoError(tb, w.WriteHeader(&tar.Header{Name: prefix + name, Mode: 0o644, Size: int64(len(files[name]))}))
		_, err := w.Write(files[name])
		require.NoError(tb, err)
	}
	require.NoError(tb, w.Close())
	return b.Bytes()
}

func TestRead(t *testing.T) {
	t.Parallel()
	sv := encodeBundle(tailored["sv"].bundle(), 0)
	want := Files{"icudt76l/coll/a.res": []byte("something"), "icudt76l/coll/sv.res": sv}
	var gz bytes.Buffer
	z := gzip.NewWriter(&gz)
	_, err := z.Write(archived(t, want, ""))
	require.NoError(t, err)
	require.NoError(t, z.Close())
	pack := packed(want)
	for name, file := range map[string][]byte{
		"tar":            archived(t, want, ""),
		"tar with a dot": archived(t, want, "./"),
		"tar in folders": archived(t, want, "/pglite/icu/"),
		"tar.gz":         gz.Bytes(),
		"tar of package": archived(t, Files{"icudt76l.dat": pack}, "data/"),
		"package":        pack,
		"library":        slices.Concat([]byte("\x7fELF, CmnD and what else begins a library"), pack, make([]byte, 100)),
	} {
		got, err := Read(bytes.NewReader(file))
		require.NoError(t, err, name)
		require.Equal(t, want, got, name)
	}
	for name, file := range map[string][]byte{
		"nothing":             nil,
		"text":                []byte("CmnD"),
		"package cut off":     pack[:40],
		"names outside":       packed(Files{"icudt76l/../../etc/passwd": {1}}),
		"names of another":    packed(Files{"icudt75l/coll/sv.res": {1}}),
		"tar of something":    archived(t, Files{"a": {1}}, ""),
		"tar, names outside":  archived(t, Files{"icudt76l/../a": {1}}, ""),
		"tar of another":      archived(t, Files{"icudt75l/coll/sv.res": {1}}, ""),
		"tar of a bad packet": archived(t, Files{"icudt76l.dat": pack[:40]}, ""),
	} {
		_, err := Read(bytes.NewReader(file))
		require.ErrorIs(t, err, ErrNoData, name)
	}
	for name, file := range map[string][]byte{
		"tar cut off":    archived(t, want, "")[:600],
		"tar.gz cut off": gz.Bytes()[:len(gz.Bytes())-20],
	} {
		_, err := Read(bytes.NewReader(file))
		require.Error(t, err, name)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(packed(Files{"icudt76l/a": []byte("b"), "icudt76l/c": encodeBundle(table{"a": "b"}, 0)}))
	f.Add(archived(f, Files{"icudt76l/a": []byte("b")}, ""))
	f.Add([]byte("\x20\x00\xda\x27\x14\x00\x00\x00\x00\x00\x02\x00CmnD\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, file []byte) {
		files, err := Read(bytes.NewReader(file))
		require.Equal(t, err == nil, len(files) > 0)
		for name := range files {
			require.True(t, strings.HasPrefix(name, Folder+"/"), name)
			require.Equal(t, path.Clean(name), name)
		}
	})
}

// What is written down here of Unicode's data is what ICU's release of it has.
func TestFactsAreUnicodes(t *testing.T) {
	t.Parallel()
	name := os.Getenv("CALF_TEST_ICU")
	if name == "" {
		t.Skip("needs ICU's data of all languages: `make icu` fetches it, and CALF_TEST_ICU names the archive")
	}
	f, err := os.Open(name)
	require.NoError(t, err)
	defer f.Close()
	files, err := Read(f)
	require.NoError(t, err)

	theirs := readBundle(files["icudt76l/keyTypeData.res"])
	for section, ours := range keyTypeData() {
		for key, value := range ours.(table) {
			switch section {
			case "typeInfo", "keyInfo": // of which ours has a part
				for k, v := range value.(table) {
					require.Equal(t, theirs[section].(table)[key].(table)[k], v, key+" "+k)
				}
			default:
				require.Equal(t, theirs[section].(table)[key], value, section+" "+key)
			}
		}
	}
	for file, content := range files {
		locale, isBundle := strings.CutSuffix(strings.TrimPrefix(file, "icudt76l/coll/"), ".res")
		if !isBundle || strings.Contains(locale, "/") || locale == "root" || locale == "res_index" {
			continue
		}
		b := readBundle(content)
		var types []string
		kinds, _ := b["collations"].(table)
		for kind, rules := range kinds {
			if _, ok := rules.(table); ok && !strings.HasPrefix(kind, "private-") {
				types = append(types, kind)
			}
		}
		slices.Sort(types)
		usual, _ := kinds["default"].(string)
		ours, known := tailored[locale]
		if len(types) > 0 || usual != "" || known && ours.sameAs == "" {
			require.Equal(t, strings.Join(types, " "), ours.types, locale)
			require.Equal(t, strings.TrimPrefix(usual, "standard"), ours.usual, locale)
		}
	}
}
