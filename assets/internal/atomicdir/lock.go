package atomicdir

import (
	"errors"
	"os"
)

// fileLock is a locked file that exists for as long as its work folder does. The system drops the lock when the
// process ends in whatever way.
type fileLock struct{ file *os.File }

var errLocked = errors.New("locked by another process")

// createLock makes and locks a file that must not exist.
func createLock(path string) (*fileLock, error) { return openLock(path, os.O_EXCL) }

// takeLock locks a file, and makes it if need be.
func takeLock(path string) (*fileLock, error) { return openLock(path, 0) }

func openLock(path string, flag int) (*fileLock, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|flag, 0o644)
	if err != nil {
		return nil, err
	}
	l := &fileLock{f}
	if err := tryLock(f); err != nil {
		if flag&os.O_EXCL != 0 && !errors.Is(err, errLocked) {
			return l, nil // No locks here. Nobody will be able to take ours for stale.
		}
		_ = f.Close()
		return nil, lostTo(flag, err)
	}
	if !l.current(path) {
		_ = f.Close()
		return nil, lostTo(flag, errLocked)
	}
	return l, nil
}

// lostTo reports a new lock file that a sweeping process got hold of first as one that exists, to try another name.
func lostTo(flag int, err error) error {
	if flag&os.O_EXCL != 0 {
		return os.ErrExist
	}
	return err
}

// current says whether path still names the locked file: between opening and locking, another process can have
// removed it.
func (l *fileLock) current(path string) bool {
	there, err := os.Stat(path)
	if err != nil {
		return false
	}
	here, err := l.file.Stat()
	return err == nil && os.SameFile(there, here)
}

func (l *fileLock) close() error { return l.file.Close() }
