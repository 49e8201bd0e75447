package wire

import (
	"cmp"
	"container/list"
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"
)

// service is one listener of a Server and the connections it has accepted.
type service struct {
	server *Server
	ln     net.Listener
	local  bool        // a Unix-domain socket
	tls    *tls.Config // nil for no TLS
	log    *slog.Logger

	ctx         context.Context // of the sessions
	endSessions context.CancelFunc
	conns       sync.WaitGroup // one for each connection
	done        chan struct{}  // Serve has nothing left to do

	mu       sync.Mutex
	stopping chan struct{} // closed when no more sessions begin
	shut     bool          // ln is closed
	open     map[net.Conn]phase
}

// phase says how far a connection has come.
type phase int

const (
	phaseStartup phase = iota
	phaseSession
)

func newService(ctx context.Context, s *Server, ln net.Listener) *service {
	v := &service{
		server:   s,
		ln:       ln,
		local:    ln.Addr().Network() == "unix",
		log:      cmp.Or(s.Logger, slog.New(slog.DiscardHandler)),
		done:     make(chan struct{}),
		stopping: make(chan struct{}),
		open:     make(map[net.Conn]phase),
	}
	if s.TLS != nil && !v.local {
		v.tls = s.TLS
	}
	v.ctx, v.endSessions = context.WithCancel(ctx)
	return v
}

// accept takes connections until the service is stopped, which is no error, or the listener fails.
func (v *service) accept() error {
	var pause time.Duration
	for {
		conn, err := v.ln.Accept()
		if err != nil {
			if v.isStopping() {
				return nil
			}
			if t, ok := err.(interface{ Temporary() bool }); !ok || !t.Temporary() {
				return fmt.Errorf("wire: accepting connections at %s: %w", v.ln.Addr(), err)
			}
			pause = min(max(2*pause, 5*time.Millisecond), time.Second)
			v.log.LogAttrs(v.ctx, slog.LevelWarn, "cannot accept connection", slog.Any("error", err), slog.Duration("retry", pause))
			v.sleep(pause)
			continue
		}
		pause = 0
		v.begin(conn)
	}
}

// sleep waits, but not when there is reason to stop.
func (v *service) sleep(d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-v.stopping:
	}
}

// begin starts the goroutine of a connection, which has a place in the lobby until it begins a session.
func (v *service) begin(conn net.Conn) {
	v.mu.Lock()
	defer v.mu.Unlock()
	timeout := v.server.StartupTimeout
	if timeout == 0 {
		timeout = v.server.Cluster.AuthenticationTimeout()
	}
	deadline := time.Now().Add(timeout)
	if v.shut {
		deadline = longAgo
	}
	_ = conn.SetDeadline(deadline)
	v.open[conn] = phaseStartup
	place, evicted := v.server.lobby.enter(conn)
	if evicted != nil {
		v.log.LogAttrs(v.ctx, slog.LevelWarn, "too many connections without a session, closing the oldest",
			slog.String("remote", v.remote(evicted)))
	}
	v.conns.Go(func() {
		defer v.forget(conn)
		v.serve(conn, place)
	})
}

// promote lets a connection leave the lobby and become a session, unless there are to be no more.
func (v *service) promote(conn net.Conn, place *list.Element) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.isStopping() {
		return errShuttingDown
	}
	if !v.server.beginSession() {
		return errTooMany
	}
	if !v.server.lobby.leave(place) {
		v.server.endSession()
		return net.ErrClosed
	}
	_ = conn.SetDeadline(time.Time{})
	v.open[conn] = phaseSession
	return nil
}

func (v *service) forget(conn net.Conn) {
	_ = conn.Close()
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.open, conn)
	if v.isStopping() {
		v.shutIfIdle()
	}
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// stop begins to shut down, or to shut down faster. It does not wait.
func (v *service) stop(mode ShutdownMode) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.isStopping() {
		close(v.stopping)
	}
	if mode < Fast {
		v.shutIfIdle()
		return
	}
	v.shutDoor()
	v.endSessions()
	if mode >= Immediate {
		for conn := range v.open {
			_ = conn.Close()
		}
	}
}

// shutIfIdle is for a smart shutdown: as long as there are sessions, clients are told why they get none, and can cancel what
// the sessions do. The caller holds mu.
func (v *service) shutIfIdle() {
	for _, phase := range v.open {
		if phase == phaseSession {
			return
		}
	}
	v.shutDoor()
}

// shutDoor takes no more connections, and hurries those that have no session. The caller holds mu.
func (v *service) shutDoor() {
	if v.shut {
		return
	}
	v.shut = true
	_ = v.ln.Close()
	for conn, phase := range v.open {
		if phase == phaseStartup {
			_ = conn.SetDeadline(longAgo)
		}
	}
}

// isStopping tells whether stop has been called. Holding mu makes the answer last.
func (v *service) isStopping() bool {
	select {
	case <-v.stopping:
		return true
	default:
		return false
	}
}
