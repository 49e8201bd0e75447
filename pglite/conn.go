package pglite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"

	"github.com/calfdb/calf/pglite/internal/inmemory"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/wire"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	pgxvec "github.com/pgvector/pgvector-go/pgx"
)

// Connect opens a connection to the default database as the default user.
func (db *DB) Connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, db.ConnConfig())
	if err != nil {
		return nil, db.asClosed(err)
	}
	if err := registerTypes(ctx, conn); err != nil {
		return nil, db.asClosed(errors.Join(err, conn.Close(ctx)))
	}
	return conn, nil
}

// Pool returns a new pool of connections, of the size that pgx gives to a pool: 4,
// or the number of processors if that is greater. As everywhere with pgx, who holds
// a connection and asks for another may wait for ever when all do so. For another
// size, see [DB.PoolConfig]. The caller closes the pool, before the DB.
func (db *DB) Pool(ctx context.Context) (*pgxpool.Pool, error) {
	if db.isClosed() {
		return nil, fmt.Errorf("pglite: making a pool: %w", ErrClosed)
	}
	cfg, err := db.PoolConfig()
	if err != nil {
		return nil, err
	}
	return pgxpool.NewWithConfig(ctx, cfg)
}

// PoolConfig returns the configuration of the pools that Pool makes, for one with
// other options: its size, what is done with new connections, tracers. The types of
// pgvector are registered by AfterConnect. The caller may change it, and owns it:
//
//	cfg, err := db.PoolConfig()
//	...
//	cfg.MaxConns = 20
//	pool, err := pgxpool.NewWithConfig(ctx, cfg)
//
// As with ConnConfig, it is no error to ask for it after Close; connecting then fails
// with ErrClosed.
func (db *DB) PoolConfig() (*pgxpool.Config, error) {
	cfg, err := inmemory.Parse(pgxpool.ParseConfig)
	if err != nil {
		return nil, fmt.Errorf("pglite: configuring a pool: %w", err)
	}
	cfg.ConnConfig = db.ConnConfig()
	cfg.AfterConnect = registerTypes
	return cfg, nil
}

// SQL returns a handle for database/sql. It opens at most as many connections as
// max_connections leaves to roles without privileges, 97 by default; see
// [sql.DB.SetMaxOpenConns]. The caller closes it, before the DB.
func (db *DB) SQL() *sql.DB {
	handle := stdlib.OpenDB(*db.ConnConfig(), stdlib.OptionAfterConnect(registerTypes))
	handle.SetMaxOpenConns(db.cluster.MaxSessions())
	return handle
}

// ConnConfig returns what pgx needs to connect: the default user and database,
// and a dial function that connects in memory. The caller may change it, User
// and Database for example, and owns it. After Close, connecting fails with
// ErrClosed.
//
// As with any server, pgx gives up a connection when the context of a call on it ends.
// What changes that works here, too: see the example.
func (db *DB) ConnConfig() *pgx.ConnConfig {
	return inmemory.Config(db.cfg.Username, db.cfg.Database, db.dial)
}

// dial starts a backend and returns the client's end of the connection to it.
func (db *DB) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if !db.startSession() {
		return nil, ErrClosed
	}
	conn, sock := wire.Pipe()
	go func() {
		defer db.endSession()
		defer sock.Close()
		err := db.cluster.Connect(db.ctx, sock)
		if errors.Is(err, runtime.ErrTooManyClients) { // it may be a request to cancel
			err = db.cluster.DeadEnd(db.ctx, sock)
		}
		switch {
		case err == nil:
		case db.ctx.Err() != nil:
			sock.Refuse(errShuttingDown)
		default:
			db.cfg.Logger.Error("a connection ended", "error", err)
			sock.Refuse(err)
		}
	}()
	return conn, nil
}

// startSession counts a session, unless the database is closed.
func (db *DB) startSession() bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	if !db.closed {
		db.sessions.Add(1)
		db.open++
	}
	return !db.closed
}

// endSession says that a session has ended.
func (db *DB) endSession() {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.sessions.Done()
	db.open--
}

// openSessions returns how many sessions there are.
func (db *DB) openSessions() int {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.open
}

// errShuttingDown is what a client is told that connects when it is too late.
var errShuttingDown = &pgconn.PgError{Severity: "FATAL", Code: "57P03", Message: "the database system is shutting down"}

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
