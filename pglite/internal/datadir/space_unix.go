//go:build linux || darwin || freebsd

package datadir

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// sameDevice returns an error if a directory is a mount point, or is otherwise
// on another file system than one that was made beside it.
func sameDevice(dir, beside string) error {
	var a, b unix.Stat_t
	if err := unix.Stat(dir, &a); err != nil {
		return err
	}
	if err := unix.Stat(beside, &b); err != nil {
		return err
	}
	if a.Dev != b.Dev {
		return fmt.Errorf("%s is a mount point, and cannot change places with a directory beside it: upgrade a copy of it", dir)
	}
	return nil
}

// freeSpace returns how much the user may write below dir.
func freeSpace(dir string) (bytes uint64, known bool) {
	var s unix.Statfs_t
	if err := unix.Statfs(dir, &s); err != nil {
		return 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true
}
