//go:build unix && !aix

package assets

import (
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps the file for as long as the process lives: slices of it are handed out, and nobody counts them. Where
// the file system cannot map, it reads.
func mapFile(f *os.File, size int64) ([]byte, error) {
	if size > 0 {
		data, err := unix.Mmap(int(f.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
		if err == nil {
			return data, nil
		}
	}
	return readFull(f, size)
}
