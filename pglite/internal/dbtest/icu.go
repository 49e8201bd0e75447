package dbtest

import (
	"archive/tar"
	"bytes"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
)

// RootAsSwedish returns ICU's data in which Swedish has rules, those of the root collation, so that tests can do without
// the data of all languages.
func RootAsSwedish(tb testing.TB) *pglite.ICUData {
	tb.Helper()
	NeedGuest(tb)
	set, err := assets.Open()
	require.NoError(tb, err)
	files, err := set.Files()
	require.NoError(tb, err)
	for _, f := range files {
		if f.Path == "/pglite/icu/icudt76l/coll/root.res" {
			return ReadICU(tb, TarWith(tb, "icudt76l/coll/sv.res", f.Content))
		}
	}
	require.Fail(tb, "the guest has no root collation")
	return nil
}

// ReadICU reads ICU's data.
func ReadICU(tb testing.TB, archive []byte) *pglite.ICUData {
	tb.Helper()
	icu, err := pglite.ReadICUData(bytes.NewReader(archive))
	require.NoError(tb, err)
	return icu
}

// TarWith returns a tar of one file.
func TarWith(tb testing.TB, name string, content []byte) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(tb, w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content))}))
	_, err := w.Write(content)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return b.Bytes()
}
