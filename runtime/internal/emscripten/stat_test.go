package emscripten

import (
	"math"
	"testing"
	"time"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

// Offsets in struct stat of musl for wasm32.
const (
	stDev, stMode, stNlink, stUid, stGid, stRdev = 0, 4, 8, 12, 16, 20
	stSize, stBlksize, stBlocks                  = 24, 32, 36
	stAtim, stMtim, stCtim, stIno, statSize      = 40, 56, 72, 88, 96
)

func TestStatLayout(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		p := w.space(statSize)
		// Times before 1970 count backwards in seconds, never in nanoseconds.
		before1970 := time.Unix(-2, 999_999_999)
		w.putStat(p, vfs.Stat{
			Dev: 1, Ino: 0x1122334455667788, Mode: vfs.S_IFREG | 0o4755, Nlink: 3, Uid: 4, Gid: 5, Rdev: 6,
			Size: 7 << 32, Blocks: 8, Atime: time.Unix(1<<33, 1), Mtime: before1970, Ctime: time.Unix(0, 2),
		})
		for off, want := range map[uint32]uint32{
			stDev: 1, stMode: vfs.S_IFREG | 0o4755, stNlink: 3, stUid: 4, stGid: 5, stRdev: 6,
			stBlksize: 4096, stBlocks: 8, stAtim + 8: 1, stMtim + 8: 999_999_999, stCtim + 8: 2, stAtim + 12: 0,
		} {
			require.Equalf(t, want, w.Load32(p+off), "offset %d", off)
		}
		for off, want := range map[uint32]int64{
			stSize: 7 << 32, stAtim: 1 << 33, stMtim: -2, stCtim: 0, stIno: 0x1122334455667788,
		} {
			require.Equalf(t, want, int64(w.Load64(p+off)), "offset %d", off)
		}
		w.untouched(p + statSize)
		w.putStat(p, vfs.Stat{})
		require.Zero(t, w.Load64(p+stAtim), "no time is the epoch")
		require.Zero(t, w.Load64(p+stMtim+8))
	})
}

func TestStatCalls(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		fd := w.newFile("/tmp/x", "12345")
		dir := w.open("/tmp", vfs.O_RDONLY)
		require.NoError(t, w.FS.Symlink("x", "/tmp/link"))
		want, err := w.FS.StatAt(nil, "/tmp/x", 0)
		require.NoError(t, err)
		link, err := w.FS.StatAt(nil, "/tmp/link", vfs.AT_SYMLINK_NOFOLLOW)
		require.NoError(t, err)
		p := w.space(statSize)
		for name, tt := range map[string]struct {
			call   string
			params []any
			ino    uint64
		}{
			"stat":                        {"__syscall_stat64", []any{"/tmp/x", p}, want.Ino},
			"stat of a link":              {"__syscall_stat64", []any{"/tmp/link", p}, want.Ino},
			"lstat":                       {"__syscall_lstat64", []any{"/tmp/x", p}, want.Ino},
			"lstat of a link":             {"__syscall_lstat64", []any{"/tmp/link", p}, link.Ino},
			"fstat":                       {"__syscall_fstat64", []any{fd, p}, want.Ino},
			"fstatat":                     {"__syscall_newfstatat", []any{dir, "link", p, 0}, want.Ino},
			"fstatat of a link":           {"__syscall_newfstatat", []any{dir, "link", p, vfs.AT_SYMLINK_NOFOLLOW}, link.Ino},
			"fstatat of no path":          {"__syscall_newfstatat", []any{fd, "", p, vfs.AT_EMPTY_PATH}, want.Ino},
			"fstatat of a cwd":            {"__syscall_newfstatat", []any{vfs.AT_FDCWD, "tmp/x", p, 0}, want.Ino},
			"fstatat of an absolute path": {"__syscall_newfstatat", []any{99, "/tmp/x", p, 0}, want.Ino},
		} {
			clear(w.Bytes(p, statSize))
			require.Zero(t, w.sys(tt.call, tt.params...), name)
			require.Equal(t, tt.ino, w.Load64(p+stIno), name)
			require.EqualValues(t, map[uint64]int{want.Ino: 5, link.Ino: 1}[tt.ino], w.Load64(p+stSize), name)
			w.untouched(p + statSize)
		}
		for _, name := range []string{"__syscall_stat64", "__syscall_lstat64"} {
			w.fails(vfs.ENOENT, name, "/tmp/none", p)
			w.fails(vfs.ENOTDIR, name, "/tmp/x/y", p)
		}
		w.fails(vfs.ENOENT, "__syscall_newfstatat", fd, "", p, 0)
		w.fails(vfs.EBADF, "__syscall_newfstatat", 99, "x", p, 0)
		w.fails(vfs.EBADF, "__syscall_fstat64", 99, p)
	})
}

func TestStatfs(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		const size = 72
		p := w.space(size)
		w.putStatfs(p, vfs.Statfs{BlockSize: 512, Blocks: 1 << 40, Free: 2 << 33, Avail: 3, Files: 4, FreeFiles: 5})
		for off, want := range map[uint32]uint64{8: 1 << 40, 16: 2 << 33, 24: 3, 32: 4, 40: 5, 48: 0} {
			require.Equalf(t, want, w.Load64(p+off), "offset %d", off)
		}
		for off, want := range map[uint32]uint32{0: 0, 4: 512, 56: 255, 60: 512, 64: 0, 68: 0} {
			require.Equalf(t, want, w.Load32(p+off), "offset %d", off)
		}
		w.untouched(p + size)

		require.Zero(t, w.sys("__syscall_statfs64", "/tmp", size, p))
		require.NotZero(t, w.Load32(p+4))
		require.NotZero(t, w.Load64(p+8))
		require.LessOrEqual(t, w.Load64(p+24), uint64(math.MaxInt64))
		w.fails(vfs.ENOENT, "__syscall_statfs64", "/none", size, p)
	})
}
