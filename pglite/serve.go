package pglite

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/wire"
	"github.com/jackc/pgx/v5/pgconn"
)

// ServeConfig configures a server. The zero value accepts plain connections.
type ServeConfig struct {
	// TLS, if set, is offered to clients; RequireTLS refuses those that do not
	// take it, unless they come through a Unix-domain socket. For lines of
	// pg_hba.conf that demand certificates, TLS needs ClientCAs, and
	// tls.VerifyClientCertIfGiven for ClientAuth.
	TLS        *tls.Config
	RequireTLS bool
	// MaxConnections bounds the sessions of this server, so that some of the
	// database's are left for the program itself: one more is refused with
	// SQLSTATE 53300, a superuser's too. 0 means that only the database bounds
	// them: with max_connections, of which superuser_reserved_connections are
	// for superusers and reserved_connections for pg_use_reserved_connections.
	MaxConnections int
	// StartupTimeout is how long a client may take to begin a session, TLS
	// included, before its connection is closed. 0 means the database's
	// authentication_timeout, a minute by default, which also bounds what comes
	// after that, the proof who the client is.
	//
	// Clients that have not begun a session take no place of others. There can
	// be 1000 of them; one more, and the oldest is closed.
	StartupTimeout time.Duration
	// Drain, when it is closed, has the server take no more sessions and Serve
	// return nil when the last one has ended by itself, as PostgreSQL's smart
	// shutdown does. nil means never.
	Drain <-chan struct{}
}

// Serve accepts clients of the network on a listener, with PostgreSQL's
// protocol, until ctx ends; then it ends their sessions as a fast shutdown
// does and returns nil. If the DB is closed first, it returns ErrClosed. It closes
// the listener.
//
// Who may connect is PostgreSQL's decision: see Config.HBA. A new data
// directory trusts everybody who can reach the listener.
func (db *DB) Serve(ctx context.Context, l net.Listener, cfg ServeConfig) error {
	srv := &wire.Server{
		Cluster: served{db}, TLS: cfg.TLS, RequireTLS: cfg.RequireTLS,
		MaxConnections: cfg.MaxConnections, StartupTimeout: cfg.StartupTimeout, Logger: db.cfg.Logger,
	}
	defer db.listens(&listener{l.Addr(), cfg.TLS != nil})()
	// The server's own context must outlive ctx: sessions end in order.
	until, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(db.ctx, func() { cancel(ErrClosed) })()
	stopped := make(chan error, 1)
	stop := context.AfterFunc(until, func() {
		grace, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		stopped <- srv.Shutdown(grace, wire.Fast)
	})
	ended := make(chan struct{})
	var draining sync.WaitGroup
	draining.Go(func() {
		select {
		case <-cfg.Drain:
			_ = srv.Shutdown(ctx, wire.Smart)
		case <-ended:
		}
	})
	err := srv.Serve(context.WithoutCancel(ctx), l)
	close(ended)
	draining.Wait()
	if stop() { // it ended by itself
		return errors.Join(err, srv.Shutdown(context.Background(), wire.Fast))
	}
	if err = <-stopped; err == nil && ctx.Err() == nil {
		err = fmt.Errorf("pglite: serving at %s: %w", l.Addr(), ErrClosed)
	}
	return err
}

// A backend learns from its socket who its client is.
var _ runtime.IdentifiedSocket = (*wire.Socket)(nil)

// served is a database as a server sees it.
type served struct{ db *DB }

// Connect runs the session of a client.
func (s served) Connect(ctx context.Context, sock *wire.Socket) error {
	if !s.db.startSession() {
		return errShuttingDown
	}
	defer s.db.endSession()
	err := s.db.cluster.Connect(ctx, sock)
	switch {
	case errors.Is(err, runtime.ErrTooManyClients):
		return &pgconn.PgError{Severity: "FATAL", Code: "53300", Message: runtime.ErrTooManyClients.Error()}
	case errors.Is(err, ErrClosed):
		return errShuttingDown
	}
	return err
}

// AuthenticationTimeout is that of the database.
func (s served) AuthenticationTimeout() time.Duration { return s.db.cluster.AuthenticationTimeout() }

// Cancel passes a request to cancel a statement on to a backend, which compares
// the secret: any backend does it for any other, and one that takes no place of a
// session.
func (s served) Cancel(pid uint32, secret []byte) {
	client, sock := wire.Pipe()
	packet := binary.BigEndian.AppendUint32(nil, uint32(12+len(secret)))
	packet = binary.BigEndian.AppendUint32(packet, cancelRequestCode)
	packet = binary.BigEndian.AppendUint32(packet, pid)
	if _, err := client.Write(append(packet, secret...)); err != nil || !s.db.startSession() {
		return
	}
	defer s.db.endSession()
	defer sock.Close()
	_ = s.db.cluster.DeadEnd(s.db.ctx, sock)
}

// cancelRequestCode stands where other packets have the protocol's version
// (CANCEL_REQUEST_CODE, pqcomm.h).
const cancelRequestCode = 80877102
