//go:build unix

package linmem

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A space is a reservation of address space.
type space struct {
	base  []byte
	seams seams
}

// reserve takes n bytes of address space that cannot be accessed yet.
func reserve(n uint64) (space, error) {
	b, err := unix.Mmap(-1, 0, int(n), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|mapNoReserve)
	return space{base: b}, os.NewSyscallError("mmap", err)
}

// reservePlain is reserve for memory that is never mapped.
func reservePlain(n uint64) (space, error) { return reserve(n) }

// hide makes the first n bytes inaccessible again, and gives up what is there.
func (s *space) hide(n uint64) error {
	_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(unsafe.SliceData(s.base)), uintptr(n), unix.PROT_NONE,
		unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_FIXED|mapNoReserve)
	if err == nil {
		s.seams = seams{}
	}
	return os.NewSyscallError("mmap", err)
}

// release returns the reservation to the system.
func (s *space) release() {
	if s.base != nil {
		_ = unix.Munmap(s.base)
	}
}

// commit makes n reserved bytes at off accessible. They read as zeroes.
func (s *space) commit(off, n uint64) error {
	if err := unix.Mprotect(s.base[off:off+n], unix.PROT_READ|unix.PROT_WRITE); err != nil {
		return os.NewSyscallError("mprotect", err)
	}
	s.seams.add(off, off+n)
	return nil
}
