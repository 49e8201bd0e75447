package dbtest

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// Symlink makes a symbolic link. It skips where the user may not, as mostly on
// Windows.
func Symlink(tb testing.TB, target, link string) {
	tb.Helper()
	err := os.Symlink(target, link)
	if err == nil {
		_, err = os.Readlink(link)
	}
	if err != nil && runtime.GOOS == "windows" {
		tb.Skipf("no symbolic links: %v", err)
	}
	require.NoError(tb, err)
}

// CopyDir copies a directory as it is now: what a killed process leaves.
func CopyDir(tb testing.TB, from string) string {
	tb.Helper()
	to := filepath.Join(tb.TempDir(), "copy")
	require.NoError(tb, os.CopyFS(to, os.DirFS(from)))
	return to
}

// Tree is the files below a directory, with their content, but for calf's lock.
func Tree(tb testing.TB, dir string) map[string]string {
	files := map[string]string{}
	require.NoError(tb, fs.WalkDir(os.DirFS(dir), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.Type().IsRegular() || path == "calf.lock" {
			return err
		}
		b, err := os.ReadFile(filepath.Join(dir, path))
		files[path] = string(b)
		return err
	}))
	return files
}

// File writes a file and returns its path.
func File(tb testing.TB, dir, name string, content []byte) string {
	tb.Helper()
	path := filepath.Join(dir, name)
	require.NoError(tb, os.WriteFile(path, content, 0o600))
	return path
}

// AppendTo adds text to a file.
func AppendTo(tb testing.TB, file, text string) {
	tb.Helper()
	f, err := os.OpenFile(file, os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(tb, err)
	_, err = f.WriteString(text)
	require.NoError(tb, err)
	require.NoError(tb, f.Close())
}

// TarOf makes a tar of a directory, each name with a prefix.
func TarOf(tb testing.TB, dir, prefix string) []byte {
	tb.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	require.NoError(tb, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		require.NoError(tb, err)
		rel, err := filepath.Rel(dir, path)
		require.NoError(tb, err)
		h := &tar.Header{Name: prefix + filepath.ToSlash(rel), Mode: 0o700, Typeflag: tar.TypeDir}
		var content []byte
		if !e.IsDir() {
			content, err = os.ReadFile(path)
			require.NoError(tb, err)
			h.Typeflag, h.Size, h.Mode = tar.TypeReg, int64(len(content)), 0o600
		}
		require.NoError(tb, w.WriteHeader(h))
		_, err = w.Write(content)
		return err
	}))
	require.NoError(tb, w.Close())
	return b.Bytes()
}
