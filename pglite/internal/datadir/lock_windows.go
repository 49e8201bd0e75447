package datadir

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// lockAt is the byte that is locked: far beyond the text, so that others can
// read who holds the file.
var lockAt = windows.Overlapped{OffsetHigh: 1}

func TryLock(f *os.File) error {
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

// lockDir does nothing. Windows does not remove a file that is open, so the lock
// on the file is enough.
func lockDir(string) (*os.File, error) { return nil, nil }
