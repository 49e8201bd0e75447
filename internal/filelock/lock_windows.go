package filelock

import (
	"errors"
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

// lockAt is the byte that is locked: far beyond any content, so that others can read who holds the file.
var lockAt = windows.Overlapped{OffsetHigh: 1}

// Try locks an open file. The error is ErrHeld if another has it.
func Try(f *os.File) error {
	at := lockAt
	err := windows.LockFileEx(windows.Handle(f.Fd()),
		windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, &at)
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrHeld
	}
	return err
}

func unlock(f *os.File) error {
	at := lockAt
	return windows.UnlockFileEx(windows.Handle(f.Fd()), 0, 1, 0, &at)
}

// Remove removes a locked file and drops the lock. Windows does not delete a file that is open; whoever opens it in
// between removes it, too.
func Remove(f *os.File) error {
	err := Unlock(f)
	if e := os.Remove(f.Name()); !errors.Is(e, fs.ErrNotExist) && !errors.Is(e, windows.ERROR_SHARING_VIOLATION) {
		err = errors.Join(err, e)
	}
	return err
}
