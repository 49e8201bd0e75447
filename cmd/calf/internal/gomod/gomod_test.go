package gomod

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestImportPath(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"module example.com/app\n\ngo 1.26\n":     "example.com/app/a/b",
		"// x\nmodule \"example.com/app\" // y\n": "example.com/app/a/b",
	} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte(text), 0o600))
		got, err := ImportPath(filepath.Join(dir, "a", "b"))
		require.NoError(t, err)
		require.Equal(t, want, got)
		got, err = ImportPath(dir)
		require.NoError(t, err)
		require.Equal(t, "example.com/app", got)
	}
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go.mod"), []byte("go 1.26\n"), 0o600))
	_, err := ImportPath(dir)
	require.ErrorIs(t, err, ErrNone)
}
