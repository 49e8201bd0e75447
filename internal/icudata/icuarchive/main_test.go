package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/internal/icudata"
)

func TestConvert(t *testing.T) {
	t.Parallel()
	files := icudata.Files{"icudt76l/coll/sv.res": []byte("something"), "icudt76l/brkitr/root.res": {1, 2}}
	var first, second bytes.Buffer
	require.NoError(t, write(&first, files))
	path := filepath.Join(t.TempDir(), "icu.tar.gz")
	require.NoError(t, os.WriteFile(path, first.Bytes(), 0o600))
	require.NoError(t, convert(path, &second))
	require.Equal(t, first.Bytes(), second.Bytes())
	got, err := icudata.Read(&second)
	require.NoError(t, err)
	require.Equal(t, files, got)
	require.ErrorIs(t, convert(os.Args[0], &second), icudata.ErrNoData)
}
