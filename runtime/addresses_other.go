//go:build !(linux || darwin || freebsd || netbsd)

package runtime

// AddressSpaceLimit returns how many bytes of addresses this program may have,
// and false if nothing limits that, or nothing is known about it.
func AddressSpaceLimit() (bytes uint64, limited bool) { return 0, false }
