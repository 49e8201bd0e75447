package vfs

import (
	"io/fs"
	"strconv"
)

// Errno is an error number as the guest knows it: the numbering of WASI
// preview 1, which Emscripten uses too. Compare it with errors.Is or get it
// with [ErrnoOf]. The zero Errno means success and is never returned as an
// error.
type Errno int32

// The error numbers, named as in POSIX.
const (
	E2BIG        Errno = 1
	EACCES       Errno = 2
	EAGAIN       Errno = 6
	EBADF        Errno = 8
	EBUSY        Errno = 10
	EDQUOT       Errno = 19
	EEXIST       Errno = 20
	EFAULT       Errno = 21
	EFBIG        Errno = 22
	EINTR        Errno = 27
	EINVAL       Errno = 28
	EIO          Errno = 29
	EISDIR       Errno = 31
	ELOOP        Errno = 32
	EMFILE       Errno = 33
	EMLINK       Errno = 34
	ENAMETOOLONG Errno = 37
	ENFILE       Errno = 41
	ENODEV       Errno = 43
	ENOENT       Errno = 44
	ENOMEM       Errno = 48
	ENOSPC       Errno = 51
	ENOSYS       Errno = 52
	ENOTDIR      Errno = 54
	ENOTEMPTY    Errno = 55
	ENOTSUP      Errno = 58
	ENOTTY       Errno = 59
	ENXIO        Errno = 60
	EOVERFLOW    Errno = 61
	EPERM        Errno = 63
	EPIPE        Errno = 64
	ERANGE       Errno = 68
	EROFS        Errno = 69
	ESPIPE       Errno = 70
	ETXTBSY      Errno = 74
	EXDEV        Errno = 75
)

var errnoText = map[Errno]string{
	E2BIG:        "argument list too long",
	EACCES:       "permission denied",
	EAGAIN:       "resource temporarily unavailable",
	EBADF:        "bad file descriptor",
	EBUSY:        "device or resource busy",
	EDQUOT:       "disk quota exceeded",
	EEXIST:       "file exists",
	EFAULT:       "bad address",
	EFBIG:        "file too large",
	EINTR:        "interrupted system call",
	EINVAL:       "invalid argument",
	EIO:          "input/output error",
	EISDIR:       "is a directory",
	ELOOP:        "too many levels of symbolic links",
	EMFILE:       "too many open files",
	EMLINK:       "too many links",
	ENAMETOOLONG: "file name too long",
	ENFILE:       "too many open files in system",
	ENODEV:       "no such device",
	ENOENT:       "no such file or directory",
	ENOMEM:       "cannot allocate memory",
	ENOSPC:       "no space left on device",
	ENOSYS:       "function not implemented",
	ENOTDIR:      "not a directory",
	ENOTEMPTY:    "directory not empty",
	ENOTSUP:      "operation not supported",
	ENOTTY:       "inappropriate ioctl for device",
	ENXIO:        "no such device or address",
	EOVERFLOW:    "value too large",
	EPERM:        "operation not permitted",
	EPIPE:        "broken pipe",
	ERANGE:       "result out of range",
	EROFS:        "read-only file system",
	ESPIPE:       "illegal seek",
	ETXTBSY:      "text file busy",
	EXDEV:        "invalid cross-device link",
}

// Error is the message that strerror(3) has for e.
func (e Errno) Error() string {
	if s, ok := errnoText[e]; ok {
		return s
	}
	return "errno " + strconv.Itoa(int(e))
}

// Is makes errors.Is(err, fs.ErrNotExist) and its like work.
func (e Errno) Is(target error) bool {
	switch target {
	case fs.ErrNotExist:
		return e == ENOENT
	case fs.ErrExist:
		return e == EEXIST || e == ENOTEMPTY
	case fs.ErrPermission:
		return e == EACCES || e == EPERM
	}
	return false
}
