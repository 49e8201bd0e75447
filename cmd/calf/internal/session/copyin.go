package session

import (
	"encoding/binary"
	"io"
	"sync/atomic"

	"github.com/jackc/pgx/v5/pgproto3"
)

// A copyIn sends the data of a COPY FROM STDIN, while the connection is read by
// another: the server may have to say something before it takes more.
type copyIn struct {
	frontend *pgproto3.Frontend
	data     io.Reader
	stopped  atomic.Bool
	finished chan struct{}
	err      error // of reading the data
}

// startCopyIn starts sending. Until wait has returned, nothing else may be sent.
func startCopyIn(f *pgproto3.Frontend, data io.Reader) *copyIn {
	c := &copyIn{frontend: f, data: data, finished: make(chan struct{})}
	go func() {
		defer close(c.finished)
		c.run()
	}()
	return c
}

// stop ends the sending, because the server has given up. The data is still
// read to its end.
func (c *copyIn) stop() { c.stopped.Store(true) }

// wait waits until the data has been read, and returns the error of reading it.
func (c *copyIn) wait() error {
	<-c.finished
	return c.err
}

func (c *copyIn) run() {
	const header = 5
	buf := make([]byte, 64<<10)
	buf[0] = 'd' // CopyData
	for {
		n, err := c.data.Read(buf[header:])
		if n > 0 && !c.stopped.Load() {
			binary.BigEndian.PutUint32(buf[1:], uint32(n+header-1))
			// An error is one of the connection, which its reader will notice.
			if c.frontend.SendUnbufferedEncodedCopyData(buf[:header+n]) != nil {
				c.stop()
			}
		}
		if err != nil {
			if err != io.EOF {
				c.err = err
			}
			break
		}
	}
	if c.stopped.Load() {
		return
	}
	if c.err != nil {
		c.frontend.Send(&pgproto3.CopyFail{Message: c.err.Error()})
	} else {
		c.frontend.Send(&pgproto3.CopyDone{})
	}
	c.frontend.Flush()
}
