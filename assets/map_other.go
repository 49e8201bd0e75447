//go:build !unix || aix

package assets

import "os"

// mapFile reads the file.
func mapFile(f *os.File, size int64) ([]byte, error) { return readFull(f, size) }
