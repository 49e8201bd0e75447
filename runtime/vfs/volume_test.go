package vfs_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

func TestVolume(t *testing.T) {
	t.Parallel()
	for _, v := range volumes {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			testVolume(t, v.newFS)
		})
	}
}

// testVolume is what any directory that a guest uses must pass.
func testVolume(t *testing.T, newFS func(testing.TB) *vfs.FS) {
	for _, test := range []struct {
		name string
		run  func(user)
	}{
		{"open flags", testOpenFlags},
		{"access modes", testAccessModes},
		{"read and write", testReadWrite},
		{"append", testAppend},
		{"seek", testSeek},
		{"sparse", testSparse},
		{"truncate", testTruncate},
		{"allocate", testAllocate},
		{"unlink while open", testUnlinkWhileOpen},
		{"rename", testRename},
		{"rename while open", testRenameWhileOpen},
		{"rename directory while open", testRenameOpenDir},
		{"rmdir", testRmdir},
		{"hard links", testHardLinks},
		{"slashes and dots", testSlashesAndDots},
		{"name limits", testNameLimits},
		{"readdir", testReadDir},
		{"readdir while deleting", testReadDirWhileDeleting},
		{"attributes", testAttributes},
		{"sync", testSync},
		{"relative", testRelative},
		{"relative links", testRelativeLinks},
		{"statfs", testStatfs},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(as(t, newFS(t)))
		})
	}
}

func testOpenFlags(u user) {
	u.write("file", "content")
	u.mkdir("dir")
	for _, test := range []struct {
		name  string
		flags int
		want  error
	}{
		{"missing", vfs.O_RDONLY, vfs.ENOENT},
		{"missing/file", vfs.O_RDWR | vfs.O_CREAT, vfs.ENOENT},
		{"file/x", vfs.O_RDONLY, vfs.ENOTDIR},
		{"file/x", vfs.O_RDWR | vfs.O_CREAT, vfs.ENOTDIR},
		{"file/", vfs.O_RDONLY, vfs.ENOTDIR},
		{"file", vfs.O_RDONLY | vfs.O_DIRECTORY, vfs.ENOTDIR},
		{"file", vfs.O_RDWR | vfs.O_CREAT | vfs.O_EXCL, vfs.EEXIST},
		{"file", vfs.O_ACCMODE, vfs.EINVAL},
		{"dir", vfs.O_WRONLY, vfs.EISDIR},
		{"dir", vfs.O_RDWR, vfs.EISDIR},
		{"dir", vfs.O_RDONLY | vfs.O_TRUNC, vfs.EISDIR},
		{"dir", vfs.O_RDONLY | vfs.O_CREAT, vfs.EISDIR},
		{"dir", vfs.O_RDWR | vfs.O_CREAT | vfs.O_EXCL, vfs.EEXIST},
		{"new/", vfs.O_RDWR | vfs.O_CREAT, vfs.EISDIR},
		{"", vfs.O_RDONLY, nil},
		{"dir", vfs.O_RDONLY | vfs.O_DIRECTORY, nil},
		{"dir/", vfs.O_RDONLY, nil},
		{"file", vfs.O_RDONLY | vfs.O_CREAT, nil},
		{"file", vfs.O_RDONLY | vfs.O_NOFOLLOW | vfs.O_CLOEXEC, nil},
	} {
		assertErrno(u, test.want, u.openErr(test.name, test.flags), "%s %#o", test.name, test.flags)
	}
	require.Equal(u, "content", u.read("file"))
	u.open("file", vfs.O_RDONLY|vfs.O_TRUNC)
	require.Empty(u, u.read("file"))
}

func testAccessModes(u user) {
	u.write("file", "content")
	b := make([]byte, 4)

	r := u.open("file", vfs.O_RDONLY)
	_, err := r.Write(b)
	assertErrno(u, vfs.EBADF, err)
	_, err = r.WriteAt(b, 0)
	assertErrno(u, vfs.EBADF, err)
	assertErrno(u, vfs.EINVAL, r.Truncate(0))
	assertErrno(u, vfs.EBADF, r.Allocate(0, 1))

	w := u.open("file", vfs.O_WRONLY)
	_, err = w.Read(b)
	assertErrno(u, vfs.EBADF, err)
	_, err = w.ReadAt(b, 0)
	assertErrno(u, vfs.EBADF, err)

	d := u.open("", vfs.O_RDONLY)
	_, err = d.Read(b)
	assertErrno(u, vfs.EISDIR, err)
	_, err = d.Write(b)
	assertErrno(u, vfs.EBADF, err)
	_, err = r.ReadDir(1)
	assertErrno(u, vfs.ENOTDIR, err)
	require.Equal(u, "content", u.read("file"))
}

func testReadWrite(u user) {
	f := u.open("file", vfs.O_RDWR|vfs.O_CREAT|vfs.O_EXCL)
	for i := range 5 {
		n, err := f.WriteAt(page(byte('a'+i)), int64(i)*8192)
		require.NoError(u, err)
		require.Equal(u, 8192, n)
	}
	require.Equal(u, int64(5*8192), u.stat("file").Size)
	b := make([]byte, 8192)
	n, err := f.ReadAt(b, 3*8192)
	require.NoError(u, err)
	require.Equal(u, page('d'), b[:n])
	n, err = f.ReadAt(b, 5*8192-100)
	require.NoError(u, err)
	require.Equal(u, 100, n)
	n, err = f.ReadAt(b, 5*8192)
	require.NoError(u, err)
	require.Zero(u, n)
	_, err = f.ReadAt(b, -1)
	assertErrno(u, vfs.EINVAL, err)
	_, err = f.WriteAt(b, -1)
	assertErrno(u, vfs.EINVAL, err)
	require.Zero(u, u.seek(f, 0, vfs.SEEK_CUR), "pread and pwrite moved the offset")

	other := u.open("file", vfs.O_RDWR)
	_, err = other.Write([]byte("XY"))
	require.NoError(u, err)
	n, err = f.Read(b[:4])
	require.NoError(u, err)
	require.Equal(u, "XYaa", string(b[:n]))
	n, err = f.Write(nil)
	require.NoError(u, err)
	require.Zero(u, n)
}

func testAppend(u user) {
	u.write("file", "one,")
	a := u.open("file", vfs.O_WRONLY|vfs.O_APPEND)
	b := u.open("file", vfs.O_WRONLY|vfs.O_APPEND)
	for _, w := range []struct {
		f *vfs.File
		s string
	}{{a, "two,"}, {b, "three,"}, {a, "four"}} {
		_, err := w.f.Write([]byte(w.s))
		require.NoError(u, err)
	}
	require.Equal(u, "one,two,three,four", u.read("file"))
	require.Equal(u, int64(18), u.seek(a, 0, vfs.SEEK_CUR))
	a.SetFlags(0)
	_, err := a.WriteAt([]byte("ONE"), 0)
	require.NoError(u, err)
	require.Equal(u, "ONE,two,three,four", u.read("file"))
}

func testSeek(u user) {
	u.write("file", "0123456789")
	f := u.open("file", vfs.O_RDWR)
	require.EqualValues(u, 10, u.seek(f, 0, vfs.SEEK_END))
	require.EqualValues(u, 7, u.seek(f, -3, vfs.SEEK_END))
	require.EqualValues(u, 8, u.seek(f, 1, vfs.SEEK_CUR))
	require.EqualValues(u, 1<<33, u.seek(f, 1<<33, vfs.SEEK_SET))
	n, err := f.Read(make([]byte, 1))
	require.NoError(u, err)
	require.Zero(u, n)
	for _, bad := range []struct {
		off    int64
		whence int
		want   error
	}{
		{-1, vfs.SEEK_SET, vfs.EINVAL},
		{-11, vfs.SEEK_END, vfs.EINVAL},
		{0, 9, vfs.EINVAL},
		{1<<63 - 1, vfs.SEEK_CUR, vfs.EOVERFLOW},
	} {
		_, err := f.Seek(bad.off, bad.whence)
		assertErrno(u, bad.want, err)
	}
	require.EqualValues(u, 1<<33, u.seek(f, 0, vfs.SEEK_CUR))
}

func testSparse(u user) {
	f := u.open("file", vfs.O_RDWR|vfs.O_CREAT)
	const far = 40 << 20
	_, err := f.WriteAt([]byte("end"), far)
	require.NoError(u, err)
	require.EqualValues(u, far+3, u.stat("file").Size)
	if runtime.GOOS != "windows" { // where no file has holes by itself
		require.Less(u, u.stat("file").Blocks*512, int64(1<<20))
	}
	b := page('x')
	_, err = f.ReadAt(b, far/2)
	require.NoError(u, err)
	require.Equal(u, page(0), b)
	n, err := f.ReadAt(b[:10], far-2)
	require.NoError(u, err)
	require.Equal(u, "\x00\x00end", string(b[:n]))
}

func testTruncate(u user) {
	f := u.open("file", vfs.O_RDWR|vfs.O_CREAT)
	_, err := f.Write(append(page('a'), page('b')...))
	require.NoError(u, err)
	require.NoError(u, f.Truncate(8192+10))
	require.NoError(u, f.Truncate(3*8192))
	want := string(page('a')) + "bbbbbbbbbb" + string(make([]byte, 2*8192-10))
	require.Equal(u, want, u.read("file"))
	require.NoError(u, u.fs.Truncate(nil, u.path("file"), 1))
	require.NoError(u, u.fs.Truncate(nil, u.path("file"), 3))
	require.Equal(u, "a\x00\x00", u.read("file"))

	assertErrno(u, vfs.EINVAL, f.Truncate(-1))
	assertErrno(u, vfs.EINVAL, u.fs.Truncate(nil, u.path("file"), -1))
	assertErrno(u, vfs.EISDIR, u.fs.Truncate(nil, base, 0))
	assertErrno(u, vfs.ENOENT, u.fs.Truncate(nil, u.path("missing"), 0))
}

func testAllocate(u user) {
	u.write("file", "abc")
	f := u.open("file", vfs.O_RDWR)
	require.NoError(u, f.Allocate(1, 1))
	require.EqualValues(u, 3, u.stat("file").Size)
	require.NoError(u, f.Allocate(8192, 8192))
	require.EqualValues(u, 2*8192, u.stat("file").Size)
	require.Equal(u, "abc"+string(make([]byte, 2*8192-3)), u.read("file"))
	assertErrno(u, vfs.EINVAL, f.Allocate(-1, 1))
	assertErrno(u, vfs.EINVAL, f.Allocate(0, 0))
}

func testReadDir(u user) {
	u.mkdir("dir")
	u.mkdir("dir/sub")
	u.write("dir/file", "")
	d := u.open("dir", vfs.O_RDONLY|vfs.O_DIRECTORY)
	all, err := d.ReadDir(100)
	require.NoError(u, err)
	names := []string{}
	for i, e := range all {
		names = append(names, e.Name)
		require.EqualValues(u, i+1, e.Off)
		require.Equal(u, u.stat("dir/"+e.Name).Ino, e.Ino, e.Name)
		require.EqualValues(u, u.stat("dir/"+e.Name).Mode>>12, e.Type, e.Name)
	}
	require.Equal(u, []string{".", "..", "file", "sub"}, names)
	rest, err := d.ReadDir(1)
	require.NoError(u, err)
	require.Empty(u, rest)

	u.seek(d, all[1].Off, vfs.SEEK_SET)
	part, err := d.ReadDir(1)
	require.NoError(u, err)
	require.Equal(u, "file", part[0].Name)

	u.write("dir/later", "")
	u.seek(d, 0, vfs.SEEK_SET)
	all, err = d.ReadDir(100)
	require.NoError(u, err)
	if len(all) != 4 || runtime.GOOS != "windows" { // which may say what was there when it was first asked
		require.Len(u, all, 5)
	}
}

func testReadDirWhileDeleting(u user) {
	u.mkdir("dir")
	want := []string{}
	for i := range 40 {
		name := fmt.Sprint(100 + i)
		u.write("dir/"+name, "")
		want = append(want, name)
	}
	d := u.open("dir", vfs.O_RDONLY)
	got := []string{}
	for {
		part, err := d.ReadDir(7)
		require.NoError(u, err)
		if len(part) == 0 {
			break
		}
		for _, e := range part {
			if e.Name != "." && e.Name != ".." {
				got = append(got, e.Name)
				require.NoError(u, u.unlink("dir/"+e.Name))
			}
		}
	}
	require.Equal(u, want, got)
	require.NoError(u, u.rmdir("dir"))
}

func testAttributes(u user) {
	u.write("file", "12345")
	u.mkdir("dir")
	st := u.stat("file")
	requireMode(u, vfs.S_IFREG|0o600, "file")
	require.EqualValues(u, 1, st.Nlink)
	require.EqualValues(u, 5, st.Size)
	require.WithinDuration(u, time.Now(), st.Mtime, time.Minute)
	require.NotZero(u, st.Ino)
	require.NotEqual(u, st.Ino, u.stat("dir").Ino)
	requireMode(u, vfs.S_IFDIR|0o700, "dir")

	path := u.path("file")
	require.NoError(u, u.fs.ChmodAt(nil, path, 0o640, 0))
	requireMode(u, vfs.S_IFREG|0o640, "file")
	require.NoError(u, u.fs.ChmodAt(nil, u.path("dir"), 0o750, 0))
	requireMode(u, vfs.S_IFDIR|0o750, "dir")
	assertErrno(u, vfs.EACCES, u.fs.FaccessAt(nil, path, vfs.X_OK, 0))
	require.NoError(u, u.fs.FaccessAt(nil, path, 6, 0))
	require.NoError(u, u.fs.ChmodAt(nil, path, 0o700, 0))
	if st := u.stat("file"); st.Mode&0o100 != 0 || runtime.GOOS != "windows" {
		require.NoError(u, u.fs.FaccessAt(nil, path, vfs.X_OK, 0))
	}
	assertErrno(u, vfs.ENOENT, u.fs.FaccessAt(nil, u.path("missing"), 0, 0))

	a, m := time.Unix(1000, 5000), time.Unix(2000, 7000)
	require.NoError(u, u.fs.UtimesAt(nil, path, &a, &m, 0))
	require.True(u, u.stat("file").Mtime.Equal(m))
	require.NoError(u, u.fs.UtimesAt(nil, path, nil, nil, 0))
	require.True(u, u.stat("file").Mtime.Equal(m))
	require.NoError(u, u.fs.ChownAt(nil, path, 0, ^uint32(0), 0))

	f := u.open("file", vfs.O_RDONLY)
	require.NoError(u, f.SetAttr(vfs.Attr{Mode: new(uint32(0o400)), Mtime: &a}))
	requireMode(u, vfs.S_IFREG|0o400, "file")
	byPath, err := u.fs.StatAt(f, "", vfs.AT_EMPTY_PATH)
	require.NoError(u, err)
	require.True(u, byPath.Mtime.Equal(a))
	require.EqualValues(u, u.stat("file").Dev, byPath.Dev)
}

func testSync(u user) {
	u.mkdir("dir")
	u.write("dir/file", "x")
	for _, name := range []string{"dir/file", "dir", ""} {
		f := u.open(name, vfs.O_RDONLY)
		require.NoError(u, f.Sync(false))
		require.NoError(u, f.Sync(true))
	}
	f := u.open("dir/file", vfs.O_WRONLY|vfs.O_DSYNC)
	_, err := f.Write([]byte("y"))
	require.NoError(u, err)
	require.Equal(u, "y", u.read("dir/file"))
}

func testStatfs(u user) {
	s, err := u.fs.Statfs(nil, base)
	require.NoError(u, err)
	require.NotZero(u, s.BlockSize)
	require.GreaterOrEqual(u, s.Blocks, s.Free)
	_, err = u.fs.Statfs(nil, u.path("missing"))
	assertErrno(u, vfs.ENOENT, err)
}
