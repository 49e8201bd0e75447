package vfs_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

func TestNewTree(t *testing.T) {
	t.Parallel()
	fs := vfs.New(vfs.Options{})
	for path, mode := range map[string]uint32{
		"/":              vfs.S_IFDIR | 0o755,
		"/tmp":           vfs.S_IFDIR | 0o1777,
		"/home/postgres": vfs.S_IFDIR | 0o755,
		"/dev/shm":       vfs.S_IFDIR | 0o1777,
		"/proc/self/fd":  vfs.S_IFDIR | 0o755,
		"/dev/null":      vfs.S_IFCHR | 0o666,
		"/dev/tty":       vfs.S_IFCHR | 0o666,
		"/dev/stdin":     vfs.S_IFCHR | 0o666,
	} {
		st, err := fs.StatAt(nil, path, 0)
		require.NoError(t, err, path)
		assert.Equal(t, mode, st.Mode, path)
	}
}

func TestDevices(t *testing.T) {
	t.Parallel()
	var stdout, stderr bytes.Buffer
	fs := vfs.New(vfs.Options{Stdout: &stdout, Stderr: &stderr})
	open := func(name string) *vfs.File {
		f, err := fs.OpenAt(nil, "/dev/"+name, vfs.O_RDWR, 0)
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		return f
	}
	for _, test := range []struct {
		name  string
		read  int
		write error
		seek  error
	}{
		{"null", 0, nil, nil},
		{"zero", 64, nil, nil},
		{"random", 64, nil, nil},
		{"urandom", 64, nil, nil},
		{"tty", 0, nil, vfs.ESPIPE},
		{"stdin", 0, vfs.EBADF, vfs.ESPIPE},
		{"stdout", 0, nil, vfs.ESPIPE},
		{"stderr", 0, nil, vfs.ESPIPE},
	} {
		f := open(test.name)
		b := bytes.Repeat([]byte{1}, 64)
		n, err := f.Read(b)
		require.NoError(t, err, test.name)
		assert.Equal(t, test.read, n, test.name)
		_, err = f.Write([]byte(test.name))
		assertErrno(t, test.write, err, test.name)
		_, err = f.Seek(0, vfs.SEEK_SET)
		assertErrno(t, test.seek, err, test.name)
		_, err = f.ReadAt(b, 0)
		assertErrno(t, test.seek, err, test.name)
		assertErrno(t, vfs.EINVAL, f.Truncate(0), test.name)
		assertErrno(t, vfs.EINVAL, f.Sync(false), test.name)
		assertErrno(t, vfs.ENODEV, f.Allocate(0, 1), test.name)
		assert.Equal(t, test.name == "zero", bytes.Equal(b, make([]byte, 64)), test.name)
	}
	assert.Equal(t, "ttystdout", stdout.String())
	assert.Equal(t, "stderr", stderr.String())

	var later bytes.Buffer
	f := open("stderr")
	fs.SetOutput(nil, &later)
	_, err := f.Write([]byte("x"))
	require.NoError(t, err)
	assert.Equal(t, "x", later.String())
	assert.Equal(t, "stderr", stderr.String())

	_, err = fs.OpenAt(nil, "/dev/null", vfs.O_RDWR|vfs.O_TRUNC|vfs.O_CREAT, 0o600)
	require.NoError(t, err)
	_, err = fs.OpenAt(nil, "/dev/null", vfs.O_RDONLY|vfs.O_DIRECTORY, 0)
	assertErrno(t, vfs.ENOTDIR, err)
}

// blob is a device with offsets, like PGlite's /dev/blob.
type blob struct{ bytes.Buffer }

func (b *blob) ReadAt(p []byte, off int64) (int, error) {
	return copy(p, b.Bytes()[min(off, int64(b.Len())):]), nil
}
func (b *blob) WriteAt(p []byte, _ int64) (int, error) { return b.Write(p) }
func (b *blob) Size() (int64, error)                   { return int64(b.Len()), nil }

func TestAddDevice(t *testing.T) {
	t.Parallel()
	fs := newMemoryFS(t)
	require.NoError(t, fs.AddDevice("/dev/blob", &blob{}))
	assertErrno(t, vfs.EEXIST, fs.AddDevice("/dev/blob", &blob{}))
	assertErrno(t, vfs.EPERM, fs.AddDevice(base+"/blob", &blob{}))
	f, err := fs.OpenAt(nil, "/dev/blob", vfs.O_RDWR, 0)
	require.NoError(t, err)
	defer f.Close()
	_, err = f.Write([]byte("hello, "))
	require.NoError(t, err)
	_, err = f.Write([]byte("world"))
	require.NoError(t, err)
	end, err := f.Seek(0, vfs.SEEK_END)
	require.NoError(t, err)
	require.EqualValues(t, 12, end)
	got, err := fs.ReadFile("/dev/blob")
	require.NoError(t, err)
	require.Equal(t, "hello, world", string(got))
}

func TestMount(t *testing.T) {
	t.Parallel()
	fs := vfs.New(vfs.Options{})
	require.NoError(t, fs.WriteFile("/pglite/share/x", []byte("x"), 0o644))
	assertErrno(t, vfs.EINVAL, fs.Mount("relative", vfs.NewMemory(0)))
	assertErrno(t, vfs.EBUSY, fs.Mount("/", vfs.NewMemory(0)))
	assertErrno(t, vfs.ENOTDIR, fs.Mount("/pglite/share/x", vfs.NewMemory(0)))
	require.NoError(t, fs.Mount(base, vfs.NewMemory(0)))
	assertErrno(t, vfs.EBUSY, fs.Mount("/other", vfs.NewMemory(0)))

	u := as(t, fs)
	u.write("file", "x")
	u.mkdir("dir")
	for _, test := range []struct {
		name string
		want error
		err  error
	}{
		{"rename out", vfs.EXDEV, fs.RenameAt(nil, base+"/file", nil, "/tmp/file")},
		{"rename in", vfs.EXDEV, fs.RenameAt(nil, "/pglite/share/x", nil, base+"/x")},
		{"link out", vfs.EXDEV, fs.LinkAt(nil, base+"/file", nil, "/tmp/file", 0)},
		{"rename the mount point", vfs.EXDEV, fs.RenameAt(nil, base, nil, "/pglite/new")},
		{"rename within to the mount point", vfs.EBUSY, fs.RenameAt(nil, base+"/dir", nil, base)},
		{"rename above", vfs.EBUSY, fs.RenameAt(nil, "/pglite", nil, "/new")},
		{"rename over above", vfs.EBUSY, fs.RenameAt(nil, "/tmp", nil, "/pglite")},
		{"rmdir of the mount point", vfs.EBUSY, fs.UnlinkAt(nil, base, vfs.AT_REMOVEDIR)},
		{"rmdir above", vfs.ENOTEMPTY, fs.UnlinkAt(nil, "/pglite", vfs.AT_REMOVEDIR)},
		{"unlink of the mount point", vfs.EISDIR, fs.UnlinkAt(nil, base, 0)},
		{"mkdir over the mount point", vfs.EEXIST, fs.MkdirAt(nil, base, 0o700)},
		{"link over the mount point", vfs.EEXIST, fs.LinkAt(nil, base+"/file", nil, base, 0)},
		{"symlink over the mount point", vfs.EEXIST, fs.Symlink("x", base)},
	} {
		assertErrno(t, test.want, test.err, test.name)
	}
	above, err := fs.StatAt(nil, base+"/..", 0)
	require.NoError(t, err)
	pglite, err := fs.StatAt(nil, "/pglite", 0)
	require.NoError(t, err)
	require.Equal(t, pglite, above)
	require.NotEqual(t, pglite.Dev, u.stat("").Dev)
	got, err := fs.ReadFile(base + "/../share/x")
	require.NoError(t, err)
	require.Equal(t, "x", string(got))
}

// TestGuestLinks has links that leave a volume, which a tree in memory allows.
func TestGuestLinks(t *testing.T) {
	t.Parallel()
	fs := newMemoryFS(t)
	u := as(t, fs)
	require.NoError(t, fs.MkdirAll("/space", 0o700))
	u.mkdir("pg_tblspc")
	require.NoError(t, fs.Symlink("/space", base+"/pg_tblspc/16400"))
	require.NoError(t, fs.Symlink(base, "/tmp/data"))
	require.NoError(t, fs.Symlink("../../data/pg_tblspc", base+"/pg_tblspc/up"))

	u.write("pg_tblspc/16400/file", "x")
	got, err := fs.ReadFile("/space/file")
	require.NoError(t, err)
	require.Equal(t, "x", string(got))
	require.Equal(t, "x", u.read("pg_tblspc/up/up/16400/file"))
	got, err = fs.ReadFile("/tmp/data/pg_tblspc/16400/../space/file")
	require.NoError(t, err)
	require.Equal(t, "x", string(got))
	assertErrno(t, vfs.EXDEV, u.rename("pg_tblspc/16400/file", "file"))
	require.NoError(t, fs.RenameAt(nil, "/tmp/data/pg_tblspc/16400/file", nil, "/space/renamed"))

	// Exactly as many links as Linux follows.
	u.write("end", "x")
	prev := "end"
	for i := range 41 {
		name := "l" + strings.Repeat("i", i)
		require.NoError(t, u.symlink(prev, name))
		err := u.openErr(name, vfs.O_RDONLY)
		if i < 40 {
			require.NoError(t, err, i)
		} else {
			assertErrno(t, vfs.ELOOP, err)
		}
		prev = name
	}
}

func TestWriteFile(t *testing.T) {
	t.Parallel()
	for _, v := range volumes {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			u := as(t, v.newFS(t))
			data := append(page('a'), page(0)...)
			data = append(data, "tail"...)
			orig := bytes.Clone(data)
			require.NoError(t, u.fs.WriteFile(base+"/a/b/file", data, 0o640))
			require.Equal(t, string(orig), u.read("a/b/file"))
			requireMode(u, vfs.S_IFREG|0o640, "a/b/file")
			f := u.open("a/b/file", vfs.O_RDWR)
			for _, off := range []int64{5, 8192 + 5, 2*8192 + 2, 2*8192 + 100} {
				_, err := f.WriteAt([]byte("written"), off)
				require.NoError(t, err)
			}
			require.NoError(t, f.Truncate(2*8192+3))
			require.NoError(t, f.Truncate(2*8192+8))
			want := bytes.Clone(orig)
			copy(want[5:], "written")
			copy(want[8192+5:], "written")
			want = append(want[:2*8192], "taw\x00\x00\x00\x00\x00"...)
			require.Equal(t, string(want), u.read("a/b/file"))
			require.Equal(t, orig, data, "the caller's bytes were changed")

			require.NoError(t, u.fs.WriteFile(base+"/a/b/file", []byte("short"), 0o600))
			require.Equal(t, "short", u.read("a/b/file"))
			assertErrno(t, vfs.EISDIR, u.fs.WriteFile(base+"/a", nil, 0o600))
			assertErrno(t, vfs.ENOTDIR, u.fs.WriteFile(base+"/a/b/file/x", nil, 0o600))
			assertErrno(t, vfs.EINVAL, u.fs.WriteFile("relative", nil, 0o600))
			assertErrno(t, vfs.EINVAL, u.fs.MkdirAll("", 0o600))
		})
	}
}

func TestOffsetsTooLarge(t *testing.T) {
	t.Parallel()
	u := as(t, newTreeFS(t))
	f := u.open("file", vfs.O_RDWR|vfs.O_CREAT)
	_, err := f.WriteAt([]byte("x"), vfs.MaxFileSize)
	assertErrno(t, vfs.EFBIG, err)
	_, err = f.WriteAt([]byte("x"), 1<<63-1)
	assertErrno(t, vfs.EFBIG, err)
	n, err := f.WriteAt([]byte("xyz"), vfs.MaxFileSize-2)
	require.NoError(t, err)
	require.Equal(t, 2, n)
	assertErrno(t, vfs.EFBIG, f.Truncate(vfs.MaxFileSize+1))
	assertErrno(t, vfs.EFBIG, f.Allocate(vfs.MaxFileSize-1, 2))
	assertErrno(t, vfs.EFBIG, f.Allocate(1<<63-1, 1<<63-1))
	require.NoError(t, f.Truncate(0))
}
