//go:build unix && !solaris && !illumos && !aix

package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Try locks an open file. The error is ErrHeld if another has it, and wraps errors.ErrUnsupported on systems without
// locks. On NFS locks are as good as those of the server, and a file must be open for writing.
func Try(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrHeld
	}
	return err
}

func unlock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_UN) }

// Remove removes a locked file and drops the lock, in this order, so that nobody can lock it in between.
func Remove(f *os.File) error { return errors.Join(os.Remove(f.Name()), Unlock(f)) }
