package wire

import "net"

// Socket is the backend's end of a connection. It never blocks: like a non-blocking socket it does what it can at once, and
// says when that is nothing. It is safe for concurrent use.
//
// To wait, give SetNotify a function that wakes whoever serves the Socket. Before going to sleep, ask Readable or Writable:
// a notification says that something has changed since, not that something is there.
type Socket struct{ p *pipe }

// Recv moves up to len(p) bytes that the client has written into p. It returns ErrWouldBlock when there are none, io.EOF
// when there will be none because the client has closed and everything has been received, net.ErrClosed after Close. A
// count above zero comes with a nil error.
func (s *Socket) Recv(p []byte) (int, error) { return s.p.up.recv(p) }

// Send takes as much of p as there is room for, which may be less than all of it, and returns how much that was. It returns
// ErrWouldBlock when there is no room, ErrClosed when the client is gone, net.ErrClosed after Close. A count above zero
// comes with a nil error.
func (s *Socket) Send(p []byte) (int, error) { return s.p.down.send(p) }

// Readable tells whether Recv would return anything but ErrWouldBlock.
func (s *Socket) Readable() bool { return s.p.up.readable() }

// Writable tells whether it is time to Send. It is false from a Send that could not take everything until half of the
// buffer is free again, and otherwise true; also when Send would fail.
func (s *Socket) Writable() bool { return s.p.down.writable() }

// HungUp tells whether the client has closed its side, or its connection is broken, whatever it sent before that is still to
// be received.
func (s *Socket) HungUp() bool { return s.p.up.hungUp(s.p.hungUp) }

// SetNotify makes fn the one function that is called when Readable or Writable turns true, and when either end closes; nil
// is none. Calls come from the goroutines that use the other end, several at a time perhaps, and perhaps without need.
// They hold no lock of this package, so fn may use the Socket, but it must be quick and must not block. What
// happened before SetNotify is not reported: ask Readable and Writable afterwards. A call to the previous fn may still be
// under way when SetNotify returns.
func (s *Socket) SetNotify(fn func()) { s.p.notify.set(fn) }

// Close ends the connection at once and without waiting. The client can still read everything that was sent before, then
// gets io.EOF; what it wrote and was not received, or writes from now on, is dropped. Close may be called again, and
// always returns nil.
func (s *Socket) Close() error {
	s.p.down.end()
	s.p.up.abandon()
	if s.p.linger != nil {
		s.p.linger()
	}
	s.p.notify.call()
	return nil
}

// HangUp is for a backend that must end: Send fails with ErrClosed from now on where it would return ErrWouldBlock, so that
// nobody waits for a client that does not read. What was sent before can still be read.
func (s *Socket) HangUp() {
	s.p.down.hurry()
	s.p.notify.call()
}

// RemoteAddr returns the client's address: its own of a bridged connection, and one whose network and text are both "calf"
// of a Pipe.
func (s *Socket) RemoteAddr() net.Addr { return s.p.remote }

// SetPID tells which process serves the Socket, for the log of a Server.
func (s *Socket) SetPID(pid uint32) { s.p.pid.Store(pid) }
