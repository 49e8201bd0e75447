package wire

import (
	"strconv"

	"golang.org/x/sys/unix"
)

// peerUID returns the user ID of the process that connected to a Unix-domain socket.
func peerUID(fd uintptr) (string, error) {
	cred, err := unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	if err != nil {
		return "", err
	}
	return strconv.FormatUint(uint64(cred.Uid), 10), nil
}
