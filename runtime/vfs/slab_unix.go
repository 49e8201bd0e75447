//go:build unix && !linux

package vfs

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// mapSlab returns n bytes of zeros that take no memory before they are used.
func mapSlab(n int) ([]byte, error) {
	return unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
}

func unmapSlab(b []byte) { _ = unix.Munmap(b) }

// usePages prepares pages for use, and dropPages gives back what they hold: they
// read as zeros when they are used again.
func usePages([]byte) error { return nil }

// Elsewhere than on Linux, MADV_DONTNEED is only advice.
func dropPages(b []byte) {
	_, err := unix.MmapPtr(-1, 0, unsafe.Pointer(unsafe.SliceData(b)), uintptr(len(b)), unix.PROT_READ|unix.PROT_WRITE,
		unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_FIXED)
	if err != nil {
		clear(b)
	}
}
