package wire

import (
	"net"
	"sync/atomic"
)

// Pipe returns the two ends of a connection in memory: the client's, a net.Conn that blocks and has deadlines, and the
// backend's, a Socket that never blocks.
//
// Each direction buffers up to 64 KiB. An idle connection keeps at most 4 KiB of that per direction, and a new one nothing.
// Each end is closed by whoever holds it; closing one does not close the other. There is nothing to release: ends that are
// dropped without a Close are garbage like anything else.
func Pipe() (*Conn, *Socket) {
	return newPipe(addr{}, pipeIdentity())
}

// newPipe is Pipe with what the Socket reports of the client.
func newPipe(remote net.Addr, id identity) (*Conn, *Socket) {
	p := &pipe{remote: remote, identity: id}
	p.up.init()
	p.up.notify = &p.notify
	p.down.init()
	p.down.notify = &p.notify
	return &Conn{p}, &Socket{p}
}

// pipe is what the two ends of a connection share.
type pipe struct {
	up       upstream
	down     downstream
	notify   notifier
	remote   net.Addr
	identity identity
	pid      atomic.Uint32
	hungUp   func() bool // whether who writes through the Conn has hung up; set as linger
	linger   func()      // called when the backend closes; set before the Socket is handed out, or nil
}

// addr is the address of both ends of a connection in memory.
type addr struct{}

// Network returns "calf".
func (addr) Network() string { return "calf" }

// String returns "calf".
func (addr) String() string { return "calf" }
