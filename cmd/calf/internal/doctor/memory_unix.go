//go:build linux || darwin || freebsd || netbsd

package doctor

import (
	"errors"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

func tryExecutable() error {
	b, err := unix.Mmap(-1, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	defer unix.Munmap(b)
	return os.NewSyscallError("mprotect", unix.Mprotect(b, unix.PROT_READ|unix.PROT_EXEC))
}

func tryReserve(n uint64) error {
	if n > math.MaxInt {
		return errors.New("addresses have 32 bits")
	}
	b, err := unix.Mmap(-1, 0, int(n), unix.PROT_NONE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	return unix.Munmap(b)
}
