package emscripten

import (
	"testing"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

func TestSync(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd, dir := w.newFile("/tmp/x", "x"), w.open("/tmp", vfs.O_RDONLY)
		for _, name := range []string{"fd_sync", "__syscall_fdatasync"} {
			require.Zero(t, w.sys(name, fd))
			require.Zero(t, w.sys(name, dir), "PostgreSQL syncs directories")
			w.fails(vfs.EINVAL, name, 2)
			w.fails(vfs.EBADF, name, 99)
		}
	})
}

func TestFdstat(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		pipe := w.space(8)
		require.Zero(t, w.sys("__syscall_pipe2", pipe, 0))
		for name, tt := range map[string]struct {
			fd   int
			want byte
		}{
			"file":      {w.newFile("/tmp/x", ""), 4},
			"directory": {w.open("/tmp", vfs.O_RDONLY), 3},
			"device":    {1, 2},
			"pipe":      {int(w.Load32(pipe)), 0},
		} {
			out := w.space(24)
			require.Zero(t, w.sys("fd_fdstat_get", tt.fd, out))
			require.Equal(t, append([]byte{tt.want}, make([]byte, 23)...), w.Bytes(out, 24), name)
			w.untouched(out + 24)
		}
		w.fails(vfs.EBADF, "fd_fdstat_get", 99, w.space(24))
	})
}

func TestIoctl(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		const tiocgwinsz = 0x5413
		w.fails(vfs.ENOTTY, "__syscall_ioctl", 0, tiocgwinsz, w.words(0))
		w.fails(vfs.ENOTTY, "__syscall_ioctl", w.newFile("/tmp/x", ""), tiocgwinsz, 0)
		w.fails(vfs.EBADF, "__syscall_ioctl", 99, tiocgwinsz, 0)
	})
}

func TestTruncate(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "0123456789")
		require.Zero(t, w.sys("__syscall_ftruncate64", fd, int64(4)))
		require.Equal(t, "0123", w.content("/tmp/x"))
		require.Zero(t, w.sys("__syscall_truncate64", "/tmp/x", int64(6)))
		require.Equal(t, "0123\x00\x00", w.content("/tmp/x"))
		require.Zero(t, w.sys("__syscall_ftruncate64", fd, int64(1)<<33))
		st, err := w.FS.StatAt(nil, "/tmp/x", 0)
		require.NoError(t, err)
		require.EqualValues(t, 1<<33, st.Size)
		require.Equal(t, []int64{6}, w.kernel.cut, "what the file has lost")
		w.fails(vfs.EINVAL, "__syscall_ftruncate64", fd, int64(-1))
		w.fails(vfs.EINVAL, "__syscall_truncate64", "/tmp/x", int64(-1))
		w.fails(vfs.ENOENT, "__syscall_truncate64", "/tmp/y", int64(0))
		w.fails(vfs.EISDIR, "__syscall_truncate64", "/tmp", int64(0))
		w.fails(vfs.EBADF, "__syscall_ftruncate64", 99, int64(0))
		w.fails(vfs.EINVAL, "__syscall_ftruncate64", w.open("/tmp/x", vfs.O_RDONLY), int64(0))
	})
}

func TestFallocate(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "0123")
		require.Zero(t, w.sys("__syscall_fallocate", fd, 0, int64(2), int64(4)))
		require.Equal(t, "0123\x00\x00", w.content("/tmp/x"))
		require.Zero(t, w.sys("__syscall_fallocate", fd, 0, int64(0), int64(3)))
		require.Equal(t, "0123\x00\x00", w.content("/tmp/x"), "it never shrinks a file")
		const punchHole = 2 | 1
		w.fails(138, "__syscall_fallocate", fd, punchHole, int64(0), int64(3))
		w.fails(vfs.EINVAL, "__syscall_fallocate", fd, 0, int64(-1), int64(3))
		w.fails(vfs.EINVAL, "__syscall_fallocate", fd, 0, int64(0), int64(0))
		w.fails(vfs.EBADF, "__syscall_fallocate", 99, 0, int64(0), int64(1))
	})
}

func TestFadvise(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		require.Zero(t, w.sys("__syscall_fadvise64", w.newFile("/tmp/x", ""), int64(0), int64(1)<<40, 4))
		w.fails(vfs.EBADF, "__syscall_fadvise64", 99, int64(0), int64(0), 0)
	})
}

func TestFchmodAndFchown(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "")
		require.Zero(t, w.sys("__syscall_fchmod", fd, 0o100640), "the type is not part of it")
		require.Zero(t, w.sys("__syscall_fchown32", fd, 5, -1))
		st, err := w.FS.StatAt(nil, "/tmp/x", 0)
		require.NoError(t, err)
		require.EqualValues(t, vfs.S_IFREG|0o640, st.Mode)
		require.EqualValues(t, []uint32{5, 0}, []uint32{st.Uid, st.Gid})
		require.Zero(t, w.sys("__syscall_fchown32", fd, -1, 6))
		st, err = w.FS.StatAt(nil, "/tmp/x", 0)
		require.NoError(t, err)
		require.EqualValues(t, []uint32{5, 6}, []uint32{st.Uid, st.Gid})
		w.fails(vfs.EBADF, "__syscall_fchmod", 99, 0)
		w.fails(vfs.EBADF, "__syscall_fchown32", 99, 0, 0)
	})
}

func TestPoll(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		pipe := w.space(8)
		require.Zero(t, w.sys("__syscall_pipe2", pipe, 0))
		r, wr := int(w.Load32(pipe)), int(w.Load32(pipe+4))
		poll := func(events ...int) (n int, revents []uint16) { // pairs of descriptor and events
			fds := w.space(4 * len(events))
			for i := 0; i < len(events); i += 2 {
				w.Store32(fds+uint32(4*i), uint32(events[i]))
				w.Store32(fds+uint32(4*i)+4, uint32(events[i+1])|0xffff<<16)
			}
			n = w.sys("__syscall_poll", fds, len(events)/2, -1)
			for i := 0; i < len(events); i += 2 {
				require.EqualValues(t, events[i+1], w.Load32(fds+uint32(4*i)+4)&0xffff, "the events stay")
				revents = append(revents, le.Uint16(w.Bytes(fds+uint32(4*i)+6, 2)))
			}
			w.untouched(fds + uint32(4*len(events)))
			return n, revents
		}
		n, revents := poll(r, PollIn, wr, PollOut|PollIn, w.newFile("/tmp/x", ""), PollIn|PollOut, -1, PollIn, 99, PollIn)
		require.Equal(t, 3, n)
		require.Equal(t, []uint16{0, PollOut, PollIn | PollOut, 0, PollNval}, revents)
		w.write(wr, "x")
		n, revents = poll(r, PollIn, r, PollOut)
		require.Equal(t, 1, n)
		require.Equal(t, []uint16{PollIn, 0}, revents)
		n, _ = poll()
		require.Zero(t, n)
		w.fails(vfs.EINVAL, "__syscall_poll", 0, vfs.MaxFiles+1, 0)
	})
}
