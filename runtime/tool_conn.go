package runtime

import (
	"context"
	"errors"
	"io"
	"net"
	"time"
)

// A toolConn is a tool's connection to a server. A goroutine reads from it,
// into two buffers in turn, so that the tool can ask whether something has
// come.
type toolConn struct {
	conn   net.Conn
	full   chan []byte // what has been read; closed at the end
	empty  chan []byte
	closed chan struct{}
	err    error // why full was closed

	buf  []byte // the current buffer, which goes back to empty
	rest []byte // of it, not yet read by the tool
	got  bool   // the last read got something
}

// toolBuffer is the size of a buffer. The largest piece that libpq asks for
// grows with what it has to hold; a backend sends 8 KiB at a time.
const toolBuffer = 64 << 10

var errNothingYet = errors.New("nothing has come yet")

func newToolConn(conn net.Conn) *toolConn {
	c := &toolConn{
		conn: conn, full: make(chan []byte, 2), empty: make(chan []byte, 2), closed: make(chan struct{}),
	}
	c.empty <- make([]byte, toolBuffer)
	c.empty <- make([]byte, toolBuffer)
	go c.receive()
	return c
}

// receive reads until the connection is closed.
func (c *toolConn) receive() {
	defer close(c.closed)
	defer close(c.full)
	for buf := range c.empty {
		n, err := c.conn.Read(buf)
		for n == 0 && err == nil { // which is discouraged, and allowed
			n, err = c.conn.Read(buf)
		}
		if n > 0 {
			c.full <- buf[:n] // there is room for both
		}
		if err != nil {
			c.err = err
			return
		}
	}
}

// read takes what has come. If there is nothing, it fails with errNothingYet
// the first time, and waits the second time.
func (c *toolConn) read(ctx context.Context, p []byte) (int, error) {
	if len(c.rest) == 0 {
		if err := c.next(ctx); err != nil {
			return 0, err
		}
	}
	c.got = true
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// next takes the next buffer.
func (c *toolConn) next(ctx context.Context) error {
	if c.buf != nil {
		c.empty <- c.buf[:cap(c.buf)]
		c.buf = nil
	}
	var ok bool
	select {
	case c.buf, ok = <-c.full:
	default:
		if c.got {
			c.got = false
			return errNothingYet
		}
		select {
		case c.buf, ok = <-c.full:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if !ok {
		if c.err == nil {
			return io.EOF
		}
		return c.err
	}
	c.rest = c.buf
	return nil
}

// write sends p. It gives up when ctx ends.
func (c *toolConn) write(ctx context.Context, p []byte) error {
	defer context.AfterFunc(ctx, func() { _ = c.conn.SetWriteDeadline(time.Unix(1, 0)) })()
	_, err := c.conn.Write(p)
	c.got = false // an answer is to be waited for
	return err
}

// close closes the connection and waits until nothing reads it.
func (c *toolConn) close() {
	c.conn.Close()
	close(c.empty)
	<-c.closed
}
