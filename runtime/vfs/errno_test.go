package vfs_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/calfdb/calf/runtime/vfs"
)

func TestErrnoOf(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err  error
		want vfs.Errno
	}{
		{nil, 0},
		{vfs.ENOENT, 44},
		{fmt.Errorf("doing: %w", vfs.EXDEV), 75},
		{syscall.ENOSPC, 51},
		{syscall.EDQUOT, 19},
		{syscall.EIO, 29},
		{syscall.EROFS, 69},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EACCES}, 2},
		{&os.LinkError{Op: "rename", Old: "x", New: "y", Err: syscall.ENOTEMPTY}, 55},
		{os.ErrClosed, 8},
		{fs.ErrNotExist, 44},
		{errors.ErrUnsupported, 58},
		{syscall.Errno(9999), 29},
		{io.ErrUnexpectedEOF, 29},
		{errors.New("anything"), 29},
	} {
		assert.Equal(t, test.want, vfs.ErrnoOf(test.err), "%v", test.err)
	}
}

func TestErrnoIs(t *testing.T) {
	t.Parallel()
	assert.ErrorIs(t, vfs.ENOENT, fs.ErrNotExist)
	assert.ErrorIs(t, vfs.EEXIST, fs.ErrExist)
	assert.ErrorIs(t, vfs.EPERM, fs.ErrPermission)
	assert.NotErrorIs(t, vfs.EIO, fs.ErrNotExist)
	assert.EqualError(t, vfs.ENOSPC, "no space left on device")
	assert.EqualError(t, vfs.Errno(123), "errno 123")
}
