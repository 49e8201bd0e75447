package emscripten

import (
	"testing"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

func TestResizeHeap(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		const mib, gib = 1 << 20, 1 << 30
		require.Equal(t, 2*gib, int(uint32(w.sys("emscripten_get_heap_max"))))
		w.Bytes(0, 8)[7] = 77
		for _, tt := range []struct {
			name        string
			want        int // what the guest asks for
			ok          int
			size, slack int // what it has then, up to slack less than a page more
		}{
			{"a byte more: 2 MiB more", initialPages*linmem.PageSize + 1, 1, initialPages*linmem.PageSize + 2*mib, 0},
			{"much more: what is asked", 100 * mib, 1, 100 * mib, 0},
			{"not a whole page", 150*mib - 1, 1, 150 * mib, 0},
			{"1600 MiB", 1600 * mib, 1, 1600 * mib, 0},
			{"a 32nd of that", 1600*mib + 1, 1, 1650 * mib, 0},
			{"less than it has", gib / 2, 0, 1650 * mib, 0},
			{"no room for a 32nd", 2*gib - linmem.PageSize, 1, 2*gib - linmem.PageSize, 0},
			{"all there is", 2 * gib, 1, 2 * gib, 0},
			{"more than there is", 2*gib + 1, 0, 2 * gib, 0},
			{"everything", 1<<32 - 1, 0, 2 * gib, 0},
		} {
			require.Equal(t, tt.ok, w.sys("emscripten_resize_heap", uint32(tt.want)), tt.name)
			size := len(w.Mem.Bytes())
			require.GreaterOrEqual(t, size, tt.size, tt.name)
			require.LessOrEqual(t, size, tt.size+tt.slack, tt.name)
			require.EqualValues(t, size, w.Module().Memory().Size(), tt.name)
		}
		require.EqualValues(t, 77, w.Bytes(0, 8)[7])
		w.Bytes(2*gib-1, 1)[0] = 1
		require.Panics(t, func() { w.Bytes(2*gib, 1) })
	})
}

func TestMmapCopiesTheFile(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/dev/shm/x", "0123456789")
		require.Zero(t, w.sys("__syscall_ftruncate64", fd, int64(100_000)))
		out := w.space(8)
		mmap := func(length int, off int64) (uint32, []byte) {
			t.Helper()
			require.Zero(t, w.sys("_mmap_js", length, 3, 1, fd, off, out, out+4))
			require.EqualValues(t, 1, w.Load32(out), "the guest is to free it")
			p := w.Load32(out + 4)
			require.Zero(t, p%linmem.PageSize)
			w.untouched(out + 8)
			return p, w.Bytes(p, uint32(length))
		}
		p, b := mmap(100_000, 0)
		require.Equal(t, "0123456789", string(b[:10]))
		require.Equal(t, make([]byte, 99_990), b[10:])
		require.Equal(t, [][2]uint32{{p, 2 * linmem.PageSize}}, w.kernel.mapped, "whole pages, for the host to share")
		_, err := w.try("_munmap_js", p, 100_000, 3, 1, fd, int64(0))
		var abort *AbortError
		require.ErrorAs(t, err, &abort, "the guest would use it as memory of its own")

		q, b := mmap(20, 4)
		require.Equal(t, "456789", string(b[:6]))
		require.NotEqual(t, p, q)
		_, b = mmap(1, 5_000_000_000)
		require.Zero(t, b[0], "what is behind the end of the file is zero")
		require.Equal(t, "0123456789", w.content("/dev/shm/x")[:10])
	})
}

// What is only read, or not for others to see, stays the guest's own.
func TestMmapSharesWhatOthersShallSee(t *testing.T) {
	const private, read, write = 2, 1, 2
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "0123456789")
		out := w.space(8)
		for _, how := range [][2]int{{read, mapShared}, {read | write, private}, {read, private}} {
			require.Zero(t, w.sys("_mmap_js", 10, how[0], how[1], fd, int64(0), out, out+4))
			p := w.Load32(out + 4)
			require.Equal(t, "0123456789", string(w.Bytes(p, 10)))
			require.Zero(t, w.sys("_munmap_js", p, 10, how[0], how[1], fd, int64(0)))
		}
		require.Empty(t, w.kernel.mapped)
	})
}

func TestMmapFails(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/dev/shm/x", "0123456789")
		out := w.space(8)
		w.fails(vfs.EBADF, "_mmap_js", 10, 3, 1, 99, int64(0), out, out+4)
		w.fails(vfs.EBADF, "_mmap_js", 10, 3, 2, -1, int64(0), out, out+4)
		w.fails(vfs.ENOMEM, "_mmap_js", -1, 3, 1, fd, int64(0), out, out+4)
		w.fails(vfs.ENOMEM, "_mmap_js", 3<<29, 3, 1, fd, int64(0), out, out+4)
		w.fails(vfs.EINVAL, "_mmap_js", 10, 3, 1, fd, int64(-1), out, out+4)
		w.fails(vfs.EISDIR, "_mmap_js", 10, 3, 1, w.open("/tmp", vfs.O_RDONLY), int64(0), out, out+4)
		w.fails(vfs.EBADF, "_mmap_js", 10, 3, 1, w.open("/dev/shm/x", vfs.O_WRONLY), int64(0), out, out+4)
		require.Empty(t, w.kernel.mapped)
		w.kernel.refuse = errRefused
		w.fails(vfs.EIO, "_mmap_js", 10, 3, 1, fd, int64(0), out, out+4)
		w.untouched(out)
	})
}
