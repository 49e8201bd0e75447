package emscripten

import (
	"testing"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

func TestOpenTakesItsModeFromTheVariadicArgument(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		for i, tt := range []struct{ umask, mode, want uint32 }{
			{0, 0o666, 0o666},
			{0o022, 0o666, 0o644},
			{0o077, 0o777, 0o700},
			{0, 0o7777, 0o7777},
			{0, 0xffffffff, 0o7777},
		} {
			w.SetUmask(tt.umask)
			path := "/tmp/" + string(rune('a'+i))
			require.GreaterOrEqual(t, w.sys("__syscall_openat", vfs.AT_FDCWD, path, vfs.O_CREAT|vfs.O_WRONLY, w.words(tt.mode)), 3)
			st, err := w.FS.StatAt(nil, path, 0)
			require.NoError(t, err)
			require.Equalf(t, tt.want, st.Mode&^vfs.S_IFMT, "mode %o, umask %o", tt.mode, tt.umask)
		}
		// Without O_CREAT there is no such argument; a caller may pass anything.
		require.GreaterOrEqual(t, w.sys("__syscall_openat", vfs.AT_FDCWD, "/tmp/a", vfs.O_RDONLY, uint32(0xfffffff0)), 3)
		// Without an argument the mode is 0.
		require.GreaterOrEqual(t, w.sys("__syscall_openat", vfs.AT_FDCWD, "/tmp/none", vfs.O_CREAT, 0), 3)
		st, err := w.FS.StatAt(nil, "/tmp/none", 0)
		require.NoError(t, err)
		require.EqualValues(t, vfs.S_IFREG, st.Mode)
	})
}

func TestOpen(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		const cwd = vfs.AT_FDCWD
		w.fails(vfs.ENOENT, "__syscall_openat", cwd, "/tmp/x", vfs.O_RDONLY, 0)
		w.fails(vfs.ENOENT, "__syscall_openat", cwd, "", vfs.O_RDONLY, 0)
		w.fails(vfs.EISDIR, "__syscall_openat", cwd, "/tmp", vfs.O_WRONLY, 0)
		fd := w.newFile("/tmp/x", "content")
		require.Equal(t, 3, fd, "the lowest free descriptor")
		require.Equal(t, 4, w.open("/tmp/x", vfs.O_RDONLY))
		require.Zero(t, w.sys("fd_close", 3))
		require.Equal(t, 3, w.open("/tmp/x", vfs.O_RDONLY))
		w.fails(vfs.EEXIST, "__syscall_openat", cwd, "/tmp/x", vfs.O_CREAT|vfs.O_EXCL, 0)
		w.fails(vfs.ENOTDIR, "__syscall_openat", cwd, "/tmp/x/y", vfs.O_RDONLY, 0)
		w.fails(vfs.ENOTDIR, "__syscall_openat", cwd, "/tmp/x", vfs.O_DIRECTORY, 0)
		w.open("/tmp/x", vfs.O_RDWR|vfs.O_TRUNC)
		require.Empty(t, w.content("/tmp/x"))

		dir := w.open("/tmp", vfs.O_DIRECTORY)
		require.Positive(t, w.sys("__syscall_openat", dir, "x", vfs.O_RDONLY, 0), "relative to a directory")
		w.fails(vfs.ENOENT, "__syscall_openat", cwd, "x", vfs.O_RDONLY, 0)
		w.fails(vfs.ENOTDIR, "__syscall_openat", fd, "x", vfs.O_RDONLY, 0)
		w.fails(vfs.EBADF, "__syscall_openat", 99, "x", vfs.O_RDONLY, 0)
		require.Positive(t, w.sys("__syscall_openat", 99, "/tmp/x", vfs.O_RDONLY, 0), "an absolute path needs no directory")
	})
}

func TestOpenTellsTheKernelOfWriting(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		w.newFile("/tmp/x", "")
		w.open("/tmp/x", vfs.O_RDONLY)
		w.open("/tmp/y", vfs.O_CREAT|vfs.O_WRONLY)
		w.sys("__syscall_openat", vfs.AT_FDCWD, "/nowhere/x", vfs.O_WRONLY, 0)
		require.Equal(t, []string{"/tmp/x", "/tmp/y"}, w.kernel.opened)
	})
}

func TestClose(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "")
		require.Zero(t, w.sys("fd_close", fd))
		w.fails(vfs.EBADF, "fd_close", fd)
		w.fails(vfs.EBADF, "fd_close", -1)
		w.fails(vfs.EBADF, "fd_close", 1<<30)
	})
}

func TestDescriptorsRunOut(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		n := 3
		for ; w.sys("__syscall_dup", 0) > 0; n++ { // PostgreSQL counts them this way
			require.Less(t, n, vfs.MaxFiles)
		}
		require.Equal(t, vfs.MaxFiles, n)
		w.fails(vfs.EMFILE, "__syscall_dup", 0)
		w.fails(vfs.EMFILE, "__syscall_openat", vfs.AT_FDCWD, "/dev/null", vfs.O_RDONLY, 0)
		w.fails(vfs.EMFILE, "__syscall_pipe2", w.space(8), 0)
		w.sys("fd_close", 100)
		w.fails(vfs.EMFILE, "__syscall_pipe2", w.space(8), 0)
		require.Equal(t, 100, w.sys("__syscall_dup", 0), "the end that there was room for was closed again")
	})
}

func TestDup(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "abcdef")
		dup := w.sys("__syscall_dup", fd)
		require.Equal(t, fd+1, dup)
		require.Equal(t, "abc", w.read(fd, 3))
		require.Equal(t, "def", w.read(dup, 3), "the offset is shared")
		w.fails(vfs.EBADF, "__syscall_dup", 99)
		w.fails(vfs.EBADF, "__syscall_dup", -1)
	})
}

func TestDup3(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "abcdef")
		other := w.newFile("/tmp/y", "uvwxyz")
		require.Equal(t, other, w.sys("__syscall_dup3", fd, other, 0))
		require.Equal(t, "abc", w.read(other, 3), "it replaces what was there")
		require.Equal(t, 40, w.sys("__syscall_dup3", fd, 40, 0))
		require.Equal(t, "def", w.read(40, 3))
		w.fails(vfs.EINVAL, "__syscall_dup3", fd, fd, 0)
		w.fails(vfs.EINVAL, "__syscall_dup3", 99, 99, 0)
		w.fails(vfs.EBADF, "__syscall_dup3", 99, 5, 0)
		w.fails(vfs.EBADF, "__syscall_dup3", fd, -1, 0)
		w.fails(vfs.EBADF, "__syscall_dup3", fd, vfs.MaxFiles, 0)
	})
}

func TestFcntl(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		const (
			dupFD, getFD, setFD, getFL, setFL = 0, 1, 2, 3, 4
			getLk, setLk, setLkW              = 12, 13, 14
			dupFDCloexec                      = 1030
		)
		fd := w.open("/tmp/x", vfs.O_CREAT|vfs.O_RDWR|vfs.O_APPEND)
		require.Equal(t, 10, w.sys("__syscall_fcntl64", fd, dupFD, w.words(10)))
		require.Equal(t, 11, w.sys("__syscall_fcntl64", fd, dupFD, w.words(10)))
		require.Equal(t, 12, w.sys("__syscall_fcntl64", fd, dupFDCloexec, w.words(0xa)))
		w.fails(vfs.EINVAL, "__syscall_fcntl64", fd, dupFD, w.words(-1))
		w.fails(vfs.EINVAL, "__syscall_fcntl64", fd, dupFD, w.words(vfs.MaxFiles))
		require.Zero(t, w.sys("__syscall_fcntl64", fd, getFD, 0))
		require.Zero(t, w.sys("__syscall_fcntl64", fd, setFD, w.words(1)))
		require.Equal(t, vfs.O_RDWR|vfs.O_APPEND, w.sys("__syscall_fcntl64", fd, getFL, 0))
		require.Zero(t, w.sys("__syscall_fcntl64", fd, setFL, w.words(vfs.O_NONBLOCK)))
		require.Equal(t, vfs.O_RDWR|vfs.O_NONBLOCK, w.sys("__syscall_fcntl64", 10, getFL, 0), "flags belong to the file")

		flock := w.space(32)
		require.Zero(t, w.sys("__syscall_fcntl64", fd, getLk, w.words(flock)))
		require.Equal(t, []byte{2, 0, 0xa5}, w.Bytes(flock, 3), "the type becomes F_UNLCK, a short")
		require.Zero(t, w.sys("__syscall_fcntl64", fd, setLk, w.words(flock)))
		require.Zero(t, w.sys("__syscall_fcntl64", fd, setLkW, w.words(flock)))
		w.fails(vfs.EINVAL, "__syscall_fcntl64", fd, 99, 0)
		w.fails(vfs.EBADF, "__syscall_fcntl64", 99, getFL, 0)
	})
}
