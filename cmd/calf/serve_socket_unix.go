//go:build unix

package main

import (
	"errors"
	"net"
	"os"
	"syscall"
)

// tryLock locks a file, unless another process has.
func tryLock(f *os.File) error {
	err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return errListening
	}
	return err
}

// listenPrivately listens on a socket that nobody else could use for a moment.
func listenPrivately(path string) (net.Listener, error) {
	defer syscall.Umask(syscall.Umask(0o177))
	return net.Listen("unix", path)
}
