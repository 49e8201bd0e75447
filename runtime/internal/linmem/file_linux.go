package linmem

import (
	"os"

	"golang.org/x/sys/unix"
)

// Overcommit: the reservation is address space, not memory.
const mapNoReserve = unix.MAP_NORESERVE

// newFile returns an empty file that lives in memory only.
func newFile() (*file, error) {
	fd, err := unix.MemfdCreate("calf", unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	return &file{os.NewFile(uintptr(fd), "calf")}, nil
}

// punch makes a hole in the file, which reads as zeroes.
func (f *file) punch(_ *space, off, n uint64) error { return f.discard(off, n) }

// discard is punch for a file that several memories map.
func (f *file) discard(off, n uint64) error {
	return unix.Fallocate(int(f.f.Fd()), unix.FALLOC_FL_PUNCH_HOLE|unix.FALLOC_FL_KEEP_SIZE, int64(off), int64(n))
}
