package layout

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets/internal/tarball"
)

func TestPackExtensions(t *testing.T) {
	t.Parallel()
	ext, data, err := PackExtensions("/pglite", map[string][]tarball.File{
		"spi": {
			{Name: "lib/postgresql/refint.so", Content: []byte("code")},
			{Name: "share/postgresql/extension/refint--1.0.sql", Content: []byte("sql")},
			{Name: "share/postgresql/extension/refint.control", Content: []byte("c")},
		},
		"auto_explain": {
			{Name: "lib/postgresql/auto_explain.so"},
			{Name: "lib/postgresql/sub/not_loadable.so"},
			{Name: "share/doc/x.control"},
		},
	})
	require.NoError(t, err)
	require.Equal(t, "codesqlc", string(data))
	require.Equal(t, []Bundle{
		{Name: "auto_explain", Extensions: []string{}, Libraries: []string{"auto_explain"}, Files: []Span{
			{"/pglite/lib/postgresql/auto_explain.so", 0, 0},
			{"/pglite/lib/postgresql/sub/not_loadable.so", 0, 0},
			{"/pglite/share/doc/x.control", 0, 0},
		}},
		{Name: "spi", Extensions: []string{"refint"}, Libraries: []string{"refint"}, Files: []Span{
			{"/pglite/lib/postgresql/refint.so", 0, 4},
			{"/pglite/share/postgresql/extension/refint--1.0.sql", 4, 7},
			{"/pglite/share/postgresql/extension/refint.control", 7, 8},
		}},
	}, ext.Bundles)

	encoded, err := json.Marshal(ext)
	require.NoError(t, err)
	back, err := ParseExtensions(encoded, int64(len(data)))
	require.NoError(t, err)
	require.Equal(t, ext, back)
	_, err = ParseExtensions(encoded, 7)
	require.ErrorContains(t, err, "of 7")
}

func TestPackExtensionsRefusesTwoOwners(t *testing.T) {
	t.Parallel()
	same := []tarball.File{{Name: "lib/postgresql/a.so"}}
	_, _, err := PackExtensions("/pglite", map[string][]tarball.File{"a": same, "b": same})
	require.ErrorContains(t, err, "bundles a and b both hold lib/postgresql/a.so")
}

func FuzzParseExtensions(f *testing.F) {
	f.Add([]byte(`{"bundles":[{"name":"a","files":[{"filename":"/a","start":0,"end":3}]}]}`), int64(3))
	f.Add([]byte(`{"bundles":[{"files":[{"filename":"/a","start":0,"end":-1}]}]}`), int64(-1))
	f.Fuzz(func(t *testing.T, data []byte, size int64) {
		ext, err := ParseExtensions(data, size)
		if err != nil {
			return
		}
		for _, b := range ext.Bundles {
			for _, s := range b.Files {
				require.True(t, 0 <= s.Start && s.Start <= s.End && s.End <= size)
			}
		}
	})
}
