package vfs_test

import (
	"bytes"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/calfdb/calf/runtime/vfs/vfstest"
)

// base is the directory that the tests of volumes work in.
const base = "/pglite/data"

// volumes are all the ways to have a directory.
var volumes = []struct {
	name  string
	newFS func(t testing.TB) *vfs.FS
}{
	{"tree", newTreeFS},
	{"memory", newMemoryFS},
	{"host", newHostFS},
	{"host-windows", newWindowsHostFS},
	{"disk", newDiskFS},
	{"overlay", newOverlayFS},
}

func newTreeFS(t testing.TB) *vfs.FS {
	fs := vfs.New(vfs.Options{})
	require.NoError(t, fs.MkdirAll(base, 0o700))
	return fs
}

func newMemoryFS(t testing.TB) *vfs.FS {
	fs := vfs.New(vfs.Options{})
	require.NoError(t, fs.Mount(base, vfs.NewMemory(0)))
	return fs
}

// newDiskFS has a volume for tests, on whose faults there is a switch.
func newDiskFS(t testing.TB) *vfs.FS {
	fs := vfs.New(vfs.Options{})
	disk := vfstest.NewDisk(vfs.NewMemory(0), vfstest.Rules{})
	require.NoError(t, fs.Mount(base, vfstest.NewFaults(disk)))
	return fs
}

func newHostFS(t testing.TB) *vfs.FS { return mountHost(t, newHost(t, t.TempDir())) }

// newWindowsHostFS has a Host that never unlinks an open file.
func newWindowsHostFS(t testing.TB) *vfs.FS {
	h := newHost(t, t.TempDir())
	h.EmulateUnlink()
	return mountHost(t, h)
}

// newOverlayFS has an empty directory of the host below.
func newOverlayFS(t testing.TB) *vfs.FS {
	o := newOverlay(t, newHost(t, t.TempDir()))
	fs := vfs.New(vfs.Options{})
	require.NoError(t, fs.Mount(base, o))
	return fs
}

func newOverlay(t testing.TB, lower vfs.Volume) *vfs.Overlay {
	o, err := vfs.NewOverlay(lower, t.TempDir())
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, o.Close()) })
	return o
}

func newHost(t testing.TB, dir string) *vfs.Host {
	require.NoError(t, os.MkdirAll(dir, 0o700))
	require.NoError(t, os.Chmod(dir, 0o700))
	h, err := vfs.OpenHost(dir, vfs.HostOptions{Sync: vfs.SyncNone})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, h.Close()) })
	return h
}

func mountHost(t testing.TB, h *vfs.Host) *vfs.FS {
	fs := vfs.New(vfs.Options{})
	require.NoError(t, fs.Mount(base, h))
	return fs
}

// user does to a file system what a guest does, and fails the test where a
// call fails unexpectedly. Names are relative to base.
type user struct {
	testing.TB
	fs *vfs.FS
}

func as(t testing.TB, fs *vfs.FS) user { return user{t, fs} }

func (u user) path(name string) string { return base + "/" + name }

func (u user) open(name string, flags int) *vfs.File {
	u.Helper()
	f, err := u.fs.OpenAt(nil, u.path(name), flags, 0o600)
	require.NoError(u, err, "open %s", name)
	u.Cleanup(func() { f.Close() })
	return f
}

func (u user) openErr(name string, flags int) error {
	f, err := u.fs.OpenAt(nil, u.path(name), flags, 0o600)
	if err == nil {
		f.Close()
	}
	return err
}

func (u user) write(name, content string) {
	u.Helper()
	f := u.open(name, vfs.O_WRONLY|vfs.O_CREAT|vfs.O_TRUNC)
	n, err := f.Write([]byte(content))
	require.NoError(u, err)
	require.Equal(u, len(content), n)
	require.NoError(u, f.Close())
}

func (u user) read(name string) string {
	u.Helper()
	data, err := u.fs.ReadFile(u.path(name))
	require.NoError(u, err, "read %s", name)
	return string(data)
}

func (u user) mkdir(name string) {
	u.Helper()
	require.NoError(u, u.fs.MkdirAt(nil, u.path(name), 0o700))
}

func (u user) rename(from, to string) error {
	return u.fs.RenameAt(nil, u.path(from), nil, u.path(to))
}

func (u user) unlink(name string) error { return u.fs.UnlinkAt(nil, u.path(name), 0) }

func (u user) rmdir(name string) error {
	return u.fs.UnlinkAt(nil, u.path(name), vfs.AT_REMOVEDIR)
}

func (u user) link(from, to string) error {
	return u.fs.LinkAt(nil, u.path(from), nil, u.path(to), 0)
}

func (u user) symlink(target, name string) error { return u.fs.Symlink(target, u.path(name)) }

func (u user) stat(name string) vfs.Stat {
	u.Helper()
	st, err := u.fs.StatAt(nil, u.path(name), 0)
	require.NoError(u, err, "stat %s", name)
	return st
}

func (u user) lstatErr(name string) error {
	_, err := u.fs.StatAt(nil, u.path(name), vfs.AT_SYMLINK_NOFOLLOW)
	return err
}

// list returns the names in a directory, "." and ".." excluded.
func (u user) list(name string) []string {
	u.Helper()
	f := u.open(name, vfs.O_RDONLY|vfs.O_DIRECTORY)
	defer f.Close()
	names := []string{}
	for {
		part, err := f.ReadDir(3)
		require.NoError(u, err)
		if len(part) == 0 {
			slices.Sort(names)
			return names
		}
		for _, e := range part {
			if e.Name != "." && e.Name != ".." {
				names = append(names, e.Name)
			}
		}
	}
}

// seek is an lseek that must work.
func (u user) seek(f *vfs.File, off int64, whence int) int64 {
	u.Helper()
	at, err := f.Seek(off, whence)
	require.NoError(u, err)
	return at
}

// random returns n bytes that depend on seed only.
func random(seed uint64, n int) []byte {
	r := rand.NewChaCha8([32]byte{byte(seed), byte(seed >> 8), byte(seed >> 16)})
	b := make([]byte, n)
	r.Read(b)
	return b
}

// page is what PostgreSQL reads and writes.
func page(fill byte) []byte { return bytes.Repeat([]byte{fill}, 8192) }

// writeOutside makes a file that no guest may see, and returns its path.
func writeOutside(t testing.TB) (dir, file string) {
	dir = t.TempDir()
	return dir, filepath.Join(dir, "secret")
}

// tree describes everything below a directory.
func (u user) tree(name string) map[string]string {
	u.Helper()
	all := map[string]string{}
	for _, k := range u.list(name) {
		k := name + "/" + k
		st, err := u.fs.StatAt(nil, u.path(k), vfs.AT_SYMLINK_NOFOLLOW)
		require.NoError(u, err)
		switch {
		case st.IsDir():
			all[k] = "directory"
			for k, v := range u.tree(k) {
				all[k] = v
			}
		case st.IsLink():
			target, err := u.fs.ReadlinkAt(nil, u.path(k))
			require.NoError(u, err)
			all[k] = "link to " + target
		default:
			all[k] = "file " + u.read(k)
		}
	}
	return all
}

func sameFile(t testing.TB, a, b *vfs.File) {
	t.Helper()
	x, err := a.Stat()
	require.NoError(t, err)
	y, err := b.Stat()
	require.NoError(t, err)
	require.Equal(t, x.Ino, y.Ino)
	require.Equal(t, x.Dev, y.Dev)
}

// assertErrno compares what the guest would see.
func assertErrno(t testing.TB, want, got error, msg ...any) {
	t.Helper()
	assert.Equal(t, vfs.ErrnoOf(want), vfs.ErrnoOf(got), msg...)
}

// requireMode requires the type and permissions of a file. Windows keeps no
// permissions but, for files and until their times are set, that to write.
func requireMode(u user, want uint32, name string) {
	u.Helper()
	got := u.stat(name).Mode
	if runtime.GOOS == "windows" && got != want {
		want = want&vfs.S_IFMT | 0o600
		if want&vfs.S_IFMT == vfs.S_IFDIR {
			want |= 0o100
		}
	}
	require.EqualValues(u, want, got, "%s: %#o and not %#o", name, got, want)
}

// needLinks skips a test on a host where the user may not make symbolic links.
func needLinks(t testing.TB) {
	t.Helper()
	root, err := os.OpenRoot(t.TempDir())
	require.NoError(t, err)
	defer root.Close()
	if err := root.Symlink("target", "link"); err != nil {
		t.Skipf("no symbolic links: %v", err)
	}
}

func second[T any](_ T, err error) error { return err }
