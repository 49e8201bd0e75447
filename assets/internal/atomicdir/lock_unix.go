//go:build unix && !solaris && !illumos && !aix

package atomicdir

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

func tryLock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return errLocked
	}
	return err
}

// remove deletes the file while it is still locked, so that nobody can lock it in between.
func (l *fileLock) remove() error {
	err := os.Remove(l.file.Name())
	if closeErr := l.close(); err == nil {
		err = closeErr
	}
	return err
}
