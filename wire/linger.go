package wire

import (
	"net"
	"time"
)

const (
	// flushTimeout is how long a client has to take what its backend sent before it closed. PostgreSQL leaves this to the
	// kernel, which is more patient, but holds less.
	flushTimeout = 5 * time.Second

	// drainTimeout is how long a client has to hang up after that. Closing a TCP connection while bytes are on their way in
	// resets it, and a reset may overtake the message that says why.
	drainTimeout = 500 * time.Millisecond
)

// closeWrite tells conn's peer that there is no more to read, and gives conn a moment to be read until the peer closes. It
// reports false when conn cannot do that.
func closeWrite(conn net.Conn) bool {
	half, ok := conn.(interface{ CloseWrite() error })
	return ok && half.CloseWrite() == nil && conn.SetReadDeadline(time.Now().Add(drainTimeout)) == nil
}
