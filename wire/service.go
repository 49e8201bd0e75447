package wire

import (
	"cmp"
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
	server  *Server
	ln      net.Listener
	local   bool        // a Unix-domain socket
	tls     *tls.Config // nil for no TLS
	timeout time.Duration
	log     *slog.Logger

	ctx         context.Context // of the sessions
	endSessions context.CancelFunc
	conns       sync.WaitGroup // one for each connection
	done        chan struct{}  // Serve has nothing left to do

	mu       sync.Mutex
	stopping chan struct{} // closed when no more sessions begin
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
		timeout:  cmp.Or(s.StartupTimeout, DefaultStartupTimeout),
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
		select {
		case v.server.starting <- struct{}{}:
			v.begin(conn)
		case <-v.stopping:
			_ = conn.Close()
		}
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

// begin starts the goroutine of a connection, which holds one element of starting until it gives it up.
func (v *service) begin(conn net.Conn) {
	v.mu.Lock()
	defer v.mu.Unlock()
	deadline := time.Now().Add(v.timeout)
	if v.isStopping() {
		deadline = longAgo
	}
	_ = conn.SetDeadline(deadline)
	v.open[conn] = phaseStartup
	v.conns.Go(func() {
		defer v.forget(conn)
		v.serve(conn)
	})
}

// promote lets a connection become a session, unless there are to be no more.
func (v *service) promote(conn net.Conn) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.isStopping() {
		return errShuttingDown
	}
	select {
	case v.server.sessions <- struct{}{}:
	default:
		return errTooMany
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
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// stop begins to shut down, or to shut down faster. It does not wait.
func (v *service) stop(mode ShutdownMode) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.isStopping() {
		close(v.stopping)
		_ = v.ln.Close()
	}
	for conn, phase := range v.open {
		switch {
		case mode >= Immediate:
			_ = conn.Close()
		case phase == phaseStartup:
			_ = conn.SetDeadline(longAgo)
		}
	}
	if mode >= Fast {
		v.endSessions()
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
