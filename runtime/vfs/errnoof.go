package vfs

import (
	"errors"
	"io/fs"
	"syscall"
)

// ErrnoOf returns the number that the guest gets for err: the Errno that err
// is or wraps, else the counterpart of the host's error, else [EIO]. It
// returns 0 for nil.
func ErrnoOf(err error) Errno {
	if err == nil {
		return 0
	}
	if e, ok := err.(Errno); ok {
		return e
	}
	if e, ok := errors.AsType[Errno](err); ok {
		return e
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		if e, ok := hostErrno(e); ok {
			return e
		}
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return ENOENT
	case errors.Is(err, fs.ErrExist):
		return EEXIST
	case errors.Is(err, fs.ErrPermission):
		return EACCES
	case errors.Is(err, fs.ErrInvalid):
		return EINVAL
	case errors.Is(err, fs.ErrClosed):
		return EBADF
	case errors.Is(err, errors.ErrUnsupported):
		return ENOTSUP
	}
	return EIO
}

// hostErrno translates an error of the host's kernel. Pairs and not a map:
// some of these names are the same number on some platforms. The platform's own
// come first: Go calls ERROR_PATH_NOT_FOUND of Windows ENOTDIR.
func hostErrno(e syscall.Errno) (Errno, bool) {
	if guest, ok := platformErrno(e); ok {
		return guest, true
	}
	for _, p := range errnoPairs {
		if p.host == e {
			return p.guest, true
		}
	}
	return 0, false
}

var errnoPairs = [...]struct {
	host  syscall.Errno
	guest Errno
}{
	{syscall.ENOENT, ENOENT},
	{syscall.EEXIST, EEXIST},
	{syscall.ENOSPC, ENOSPC},
	{syscall.EDQUOT, EDQUOT},
	{syscall.EIO, EIO},
	{syscall.EACCES, EACCES},
	{syscall.EPERM, EPERM},
	{syscall.EROFS, EROFS},
	{syscall.ENOTDIR, ENOTDIR},
	{syscall.EISDIR, EISDIR},
	{syscall.ENOTEMPTY, ENOTEMPTY},
	{syscall.EINVAL, EINVAL},
	{syscall.EBADF, EBADF},
	{syscall.EBUSY, EBUSY},
	{syscall.EAGAIN, EAGAIN},
	{syscall.EINTR, EINTR},
	{syscall.EFBIG, EFBIG},
	{syscall.ELOOP, ELOOP},
	{syscall.EMFILE, EMFILE},
	{syscall.ENFILE, ENFILE},
	{syscall.EMLINK, EMLINK},
	{syscall.ENAMETOOLONG, ENAMETOOLONG},
	{syscall.ENODEV, ENODEV},
	{syscall.ENXIO, ENXIO},
	{syscall.ENOMEM, ENOMEM},
	{syscall.ENOSYS, ENOSYS},
	{syscall.ENOTSUP, ENOTSUP},
	{syscall.EOPNOTSUPP, ENOTSUP},
	{syscall.ENOTTY, ENOTTY},
	{syscall.EOVERFLOW, EOVERFLOW},
	{syscall.EPIPE, EPIPE},
	{syscall.ERANGE, ERANGE},
	{syscall.ESPIPE, ESPIPE},
	{syscall.ETXTBSY, ETXTBSY},
	{syscall.EXDEV, EXDEV},
}
