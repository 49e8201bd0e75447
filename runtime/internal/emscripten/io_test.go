package emscripten

import (
	"strings"
	"testing"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

// iovec makes an array of buffers of these sizes and returns it and them.
func (w *world) iovec(sizes ...int) (iov uint32, buffers []uint32) {
	iov = w.space(8 * len(sizes))
	for i, n := range sizes {
		buffers = append(buffers, w.space(n))
		w.Store32(iov+8*uint32(i), buffers[i])
		w.Store32(iov+8*uint32(i)+4, uint32(n))
	}
	return iov, buffers
}

// iovecOf makes an array of buffers that hold these strings.
func (w *world) iovecOf(parts ...string) uint32 {
	iov, buffers := w.iovec(lengths(parts)...)
	for i, s := range parts {
		copy(w.Bytes(buffers[i], uint32(len(s))), s)
	}
	return iov
}

func lengths(parts []string) (n []int) {
	for _, s := range parts {
		n = append(n, len(s))
	}
	return n
}

// read reads with one buffer.
func (w *world) read(fd, n int) string {
	w.t.Helper()
	iov, b := w.iovec(n)
	done := w.space(4)
	require.Zero(w.t, w.sys("fd_read", fd, iov, 1, done))
	w.untouched(b[0] + uint32(n))
	w.untouched(done + 4)
	return string(w.Bytes(b[0], w.Load32(done)))
}

// write writes several buffers and returns how much was written.
func (w *world) write(fd int, parts ...string) int {
	w.t.Helper()
	done := w.space(4)
	require.Zero(w.t, w.sys("fd_write", fd, w.iovecOf(parts...), len(parts), done))
	w.untouched(done + 4)
	return int(w.Load32(done))
}

func TestReadFillsBuffersInTurn(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "0123456789")
		done := w.space(4)
		// musl reads into the caller's buffer, which may be empty, and then into
		// the stream's.
		iov, b := w.iovec(0, 3, 0, 4, 0)
		require.Zero(t, w.sys("fd_read", fd, iov, 5, done))
		require.EqualValues(t, 7, w.Load32(done))
		require.Equal(t, "012", string(w.Bytes(b[1], 3)))
		require.Equal(t, "3456", string(w.Bytes(b[3], 4)))
		for i, n := range []uint32{0, 3, 0, 4, 0} {
			w.untouched(b[i] + n)
		}
		iov, b = w.iovec(2, 5, 5)
		require.Zero(t, w.sys("fd_read", fd, iov, 3, done))
		require.EqualValues(t, 3, w.Load32(done), "what is left")
		require.Equal(t, "789", string(w.Bytes(b[0], 2))+string(w.Bytes(b[1], 1)))
		require.Zero(t, w.sys("fd_read", fd, iov, 3, done))
		require.Zero(t, w.Load32(done), "the end")
		require.Zero(t, w.sys("fd_read", fd, 0, 0, done))
		require.Zero(t, w.Load32(done), "no buffers")
	})
}

func TestEmptyBuffersMayBeAnywhere(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "")
		done := w.space(4)
		iov := w.iovecOf("", "text", "")
		w.Store32(iov, 0xfffffff0) // like the buffer of a stream that has none
		w.Store32(iov+16, 0)
		require.Zero(t, w.sys("fd_write", fd, iov, 3, done))
		require.EqualValues(t, 4, w.Load32(done))
		require.Equal(t, "text", w.content("/tmp/x"))
	})
}

func TestWrite(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "")
		require.Equal(t, 11, w.write(fd, "", "hello", "", " world"))
		require.Equal(t, 1, w.write(fd, "!"))
		require.Equal(t, 0, w.write(fd))
		require.Equal(t, "hello world!", w.content("/tmp/x"))
		require.Equal(t, 6, w.write(2, "to the", ""))
		require.Equal(t, "to the", w.stderr.String())

		app := w.open("/tmp/x", vfs.O_WRONLY|vfs.O_APPEND)
		w.write(app, "1", "2")
		require.Equal(t, "hello world!12", w.content("/tmp/x"))
	})
}

func TestReadAndWriteErrors(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		w.newFile("/tmp/x", "content")
		r, wr, dir := w.open("/tmp/x", vfs.O_RDONLY), w.open("/tmp/x", vfs.O_WRONLY), w.open("/tmp", vfs.O_RDONLY)
		iov, _ := w.iovec(4)
		done := w.space(4)
		for _, name := range []string{"fd_read", "fd_write"} {
			w.fails(vfs.EBADF, name, 99, iov, 1, done)
		}
		w.fails(vfs.EBADF, "fd_read", wr, iov, 1, done)
		w.fails(vfs.EBADF, "fd_write", r, iov, 1, done)
		w.fails(vfs.EISDIR, "fd_read", dir, iov, 1, done)
		w.fails(vfs.EINVAL, "fd_read", r, iov, 1025, done)
		w.fails(vfs.EINVAL, "fd_pwrite", wr, iov, -1, int64(0), done)
		w.fails(vfs.EBADF, "fd_pread", wr, iov, 1, int64(0), done)
		w.fails(vfs.EBADF, "fd_pwrite", r, iov, 1, int64(0), done)
		w.fails(vfs.EINVAL, "fd_pread", r, iov, 1, int64(-1), done)
		w.fails(vfs.EINVAL, "fd_pwrite", wr, iov, 1, int64(-1), done)
		require.EqualValues(t, 0xa5a5a5a5, w.Load32(done), "a call that fails counts nothing")
	})
}

// failing is a file that fails after a number of bytes.
type failing struct {
	vfs.Handle
	left int
	err  error
}

func (f *failing) do(p []byte) (int, error) {
	n := min(f.left, len(p))
	f.left -= n
	if n < len(p) {
		return n, f.err
	}
	return n, nil
}

func (f *failing) ReadAt(p []byte, _ int64) (int, error)  { return f.do(p) }
func (f *failing) WriteAt(p []byte, _ int64) (int, error) { return f.do(p) }
func (f *failing) Stat() (vfs.Stat, error)                { return vfs.Stat{Mode: vfs.S_IFREG}, nil }
func (f *failing) Close() error                           { return nil }

func TestWhatWasDoneBeforeAnErrorCounts(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		for _, name := range []string{"fd_read", "fd_write", "fd_pread", "fd_pwrite"} {
			call := func(fd int, iov uint32, n int, done uint32) []any {
				if strings.HasPrefix(name, "fd_p") {
					return []any{fd, iov, n, int64(0), done}
				}
				return []any{fd, iov, n, done}
			}
			open := func(left int) int {
				fd, err := w.Files.Open(vfs.NewFile(&failing{left: left, err: vfs.ENOSPC}, vfs.O_RDWR))
				require.NoError(t, err)
				return fd
			}
			iov, _ := w.iovec(0, 4, 4)
			for left, want := range map[int]uint32{4: 4, 6: 6, 7: 7, 8: 8} {
				done := w.space(4)
				require.Zero(t, w.sys(name, call(open(left), iov, 3, done)...), name)
				require.Equal(t, want, w.Load32(done), name)
			}
			w.fails(vfs.ENOSPC, name, call(open(0), iov, 3, w.space(4))...)
		}
	})
}

func TestPreadAndPwrite(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "0123456789")
		done := w.space(4)
		iov, b := w.iovec(2, 0, 3)
		require.Zero(t, w.sys("fd_pread", fd, iov, 3, int64(4), done))
		require.EqualValues(t, 5, w.Load32(done))
		require.Equal(t, "45", string(w.Bytes(b[0], 2)))
		require.Equal(t, "678", string(w.Bytes(b[2], 3)))
		require.Zero(t, w.sys("fd_pread", fd, iov, 3, int64(1)<<40, done))
		require.Zero(t, w.Load32(done))

		require.Zero(t, w.sys("fd_pwrite", fd, w.iovecOf("ab", "cd"), 2, int64(8), done))
		require.EqualValues(t, 4, w.Load32(done))
		require.Equal(t, "01234567abcd", w.content("/tmp/x"))
		require.Equal(t, "0123", w.read(fd, 4), "the offset has not moved")
		const far = 5 << 32 // both halves of the offset count
		require.Zero(t, w.sys("fd_pwrite", fd, w.iovecOf("far"), 1, int64(far), done))
		st, err := w.FS.StatAt(nil, "/tmp/x", 0)
		require.NoError(t, err)
		require.EqualValues(t, far+3, st.Size)

		pipe := w.space(8)
		require.Zero(t, w.sys("__syscall_pipe2", pipe, 0))
		w.fails(vfs.ESPIPE, "fd_pread", w.Load32(pipe), iov, 1, int64(0), done)
		w.fails(vfs.ESPIPE, "fd_pwrite", w.Load32(pipe+4), iov, 1, int64(0), done)
	})
}

func TestSeek(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "0123456789")
		pos := w.space(8)
		for _, tt := range []struct {
			off          int64
			whence, want int
		}{
			{3, vfs.SEEK_SET, 3},
			{2, vfs.SEEK_CUR, 5},
			{-4, vfs.SEEK_CUR, 1},
			{-1, vfs.SEEK_END, 9},
			{1 << 40, vfs.SEEK_SET, 1 << 40},
			{1 << 40, vfs.SEEK_CUR, 1 << 41},
			{0, vfs.SEEK_SET, 0},
		} {
			require.Zero(t, w.sys("fd_seek", fd, tt.off, tt.whence, pos))
			require.EqualValues(t, tt.want, w.Load64(pos))
			w.untouched(pos + 8)
		}
		w.fails(vfs.EINVAL, "fd_seek", fd, int64(-1), vfs.SEEK_SET, pos)
		w.fails(vfs.EINVAL, "fd_seek", fd, int64(0), 3, pos)
		w.fails(vfs.EBADF, "fd_seek", 99, int64(0), 0, pos)
		require.Zero(t, w.Load64(pos), "a call that fails writes nothing")
		pipe := w.space(8)
		require.Zero(t, w.sys("__syscall_pipe2", pipe, 0))
		w.fails(vfs.ESPIPE, "fd_seek", w.Load32(pipe), int64(0), 0, pos)
	})
}

func TestPipe(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fds := w.space(8)
		require.Zero(t, w.sys("__syscall_pipe2", fds, vfs.O_NONBLOCK))
		w.untouched(fds + 8)
		r, wr := int(w.Load32(fds)), int(w.Load32(fds+4))
		require.Equal(t, []int{3, 4}, []int{r, wr})
		iov, _ := w.iovec(4)
		w.fails(vfs.EAGAIN, "fd_read", r, iov, 1, w.space(4))
		require.Equal(t, 6, w.write(wr, "abc", "def"))
		require.Equal(t, "abcd", w.read(r, 4))
		require.Equal(t, "ef", w.read(r, 4))
		require.Zero(t, w.sys("fd_close", wr))
		require.Empty(t, w.read(r, 4))
		require.Zero(t, w.sys("fd_close", r))
	})
}
