package dump

import (
	"context"
	"net"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
)

// A tap is a connection that can be taken out from under pgx, with all that has
// come through it. pgx reads in the background while it writes, if that takes
// longer than some milliseconds, and a read may be left waiting when it has the
// answer already: what that gets belongs to whoever takes the connection.
type tap struct {
	net.Conn

	mu      sync.Mutex
	done    sync.Cond
	reading int  // how many reads of pgx are waiting
	taken   bool // the connection is not pgx's any more
	rest    []byte
	err     error
}

// tapped makes a configuration's connections taps.
func tapped(cfg *pgconn.Config) {
	after := cfg.AfterNetConnect
	cfg.AfterNetConnect = func(ctx context.Context, cfg *pgconn.Config, conn net.Conn) (net.Conn, error) {
		if after != nil {
			var err error
			if conn, err = after(ctx, cfg, conn); err != nil {
				return nil, err
			}
		}
		t := &tap{Conn: conn}
		t.done.L = &t.mu
		return t, nil
	}
}

// Read is what pgx calls.
func (t *tap) Read(p []byte) (int, error) {
	t.mu.Lock()
	if t.taken {
		t.mu.Unlock()
		return 0, net.ErrClosed
	}
	t.reading++
	t.mu.Unlock()
	n, err := t.Conn.Read(p)
	t.mu.Lock()
	defer t.mu.Unlock()
	defer t.done.Broadcast()
	t.reading--
	if !t.taken {
		return n, err
	}
	t.rest, t.err = append(t.rest, p[:n]...), err
	return 0, net.ErrClosed
}

// take takes the connection. Reads that pgx has begun go on, but for take's
// caller.
func (t *tap) take() *takenConn {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken = true
	return &takenConn{Conn: t.Conn, tap: t}
}

// A takenConn is a connection that was taken.
type takenConn struct {
	net.Conn
	tap *tap
}

// Read reads what pgx's last read gets, if one is waiting, and then the rest.
func (c *takenConn) Read(p []byte) (int, error) {
	t := c.tap
	t.mu.Lock()
	for t.reading > 0 {
		t.done.Wait()
	}
	if len(t.rest) > 0 {
		n := copy(p, t.rest)
		t.rest = t.rest[n:]
		t.mu.Unlock()
		return n, nil
	}
	err := t.err
	t.mu.Unlock()
	if err != nil {
		return 0, err
	}
	return t.Conn.Read(p)
}
