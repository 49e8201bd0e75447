package vfs_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

// TestHandles is the contract of Handle where a File would not let a guest
// come so far.
func TestHandles(t *testing.T) {
	t.Parallel()
	h := newHost(t, t.TempDir())
	r, w := vfs.Pipe(0)
	for _, test := range []struct {
		name    string
		open    func() (vfs.Handle, error)
		want    error
		readdir error
	}{
		{"memory directory", func() (vfs.Handle, error) { return vfs.NewMemory(0).Open(".", vfs.O_RDONLY, 0) }, vfs.EISDIR, nil},
		{"host directory", func() (vfs.Handle, error) { return h.Open(".", vfs.O_RDONLY, 0) }, vfs.EISDIR, nil},
		{"read end", func() (vfs.Handle, error) { return r.Handle(), nil }, nil, vfs.ENOTDIR},
		{"write end", func() (vfs.Handle, error) { return w.Handle(), nil }, nil, vfs.ENOTDIR},
		{"host file", func() (vfs.Handle, error) { return h.Open("f", vfs.O_RDWR|vfs.O_CREAT, 0o600) }, nil, vfs.ENOTDIR},
	} {
		d, err := test.open()
		require.NoError(t, err, test.name)
		_, err = d.ReadDir()
		assertErrno(t, test.readdir, err, test.name)
		if test.want != nil {
			b := make([]byte, 1)
			_, err = d.ReadAt(b, 0)
			assertErrno(t, test.want, err, test.name)
			_, err = d.WriteAt(b, 0)
			assertErrno(t, test.want, err, test.name)
			_, _, err = d.Append(b)
			assertErrno(t, test.want, err, test.name)
			_, err = d.Size()
			assertErrno(t, test.want, err, test.name)
			assertErrno(t, test.want, d.Truncate(0), test.name)
			assertErrno(t, test.want, d.Allocate(0, 1), test.name)
		}
		assert.NoError(t, d.Close(), test.name)
	}
}

// TestDirectoryAttr changes a directory by its descriptor, also when it is not
// where it was opened.
func TestDirectoryAttr(t *testing.T) {
	t.Parallel()
	for _, v := range volumes {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			u := as(t, v.newFS(t))
			u.mkdir("d")
			d, when := u.open("d", vfs.O_RDONLY), time.Unix(1000, 0)
			require.NoError(t, d.SetAttr(vfs.Attr{Mode: new(uint32(0o750)), Atime: &when, Mtime: &when}))
			requireMode(u, vfs.S_IFDIR|0o750, "d")
			require.True(t, u.stat("d").Mtime.Equal(when))

			require.NoError(t, u.rename("d", "moved"))
			u.mkdir("d")
			require.NoError(t, d.SetAttr(vfs.Attr{Mode: new(uint32(0o700)), Mtime: &when}))
			requireMode(u, vfs.S_IFDIR|0o700, "moved")
			require.False(t, u.stat("d").Mtime.Equal(when))
		})
	}
}

// TestHostSyncFull makes sure that the host's kernel accepts every sync that a
// guest asks for.
func TestHostSyncFull(t *testing.T) {
	t.Parallel()
	h, err := vfs.OpenHost(t.TempDir(), vfs.HostOptions{Sync: vfs.SyncFull})
	require.NoError(t, err)
	defer h.Close()
	u := as(t, mountHost(t, h))
	testSync(u)
	require.NoError(t, u.rename("dir/file", "dir/renamed"))
	require.NoError(t, u.open("dir", vfs.O_RDONLY).Sync(false))
	f := u.open("dir/renamed", vfs.O_RDWR|vfs.O_DSYNC|vfs.O_APPEND)
	require.NoError(t, u.unlink("dir/renamed"))
	n, err := f.Write(page('x'))
	require.NoError(t, err)
	require.Equal(t, 8192, n)
	require.NoError(t, f.Sync(true))
}
