//go:build !linux

package wire

import "net"

// hungUp is for who cannot know without reading.
//
// GAP: a client that vanishes behind more than 128 KiB that its backend has not received is noticed when it has.
func hungUp(net.Conn) bool { return false }
