package emscripten

import (
	"strings"
	"testing"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

const cwd = vfs.AT_FDCWD

func TestFaccessat(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		const fOK, xOK, wOK, rOK, atEaccess = 0, 1, 2, 4, 512
		fd := w.newFile("/tmp/x", "")
		dir := w.open("/tmp", vfs.O_RDONLY)
		for _, mode := range []int{fOK, wOK, rOK, rOK | wOK} {
			require.Zero(t, w.sys("__syscall_faccessat", cwd, "/tmp/x", mode, 0))
			require.Zero(t, w.sys("__syscall_faccessat", dir, "x", mode, atEaccess))
		}
		w.fails(vfs.EACCES, "__syscall_faccessat", cwd, "/tmp/x", xOK, 0)
		require.Zero(t, w.sys("__syscall_chmod", "/tmp/x", 0o755))
		require.Zero(t, w.sys("__syscall_faccessat", cwd, "/tmp/x", xOK, 0))
		require.Zero(t, w.sys("__syscall_faccessat", cwd, "/tmp", xOK|wOK|rOK, 0))
		w.fails(vfs.ENOENT, "__syscall_faccessat", cwd, "/tmp/none", fOK, 0)
		w.fails(vfs.ENOTDIR, "__syscall_faccessat", fd, "x", fOK, 0)
	})
}

func TestMkdirTakesTheUmask(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		w.SetUmask(0o027)
		require.Zero(t, w.sys("__syscall_mkdirat", cwd, "/tmp/d", 0o777))
		st, err := w.FS.StatAt(nil, "/tmp/d", 0)
		require.NoError(t, err)
		require.EqualValues(t, vfs.S_IFDIR|0o750, st.Mode)
		dir := w.open("/tmp/d", vfs.O_RDONLY)
		require.Zero(t, w.sys("__syscall_mkdirat", dir, "e", 0o700))
		w.fails(vfs.EEXIST, "__syscall_mkdirat", cwd, "/tmp/d", 0o777)
		w.fails(vfs.ENOENT, "__syscall_mkdirat", cwd, "/tmp/none/d", 0o777)
	})
}

func TestUnlink(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		require.Zero(t, w.sys("__syscall_mkdirat", cwd, "/tmp/d", 0o777))
		fd := w.newFile("/tmp/d/x", "still there")
		dir := w.open("/tmp/d", vfs.O_RDONLY)
		w.fails(vfs.ENOTEMPTY, "__syscall_rmdir", "/tmp/d")
		w.fails(vfs.ENOTEMPTY, "__syscall_unlinkat", cwd, "/tmp/d", vfs.AT_REMOVEDIR)
		w.fails(vfs.EISDIR, "__syscall_unlinkat", cwd, "/tmp/d", 0)
		w.fails(vfs.ENOTDIR, "__syscall_unlinkat", dir, "x", vfs.AT_REMOVEDIR)
		require.Zero(t, w.sys("__syscall_unlinkat", dir, "x", 0))
		w.fails(vfs.ENOENT, "__syscall_unlinkat", dir, "x", 0)
		require.Equal(t, "still there", w.read(fd, 20))
		require.Zero(t, w.sys("__syscall_unlinkat", cwd, "/tmp/d", vfs.AT_REMOVEDIR))
		w.fails(vfs.ENOENT, "__syscall_rmdir", "/tmp/d")
		require.Zero(t, w.sys("__syscall_mkdirat", cwd, "/tmp/d", 0o777))
		require.Zero(t, w.sys("__syscall_rmdir", "/tmp/d"))
	})
}

func TestRename(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		w.newFile("/tmp/x", "x")
		w.newFile("/tmp/y", "y")
		dir, home := w.open("/tmp", vfs.O_RDONLY), w.open("/home/postgres", vfs.O_RDONLY)
		require.Zero(t, w.sys("__syscall_renameat", cwd, "/tmp/x", cwd, "/tmp/y"))
		require.Equal(t, "x", w.content("/tmp/y"))
		require.Zero(t, w.sys("__syscall_renameat", dir, "y", home, "z"))
		require.Equal(t, "x", w.content("/home/postgres/z"))
		require.Zero(t, w.sys("__syscall_renameat", home, "z", dir, "/tmp/a"))
		w.fails(vfs.ENOENT, "__syscall_renameat", dir, "y", home, "z")
		w.fails(vfs.EBADF, "__syscall_renameat", 99, "a", home, "z")
		w.fails(vfs.EBADF, "__syscall_renameat", dir, "a", 99, "z")
		require.Equal(t, "x", w.content("/tmp/a"))
	})
}

func TestLink(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		w.newFile("/tmp/x", "x")
		dir, home := w.open("/tmp", vfs.O_RDONLY), w.open("/home/postgres", vfs.O_RDONLY)
		require.Zero(t, w.sys("__syscall_linkat", dir, "x", home, "y", 0))
		require.Equal(t, "x", w.content("/home/postgres/y"))
		w.fails(vfs.EEXIST, "__syscall_linkat", dir, "x", home, "y", 0)
		require.Zero(t, w.sys("__syscall_symlinkat", "x", dir, "s"))
		require.Zero(t, w.sys("__syscall_linkat", dir, "s", dir, "followed", vfs.AT_SYMLINK_FOLLOW))
		require.Zero(t, w.sys("__syscall_linkat", dir, "s", dir, "link", 0))
		st, err := w.FS.StatAt(nil, "/tmp/followed", vfs.AT_SYMLINK_NOFOLLOW)
		require.NoError(t, err)
		require.True(t, st.IsRegular())
		st, err = w.FS.StatAt(nil, "/tmp/link", vfs.AT_SYMLINK_NOFOLLOW)
		require.NoError(t, err)
		require.True(t, st.IsLink())
	})
}

func TestReadlink(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		dir := w.open("/tmp", vfs.O_RDONLY)
		require.Zero(t, w.sys("__syscall_symlinkat", "/home/postgres", dir, "s"))
		for size, want := range map[int]string{1: "/", 13: "/home/postgre", 14: "/home/postgres", 15: "/home/postgres"} {
			p := w.space(size)
			require.Equal(t, len(want), w.sys("__syscall_readlinkat", dir, "s", p, size))
			require.Equal(t, want, string(w.Bytes(p, uint32(len(want)))))
			require.EqualValues(t, 0xa5, w.Bytes(p+uint32(len(want)), 1)[0], "there is no terminating zero")
			w.untouched(p + uint32(size))
		}
		p := w.space(20)
		w.fails(vfs.EINVAL, "__syscall_readlinkat", cwd, "/tmp", p, 20)
		w.fails(vfs.ENOENT, "__syscall_readlinkat", cwd, "/tmp/none", p, 20)
		w.fails(vfs.EINVAL, "__syscall_readlinkat", dir, "s", p, 0)
		w.fails(vfs.EINVAL, "__syscall_readlinkat", dir, "s", p, -1)
		w.untouched(p)
		w.fails(vfs.EEXIST, "__syscall_symlinkat", "x", dir, "s")
	})
}

func TestChmodAndChown(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		w.newFile("/tmp/x", "")
		dir := w.open("/tmp", vfs.O_RDONLY)
		require.NoError(t, w.FS.Symlink("x", "/tmp/link"))
		mode := func() uint32 {
			st, err := w.FS.StatAt(nil, "/tmp/x", 0)
			require.NoError(t, err)
			return st.Mode
		}
		require.Zero(t, w.sys("__syscall_chmod", "/tmp/x", 0o600))
		require.EqualValues(t, vfs.S_IFREG|0o600, mode())
		require.Zero(t, w.sys("__syscall_chmod", "/tmp/link", vfs.S_IFDIR|0o7751))
		require.EqualValues(t, vfs.S_IFREG|0o7751, mode())
		require.Zero(t, w.sys("__syscall_fchmodat2", dir, "x", 0o644, 0))
		require.EqualValues(t, vfs.S_IFREG|0o644, mode())
		w.fails(138, "__syscall_fchmodat2", dir, "link", 0o600, vfs.AT_SYMLINK_NOFOLLOW)
		w.fails(vfs.ENOENT, "__syscall_chmod", "/tmp/none", 0o600)

		require.Zero(t, w.sys("__syscall_fchownat", dir, "link", 7, 8, 0))
		require.Zero(t, w.sys("__syscall_fchownat", dir, "x", -1, 9, vfs.AT_SYMLINK_NOFOLLOW))
		st, err := w.FS.StatAt(nil, "/tmp/x", 0)
		require.NoError(t, err)
		require.Equal(t, []uint32{7, 9}, []uint32{st.Uid, st.Gid})
		w.fails(138, "__syscall_fchownat", dir, "link", 7, 8, vfs.AT_SYMLINK_NOFOLLOW)
		w.fails(vfs.ENOENT, "__syscall_fchownat", dir, "none", 0, 0, 0)
	})
}

func TestChdir(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		getcwd := func() string {
			p := w.space(100)
			n := w.sys("__syscall_getcwd", p, 100)
			require.Zero(t, w.Bytes(p+uint32(n)-1, 1)[0], "the length counts the zero")
			return string(w.Bytes(p, uint32(n)-1))
		}
		require.Equal(t, "/", getcwd())
		w.newFile("/home/postgres/data/x", "here")
		require.Zero(t, w.sys("__syscall_chdir", "/home"))
		require.Zero(t, w.sys("__syscall_chdir", "postgres"))
		require.Equal(t, "/home/postgres", getcwd())
		require.Zero(t, w.sys("__syscall_chdir", "../postgres/./data"))
		require.Equal(t, "/home/postgres/data", getcwd())
		require.Positive(t, w.sys("__syscall_openat", cwd, "x", vfs.O_RDONLY, 0))
		p := w.space(statSize)
		require.Zero(t, w.sys("__syscall_stat64", "x", p))
		require.Zero(t, w.sys("__syscall_truncate64", "x", int64(1)))
		require.Zero(t, w.sys("__syscall_chmod", "x", 0o600))
		require.Zero(t, w.sys("__syscall_symlinkat", "x", cwd, "y"))
		require.Equal(t, "h", w.content("/home/postgres/data/y"))

		w.fails(vfs.ENOENT, "__syscall_chdir", "none")
		w.fails(vfs.ENOTDIR, "__syscall_chdir", "x")
		require.Equal(t, "/home/postgres/data", getcwd(), "nothing has changed")
		w.sys("__syscall_unlinkat", cwd, "x", 0)
		w.sys("__syscall_unlinkat", cwd, "y", 0)
		require.Zero(t, w.sys("__syscall_rmdir", "/home/postgres/data"))
		w.fails(vfs.ENOENT, "__syscall_getcwd", w.space(100), 100)
		require.Zero(t, w.sys("__syscall_chdir", "/"))
		require.Equal(t, "/", getcwd())
	})
}

func TestGetcwdNeedsSpace(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		require.Zero(t, w.sys("__syscall_chdir", "/home/postgres"))
		n := len("/home/postgres")
		p := w.space(n + 1)
		require.Equal(t, n+1, w.sys("__syscall_getcwd", p, n+1))
		require.Equal(t, "/home/postgres", w.CString(p))
		w.untouched(p + uint32(n) + 1)
		p = w.space(n)
		w.fails(vfs.ERANGE, "__syscall_getcwd", p, n)
		w.fails(vfs.ERANGE, "__syscall_getcwd", p, 1)
		w.fails(vfs.EINVAL, "__syscall_getcwd", p, 0)
		require.Equal(t, strings.Repeat("\xa5", n), string(w.Bytes(p, uint32(n))))
	})
}
