package atomicdir

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

func tryLock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return errLocked
	}
	return err
}

// remove closes first, for Windows does not delete an open file. Whoever opens it in between deletes it too.
func (l *fileLock) remove() error {
	err := l.close()
	if removeErr := os.Remove(l.file.Name()); err == nil && !errors.Is(removeErr, os.ErrNotExist) {
		err = removeErr
	}
	return err
}
