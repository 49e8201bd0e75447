package vfs_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

// TestRandomNames does the same things to a directory of the host, where the
// host's kernel says what is right, and to the others.
func TestRandomNames(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("errors differ")
	}
	for seed := range uint64(16) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			compareNames(t, random(seed, 3000))
		})
	}
}

func FuzzNames(f *testing.F) {
	if runtime.GOOS != "linux" {
		f.Skip("errors differ")
	}
	for seed := range uint64(5) {
		f.Add(random(seed, 300))
	}
	f.Fuzz(compareNames)
}

// compareNames takes every operation from a few bytes of script.
func compareNames(t *testing.T, script []byte) {
	kernel := newActor(t, newHostFS(t))
	others := []*actor{newActor(t, newTreeFS(t)), newActor(t, newMemoryFS(t)), newActor(t, newWindowsHostFS(t))}
	others[2].noLinks = true
	for step := 0; len(script) >= 4; step++ {
		var op [4]byte
		script = script[copy(op[:], script):]
		want, wantLinks := kernel.do(op)
		for i, a := range others {
			got, links := a.do(op)
			require.Equal(t, want, got, "step %d, file system %d", step, i)
			if !a.noLinks {
				require.Equal(t, wantLinks, links, "step %d, file system %d", step, i)
			}
		}
		// Now and then a fork takes the place of what it was made from.
		if op[0] == 0 {
			for _, a := range others[:2] {
				a.fork()
			}
		}
	}
	want := kernel.tree(".")
	for _, a := range others {
		require.Equal(t, want, a.tree("."))
	}
}

// actor does what a script says and describes the result.
type actor struct {
	user
	files   [4]*vfs.File
	noLinks bool // a file that is unlinked but open still counts its name
}

// newActor works in a subdirectory, so that ".." stays in the volume.
func newActor(t *testing.T, fs *vfs.FS) *actor {
	a := &actor{user: as(t, fs)}
	a.mkdir("in")
	return a
}

func (a *actor) path(name string) string { return base + "/in/" + name }

var scriptNames = []string{
	"a", "b", "c", "d", "a/a", "a/b", "b/a", "b/c", "a/a/a", "a/b/c", "c/d/a", "d/d",
	"a/", "b/.", "a/..", "c/../a", "a/a/../b", "./b//a", "d/a/", ".", "l", "l/a", "l/a/b", "l/..", "a/l", "l/",
}

// do returns what happened and, for stat, the number of links.
func (a *actor) do(op [4]byte) (string, uint32) {
	x := scriptNames[int(op[1])%len(scriptNames)]
	y := scriptNames[int(op[2])%len(scriptNames)]
	slot := &a.files[op[3]%4]
	result := func(err error, more ...any) (string, uint32) {
		return fmt.Sprint(op[0]%20, " ", x, " ", y, ": ", vfs.ErrnoOf(err), " ", more), 0
	}
	stat := func(st vfs.Stat, err error) (string, uint32) {
		if st.IsDir() { // how large a directory is, and how many links it has, depends
			st.Size, st.Nlink = 0, 0
		}
		s, _ := result(err, st.Mode, st.Size)
		return s, st.Nlink
	}
	switch op[0] % 20 {
	case 0, 1:
		return result(a.fs.MkdirAt(nil, a.path(x), 0o700))
	case 2, 3, 4:
		return result(a.fs.RenameAt(nil, a.path(x), nil, a.path(y)))
	case 5, 6:
		return result(a.fs.UnlinkAt(nil, a.path(x), 0))
	case 7:
		return result(a.fs.UnlinkAt(nil, a.path(x), vfs.AT_REMOVEDIR))
	case 8:
		return result(a.fs.LinkAt(nil, a.path(x), nil, a.path(y), 0))
	case 9:
		target := []string{"a", "b", "a/a", ".", "l", "missing", "./c/d"}[op[2]%7]
		return result(a.fs.Symlink(target, a.path(x)))
	case 10:
		target, err := a.fs.ReadlinkAt(nil, a.path(x))
		return result(err, target)
	case 11:
		return stat(a.fs.StatAt(nil, a.path(x), int(op[2]%2)*vfs.AT_SYMLINK_NOFOLLOW))
	case 12, 13, 14:
		flags := []int{
			vfs.O_RDONLY, vfs.O_RDWR, vfs.O_RDWR | vfs.O_CREAT, vfs.O_RDWR | vfs.O_CREAT | vfs.O_EXCL,
			vfs.O_WRONLY | vfs.O_TRUNC, vfs.O_RDWR | vfs.O_CREAT | vfs.O_TRUNC, vfs.O_RDONLY | vfs.O_DIRECTORY,
			vfs.O_RDONLY | vfs.O_NOFOLLOW, vfs.O_RDWR | vfs.O_CREAT | vfs.O_NOFOLLOW, vfs.O_RDWR | vfs.O_APPEND,
		}[op[2]%10]
		f, err := a.fs.OpenAt(nil, a.path(x), flags, 0o600)
		if err == nil {
			if *slot != nil {
				(*slot).Close()
			}
			*slot = f
		}
		return result(err)
	}
	f := *slot
	if f == nil {
		return "", 0
	}
	switch op[0] % 20 {
	case 15:
		n, err := f.Write(bytes.Repeat([]byte{op[1]}, int(op[2])*50))
		return result(err, n)
	case 16:
		b := make([]byte, 100)
		n, err := f.ReadAt(b, int64(op[1])*64)
		return result(err, n, b)
	case 17:
		return result(f.Truncate(int64(op[1]) * 100))
	case 18:
		return stat(f.Stat())
	case 19:
		if f.Flags()&vfs.O_ACCMODE != vfs.O_RDONLY { // not a directory
			off, err := f.Seek(int64(op[1])*30, int(op[2]%3))
			return result(err, off)
		}
	}
	return "", 0
}

// fork goes on in a copy, with the same open files.
func (a *actor) fork() {
	table := vfs.NewTable()
	defer table.CloseAll()
	fds := map[int]int{}
	for i, f := range a.files {
		if f != nil {
			fd, err := table.Open(f)
			require.NoError(a, err)
			fds[i] = fd
		}
	}
	c, tables := fork(a, a.fs, table)
	a.fs = c
	for i, fd := range fds {
		f, err := tables[0].Get(fd)
		require.NoError(a, err)
		a.files[i] = f
	}
}

// TestRandomContent compares files with slices of bytes, across forks.
func TestRandomContent(t *testing.T) {
	t.Parallel()
	for _, v := range volumes {
		for seed := range uint64(4) {
			t.Run(fmt.Sprint(v.name, seed), func(t *testing.T) {
				t.Parallel()
				compareContent(t, v.newFS(t), rand.New(rand.NewPCG(seed, 1)))
			})
		}
	}
}

// branch is a file and what it should hold.
type branch struct {
	fs   *vfs.FS
	file *vfs.File
	want []byte
}

func compareContent(t *testing.T, fs *vfs.FS, r *rand.Rand) {
	const limit = 3 << 20
	open := func(fs *vfs.FS) *vfs.File {
		f, err := fs.OpenAt(nil, base+"/file", vfs.O_RDWR|vfs.O_CREAT, 0o600)
		require.NoError(t, err)
		t.Cleanup(func() { f.Close() })
		return f
	}
	seed := random(9, 200_000)
	require.NoError(t, fs.WriteFile(base+"/file", seed, 0o600))
	branches := []*branch{{fs, open(fs), bytes.Clone(seed)}}
	for range 400 {
		b := branches[r.IntN(len(branches))]
		off := r.IntN(limit)
		if r.IntN(2) == 0 {
			off = r.IntN(limit/8192) * 8192
		}
		n := []int{1, 100, 8192, 8192, 8192, 20_000}[r.IntN(6)]
		switch r.IntN(8) {
		case 0, 1, 2:
			p := random(r.Uint64(), n)
			if r.IntN(4) == 0 {
				clear(p)
			}
			got, err := b.file.WriteAt(p, int64(off))
			require.NoError(t, err)
			require.Equal(t, n, got)
			b.grow(off + n)
			copy(b.want[off:], p)
		case 3:
			require.NoError(t, b.file.Truncate(int64(off)))
			b.grow(off)
			b.want = b.want[:off:off]
		case 4:
			require.NoError(t, b.file.Allocate(int64(off), int64(n)))
			b.grow(off + n)
		case 5:
			if _, _, err := b.fs.Fork(); err == nil && len(branches) < 6 {
				c, _ := fork(t, b.fs)
				branches = append(branches, &branch{c, open(c), bytes.Clone(b.want)})
			}
		default:
			p := bytes.Repeat([]byte{'?'}, n)
			got, err := b.file.ReadAt(p, int64(off))
			require.NoError(t, err)
			want := b.want[min(off, len(b.want)):min(off+n, len(b.want))]
			require.True(t, bytes.Equal(want, p[:got]), "%d bytes at %d", n, off)
		}
	}
	for _, b := range branches {
		got, err := b.fs.ReadFile(base + "/file")
		require.NoError(t, err)
		require.True(t, bytes.Equal(b.want, got))
	}
}

func (b *branch) grow(size int) {
	if size > len(b.want) {
		b.want = append(b.want, make([]byte, size-len(b.want))...)
	}
}
