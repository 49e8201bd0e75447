//go:build linux || darwin

package linmem

import (
	"errors"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A file is the anonymous file behind an image.
type file struct{ f *os.File }

func (f *file) close() { _ = f.f.Close() }

// extend makes n bytes at off, behind all others, part of the file. They read
// as zeroes.
func (f *file) extend(off, n uint64) error { return f.f.Truncate(int64(off + n)) }

// writeAt writes to a part of the file.
func (f *file) writeAt(b []byte, off uint64) error {
	_, err := f.f.WriteAt(b, int64(off))
	return err
}

// mapShared maps n bytes at off to those of the file at from, so that writes
// are seen by every mapping.
func (s *space) mapShared(off, n uint64, f *file, from uint64) error {
	return s.mapFile(off, n, f, from, unix.MAP_SHARED)
}

// mapImage maps an image to the start of the space. What is shared is not mapped
// copy-on-write first: where nothing is overcommitted, the system would keep
// memory ready for the copy of it.
func (s *space) mapImage(im *Image) error {
	for _, r := range im.private {
		if err := s.mapFile(r.Off, r.Len, im.file, r.Off, unix.MAP_PRIVATE); err != nil {
			return err
		}
	}
	for _, r := range im.shared {
		if err := s.mapShared(r.Off, r.Len, im.root().file, r.Off); err != nil {
			return err
		}
	}
	return nil
}

func (s *space) mapFile(off, n uint64, f *file, from uint64, flags int) error {
	b := s.base[off : off+n]
	_, err := unix.MmapPtr(int(f.f.Fd()), int64(from), unsafe.Pointer(unsafe.SliceData(b)), uintptr(n),
		unix.PROT_READ|unix.PROT_WRITE, flags|unix.MAP_FIXED|mapNoReserve)
	if err != nil {
		return os.NewSyscallError("mmap", err)
	}
	s.seams.add(off, off+n)
	return nil
}

// scarce tells whether an error is for want of something that there may be
// later.
func scarce(err error) bool {
	for _, e := range []error{unix.ENOMEM, unix.EMFILE, unix.ENFILE, unix.ENOSPC, unix.EDQUOT} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
