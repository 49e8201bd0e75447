package vfstest

import (
	"bytes"
	"io"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

// A user is a program that uses a volume. What fails, fails the test.
type user struct {
	testing.TB
	v vfs.Volume
}

func (u user) open(name string) vfs.Handle {
	u.Helper()
	h, err := u.v.Open(name, vfs.O_RDWR|vfs.O_CREAT, 0o600)
	require.NoError(u, err)
	return h
}

func (u user) write(name string, off int64, content string) vfs.Handle {
	u.Helper()
	h := u.open(name)
	n, err := h.WriteAt([]byte(content), off)
	require.NoError(u, err)
	require.Equal(u, len(content), n)
	return h
}

func (u user) sync(name string) {
	u.Helper()
	h, err := u.v.Open(name, vfs.O_RDONLY, 0)
	require.NoError(u, err)
	require.NoError(u, h.Sync(false))
	require.NoError(u, h.Close())
}

// make makes a durable file.
func (u user) make(name, content string) {
	u.Helper()
	u.write(name, 0, content)
	u.sync(name)
	u.sync(path.Dir(name))
}

// files returns what a volume holds: content by name, "/" for directories.
func files(tb testing.TB, v vfs.Volume) map[string]string {
	tb.Helper()
	all := map[string]string{}
	var visit func(string)
	visit = func(dir string) {
		h, err := v.Open(dir, vfs.O_RDONLY, 0)
		require.NoError(tb, err)
		defer h.Close()
		entries, err := h.ReadDir()
		require.NoError(tb, err)
		for _, e := range entries {
			name := path.Join(dir, e.Name)
			if uint32(e.Type)<<12 == vfs.S_IFDIR {
				all[name] = "/"
				visit(name)
				continue
			}
			if uint32(e.Type)<<12 == vfs.S_IFLNK {
				target, err := v.Readlink(name)
				require.NoError(tb, err)
				all[name] = "-> " + target
				continue
			}
			f, err := v.Open(name, vfs.O_RDONLY, 0)
			require.NoError(tb, err)
			size, err := f.Size()
			require.NoError(tb, err)
			b, err := io.ReadAll(io.NewSectionReader(readerAt{f}, 0, size))
			require.NoError(tb, err)
			all[name] = string(b)
			require.NoError(tb, f.Close())
		}
	}
	visit(".")
	return all
}

// readerAt reads as io.ReaderAt wants it.
type readerAt struct{ vfs.Handle }

func (r readerAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := r.Handle.ReadAt(p, off)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

func newDisk(t testing.TB, rules Rules) (*Disk, user) {
	d := NewDisk(vfs.NewMemory(0), rules)
	return d, user{t, d}
}

// outcomes returns what 500 power cuts at this moment leave of a file, and how
// often; "none" where there is no file.
func outcomes(t testing.TB, d *Disk, name string) map[string]int {
	counts := map[string]int{}
	for seed := range uint64(500) {
		content, ok := files(t, d.Crash(seed))[name]
		if !ok {
			content = "none"
		}
		counts[content]++
	}
	return counts
}

func keys(m map[string]int) []string { return slices.Sorted(maps.Keys(m)) }

// random does one thing without a Sync. It may fail.
func (u user) random(r *rand.Rand) {
	names := []string{"a", "b", "c", "d", "a/a", "a/b", "b/a", "b/c", "c/d"}
	x, y := names[r.IntN(len(names))], names[r.IntN(len(names))]
	switch r.IntN(10) {
	case 0:
		_ = u.v.Mkdir(x, 0o700)
	case 1, 2:
		_ = u.v.Rename(x, y)
	case 3:
		_ = u.v.Unlink(x)
	case 4:
		_ = u.v.Rmdir(x)
	case 5:
		_ = u.v.Link(x, y)
	default:
		h, err := u.v.Open(x, vfs.O_RDWR|vfs.O_CREAT, 0o600)
		if err != nil {
			return
		}
		defer h.Close()
		switch r.IntN(3) {
		case 0:
			require.NoError(u, h.Truncate(int64(r.IntN(10_000))))
		default:
			_, err := h.WriteAt(bytes.Repeat([]byte{byte(r.IntN(256))}, r.IntN(5000)), int64(r.IntN(9000)))
			require.NoError(u, err)
		}
	}
}

func (u user) syncAll(dir string) {
	h, err := u.v.Open(dir, vfs.O_RDONLY, 0)
	require.NoError(u, err)
	defer h.Close()
	require.NoError(u, h.Sync(false))
	entries, err := h.ReadDir()
	require.NoError(u, err)
	for _, e := range entries {
		if uint32(e.Type)<<12 == vfs.S_IFDIR {
			u.syncAll(path.Join(dir, e.Name))
		} else {
			u.sync(path.Join(dir, e.Name))
		}
	}
}
