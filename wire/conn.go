package wire

import (
	"errors"
	"io"
	"net"
	"time"
)

var _ net.Conn = (*Conn)(nil)

// Conn is the client's end of a Pipe. It is a net.Conn, safe for concurrent use as such: Read and Write wait, deadlines
// apply to pending and to future calls, and a call after its deadline fails with a net.Error whose Timeout is true, and which
// is os.ErrDeadlineExceeded.
type Conn struct{ p *pipe }

// Read waits for bytes from the backend. It returns io.EOF when the backend has closed and everything it sent has been read,
// and net.ErrClosed, wrapped, after Close.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.p.down.read(p)
	if err == io.EOF {
		c.p.up.tell()
	}
	return n, opError("read", err)
}

// Write hands p to the backend. What fits the buffer is copied and Write returns at once; otherwise it waits, and the
// backend copies straight out of p. When it fails, the count says how much the backend can still receive or has received.
// The error wraps net.ErrClosed after Close or CloseWrite.
//
// When the backend has closed, Write drops p without an error until Read has returned io.EOF, and fails with ErrClosed, wrapped,
// from then on. So a client that writes first learns what the backend said before it closed, as with a TCP socket.
func (c *Conn) Write(p []byte) (int, error) {
	n, err := c.p.up.write(p)
	return n, opError("write", err)
}

// Close ends the connection. The backend receives what was written before, then io.EOF; what it sent and was not read is
// dropped, and it can send no more. Pending calls fail. Close may be called again, and always returns nil.
func (c *Conn) Close() error {
	c.p.up.end()
	c.p.down.abandon()
	c.p.notify.call()
	return nil
}

// CloseWrite ends the client's side of the conversation: the backend receives what was written before, then io.EOF. Read
// goes on as before.
func (c *Conn) CloseWrite() error {
	c.p.up.end()
	c.p.notify.call()
	return nil
}

// LocalAddr returns an address whose network and text are both "calf".
func (c *Conn) LocalAddr() net.Addr { return addr{} }

// RemoteAddr returns an address whose network and text are both "calf".
func (c *Conn) RemoteAddr() net.Addr { return addr{} }

// SetDeadline sets both deadlines. The zero time means none, as after Pipe. It fails only after Close.
func (c *Conn) SetDeadline(t time.Time) error {
	_ = c.p.up.setDeadline(t) // fails after CloseWrite too, which is no reason to
	return opError("set", c.p.down.setDeadline(t))
}

// SetReadDeadline sets the time after which Read fails. The zero time means none. It fails only after Close.
func (c *Conn) SetReadDeadline(t time.Time) error {
	return opError("set", c.p.down.setDeadline(t))
}

// SetWriteDeadline sets the time after which Write fails. The zero time means none. It fails only after Close and CloseWrite.
func (c *Conn) SetWriteDeadline(t time.Time) error {
	return opError("set", c.p.up.setDeadline(t))
}

// opError dresses err as the errors of other connections are. io.EOF stays bare.
func opError(op string, err error) error {
	if err == nil || errors.Is(err, io.EOF) {
		return err
	}
	return &net.OpError{Op: op, Net: addr{}.Network(), Addr: addr{}, Err: err}
}
