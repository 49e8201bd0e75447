package codecache

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is damaged is not believed, wherever it is, and is replaced.
func TestDamage(t *testing.T) {
	t.Parallel()
	needCompiler(t)
	flip := func(at func(length int) int) func([]byte) []byte {
		return func(b []byte) []byte { b[at(len(b))] ^= 0x10; return b }
	}
	for name, damage := range map[string]func([]byte) []byte{
		"empty":           func([]byte) []byte { return nil },
		"a few bytes":     func(b []byte) []byte { return b[:3] },
		"truncated":       func(b []byte) []byte { return b[:len(b)/2] },
		"last byte":       func(b []byte) []byte { return b[:len(b)-1] },
		"longer":          func(b []byte) []byte { return append(b, 0) },
		"zeroes":          func(b []byte) []byte { clear(b); return b },
		"magic":           flip(func(int) int { return 0 }),
		"version":         flip(func(int) int { return len(magic) }),
		"functions":       flip(func(int) int { return len(magic) + 1 + len("dev") + 3 }),
		"function offset": flip(func(int) int { return len(magic) + 1 + len("dev") + 4 + 8 }),
		"instructions":    flip(func(n int) int { return n / 2 }),
		"end":             flip(func(n int) int { return n - 1 }),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			use(t, dir, program(100, 1), 1)
			path := entries(t, dir)[0]
			good, err := os.ReadFile(path)
			require.NoError(t, err)
			bad := damage(append([]byte(nil), good...))
			require.NotEqual(t, good, bad)
			require.NoError(t, os.WriteFile(path, bad, 0o600))

			require.Equal(t, 1, use(t, dir, program(100, 1), 1).count("compiled"))
			require.Len(t, entries(t, dir), 1)
			require.Zero(t, use(t, dir, program(100, 1), 1).count("compil"))
		})
	}
}

// What somebody else has put in the folder is left alone.
func TestForeignFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	wasm := program(10, 1)
	folder := filepath.Join(dir, folderName())
	require.NoError(t, os.MkdirAll(filepath.Join(folder, key(wasm)+".folder.00000000"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(folder, key(wasm)+".a.b.c"), nil, 0o600))
	use(t, dir, wasm, 1)
	use(t, dir, wasm, 1)
	require.DirExists(t, filepath.Join(folder, key(wasm)+".folder.00000000"))
	require.FileExists(t, filepath.Join(folder, key(wasm)+".a.b.c"))
}

// A folder in which nothing can be kept is no reason to fail.
func TestNothingCanBeKept(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	log := use(t, file, program(10, 1), 1)
	require.Equal(t, 1, log.count("compiled code is not kept folder="+file))

	// Nor is one that fails later, as a full disk does.
	u := newUser(t.TempDir(), &logger{})
	if err := os.Symlink("nowhere", u.cache.work); err != nil {
		t.Skipf("no symbolic links: %v", err)
	}
	n, err := u.compile(t.Context(), program(10, 1))
	require.NoError(t, err)
	require.EqualValues(t, 1, n)
	require.Equal(t, 1, u.log.count("compiled code cannot be kept"))
	require.Empty(t, entries(t, filepath.Dir(u.cache.folder)))
}
