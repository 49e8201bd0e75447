package pglite

import (
	"context"

	"github.com/calfdb/calf/pglite/internal/inuse"
	"github.com/jackc/pgx/v5"
)

func init() {
	inuse.Of = func(ctx context.Context, db any, taken []uint32) ([]inuse.Connection, error) {
		return db.(*DB).inUse(ctx, taken)
	}
}

// inUse returns the connections that are in use; see package inuse. What merely runs
// a statement is not: its client may have given it up, and a request to cancel that
// comes before the statement begins is in vain, as everywhere.
func (db *DB) inUse(ctx context.Context, taken []uint32) ([]inuse.Connection, error) {
	leased, idle := db.shared.use()
	if len(leased) == 0 && db.openSessions() == idle {
		return nil, nil
	}
	conn, err := db.backup().Superuser(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `SELECT pid, state, left(query, 1000) FROM pg_stat_activity
		WHERE backend_type = 'client backend' AND (state LIKE 'idle in transaction%' OR pid = ANY ($1)) ORDER BY pid`,
		append(leased, taken...))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[inuse.Connection])
}

// use returns the PIDs of the connections that are in use, and how many are not.
func (s *sharedPool) use() (leased []uint32, idle int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l := range s.leases {
		leased = append(leased, l.conn.PgConn().PID())
	}
	if s.pool != nil {
		idle = int(s.pool.Stat().IdleConns())
	}
	return leased, idle
}
