package pglitetest

import (
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// A pool is one that knows who has its connections: it is its own tracer.
type pool struct {
	*pgxpool.Pool

	mu   sync.Mutex
	pids map[uint32]bool
}

func newPool(ctx context.Context, db *pglite.DB) (*pool, error) {
	plain, err := db.Pool(ctx) // which connects to nothing yet
	if err != nil {
		return nil, err
	}
	cfg := plain.Config()
	plain.Close()
	p := &pool{pids: map[uint32]bool{}}
	cfg.ConnConfig.Tracer = p
	p.Pool, err = pgxpool.NewWithConfig(ctx, cfg)
	return p, err
}

// taken returns the PIDs of the connections that are in use.
func (p *pool) taken() []uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Collect(maps.Keys(p.pids))
}

// close closes the pool of a database that is closed. pgx waits for what is in use,
// which may be for ever.
func (p *pool) close() {
	if p.Stat().AcquiredConns() > 0 {
		go p.Close()
		return
	}
	p.Close()
}

// TraceAcquireStart is part of being a tracer of pgxpool.
func (p *pool) TraceAcquireStart(ctx context.Context, _ *pgxpool.Pool, _ pgxpool.TraceAcquireStartData) context.Context {
	return ctx
}

// TraceAcquireEnd is told who is taken.
func (p *pool) TraceAcquireEnd(_ context.Context, _ *pgxpool.Pool, data pgxpool.TraceAcquireEndData) {
	if data.Conn == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pids[data.Conn.PgConn().PID()] = true
}

// TraceRelease is told who is given back.
func (p *pool) TraceRelease(_ *pgxpool.Pool, data pgxpool.TraceReleaseData) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.pids, data.Conn.PgConn().PID())
}

// TraceQueryStart is part of being a tracer of pgx.
func (p *pool) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd is part of being a tracer of pgx.
func (p *pool) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
