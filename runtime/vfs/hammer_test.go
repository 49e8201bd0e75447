package vfs_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

// TestHammerPages: a page that is written whole is read whole, and what one
// guest does to its files is not seen in another's.
func TestHammerPages(t *testing.T) {
	t.Parallel()
	for _, v := range volumes[:2] { // a host's kernel may tear pages
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			u := as(t, v.newFS(t))
			u.write("shared", string(page('0')))
			var group sync.WaitGroup
			for i := range 6 {
				group.Go(func() {
					f, err := u.fs.OpenAt(nil, u.path("shared"), vfs.O_RDWR, 0)
					if !assert.NoError(t, err) {
						return
					}
					defer f.Close()
					b, mine := make([]byte, 8192), page(byte('0'+i))
					for range 300 {
						if _, err := f.WriteAt(mine, 0); !assert.NoError(t, err) {
							return
						}
						if _, err := f.ReadAt(b, 0); !assert.NoError(t, err) {
							return
						}
						if !assert.True(t, bytes.Equal(b, page(b[0])), "a torn page") {
							return
						}
					}
				})
			}
			group.Wait()
		})
	}
}

// TestHammerNames lets guests create, rename and remove the same few names.
func TestHammerNames(t *testing.T) {
	t.Parallel()
	for _, v := range volumes {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			u := as(t, v.newFS(t))
			u.mkdir("x")
			u.mkdir("y")
			var group sync.WaitGroup
			for i := range 4 {
				group.Go(func() {
					for j := range 100 {
						k := (i*7 + j) % 5
						a, b := fmt.Sprintf("x/%d", k), fmt.Sprintf("y/%d", (k+j)%5)
						if f, err := u.fs.OpenAt(nil, u.path(a), vfs.O_RDWR|vfs.O_CREAT, 0o600); err == nil {
							f.WriteAt(page(byte(k)), 0)
							f.Stat()
							defer f.Close()
						}
						u.rename(a, b)
						u.link(b, a)
						u.unlink(b)
						u.fs.StatAt(nil, u.path(a), 0)
						u.fs.MkdirAt(nil, u.path(fmt.Sprint("x/dir", k)), 0o700)
						u.rename(fmt.Sprint("x/dir", k), fmt.Sprint("y/dir", k))
						u.rmdir(fmt.Sprint("y/dir", k))
						if d, err := u.fs.OpenAt(nil, u.path("x"), vfs.O_RDONLY, 0); err == nil {
							d.ReadDir(10)
							d.Close()
						}
					}
				})
			}
			group.Wait()
			for _, dir := range []string{"x", "y"} {
				for _, name := range u.list(dir) {
					if u.unlink(dir+"/"+name) != nil {
						require.NoError(t, u.rmdir(dir+"/"+name))
					}
				}
				require.NoError(t, u.rmdir(dir))
			}
			s, err := u.fs.Statfs(nil, base)
			require.NoError(t, err)
			if v.name == "memory" {
				require.Equal(t, s.Blocks, s.Free, "space was leaked")
			}
		})
	}
}

// TestHammerFork forks while guests write. A fork sees one moment: a guest
// writes a counter to the first file before it writes it to the second.
func TestHammerFork(t *testing.T) {
	t.Parallel()
	m := vfs.NewMemory(0)
	fs := vfs.New(vfs.Options{})
	require.NoError(t, fs.Mount(base, m))
	u := as(t, fs)
	for _, name := range []string{"first", "second"} {
		u.write(name, string(append(make([]byte, 8), page('x')[8:]...)))
	}
	table := vfs.NewTable()
	defer table.CloseAll()
	for _, name := range []string{"first", "second"} {
		f, err := fs.OpenAt(nil, u.path(name), vfs.O_RDWR, 0)
		require.NoError(t, err)
		_, err = table.Open(f)
		require.NoError(t, err)
	}
	done := make(chan struct{})
	var writer sync.WaitGroup
	defer writer.Wait()
	defer close(done)
	writer.Go(func() {
		b := make([]byte, 8)
		for i := uint64(1); ; i++ {
			select {
			case <-done:
				return
			default:
			}
			binary.LittleEndian.PutUint64(b, i)
			for fd := range 2 {
				f, _ := table.Get(fd)
				f.Seek(0, vfs.SEEK_SET)
				if _, err := f.Write(b); !assert.NoError(t, err) {
					return
				}
			}
		}
	})
	count := func(fs *vfs.FS, name string) uint64 {
		got, err := fs.ReadFile(base + "/" + name)
		require.NoError(t, err)
		return binary.LittleEndian.Uint64(got)
	}
	for range 100 {
		c, tables := fork(t, fs, table)
		first, second := count(c, "first"), count(c, "second")
		require.True(t, first == second || first == second+1, "%d and %d", first, second)
		f, err := tables[0].Get(0)
		require.NoError(t, err)
		_, err = f.WriteAt(page('x'), 0)
		require.NoError(t, err)
		require.Equal(t, second, count(c, "second"))
		tables[0].CloseAll()
		require.EqualValues(t, 2*vfs.ChunkSize, m.Used())
	}
}

// TestSlowSync: while one guest waits for its disk, others go on.
func TestSlowSync(t *testing.T) {
	t.Parallel()
	slow := &slowVolume{Volume: newHost(t, t.TempDir()), syncing: make(chan struct{}), release: make(chan struct{})}
	fs := vfs.New(vfs.Options{})
	require.NoError(t, fs.Mount(base, slow))
	u := as(t, fs)
	u.write("file", "x")
	f := u.open("file", vfs.O_RDWR)
	var waiting sync.WaitGroup
	waiting.Go(func() { assert.NoError(t, f.Sync(true)) })
	<-slow.syncing
	g := u.open("file", vfs.O_RDWR)
	_, err := g.WriteAt([]byte("y"), 0)
	require.NoError(t, err)
	_, err = f.Read(make([]byte, 1))
	require.NoError(t, err)
	u.write("other", "z")
	require.NoError(t, u.rename("other", "file"))
	require.NoError(t, u.unlink("file"))
	close(slow.release)
	waiting.Wait()
}

// slowVolume's syncs take until release.
type slowVolume struct {
	vfs.Volume
	syncing, release chan struct{}
}

func (s *slowVolume) Open(name string, flags int, mode uint32) (vfs.Handle, error) {
	h, err := s.Volume.Open(name, flags, mode)
	return slowHandle{h, s}, err
}

type slowHandle struct {
	vfs.Handle
	s *slowVolume
}

func (h slowHandle) Sync(dataOnly bool) error {
	close(h.s.syncing)
	<-h.s.release
	return h.Handle.Sync(dataOnly)
}
