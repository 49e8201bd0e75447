package pglite_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// endingPatience bounds a test, so that a hang fails and says where.
const endingPatience = 4 * time.Minute

// maxConnections is PostgreSQL's default of max_connections.
const maxConnections = 100

// TestSessionsEndInEveryWay opens more sessions than there may be, and ends them in every way there is. Each time nothing is
// left of them: no session, no lock, no slot that is taken.
func TestSessionsEndInEveryWay(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"Memory", "TCP"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(context.Background(), endingPatience)
			defer cancel()
			db := open(t, pglite.Config{})
			cfg := db.ConnConfig()
			if transport == "TCP" {
				cfg = clientConfig(t, serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{MaxConnections: 2 * maxConnections}), "sslmode=disable")
			}
			watch := newWatch(t, ctx, db)
			require.NoError(t, watch.exec(`CREATE TABLE t (a int)`))

			conns := connectMany(t, ctx, cfg, 150)
			require.Len(t, conns, maxConnections-1, "the one that watches is the last")
			var group errgroup.Group
			for i, conn := range conns {
				way := endings[i%len(endings)]
				group.Go(func() error {
					if err := way.end(&endingSession{ctx: ctx, conn: conn, pid: conn.PgConn().PID(), watch: watch}); err != nil {
						return fmt.Errorf("%s: %w", way.name, err)
					}
					return nil
				})
			}
			require.NoError(t, group.Wait())
			watch.requireAlone(t)

			conns = connectMany(t, ctx, cfg, maxConnections-1)
			require.Len(t, conns, maxConnections-1, "all slots are free again")
			for _, conn := range conns {
				require.NoError(t, conn.Close(ctx))
			}
			watch.requireAlone(t)
		})
	}
}

// TestCloseEndsSessions closes a database with sessions in the middle of everything.
func TestCloseEndsSessions(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"Memory", "TCP"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			needGuest(t)
			ctx, cancel := context.WithTimeout(context.Background(), endingPatience)
			defer cancel()
			db, err := pglite.Open(ctx, pglite.Memory)
			require.NoError(t, err)
			defer db.Close()
			cfg := db.ConnConfig()
			if transport == "TCP" {
				cfg = clientConfig(t, serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{}), "sslmode=disable")
			}
			watch := newWatch(t, ctx, db)
			require.NoError(t, watch.exec(`CREATE TABLE t (a int)`))
			conns := connectMany(t, ctx, cfg, 4*len(endlessWorks))
			ended := make(chan error, len(conns))
			afterClose, closed := context.WithCancel(ctx)
			defer closed()
			for i, conn := range conns {
				s := &endingSession{ctx: ctx, conn: conn, pid: conn.PgConn().PID(), watch: watch}
				work := endlessWorks[i%len(endlessWorks)]
				run := ctx
				if work.waits {
					run = afterClose
				}
				go func() { ended <- work.run(run, s) }()
				require.NoError(t, watch.until(work.busy, s.pid), work.name)
			}
			require.NoError(t, db.Close())
			closed()
			for range conns {
				require.Error(t, <-ended)
			}
			for _, conn := range conns {
				require.Error(t, conn.Ping(ctx))
				_ = conn.Close(ctx)
			}
		})
	}
}

// connectMany connects many times at once. Of what is refused, PostgreSQL says that it was too many.
func connectMany(t *testing.T, ctx context.Context, cfg *pgx.ConnConfig, n int) []*pgx.Conn {
	t.Helper()
	var mu sync.Mutex
	var conns []*pgx.Conn
	var group errgroup.Group
	for range n {
		group.Go(func() error {
			conn, err := pgx.ConnectConfig(ctx, cfg)
			if err != nil {
				return stateIs(err, "53300")
			}
			mu.Lock()
			defer mu.Unlock()
			conns = append(conns, conn)
			return nil
		})
	}
	err := group.Wait()
	t.Cleanup(func() {
		for _, conn := range conns {
			_ = conn.Close(context.Background())
		}
	})
	require.NoError(t, err)
	return conns
}

// A watch asks the server about sessions, on one of its own. It is safe for concurrent use.
type watch struct {
	ctx  context.Context
	mu   sync.Mutex
	conn *pgx.Conn
}

func newWatch(t *testing.T, ctx context.Context, db *pglite.DB) *watch {
	t.Helper()
	conn, err := db.Connect(ctx)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return &watch{ctx: ctx, conn: conn}
}

func (w *watch) exec(sql string, args ...any) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	_, err := w.conn.Exec(w.ctx, sql, args...)
	return err
}

// until waits until there is a session with a process id for which a condition holds.
func (w *watch) until(condition string, pid uint32) error {
	return w.untilTrue("SELECT EXISTS (SELECT FROM pg_stat_activity WHERE pid = $1 AND "+condition+")", pid)
}

func (w *watch) untilTrue(sql string, args ...any) error {
	for {
		var is bool
		w.mu.Lock()
		err := w.conn.QueryRow(w.ctx, sql, args...).Scan(&is)
		w.mu.Unlock()
		if err != nil {
			return fmt.Errorf("waiting for %s %v: %w", sql, args, err)
		}
		if is {
			return nil
		}
	}
}

// requireAlone waits until there is no other session, lock, or temporary table.
func (w *watch) requireAlone(t *testing.T) {
	t.Helper()
	const left = `SELECT concat_ws(' ', 'session', pid, state, wait_event, query) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
		UNION ALL SELECT concat_ws(' ', 'lock of', pid, locktype, mode) FROM pg_locks WHERE pid <> pg_backend_pid()
		UNION ALL SELECT 'table ' || relname FROM pg_class WHERE relpersistence = 't'`
	var last []string
	for {
		rows, err := w.conn.Query(w.ctx, left)
		require.NoError(t, err, last)
		now, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err, last)
		if last = now; len(last) == 0 {
			return
		}
	}
}
