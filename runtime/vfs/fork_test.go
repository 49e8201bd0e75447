package vfs_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

func fork(t testing.TB, fs *vfs.FS, tables ...*vfs.Table) (*vfs.FS, []*vfs.Table) {
	c, forks, err := fs.Fork(tables...)
	require.NoError(t, err)
	return c, forks
}

func TestForkIsolation(t *testing.T) {
	t.Parallel()
	for _, v := range volumes[:2] {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			old := as(t, v.newFS(t))
			big := bytes.Repeat(page('o'), 300) // more than two segments
			require.NoError(t, old.fs.WriteFile(base+"/big", big, 0o600))
			old.mkdir("dir")
			old.write("dir/deleted by old", "1")
			old.write("dir/deleted by new", "2")
			old.write("dir/renamed", "3")
			old.write("link", "shared")
			require.NoError(t, old.link("link", "dir/link"))
			require.NoError(t, old.symlink("dir", "symlink"))
			before, beforeStat := old.tree("."), old.stat("big")

			c, _ := fork(t, old.fs)
			new := as(t, c)
			require.Equal(t, before, new.tree("."))
			require.Equal(t, beforeStat, new.stat("big"))
			require.EqualValues(t, 2, new.stat("link").Nlink)
			require.Equal(t, new.stat("link").Ino, new.stat("dir/link").Ino)

			// Each side changes what the other still has.
			for i, u := range []user{old, new} {
				fill := page(byte('0' + i))
				f := u.open("big", vfs.O_RDWR)
				for _, off := range []int64{0, 5*8192 + 7, 150 * 8192} {
					_, err := f.WriteAt(fill[:100+i], off)
					require.NoError(t, err)
				}
				require.NoError(t, f.Truncate(int64(200+i)*8192+9))
				u.write("dir/link", fmt.Sprint("by ", i))
				require.Equal(t, fmt.Sprint("by ", i), u.read("link"))
			}
			require.NoError(t, old.unlink("dir/deleted by old"))
			require.NoError(t, new.unlink("dir/deleted by new"))
			require.NoError(t, new.rename("dir", "moved"))

			for i, u := range []user{old, new} {
				want := bytes.Clone(big[:(200+i)*8192+9])
				for _, off := range []int{0, 5*8192 + 7, 150 * 8192} {
					copy(want[off:], page(byte('0' + i))[:100+i])
				}
				require.Equal(t, string(want), u.read("big"))
				require.Equal(t, fmt.Sprint("by ", i), u.read("link"))
			}
			require.Equal(t, []string{"deleted by new", "link", "renamed"}, old.list("dir"))
			require.Equal(t, []string{"deleted by old", "link", "renamed"}, new.list("moved"))
			require.Equal(t, page('o'), big[:8192], "the caller's bytes were changed")
		})
	}
}

func TestForkOfFork(t *testing.T) {
	t.Parallel()
	u := as(t, newMemoryFS(t))
	u.write("file", "generation 0")
	all := []user{u}
	for i := range 5 {
		c, _ := fork(t, all[i].fs)
		next := as(t, c)
		f := next.open("file", vfs.O_WRONLY)
		_, err := f.WriteAt([]byte{byte('1' + i)}, 11)
		require.NoError(t, err)
		all = append(all, next)
	}
	for i, u := range all {
		require.Equal(t, fmt.Sprint("generation ", i), u.read("file"))
	}
}

// TestForkTables is what the fork of a cluster needs: the copied processes go
// on with their descriptors, in the copied files.
func TestForkTables(t *testing.T) {
	t.Parallel()
	var stderr, childStderr bytes.Buffer
	fs := vfs.New(vfs.Options{Stderr: &stderr})
	require.NoError(t, fs.Mount(base, vfs.NewMemory(0)))
	old := as(t, fs)
	old.write("file", "0123456789")
	old.write("gone", "without a name")
	old.mkdir("dir")
	old.write("dir/a", "")

	a := vfs.NewTable()
	put := func(f *vfs.File, err error) int {
		require.NoError(t, err)
		fd, err := a.Open(f)
		require.NoError(t, err)
		return fd
	}
	errFd := put(fs.OpenAt(nil, "/dev/stderr", vfs.O_WRONLY, 0))
	fileFd := put(fs.OpenAt(nil, base+"/file", vfs.O_RDWR, 0))
	goneFd := put(fs.OpenAt(nil, base+"/gone", vfs.O_RDWR|vfs.O_APPEND, 0))
	dirFd := put(fs.OpenAt(nil, base+"/dir", vfs.O_RDONLY, 0))
	r, w := vfs.Pipe(vfs.O_NONBLOCK)
	rFd, wFd := put(r, nil), put(w, nil)
	foreignFd := put(vfs.NewFile(foreign{r.Handle()}, vfs.O_RDWR), nil)
	require.NoError(t, a.Chdir(old.open("dir", vfs.O_RDONLY)))
	require.NoError(t, old.unlink("gone"))
	b := a.Clone()

	get := func(table *vfs.Table, fd int) *vfs.File {
		f, err := table.Get(fd)
		require.NoError(t, err)
		return f
	}
	read := func(f *vfs.File, n int) string {
		buf := make([]byte, n)
		n, err := f.Read(buf)
		require.NoError(t, err)
		return string(buf[:n])
	}
	require.Equal(t, "012", read(get(a, fileFd), 3))
	_, err := get(a, wFd).Write([]byte("in the pipe"))
	require.NoError(t, err)

	c, tables := fork(t, fs, a, b)
	new := as(t, c)
	c.SetOutput(nil, &childStderr)
	ca, cb := tables[0], tables[1]

	require.Same(t, get(ca, fileFd), get(cb, fileFd))
	require.NotSame(t, get(a, fileFd), get(ca, fileFd))
	require.Equal(t, "345", read(get(cb, fileFd), 3))
	require.Equal(t, "678", read(get(ca, fileFd), 3))
	require.Equal(t, "345", read(get(a, fileFd), 3))
	_, err = get(ca, fileFd).WriteAt([]byte("child"), 0)
	require.NoError(t, err)
	require.Equal(t, "child56789", new.read("file"))
	require.Equal(t, "0123456789", old.read("file"))

	_, err = get(ca, goneFd).Write([]byte("!"))
	require.NoError(t, err)
	require.Equal(t, "", read(get(ca, goneFd), 20))
	_, err = get(ca, goneFd).Seek(0, vfs.SEEK_SET)
	require.NoError(t, err)
	require.Equal(t, "without a name!", read(get(cb, goneFd), 20))
	require.Equal(t, "without a name", read(get(a, goneFd), 20))

	require.Equal(t, "in the pipe", read(get(ca, rFd), 20))
	require.Equal(t, "in the pipe", read(get(b, rFd), 20))
	_, err = get(cb, wFd).Write([]byte("x"))
	require.NoError(t, err)
	require.Equal(t, "x", read(get(ca, rFd), 20))

	_, err = get(ca, errFd).Write([]byte("from the child"))
	require.NoError(t, err)
	require.Equal(t, "from the child", childStderr.String())
	require.Empty(t, stderr.String())

	_, err = ca.Get(foreignFd)
	assertErrno(t, vfs.EBADF, err)
	get(a, foreignFd)

	require.NoError(t, new.rename("dir", "moved"))
	require.Equal(t, base+"/moved", get(ca, dirFd).Path())
	require.Equal(t, base+"/dir", get(a, dirFd).Path())
	cwd, err := cb.Cwd()
	require.NoError(t, err)
	require.Equal(t, base+"/moved", cwd)
	dir, err := ca.Base(vfs.AT_FDCWD, "a")
	require.NoError(t, err)
	require.NoError(t, c.UnlinkAt(dir, "a", 0))
	require.Equal(t, []string{"a"}, old.list("dir"))

	for _, table := range []*vfs.Table{a, b, ca, cb} {
		table.CloseAll()
	}
	st, err := c.Statfs(nil, base)
	require.NoError(t, err)
	require.EqualValues(t, 1, st.Blocks-st.Free, "a file without a name was leaked")
}

// foreign is a Handle that vfs does not know.
type foreign struct{ vfs.Handle }

func (foreign) Close() error { return nil }

func TestForkNeedsMemory(t *testing.T) {
	t.Parallel()
	_, _, err := newHostFS(t).Fork()
	assertErrno(t, vfs.ENOTSUP, err)
}

func TestBudget(t *testing.T) {
	t.Parallel()
	const chunks = 10
	m := vfs.NewMemory(chunks * vfs.ChunkSize)
	fs := vfs.New(vfs.Options{})
	require.NoError(t, fs.Mount(base, m))
	u := as(t, fs)
	used := func(want int64) {
		t.Helper()
		require.Equal(t, want*vfs.ChunkSize, m.Used())
	}

	f := u.open("file", vfs.O_RDWR|vfs.O_CREAT)
	n, err := f.Write(bytes.Repeat(page('x'), chunks+2))
	require.NoError(t, err)
	require.Equal(t, chunks*vfs.ChunkSize, n, "a write that fits in part does so")
	n, err = f.Write(page('x'))
	assertErrno(t, vfs.ENOSPC, err)
	require.Zero(t, n)
	assertErrno(t, vfs.ENOSPC, f.Allocate(0, (chunks+1)*vfs.ChunkSize))
	_, err = f.WriteAt(page('y'), 0)
	require.NoError(t, err, "overwriting needs no space")
	used(chunks)

	require.NoError(t, f.Truncate(2*vfs.ChunkSize+1))
	used(3)
	require.NoError(t, f.Truncate(100*vfs.ChunkSize))
	used(3)
	_, err = f.WriteAt(page(0), 50*vfs.ChunkSize)
	require.NoError(t, err)
	used(4)
	require.NoError(t, f.Allocate(49*vfs.ChunkSize, 3*vfs.ChunkSize))
	used(6)
	require.NoError(t, f.Allocate(0, vfs.ChunkSize))
	used(6)
	_, err = f.WriteAt([]byte("reserved"), 49*vfs.ChunkSize)
	require.NoError(t, err)
	used(6)
	require.EqualValues(t, 6*vfs.ChunkSize/512, u.stat("file").Blocks)

	// A fork occupies its own space, from the start.
	c := m.Fork()
	require.Equal(t, int64(6*vfs.ChunkSize), c.Used())
	require.NoError(t, c.Unlink("file"))
	require.Zero(t, c.Used())
	_, err = f.WriteAt(page('z'), 0)
	require.NoError(t, err)
	used(6)

	require.NoError(t, u.unlink("file"))
	used(6)
	require.NoError(t, f.Close())
	used(0)

	data := append(page('a'), page(0)...)
	require.NoError(t, u.fs.WriteFile(base+"/alias", data, 0o600))
	used(1)
	require.NoError(t, u.fs.WriteFile(base+"/alias", page('b'), 0o600))
	used(1)
	assertErrno(t, vfs.ENOSPC, u.fs.WriteFile(base+"/large", bytes.Repeat(page('c'), chunks), 0o600))
	used(1)
	u.write("other", "x")
	used(2)
	require.NoError(t, u.rename("other", "alias"))
	used(1)
	s, err := fs.Statfs(nil, base)
	require.NoError(t, err)
	require.EqualValues(t, chunks, s.Blocks)
	require.EqualValues(t, chunks-1, s.Free)
}

// TestZerosAreFree is about new WAL segments, which PostgreSQL fills with
// zeros.
func TestZerosAreFree(t *testing.T) {
	t.Parallel()
	m := vfs.NewMemory(0)
	h, err := m.Open("wal", vfs.O_RDWR|vfs.O_CREAT, 0o600)
	require.NoError(t, err)
	for off := int64(0); off < 16<<20; off += 8192 {
		_, err := h.WriteAt(page(0), off)
		require.NoError(t, err)
	}
	require.Zero(t, m.Used())
	size, err := h.Size()
	require.NoError(t, err)
	require.EqualValues(t, 16<<20, size)
	require.NoError(t, h.Close())
}
