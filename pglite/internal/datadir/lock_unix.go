//go:build unix

package datadir

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// TryLock locks a file for itself. Locks of one process exclude each other, too.
// On NFS they are as good as those of the server.
func TryLock(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrHeld
	}
	return err
}

func unlock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }

// lockDir locks a directory. It returns nil on file systems that cannot, such as
// NFS, which locks only what is open for writing.
func lockDir(path string) (*os.File, error) {
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := TryLock(d); err != nil {
		d.Close()
		if errors.Is(err, ErrHeld) {
			return nil, err
		}
		return nil, nil
	}
	return d, nil
}
