package pglite

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
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
	// MaxConnections bounds the sessions of this server; 0 means 100. The
	// database has a bound of its own, max_connections.
	MaxConnections int
	// StartupTimeout is how long a client may take to begin a session; 0 means
	// a minute.
	StartupTimeout time.Duration
}

// Serve accepts clients of the network on a listener, with PostgreSQL's
// protocol, until ctx ends; then it ends their sessions as a fast shutdown
// does and returns nil. It closes the listener.
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
	stopped := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		grace, cancel := context.WithTimeout(context.Background(), closeTimeout)
		defer cancel()
		stopped <- srv.Shutdown(grace, wire.Fast)
	})
	err := srv.Serve(context.WithoutCancel(ctx), l)
	if stop() { // it ended by itself
		return errors.Join(err, srv.Shutdown(context.Background(), wire.Fast))
	}
	return <-stopped
}

// A backend learns from its socket who its client is.
var _ runtime.IdentifiedSocket = (*wire.Socket)(nil)

// served is a database as a server sees it.
type served struct{ db *DB }

// Connect runs the session of a client.
func (s served) Connect(ctx context.Context, sock *wire.Socket) error {
	if !s.db.startSession() {
		return &pgconn.PgError{Severity: "FATAL", Code: "57P03", Message: "the database system is shutting down"}
	}
	defer s.db.sessions.Done()
	stop := context.AfterFunc(s.db.ctx, func() { sock.Close() })
	defer stop()
	return s.db.cluster.Connect(ctx, sock)
}

// Cancel passes a request to cancel a statement on to a backend, which compares
// the secret: any backend does it for any other.
func (s served) Cancel(pid uint32, secret []byte) {
	client, sock := wire.Pipe()
	packet := binary.BigEndian.AppendUint32(nil, uint32(12+len(secret)))
	packet = binary.BigEndian.AppendUint32(packet, cancelRequestCode)
	packet = binary.BigEndian.AppendUint32(packet, pid)
	if _, err := client.Write(append(packet, secret...)); err != nil || !s.db.startSession() {
		return
	}
	defer s.db.sessions.Done()
	defer sock.Close()
	_ = s.db.cluster.Connect(s.db.ctx, sock)
}

// cancelRequestCode stands where other packets have the protocol's version
// (CANCEL_REQUEST_CODE, pqcomm.h).
const cancelRequestCode = 80877102

// startSession counts a session, unless the database is closed.
func (db *DB) startSession() bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	if !db.closed {
		db.sessions.Add(1)
	}
	return !db.closed
}
