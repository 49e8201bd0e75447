package vfs_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

const chunk = vfs.ChunkSize

// memFile opens a file of a tree, and makes it if need be.
func memFile(tb testing.TB, m *vfs.Memory, name string) vfs.Handle {
	tb.Helper()
	h, err := m.Open(name, vfs.O_RDWR|vfs.O_CREAT, 0o600)
	require.NoError(tb, err)
	return h
}

// put writes n pages to a file, from the first-th on.
func put(tb testing.TB, m *vfs.Memory, name string, first, n int) {
	tb.Helper()
	h := memFile(tb, m, name)
	defer h.Close()
	_, err := h.WriteAt(random(uint64(first), n*chunk), int64(first)*chunk)
	require.NoError(tb, err)
}

// Pages that nobody shows any more are given back at once.
func TestPagesAreGivenBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		do   func(t *testing.T, m *vfs.Memory)
		want int // pages, of a file that had 300
	}{
		{"nothing", func(*testing.T, *vfs.Memory) {}, 300},
		{"overwritten", func(t *testing.T, m *vfs.Memory) { put(t, m, "f", 10, 200) }, 300},
		{"cut off", func(t *testing.T, m *vfs.Memory) { require.NoError(t, memFile(t, m, "f").Truncate(100*chunk+1)) }, 101},
		{"emptied", func(t *testing.T, m *vfs.Memory) { require.NoError(t, memFile(t, m, "f").Truncate(0)) }, 0},
		{"punched", func(t *testing.T, m *vfs.Memory) { require.NoError(t, m.Punch("f", chunk-1, 250*chunk)) }, 51},
		{"punched behind the end", func(t *testing.T, m *vfs.Memory) { require.NoError(t, m.Punch("f", 10*chunk, 1<<30)) }, 10},
		{"unlinked", func(t *testing.T, m *vfs.Memory) { require.NoError(t, m.Unlink("f")) }, 0},
		{"replaced", func(t *testing.T, m *vfs.Memory) { require.NoError(t, m.WriteFile("f", random(1, chunk), 0o600)) }, 0},
		{"renamed over", func(t *testing.T, m *vfs.Memory) { put(t, m, "g", 0, 3); require.NoError(t, m.Rename("g", "f")) }, 3},
		{"unlinked, and open", func(t *testing.T, m *vfs.Memory) {
			h := memFile(t, m, "f")
			require.NoError(t, m.Unlink("f"))
			require.Equal(t, 300, m.Pages())
			require.NoError(t, h.Close())
		}, 0},
		{"closed", func(t *testing.T, m *vfs.Memory) { require.NoError(t, m.Close()); require.NoError(t, m.Close()) }, 0},
		{"forked, and closed", func(t *testing.T, m *vfs.Memory) {
			f := m.Fork()
			require.NoError(t, m.Close())
			require.Equal(t, 300, m.Pages())
			got := make([]byte, 300*chunk)
			n, err := memFile(t, f, "f").ReadAt(got, 0)
			require.NoError(t, err)
			require.Equal(t, 300*chunk, n)
			require.True(t, bytes.Equal(random(0, 300*chunk), got))
			require.NoError(t, f.Close())
			require.Zero(t, f.Pages())
		}, 0},
		{"forked, and the fork changed and closed", func(t *testing.T, m *vfs.Memory) {
			f := m.Fork()
			put(t, f, "f", 50, 10)
			require.NoError(t, memFile(t, f, "f").Truncate(200*chunk))
			require.Equal(t, 10, f.Pages())
			require.Equal(t, 300, m.Pages())
			require.NoError(t, f.Close())
			require.Zero(t, f.Pages())
			put(t, m, "f", 0, 300) // it has them for itself again
		}, 300},
		{"forked, and both changed", func(t *testing.T, m *vfs.Memory) {
			f := m.Fork()
			put(t, f, "f", 0, 300)
			require.NoError(t, m.Unlink("f"))
			require.Equal(t, 300, f.Pages())
		}, 0},
		{"forked, and cut off in the middle of a page", func(t *testing.T, m *vfs.Memory) {
			f := m.Fork()
			h := memFile(t, m, "f")
			require.NoError(t, h.Truncate(chunk+100))
			require.NoError(t, f.Close())
			_, err := h.WriteAt([]byte{9}, 2*chunk-1) // in place: the page is whole again
			require.NoError(t, err)
			got := make([]byte, chunk)
			_, err = h.ReadAt(got, chunk)
			require.NoError(t, err)
			want := append(random(0, 2*chunk)[chunk:chunk+100:chunk+100], make([]byte, chunk-100)...)
			want[chunk-1] = 9
			require.Equal(t, want, got)
		}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := vfs.NewMemory(0)
			put(t, m, "f", 0, 300)
			require.Equal(t, 300, m.Pages())
			tt.do(t, m)
			require.Equal(t, tt.want, m.Pages())
		})
	}
}

func TestClosedTreesAreEmpty(t *testing.T) {
	t.Parallel()
	m := vfs.NewMemory(1 << 20)
	require.NoError(t, m.Mkdir("d", 0o700))
	put(t, m, "d/f", 0, 5)
	h := memFile(t, m, "d/f")
	require.EqualValues(t, 5*chunk, m.Used())
	require.NoError(t, m.Close())
	require.Zero(t, m.Used())
	_, err := m.Lstat("d")
	require.Equal(t, vfs.ENOENT, err)
	n, err := h.ReadAt(make([]byte, 10), 0)
	require.Zero(t, n)
	require.NoError(t, err)
	require.NoError(t, h.Close())
}

// A file that nobody will read again is emptied with its last name, also when it is
// open; others keep what they hold.
func TestDiscardRemoved(t *testing.T) {
	t.Parallel()
	m := vfs.NewMemory(1 << 20)
	m.DiscardRemoved(func(name string) bool { return name != "kept" })
	for _, name := range []string{"kept", "a"} {
		put(t, m, name, 0, 5)
	}
	require.NoError(t, m.Link("a", "b"))
	kept, a := memFile(t, m, "kept"), memFile(t, m, "a")
	require.NoError(t, m.Unlink("a"))
	require.EqualValues(t, 10*chunk, m.Used(), "it has another name")
	require.NoError(t, m.Unlink("b"))
	require.NoError(t, m.Unlink("kept"))
	require.EqualValues(t, 5*chunk, m.Used())
	require.NoError(t, a.Close())
	require.NoError(t, kept.Close())
	require.Zero(t, m.Used())
}

// Who forgets to close a tree loses no memory for good.
func TestForgottenTreesAreCollected(t *testing.T) {
	t.Parallel()
	m := vfs.NewMemory(0)
	put(t, m, "f", 0, 10)
	f := m.Fork()
	put(t, f, "f", 0, 5)
	ours, forks := m.Reachable(), f.Reachable()
	f = nil
	for range 10 {
		runtime.GC()
	}
	require.False(t, forks())
	require.True(t, ours())
	require.Equal(t, 10, m.Pages())
	require.NoError(t, m.Close())
	runtime.KeepAlive(m)
}

// Trees that fork, change and go at random show what they should, and leave
// nothing behind.
func TestRandomForks(t *testing.T) {
	t.Parallel()
	type tree struct {
		*vfs.Memory
		files map[string][]byte
	}
	for seed := range uint64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(seed, 2))
			all := []*vfs.Memory{vfs.NewMemory(0)}
			trees := []tree{{all[0], map[string][]byte{}}}
			for range 400 {
				i := r.IntN(len(trees))
				on, name := trees[i], fmt.Sprint("f", r.IntN(4))
				was := on.files[name]
				switch k := r.IntN(12); {
				case k < 6:
					off, p := r.IntN(300*chunk), random(r.Uint64(), 1+r.IntN(5*chunk))
					h := memFile(t, on.Memory, name)
					_, err := h.WriteAt(p, int64(off))
					require.NoError(t, err)
					require.NoError(t, h.Close())
					now := make([]byte, max(len(was), off+len(p)))
					copy(now, was)
					copy(now[off:], p)
					on.files[name] = now
				case k < 8 && was != nil:
					size := r.IntN(320 * chunk)
					h := memFile(t, on.Memory, name)
					require.NoError(t, h.Truncate(int64(size)))
					require.NoError(t, h.Close())
					on.files[name] = append(was[:min(size, len(was)):min(size, len(was))], make([]byte, max(0, size-len(was)))...)
				case k == 8 && was != nil:
					require.NoError(t, on.Unlink(name))
					delete(on.files, name)
				case k == 9 && len(trees) > 1:
					require.NoError(t, on.Close())
					trees[i] = trees[len(trees)-1]
					trees = trees[:len(trees)-1]
				case k == 10 && was != nil:
					first, end := r.IntN(200), 200+r.IntN(200)
					require.NoError(t, on.Punch(name, int64(first)*chunk, int64(end-first)*chunk))
					now := bytes.Clone(was)
					clear(now[min(first*chunk, len(now)):min(end*chunk, len(now))])
					on.files[name] = now
				case len(trees) < 8:
					f := tree{on.Fork(), map[string][]byte{}}
					for name, b := range on.files {
						f.files[name] = b
					}
					all, trees = append(all, f.Memory), append(trees, f)
				}
			}
			for _, on := range trees {
				for name, want := range on.files {
					got := make([]byte, len(want)+1)
					h := memFile(t, on.Memory, name)
					n, err := h.ReadAt(got, 0)
					require.NoError(t, err)
					require.True(t, bytes.Equal(want, got[:n]), name)
					require.NoError(t, h.Close())
				}
			}
			for _, on := range trees {
				require.NoError(t, on.Close())
			}
			for _, m := range all {
				require.Zero(t, m.Pages())
				require.Zero(t, m.Used())
			}
		})
	}
}

// Forks may be read, changed and closed while the original changes.
func TestHammerForks(t *testing.T) {
	t.Parallel()
	m := vfs.NewMemory(0)
	put(t, m, "f", 0, 200)
	stop := make(chan struct{})
	var writers, forks sync.WaitGroup
	for i := range 3 {
		writers.Go(func() {
			h := memFile(t, m, "f")
			defer h.Close()
			for k := 0; ; k++ {
				select {
				case <-stop:
					return
				default:
				}
				_, _ = h.WriteAt(bytes.Repeat([]byte{byte(k)}, chunk), int64((k*7+i)%200)*chunk)
				if k%50 == 0 {
					_ = h.Truncate(150 * chunk)
				}
			}
		})
	}
	for range 2 {
		forks.Go(func() {
			for k := range 100 {
				f := m.Fork()
				h := memFile(t, f, "f")
				before, after := make([]byte, 200*chunk), make([]byte, 200*chunk)
				_, _ = h.ReadAt(before, 0)
				_, _ = h.WriteAt([]byte("mine"), int64(k)*chunk)
				copy(before[k*chunk:], "mine")
				_, _ = h.ReadAt(after, 0)
				if !bytes.Equal(before, after) {
					t.Error("a fork changes by itself")
				}
				h.Close()
				f.Close()
			}
		})
	}
	forks.Wait()
	close(stop)
	writers.Wait()
	require.NoError(t, m.Close())
	require.Zero(t, m.Pages())
}
