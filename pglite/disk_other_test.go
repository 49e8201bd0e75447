//go:build !linux

package pglite_test

import "testing"

// smallDisk mounts a file system of the given size.
func smallDisk(t *testing.T, size string) string {
	t.Skip("knows how to mount a small disk on Linux only")
	return ""
}
