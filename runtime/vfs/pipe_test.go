package vfs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/vfs"
)

func TestPipe(t *testing.T) {
	t.Parallel()
	r, w := vfs.Pipe(vfs.O_NONBLOCK)
	require.Equal(t, vfs.O_RDONLY|vfs.O_NONBLOCK, r.Flags())
	require.Equal(t, vfs.O_WRONLY|vfs.O_NONBLOCK, w.Flags())
	b := make([]byte, 10)

	_, err := r.Read(b)
	assertErrno(t, vfs.EAGAIN, err)
	ready(t, r, false, false)
	ready(t, w, false, true)
	_, err = w.Write([]byte("hello"))
	require.NoError(t, err)
	ready(t, r, true, false)
	n, err := r.Read(b[:2])
	require.NoError(t, err)
	require.Equal(t, "he", string(b[:n]))
	n, err = r.Read(b)
	require.NoError(t, err)
	require.Equal(t, "llo", string(b[:n]))

	_, err = w.Read(b)
	assertErrno(t, vfs.EBADF, err)
	_, err = r.Write(b)
	assertErrno(t, vfs.EBADF, err)
	_, err = r.ReadAt(b, 0)
	assertErrno(t, vfs.ESPIPE, err)
	_, err = r.Seek(0, vfs.SEEK_CUR)
	assertErrno(t, vfs.ESPIPE, err)
	assertErrno(t, vfs.ESPIPE, w.Allocate(0, 1))
	assertErrno(t, vfs.EINVAL, w.Truncate(0))
	st, err := r.Stat()
	require.NoError(t, err)
	require.EqualValues(t, vfs.S_IFIFO|0o600, st.Mode)

	require.NoError(t, w.Close())
	ready(t, r, true, false)
	n, err = r.Read(b)
	require.NoError(t, err)
	require.Zero(t, n)
}

func TestPipeFull(t *testing.T) {
	t.Parallel()
	r, w := vfs.Pipe(0)
	const capacity = 64 << 10
	n, err := w.Write(make([]byte, capacity-100))
	require.NoError(t, err)
	require.Equal(t, capacity-100, n)
	ready(t, w, false, false)
	_, err = w.Write(make([]byte, 4096))
	assertErrno(t, vfs.EAGAIN, err, "a write of PIPE_BUF was torn")
	n, err = w.Write(make([]byte, 5000))
	require.NoError(t, err)
	require.Equal(t, 100, n)
	_, err = w.Write([]byte("x"))
	assertErrno(t, vfs.EAGAIN, err)
	n, err = r.Read(make([]byte, 2*capacity))
	require.NoError(t, err)
	require.Equal(t, capacity, n)
	require.NoError(t, r.Close())
	ready(t, w, false, true)
	_, err = w.Write([]byte("x"))
	assertErrno(t, vfs.EPIPE, err)
}

func ready(t *testing.T, f *vfs.File, wantRead, wantWrite bool) {
	t.Helper()
	r, w := f.Ready()
	require.Equal(t, [2]bool{wantRead, wantWrite}, [2]bool{r, w})
}
