//go:build linux || darwin

package linmem

import (
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A file is the anonymous file behind an image.
type file struct{ f *os.File }

func (f *file) close() { _ = f.f.Close() }

// grow extends the file to size bytes and maps base[from:size] to it.
func (f *file) grow(base []byte, from, size uint64) error {
	if err := f.f.Truncate(int64(size)); err != nil {
		return err
	}
	return f.mapAt(base[from:size], from, unix.MAP_SHARED)
}

// writeAt writes to the file, which grows if need be.
func (f *file) writeAt(b []byte, off uint64) error {
	_, err := f.f.WriteAt(b, int64(off))
	return err
}

// truncate sets the file's size.
func (f *file) truncate(size uint64) error { return f.f.Truncate(int64(size)) }

// mapShared maps b to the file, so that writes are seen by every mapping.
func (f *file) mapShared(b []byte, off uint64) error { return f.mapAt(b, off, unix.MAP_SHARED) }

// mapPrivate maps b to the start of the file, copy-on-write.
func (f *file) mapPrivate(b []byte) error { return f.mapAt(b, 0, unix.MAP_PRIVATE) }

func (f *file) mapAt(b []byte, off uint64, flags int) error {
	_, err := unix.MmapPtr(int(f.f.Fd()), int64(off), unsafe.Pointer(unsafe.SliceData(b)), uintptr(len(b)),
		unix.PROT_READ|unix.PROT_WRITE, flags|unix.MAP_FIXED|mapNoReserve)
	return err
}

// reserve takes n bytes of address space that cannot be accessed yet.
func reserve(n uint64) ([]byte, error) {
	return unix.Mmap(-1, 0, int(n), unix.PROT_NONE, unix.MAP_PRIVATE|unix.MAP_ANON|mapNoReserve)
}

// commit makes reserved memory accessible. It reads as zeroes.
func commit(b []byte) error { return unix.Mprotect(b, unix.PROT_READ|unix.PROT_WRITE) }

// release returns a reservation to the system.
func release(b []byte) { _ = unix.Munmap(b) }
