package vfs

import "golang.org/x/sys/unix"

// mapSlab returns n bytes of zeros that take no memory before they are used.
func mapSlab(n int) ([]byte, error) {
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err == nil {
		// Of a huge page, the system would not take a part back.
		_ = unix.Madvise(b, unix.MADV_NOHUGEPAGE)
	}
	return b, err
}

func unmapSlab(b []byte) { _ = unix.Munmap(b) }

// usePages prepares pages for use, and dropPages gives back what they hold: they
// read as zeros when they are used again.
func usePages([]byte) error { return nil }

func dropPages(b []byte) { _ = unix.Madvise(b, unix.MADV_DONTNEED) }
