package vfs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

func TestTable(t *testing.T) {
	t.Parallel()
	u := as(t, newTreeFS(t))
	u.write("file", "0123456789")
	open := func() *vfs.File {
		f, err := u.fs.OpenAt(nil, u.path("file"), vfs.O_RDWR, 0)
		require.NoError(t, err)
		return f
	}
	table := vfs.NewTable()
	for want := range 4 {
		fd, err := table.Open(open())
		require.NoError(t, err)
		require.Equal(t, want, fd)
	}
	require.NoError(t, table.Close(1))
	require.NoError(t, table.Close(2))
	assertErrno(t, vfs.EBADF, table.Close(2))
	for _, bad := range []int{-1, 2, 4, 5000} {
		_, err := table.Get(bad)
		assertErrno(t, vfs.EBADF, err)
		_, err = table.Dup(bad, 0)
		assertErrno(t, vfs.EBADF, err)
		_, err = table.Dup3(bad, 0)
		assertErrno(t, vfs.EBADF, err)
	}
	for _, test := range []struct{ from, want int }{{0, 1}, {0, 2}, {0, 4}, {10, 10}, {10, 11}, {0, 5}} {
		fd, err := table.Dup(0, test.from)
		require.NoError(t, err)
		require.Equal(t, test.want, fd)
	}
	_, err := table.Dup(0, vfs.MaxFiles)
	assertErrno(t, vfs.EINVAL, err)
	_, err = table.Dup3(0, 0)
	assertErrno(t, vfs.EINVAL, err)
	_, err = table.Dup3(0, vfs.MaxFiles)
	assertErrno(t, vfs.EBADF, err)
	fd, err := table.Dup3(0, 3)
	require.NoError(t, err)
	require.Equal(t, 3, fd)

	a, err := table.Get(0)
	require.NoError(t, err)
	b, err := table.Get(3)
	require.NoError(t, err)
	require.Same(t, a, b)
	table.CloseAll()
	_, err = table.Get(0)
	assertErrno(t, vfs.EBADF, err)
	fd, err = table.Open(open())
	require.NoError(t, err)
	require.Zero(t, fd)
	table.CloseAll()
}

func TestTableFull(t *testing.T) {
	t.Parallel()
	table := vfs.NewTable()
	r, w := vfs.Pipe(0)
	fd, err := table.Open(r)
	require.NoError(t, err)
	for {
		if _, err = table.Dup(fd, 0); err != nil {
			break
		}
	}
	assertErrno(t, vfs.EMFILE, err)
	_, err = table.Open(w)
	assertErrno(t, vfs.EMFILE, err)
	_, err = r.Read(make([]byte, 1))
	require.NoError(t, err, "the writer was not closed")
	require.NoError(t, table.Close(700))
	got, err := table.Dup(fd, 0)
	require.NoError(t, err)
	require.Equal(t, 700, got)
	table.CloseAll()
}

// TestSharedOffset is what dup and fork must share, and open must not.
func TestSharedOffset(t *testing.T) {
	t.Parallel()
	for _, v := range volumes {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			u := as(t, v.newFS(t))
			u.write("file", "0123456789")
			parent := vfs.NewTable()
			f, err := u.fs.OpenAt(nil, u.path("file"), vfs.O_RDWR, 0)
			require.NoError(t, err)
			fd, err := parent.Open(f)
			require.NoError(t, err)
			dup, err := parent.Dup(fd, 0)
			require.NoError(t, err)
			child := parent.Clone()
			read := func(table *vfs.Table, fd int, want string) {
				f, err := table.Get(fd)
				require.NoError(t, err)
				b := make([]byte, len(want))
				n, err := f.Read(b)
				require.NoError(t, err)
				require.Equal(t, want, string(b[:n]))
			}
			read(parent, fd, "01")
			read(parent, dup, "23")
			read(child, fd, "45")
			require.NoError(t, u.unlink("file"))
			require.NoError(t, parent.Close(fd))
			parent.CloseAll()
			read(child, dup, "67")
			child.CloseAll()
			assertErrno(t, vfs.EBADF, f.Close())
		})
	}
}

func TestWorkingDirectory(t *testing.T) {
	t.Parallel()
	u := as(t, newMemoryFS(t))
	u.mkdir("dir")
	u.write("dir/file", "x")
	table := vfs.NewTable()
	defer table.CloseAll()
	cwd, err := table.Cwd()
	require.NoError(t, err)
	require.Equal(t, "/", cwd)

	file, err := u.fs.OpenAt(nil, u.path("dir/file"), vfs.O_RDONLY, 0)
	require.NoError(t, err)
	assertErrno(t, vfs.ENOTDIR, table.Chdir(file))
	require.NoError(t, table.Chdir(u.open("dir", vfs.O_RDONLY)))
	child := table.Clone()
	defer child.CloseAll()
	for _, table := range []*vfs.Table{table, child} {
		cwd, err = table.Cwd()
		require.NoError(t, err)
		require.Equal(t, u.path("dir"), cwd)
		dir, err := table.Base(vfs.AT_FDCWD, "file")
		require.NoError(t, err)
		_, err = u.fs.StatAt(dir, "file", 0)
		require.NoError(t, err)
	}
	dir, err := table.Base(77, "/absolute")
	require.NoError(t, err)
	require.Nil(t, dir)
	_, err = table.Base(77, "relative")
	assertErrno(t, vfs.EBADF, err)

	require.NoError(t, u.unlink("dir/file"))
	require.NoError(t, u.rmdir("dir"))
	_, err = table.Cwd()
	assertErrno(t, vfs.ENOENT, err)
}
