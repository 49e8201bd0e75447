//go:build linux || darwin || freebsd || netbsd

package runtime

import (
	"math"

	"golang.org/x/sys/unix"
)

// AddressSpaceLimit returns how many bytes of addresses this program may have,
// and false if nothing limits that. On Linux, each process of a cluster takes
// the size of its memory, which PostgreSQL's shared_buffers is most of.
func AddressSpaceLimit() (bytes uint64, limited bool) {
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &l); err != nil {
		return 0, false
	}
	cur := uint64(l.Cur)
	return cur, cur < math.MaxInt64 // the greatest of all is the absence of a limit
}
