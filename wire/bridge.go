package wire

import (
	"errors"
	"io"
	"net"
	"time"
)

// Bridge joins conn to a Socket, with the bytes in first before everything that conn will bring; conn may be a TCP connection,
// a Unix-domain socket, a *tls.Conn, anything. From then on conn belongs to the bridge, which closes it.
//
// Two goroutines move the bytes, and each direction buffers at most 64 KiB and what is on its way, so that a slow reader holds
// up the writer on the other side. They end when the Socket is closed, after conn has taken what was sent, for which
// it has 5 s, and has hung up, for which it has 0.5 s more; and when conn fails or is closed, which is how to end a bridge without
// waiting. When conn only closes its writing side, the Socket receives io.EOF and can go on sending.
//
// done is closed when both goroutines have ended and conn is closed.
func Bridge(conn net.Conn, first []byte) (s *Socket, done <-chan struct{}) {
	client, s := newPipe(conn.RemoteAddr(), identify(conn))
	b := &bridge{conn: conn, client: client, upDone: make(chan struct{}), done: make(chan struct{})}
	s.p.linger = func() { _ = conn.SetWriteDeadline(time.Now().Add(flushTimeout)) }
	s.p.hungUp = func() bool { return hungUp(conn) }
	rest := first[client.p.up.ring.write(first):]
	go b.up(rest)
	go b.down()
	return s, b.done
}

// bridge copies between conn and the client's end of a pipe. down owns the end: it waits for up and closes conn.
type bridge struct {
	conn   net.Conn
	client *Conn
	upDone chan struct{}
	done   chan struct{}
}

// up copies from conn to the backend. When the backend is gone, it goes on reading, for nothing, until conn is closed.
func (b *bridge) up(rest []byte) {
	defer close(b.upDone)
	_, _ = b.client.Write(rest)
	var buf readBuffer
	defer buf.release()
	for {
		p := buf.next()
		n, err := b.conn.Read(p)
		_, _ = b.client.Write(p[:n])
		buf.used(n)
		if errors.Is(err, io.EOF) {
			_ = b.client.CloseWrite()
			return
		}
		if err != nil {
			_ = b.client.Close()
			return
		}
	}
}

// down copies from the backend to conn, until the backend has closed and conn has everything, or conn is of no use.
func (b *bridge) down() {
	defer close(b.done)
	var r ring
	defer r.reset()
	var err error
	for err == nil {
		if err = b.client.p.down.swap(&r); err == nil {
			err = r.writeTo(b.conn)
		}
	}
	_ = b.client.Close()
	if err == io.EOF && closeWrite(b.conn) {
		<-b.upDone // which reads to the end
	}
	_ = b.conn.Close()
	<-b.upDone
}

// readBuffer is what a connection is read into: small while little comes, so that an idle connection pins little.
type readBuffer struct {
	small []byte
	large *[ringSize]byte
}

// next returns the buffer for the next read.
func (b *readBuffer) next() []byte {
	if b.large != nil {
		return b.large[:]
	}
	if b.small == nil {
		b.small = make([]byte, ringKept)
	}
	return b.small
}

// used tells that n bytes of the buffer were filled, and are needed no more.
func (b *readBuffer) used(n int) {
	switch {
	case b.large == nil && n == len(b.small):
		b.large = rings.Get().(*[ringSize]byte)
	case b.large != nil && n <= ringKept:
		b.release()
	}
}

func (b *readBuffer) release() {
	if b.large != nil {
		rings.Put(b.large)
		b.large = nil
	}
}
