package emscripten

import (
	"testing"
	"time"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

func TestUtimensat(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		const now, omit = 0x3fffffff, 0x3ffffffe
		fd := w.newFile("/tmp/x", "")
		dir := w.open("/tmp", vfs.O_RDONLY)
		require.NoError(t, w.FS.Symlink("x", "/tmp/link"))
		// times is two struct timespec.
		times := func(asec int64, ansec uint32, msec int64, mnsec uint32) uint32 {
			p := w.space(32)
			w.Store64(p, uint64(asec))
			w.Store32(p+8, ansec)
			w.Store64(p+16, uint64(msec))
			w.Store32(p+24, mnsec)
			return p
		}
		stat := func() vfs.Stat {
			st, err := w.FS.StatAt(nil, "/tmp/link", 0)
			require.NoError(t, err)
			return st
		}
		old, older := time.Unix(1<<33, 5), time.Unix(-7, 6)
		require.Zero(t, w.sys("__syscall_utimensat", cwd, "/tmp/x", times(1<<33, 5, -7, 6), 0))
		require.True(t, stat().Atime.Equal(old))
		require.True(t, stat().Mtime.Equal(older), "a time before 1970")

		require.Zero(t, w.sys("__syscall_utimensat", dir, "x", times(9, omit, 10, 11), 0))
		require.True(t, stat().Atime.Equal(old), "UTIME_OMIT")
		require.True(t, stat().Mtime.Equal(time.Unix(10, 11)))
		require.Zero(t, w.sys("__syscall_utimensat", dir, "x", times(9, omit, 10, omit), 0))
		require.True(t, stat().Atime.Equal(old))

		start := time.Now()
		require.Zero(t, w.sys("__syscall_utimensat", dir, "x", times(9, now, 12, 13), 0))
		require.False(t, stat().Atime.Before(start), "UTIME_NOW")
		require.False(t, stat().Atime.After(time.Now()))
		require.True(t, stat().Mtime.Equal(time.Unix(12, 13)))
		require.Zero(t, w.sys("__syscall_utimensat", dir, "x", 0, 0))
		require.False(t, stat().Mtime.Before(start), "without times it is now")

		require.Zero(t, w.sys("__syscall_utimensat", dir, "link", times(1, 0, 2, 0), 0))
		require.True(t, stat().Mtime.Equal(time.Unix(2, 0)))
		w.fails(138, "__syscall_utimensat", dir, "link", times(1, 0, 3, 0), vfs.AT_SYMLINK_NOFOLLOW)

		// futimens(3) has no path.
		require.Zero(t, w.sys("__syscall_utimensat", fd, 0, times(3, 0, 4, 0), 0))
		require.True(t, stat().Mtime.Equal(time.Unix(4, 0)))

		for _, nsec := range []uint32{1_000_000_000, 0xffffffff} {
			w.fails(vfs.EINVAL, "__syscall_utimensat", dir, "x", times(1, 0, 2, nsec), 0)
			w.fails(vfs.EINVAL, "__syscall_utimensat", dir, "x", times(1, nsec, 2, 0), 0)
		}
		w.fails(vfs.ENOENT, "__syscall_utimensat", dir, "none", 0, 0)
		w.fails(vfs.EBADF, "__syscall_utimensat", 99, "x", 0, 0)
		w.fails(vfs.EBADF, "__syscall_utimensat", 99, 0, 0, 0)
		require.True(t, stat().Mtime.Equal(time.Unix(4, 0)))
	})
}
