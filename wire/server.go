package wire

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"
)

// Server serves a Cluster to clients that come over the network: it answers what PostgreSQL's postmaster answers before
// there is a backend, and hands over the sessions. Set the fields, then call Serve, once for each listener; do not change
// a field after that. The methods are safe for concurrent use. A Server that has been shut down stays so.
//
// A connection is nothing to Cluster until it asks for a session or a cancellation. A Server listens to 1000 that have not done so
// at a time; when there are more, the oldest of them is closed, so that those who say nothing keep out nobody.
//
// Connections to a Unix-domain socket are local: they are offered no TLS and need none, as in PostgreSQL.
//
// What a backend can know of its client's TLS, it can ask the Socket. Clients' certificates are verified as TLS.ClientAuth and
// TLS.ClientCAs say; with PostgreSQL's clientcert lines in mind that is tls.VerifyClientCertIfGiven.
type Server struct {
	// Cluster starts the backends. Required.
	Cluster Cluster

	// TLS is how to encrypt, nil for not at all. It needs a certificate. Its NextProtos are replaced by PostgreSQL's one.
	TLS *tls.Config

	// RequireTLS refuses sessions that are neither encrypted nor local, with SQLSTATE 28000. Cancel requests are taken from
	// anyone, as in PostgreSQL: the key in them is their authority.
	RequireTLS bool

	// MaxConnections is how many sessions there can be at once; one more is refused with SQLSTATE 53300, whoever asks. 0 means
	// as many as Cluster takes, which may reserve some for superusers.
	MaxConnections int

	// StartupTimeout is how long a client may take to begin its session, TLS included, before its connection is closed. It
	// does not cover authentication, which is the backend's. 0 means what Cluster says.
	StartupTimeout time.Duration

	// Logger gets a record when a session begins (Info) and ends (Info), and when a connection comes to nothing (Warn; Debug
	// when it merely came and went). nil means none.
	Logger *slog.Logger

	mu       sync.Mutex
	ready    bool
	down     bool
	services map[*service]struct{}
	lobby    lobby
	sessions chan struct{} // one element for each session; nil for no limit
}

// ShutdownMode is one of PostgreSQL's three ways to shut down.
type ShutdownMode int

const (
	// Smart takes no new sessions and lets the present ones end by themselves. Until they have, a client that wants a new one is
	// told so, with SQLSTATE 57P03, and one that wants to cancel a statement can.
	Smart ShutdownMode = iota
	// Fast also ends the sessions, by ending the context of Cluster.Connect.
	Fast
	// Immediate also closes their connections without another word.
	Immediate
)

// Serve accepts connections from ln until the server is shut down, and then returns nil. It returns when the last of its
// connections is closed and everything it started has ended. It closes ln.
//
// The end of ctx shuts down this listener, Fast, and Serve returns context.Cause(ctx). An error of ln that is not
// temporary does the same and is returned. A Server that is not set up properly serves nothing and says why.
func (s *Server) Serve(ctx context.Context, ln net.Listener) error {
	defer ln.Close()
	v, err := s.open(ctx, ln)
	if v == nil {
		return err
	}
	defer s.close(v)
	watched := make(chan struct{})
	unwatch := context.AfterFunc(ctx, func() {
		defer close(watched)
		v.stop(Fast)
	})
	err = v.accept()
	if err != nil {
		v.stop(Fast)
	}
	v.conns.Wait()
	if !unwatch() {
		<-watched
	}
	if err == nil && !s.isDown() {
		err = context.Cause(ctx)
	}
	return err
}

// Shutdown shuts down all listeners and waits until every Serve has nothing left to do. A second call with another mode
// hastens the first. It returns nil, or context.Cause(ctx) when ctx ends before; the shutdown then goes on.
func (s *Server) Shutdown(ctx context.Context, mode ShutdownMode) error {
	s.mu.Lock()
	s.down = true
	services := slices.Collect(maps.Keys(s.services))
	s.mu.Unlock()
	for _, v := range services {
		v.stop(mode)
	}
	for _, v := range services {
		select {
		case <-v.done:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

// open begins to serve ln, unless the server is down or not set up.
func (s *Server) open(ctx context.Context, ln net.Listener) (*service, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return nil, nil
	}
	if err := s.prepare(); err != nil {
		return nil, err
	}
	v := newService(ctx, s, ln)
	s.services[v] = struct{}{}
	return v, nil
}

// prepare checks the fields and fills in the defaults, once.
func (s *Server) prepare() error {
	if s.ready {
		return nil
	}
	switch {
	case s.Cluster == nil:
		return errors.New("wire: serving: Server.Cluster is nil")
	case s.RequireTLS && s.TLS == nil:
		return errors.New("wire: serving: Server.RequireTLS is set, but Server.TLS is nil")
	case s.MaxConnections < 0:
		return fmt.Errorf("wire: serving: Server.MaxConnections is %d, must not be below 0", s.MaxConnections)
	case s.StartupTimeout < 0:
		return fmt.Errorf("wire: serving: Server.StartupTimeout is %v, must not be below 0", s.StartupTimeout)
	}
	if s.MaxConnections > 0 {
		s.sessions = make(chan struct{}, s.MaxConnections)
	}
	s.services = make(map[*service]struct{})
	s.ready = true
	return nil
}

func (s *Server) close(v *service) {
	v.endSessions()
	s.mu.Lock()
	delete(s.services, v)
	s.mu.Unlock()
	close(v.done)
}

// beginSession counts a session, unless there are MaxConnections.
func (s *Server) beginSession() bool {
	if s.sessions == nil {
		return true
	}
	select {
	case s.sessions <- struct{}{}:
		return true
	default:
		return false
	}
}

// endSession takes back what beginSession counted.
func (s *Server) endSession() {
	if s.sessions != nil {
		<-s.sessions
	}
}

func (s *Server) isDown() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.down
}
