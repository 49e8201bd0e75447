package linmem

import (
	"os"
	"slices"
	"unsafe"

	"golang.org/x/sys/unix"
)

// movable says that memory that is mapped can move to other addresses.
const movable = true

// seams are the offsets at which something that was mapped by one call begins or
// ends, in order. mremap moves no more than one mapping at a time, and the system
// may have made one of several, but not several of one.
type seams []uint64

func (s *seams) add(offs ...uint64) {
	for _, off := range offs {
		if i, found := slices.BinarySearch(*s, off); !found {
			*s = slices.Insert(*s, i, off)
		}
	}
}

// move makes the space one of n bytes elsewhere, with the memory that is mapped
// at its first bytes, up to size, which costs no copy. If it fails, it has
// changed nothing.
func (s *space) move(size, n uint64) error {
	to, err := reserve(n)
	if err != nil {
		return err
	}
	old := s.base
	for i, off := range s.seams {
		if off == size {
			break
		}
		n := s.seams[i+1] - off
		_, err := unix.MremapPtr(unsafe.Pointer(&old[off]), uintptr(n), unsafe.Pointer(&to.base[off]), uintptr(n),
			unix.MREMAP_MAYMOVE|unix.MREMAP_FIXED)
		switch {
		case err == nil:
		case i == 0: // what has been reserved is lost: the system may have unmapped some of it
			return os.NewSyscallError("mremap", err)
		default: // some of the memory is here, and some there
			*s = space{}
			panic(os.NewSyscallError("mremap", err))
		}
	}
	s.base = to.base
	// Where it was, others may have mapped something by now, but for the rest.
	if rest := old[size:]; len(rest) > 0 {
		_ = unix.MunmapPtr(unsafe.Pointer(&rest[0]), uintptr(len(rest)))
	}
	return nil
}
