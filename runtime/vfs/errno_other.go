//go:build !windows

package vfs

import "syscall"

// platformErrno knows no errors beyond errnoPairs.
func platformErrno(syscall.Errno) (Errno, bool) { return 0, false }
