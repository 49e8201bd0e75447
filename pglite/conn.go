package pglite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/calfdb/calf/pglite/internal/inmemory"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/wire"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	pgxvec "github.com/pgvector/pgvector-go/pgx"
)

// Connect opens a connection to the default database as the default user.
func (db *DB) Connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, db.ConnConfig())
	if err != nil {
		return nil, err
	}
	if err := registerTypes(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// Pool returns a new pool of connections. The caller closes it, before the DB.
func (db *DB) Pool(ctx context.Context) (*pgxpool.Pool, error) {
	cfg, err := inmemory.Parse(pgxpool.ParseConfig)
	if err != nil {
		return nil, fmt.Errorf("pglite: configuring a pool: %w", err)
	}
	cfg.ConnConfig = db.ConnConfig()
	cfg.AfterConnect = registerTypes
	return pgxpool.NewWithConfig(ctx, cfg)
}

// SQL returns a handle for database/sql. The caller closes it, before the DB.
func (db *DB) SQL() *sql.DB {
	return stdlib.OpenDB(*db.ConnConfig(), stdlib.OptionAfterConnect(registerTypes))
}

// ConnConfig returns what pgx needs to connect: the default user and database,
// and a dial function that connects in memory. The caller may change it, User
// and Database for example, and owns it.
func (db *DB) ConnConfig() *pgx.ConnConfig {
	cfg := inmemory.Config(db.cfg.Username, db.cfg.Database, db.dial)
	// When a context ends, the statement is cancelled and the session stays.
	cfg.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: cancelDeadline}
	}
	return cfg
}

// cancelDeadline is how long pgx waits for a cancelled statement to end before
// it gives the connection up.
const cancelDeadline = 5 * time.Second

// dial starts a backend and returns the client's end of the connection to it.
func (db *DB) dial(context.Context, string, string) (net.Conn, error) {
	if !db.startSession() {
		return nil, ErrClosed
	}
	conn, sock := wire.Pipe()
	go func() {
		defer db.sessions.Done()
		defer sock.Close()
		err := db.cluster.Connect(db.ctx, sock)
		if errors.Is(err, runtime.ErrTooManyClients) { // it may be a request to cancel
			err = db.cluster.DeadEnd(db.ctx, sock)
		}
		if err != nil && !errors.Is(err, ErrClosed) {
			db.cfg.Logger.Error("a connection ended", "error", err)
		}
	}()
	return conn, nil
}

// registerTypes makes the types of pgvector known to a connection, if the
// database has them.
func registerTypes(ctx context.Context, conn *pgx.Conn) error {
	var has bool
	if err := conn.QueryRow(ctx, "SELECT to_regtype('vector') IS NOT NULL").Scan(&has); err != nil {
		return fmt.Errorf("pglite: looking for the type vector: %w", err)
	}
	if !has {
		return nil
	}
	return pgxvec.RegisterTypes(ctx, conn)
}
