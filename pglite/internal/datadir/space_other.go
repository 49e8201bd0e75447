//go:build !linux && !darwin && !freebsd

package datadir

// sameDevice has no way to tell. Where directories cannot change places, the
// attempt fails.
func sameDevice(string, string) error { return nil }

// freeSpace is not known.
func freeSpace(string) (bytes uint64, known bool) { return 0, false }
