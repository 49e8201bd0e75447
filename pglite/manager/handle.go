package manager

import (
	"context"
	"database/sql"
	"errors"
	"io"
	"net"
	"sync"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	pgxvec "github.com/pgvector/pgvector-go/pgx"
)

// A Handle is the use of a database that [Manager.Open] opened. As long as it has
// not been closed, the database is open. It is safe for concurrent use, and cheap
// to get while the database is open.
//
// Close says that the use is over. Connections and pools that came from the
// handle end with it, also if the database stays open for others, so that nobody
// uses a database that may be closed at any time. Afterwards methods fail with
// ErrClosed.
type Handle struct {
	cache *cache
	entry *entry

	mu     sync.Mutex
	conns  map[*conn]struct{}
	closed bool
}

func newHandle(c *cache, e *entry) *Handle {
	return &Handle{cache: c, entry: e, conns: map[*conn]struct{}{}}
}

// Close ends the use of the database. It is idempotent, and always nil.
func (h *Handle) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	conns := h.conns
	h.conns = nil
	h.mu.Unlock()
	for c := range conns {
		_ = c.Conn.Close()
	}
	h.cache.release(h)
	return nil
}

// ID returns the id of the database.
func (h *Handle) ID() string { return h.entry.id }

// db returns the database.
func (h *Handle) db() (*pglite.DB, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, wrap(ErrClosed, "using database", h.entry.id)
	}
	return h.entry.db, nil
}

// hold returns the database, which stays open until release is called, even if
// the handle is closed meanwhile.
func (h *Handle) hold() (db *pglite.DB, release func(), err error) {
	db, err = h.db()
	if err != nil {
		return nil, nil, err
	}
	h.cache.mu.Lock()
	defer h.cache.mu.Unlock()
	e := h.entry
	if _, used := e.handles[h]; !used || h.cache.closed {
		return nil, nil, wrap(ErrClosed, "using database", e.id)
	}
	other := newHandle(h.cache, e)
	e.handles[other] = struct{}{}
	return db, func() { other.Close() }, nil
}

// Exec runs SQL on a connection that all handles of the database share. See pgx
// for its arguments.
func (h *Handle) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	db, err := h.db()
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	return db.Exec(ctx, sql, args...)
}

// Query runs a query on such a connection. The rows must be closed or read to
// the end; the database is not closed before that.
func (h *Handle) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	db, err := h.db()
	if err != nil {
		return nil, err
	}
	return db.Query(ctx, sql, args...)
}

// QueryRow runs a query on such a connection; its error is that of Scan.
func (h *Handle) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	db, err := h.db()
	if err != nil {
		return errRow{err}
	}
	return db.QueryRow(ctx, sql, args...)
}

type errRow struct{ err error }

func (r errRow) Scan(...any) error { return r.err }

// Connect opens a connection, a session of its own.
func (h *Handle) Connect(ctx context.Context) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, h.ConnConfig())
	if err != nil {
		return nil, err
	}
	if err := pgxvec.RegisterTypes(ctx, conn); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// Pool returns a new pool of connections. The caller closes it, before the
// handle.
func (h *Handle) Pool(ctx context.Context) (*pgxpool.Pool, error) {
	db, err := h.db()
	if err != nil {
		return nil, err
	}
	plain, err := db.Pool(ctx) // which connects to nothing yet
	if err != nil {
		return nil, err
	}
	cfg := plain.Config()
	plain.Close()
	cfg.ConnConfig = h.ConnConfig()
	return pgxpool.NewWithConfig(ctx, cfg)
}

// SQL returns a handle for database/sql, with the limit of [pglite.DB.SQL]. The
// caller closes it, before this one.
func (h *Handle) SQL() *sql.DB {
	plain := h.entry.db.SQL()
	defer plain.Close()
	handle := stdlib.OpenDB(*h.ConnConfig(), stdlib.OptionAfterConnect(pgxvec.RegisterTypes))
	handle.SetMaxOpenConns(plain.Stats().MaxOpenConnections)
	return handle
}

// ConnConfig returns what pgx needs to connect, as [pglite.DB.ConnConfig] does.
func (h *Handle) ConnConfig() *pgx.ConnConfig {
	cfg := h.entry.db.ConnConfig()
	dial := cfg.DialFunc
	cfg.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return h.track(c)
	}
	return cfg
}

// Serve accepts clients of the network on a listener until ctx ends, as
// [pglite.DB.Serve] does. The database is in use as long, even if the handle is
// closed.
func (h *Handle) Serve(ctx context.Context, l net.Listener, cfg pglite.ServeConfig) error {
	db, release, err := h.hold()
	if err != nil {
		return errors.Join(err, l.Close())
	}
	defer release()
	return db.Serve(ctx, l, cfg)
}

// Dump writes the data directory as a tar archive; see [pglite.DB.Dump].
func (h *Handle) Dump(ctx context.Context, w io.Writer, cfg dump.ArchiveConfig) error {
	db, release, err := h.hold()
	if err != nil {
		return err
	}
	defer release()
	return db.Dump(ctx, w, cfg)
}

// DumpSQL writes a dump that pg_dump makes, SQL text by default; see
// [pglite.DB.DumpSQL].
func (h *Handle) DumpSQL(ctx context.Context, w io.Writer, cfg dump.SQLConfig) error {
	db, release, err := h.hold()
	if err != nil {
		return err
	}
	defer release()
	return db.DumpSQL(ctx, w, cfg)
}

// RestoreSQL runs a dump; see [pglite.DB.RestoreSQL].
func (h *Handle) RestoreSQL(ctx context.Context, r io.Reader, cfg dump.RestoreSQLConfig) error {
	db, release, err := h.hold()
	if err != nil {
		return err
	}
	defer release()
	return db.RestoreSQL(ctx, r, cfg)
}

// A conn is a connection that ends with the handle it came from.
type conn struct {
	net.Conn
	handle *Handle
}

// track makes a connection end with the handle.
func (h *Handle) track(nc net.Conn) (net.Conn, error) {
	c := &conn{nc, h}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		_ = nc.Close()
		return nil, ErrClosed
	}
	h.conns[c] = struct{}{}
	return c, nil
}

// Close closes the connection.
func (c *conn) Close() error {
	c.handle.mu.Lock()
	delete(c.handle.conns, c)
	c.handle.mu.Unlock()
	return c.Conn.Close()
}
