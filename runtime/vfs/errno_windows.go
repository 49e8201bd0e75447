package vfs

import (
	"syscall"

	"golang.org/x/sys/windows"
)

// platformErrno translates the error codes of Win32 that the files of a data
// directory can meet.
func platformErrno(e syscall.Errno) (Errno, bool) {
	switch e {
	case windows.ERROR_FILE_NOT_FOUND, windows.ERROR_PATH_NOT_FOUND:
		return ENOENT, true
	case windows.ERROR_FILE_EXISTS, windows.ERROR_ALREADY_EXISTS:
		return EEXIST, true
	case windows.ERROR_DISK_FULL, windows.ERROR_HANDLE_DISK_FULL:
		return ENOSPC, true
	case windows.ERROR_DISK_QUOTA_EXCEEDED:
		return EDQUOT, true
	case windows.ERROR_ACCESS_DENIED, windows.ERROR_SHARING_VIOLATION, windows.ERROR_LOCK_VIOLATION:
		return EACCES, true
	case windows.ERROR_WRITE_PROTECT:
		return EROFS, true
	case windows.ERROR_DIR_NOT_EMPTY:
		return ENOTEMPTY, true
	case windows.ERROR_DIRECTORY:
		return ENOTDIR, true
	case windows.ERROR_INVALID_NAME, windows.ERROR_INVALID_PARAMETER, windows.ERROR_NEGATIVE_SEEK:
		return EINVAL, true
	case windows.ERROR_FILENAME_EXCED_RANGE:
		return ENAMETOOLONG, true
	case windows.ERROR_INVALID_HANDLE:
		return EBADF, true
	case windows.ERROR_TOO_MANY_OPEN_FILES:
		return EMFILE, true
	case windows.ERROR_NOT_ENOUGH_MEMORY, windows.ERROR_OUTOFMEMORY:
		return ENOMEM, true
	case windows.ERROR_NOT_SAME_DEVICE:
		return EXDEV, true
	case windows.ERROR_NOT_SUPPORTED, windows.ERROR_PRIVILEGE_NOT_HELD:
		return ENOTSUP, true
	}
	return 0, false
}
