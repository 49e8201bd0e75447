package emscripten

import (
	"fmt"
	"strings"
	"testing"

	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

// dirents reads records until the end, in calls with a buffer of this size.
func (w *world) dirents(fd, size int) (names []string, types map[string]byte) {
	w.t.Helper()
	types = map[string]byte{}
	for {
		p := w.space(size)
		n := w.sys("__syscall_getdents64", fd, p, size)
		require.GreaterOrEqual(w.t, n, 0)
		require.LessOrEqual(w.t, n, size)
		w.untouched(p + uint32(size))
		if n == 0 {
			return names, types
		}
		require.Zero(w.t, n%280)
		for ; n > 0; p, n = p+280, n-280 {
			require.EqualValues(w.t, 280, le.Uint16(w.Bytes(p+16, 2)))
			name := w.CString(p + 19)
			require.Equal(w.t, make([]byte, 280-19-len(name)), w.Bytes(p+19+uint32(len(name)), uint32(280-19-len(name))))
			names = append(names, name)
			types[name] = w.Bytes(p+18, 1)[0]
		}
	}
}

func TestGetdents(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		long := strings.Repeat("n", vfs.NameMax)
		require.NoError(t, w.FS.MkdirAll("/tmp/d/dir", 0o755))
		require.NoError(t, w.FS.WriteFile("/tmp/d/file", nil, 0o644))
		require.NoError(t, w.FS.WriteFile("/tmp/d/"+long, nil, 0o644))
		require.NoError(t, w.FS.Symlink("file", "/tmp/d/link"))
		for _, size := range []int{280, 281, 559, 560, 4096} {
			names, types := w.dirents(w.open("/tmp/d", vfs.O_RDONLY), size)
			require.Equal(t, []string{".", "..", "dir", "file", "link", long}, names)
			require.Equal(t, map[string]byte{".": 4, "..": 4, "dir": 4, "file": 8, "link": 10, long: 8}, types)
		}
		_, types := w.dirents(w.open("/dev", vfs.O_RDONLY), 4096)
		require.EqualValues(t, 2, types["null"])

		fd := w.open("/tmp/d", vfs.O_RDONLY)
		p := w.space(280)
		require.Equal(t, 280, w.sys("__syscall_getdents64", fd, p, 280))
		st, err := w.FS.StatAt(nil, "/tmp/d", 0)
		require.NoError(t, err)
		require.Equal(t, st.Ino, w.Load64(p))
		for _, size := range []int{0, 1, 279} {
			w.fails(vfs.EINVAL, "__syscall_getdents64", fd, p, size)
		}
		w.fails(vfs.ENOTDIR, "__syscall_getdents64", w.open("/tmp/d/file", vfs.O_RDONLY), p, 280)
		w.fails(vfs.EBADF, "__syscall_getdents64", 99, p, 280)
	})
}

func TestGetdentsResumes(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		for i := range 50 {
			require.NoError(t, w.FS.WriteFile(fmt.Sprintf("/tmp/d/%02d", i), nil, 0o644))
		}
		fd := w.open("/tmp/d", vfs.O_RDONLY)
		p := w.space(280 * 10)
		require.Equal(t, 2800, w.sys("__syscall_getdents64", fd, p, 2800))
		require.Equal(t, "07", w.CString(p+9*280+19))
		// What is deleted meanwhile does not make others go missing.
		for i := range 10 {
			require.Zero(t, w.sys("__syscall_unlinkat", cwd, fmt.Sprintf("/tmp/d/%02d", i), 0))
		}
		next := w.Load64(p + 5*280 + 8) // the offset behind the entry 03
		rest, _ := w.dirents(fd, 1000)
		require.Equal(t, "49", rest[len(rest)-1])
		require.GreaterOrEqual(t, len(rest), 40)

		// telldir and seekdir
		pos := w.space(8)
		require.Zero(t, w.sys("fd_seek", fd, next, vfs.SEEK_SET, pos))
		require.Equal(t, next, w.Load64(pos))
		require.Equal(t, 280, w.sys("__syscall_getdents64", fd, p, 280))
		require.Equal(t, "04", w.CString(p+19))
		// rewinddir lists anew
		require.Zero(t, w.sys("fd_seek", fd, 0, vfs.SEEK_SET, pos))
		names, _ := w.dirents(fd, 4096)
		require.Len(t, names, 2+40)
	})
}
