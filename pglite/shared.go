package pglite

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Exec runs SQL on a connection of an internal pool. See pgx for its
// arguments.
//
// The pool has as many connections as max_connections leaves to roles without
// privileges, 97 by default, and closes those that have been idle for a minute. When
// all are in use, by Rows that are open for example, a call waits for one until ctx
// ends.
func (db *DB) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	l, err := db.shared.acquire(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	defer l.release()
	return l.conn.Exec(ctx, sql, args...)
}

// Query runs a query on a connection of the internal pool; see [DB.Exec]. The rows
// must be closed or read to the end.
func (db *DB) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	l, err := db.shared.acquire(ctx)
	if err != nil {
		return failed(err).Query()
	}
	rows, err := l.conn.Query(ctx, sql, args...)
	if err != nil {
		l.release()
		return rows, err
	}
	return &leasedRows{rows, l}, nil
}

// QueryRow runs a query on a connection of the internal pool; see [DB.Exec]. Its
// error is that of Scan, which must be called.
func (db *DB) QueryRow(ctx context.Context, sql string, args ...any) pgx.Row {
	l, err := db.shared.acquire(ctx)
	if err != nil {
		return failed(err).QueryRow()
	}
	return leasedRow{l.conn.QueryRow(ctx, sql, args...), l}
}

// failed gives the Rows and the Row of a query that could not be sent.
func failed(err error) pgx.BatchResults { return pgx.FailedBatchResults(&pgx.Batch{}, err) }

// A sharedPool is the pool of Exec, Query and QueryRow. It knows who uses its
// connections, and can be closed while they do, which pgx's pools wait for.
type sharedPool struct {
	db *DB

	mu     sync.Mutex
	pool   *pgxpool.Pool // made when it is first used
	leases map[*lease]struct{}
	closed bool
}

// sharedIdle is how long a connection of the shared pool may be idle: making a new
// one takes a millisecond.
const sharedIdle = time.Minute

// get returns the pool.
func (s *sharedPool) get(ctx context.Context) (*pgxpool.Pool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if s.pool == nil {
		cfg, err := s.db.PoolConfig()
		if err != nil {
			return nil, err
		}
		cfg.MaxConns = int32(s.db.cluster.MaxSessions())
		cfg.MaxConnIdleTime = sharedIdle
		if s.pool, err = pgxpool.NewWithConfig(ctx, cfg); err != nil {
			return nil, err
		}
		s.leases = map[*lease]struct{}{}
	}
	return s.pool, nil
}

// acquire waits for a connection until ctx ends or the DB is closed.
func (s *sharedPool) acquire(ctx context.Context) (*lease, error) {
	pool, err := s.get(ctx)
	if err != nil {
		return nil, err
	}
	waiting, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(s.db.ctx, cancel)()
	conn, err := pool.Acquire(waiting)
	if err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		return nil, s.db.asClosed(err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		conn.Release()
		return nil, ErrClosed
	}
	l := &lease{pool: s, pooled: conn, conn: conn.Conn()}
	s.leases[l] = struct{}{}
	return l, nil
}

// close begins to close the pool, and takes from it what is in use, so that it
// need not wait for that. The channel is closed when it is done, which takes no
// longer than sessions take to end.
func (s *sharedPool) close() (done <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for l := range s.leases {
		l.pooled.Hijack()
		l.pooled = nil
	}
	s.leases = nil
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		if s.pool != nil {
			s.pool.Close()
		}
	}()
	return closed
}

// A lease is the use of a connection of the pool.
type lease struct {
	pool   *sharedPool
	conn   *pgx.Conn
	pooled *pgxpool.Conn // guarded by pool.mu; nil when it is over, or the pool is closed
	over   bool
}

// release ends the use. It may be called again.
func (l *lease) release() {
	if l.over {
		return
	}
	l.over = true
	s := l.pool
	s.mu.Lock()
	defer s.mu.Unlock()
	if l.pooled == nil {
		_ = l.conn.Close(context.Background()) // whose server is gone
		return
	}
	delete(s.leases, l)
	l.pooled.Release()
}

// leasedRows end the use of their connection when they are closed.
type leasedRows struct {
	pgx.Rows
	lease *lease
}

func (r *leasedRows) Close() {
	r.Rows.Close()
	r.lease.release()
}

// Next closes the rows after the last one.
func (r *leasedRows) Next() bool {
	ok := r.Rows.Next()
	if !ok {
		r.Close()
	}
	return ok
}

// Scan closes the rows when it fails.
func (r *leasedRows) Scan(dest ...any) error {
	err := r.Rows.Scan(dest...)
	if err != nil {
		r.Close()
	}
	return err
}

// Values closes the rows when it fails.
func (r *leasedRows) Values() ([]any, error) {
	values, err := r.Rows.Values()
	if err != nil {
		r.Close()
	}
	return values, err
}

// A leasedRow ends the use of its connection when it is scanned.
type leasedRow struct {
	pgx.Row
	lease *lease
}

func (r leasedRow) Scan(dest ...any) error {
	defer r.lease.release()
	return r.Row.Scan(dest...)
}
