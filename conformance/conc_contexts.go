package conformance

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
)

// waits are calls that do not end before their context does.
var waits = []struct {
	name   string
	do     func(ctx context.Context, c *pgx.Conn) error
	before string // what a third session does first, in a transaction
	waits  string // true of the backend's row of pg_stat_activity when it waits
}{
	{"Exec", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `SELECT pg_sleep(100000)`)
		return err
	}, ``, `wait_event = 'PgSleep'`},
	{"Parameters", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `SELECT pg_sleep($1)`, 100000.)
		return err
	}, ``, `wait_event = 'PgSleep'`},
	{"Computing", func(ctx context.Context, c *pgx.Conn) error { // which has begun when it has the lock
		_, err := c.Exec(ctx, `DO $$ BEGIN PERFORM pg_advisory_lock_shared(4711); LOOP NULL; END LOOP; END $$`)
		return err
	}, ``, `pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = 4711 AND granted)`},
	{"Lock", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, `UPDATE t SET a = 2`)
		return err
	}, `UPDATE t SET a = 3`, `wait_event_type = 'Lock'`},
	{"Prepare", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Prepare(ctx, "p", `SELECT * FROM t`)
		return err
	}, `LOCK TABLE t`, `wait_event_type = 'Lock'`},
	{"SendBatch", func(ctx context.Context, c *pgx.Conn) error {
		b := &pgx.Batch{}
		b.Queue(`SELECT 1`)
		b.Queue(`SELECT pg_sleep(100000)`)
		return c.SendBatch(ctx, b).Close()
	}, ``, `wait_event = 'PgSleep'`},
	{"Unread", func(ctx context.Context, c *pgx.Conn) error {
		rows, err := c.Query(ctx, `SELECT generate_series(1, 1000000000)`)
		if err != nil {
			return err
		}
		<-ctx.Done()
		for rows.Next() {
		}
		return rows.Err()
	}, ``, `wait_event = 'ClientWrite'`},
	{"CopyTo", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.PgConn().CopyTo(ctx, io.Discard, `COPY (SELECT generate_series(1, 1000000000)) TO STDOUT`)
		return err
	}, ``, `query LIKE 'COPY%'`},
	{"CopyFrom", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"a"}, pgx.CopyFromFunc(func() ([]any, error) {
			if ctx.Err() != nil {
				return nil, nil // a source that ends too late to matter
			}
			return []any{1}, nil
		}))
		if err == nil && ctx.Err() != nil {
			return ctx.Err()
		}
		return err
	}, ``, `query LIKE 'copy%'`},
}

// contextEnds make contexts, and functions that end them.
var contextEnds = map[string]func(context.Context) (context.Context, context.CancelFunc){
	"Canceled":         context.WithCancel,
	"DeadlineExceeded": withDeadline,
}

// withDeadline returns a context whose deadline passes when the function is called. A real one could pass before the server has
// begun, which a request to cancel would then miss.
func withDeadline(parent context.Context) (context.Context, context.CancelFunc) {
	ctx, pass := context.WithCancel(parent)
	return deadlined{ctx}, pass
}

type deadlined struct{ context.Context }

func (d deadlined) Err() error {
	if d.Context.Err() != nil {
		return context.DeadlineExceeded
	}
	return nil
}

// testContexts checks what becomes of a call when its context ends: it returns with the context's error, and the server stops
// the statement and ends the session.
func testContexts(a *area) {
	for name, with := range contextEnds {
		for _, w := range waits {
			a.run(w.name+name, func(s *session) {
				s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1)`)
				o := s.another()
				o.ends = true
				if w.before != "" {
					third := s.another()
					third.exec(`BEGIN; ` + w.before)
					defer third.exec(`ROLLBACK`)
				}
				ctx, end := with(o.ctx)
				err := s.during(end, fmt.Sprintf(`pid = %d AND %s`, o.pg.PID(), w.waits), func() error { return w.do(ctx, o.conn) })
				if w.name == "CopyFrom" && errors.Is(err, net.ErrClosed) { // pgx may notice that it has closed the connection first
					err = ctx.Err()
				}
				require.ErrorIs(s, err, ctx.Err())
				_ = o.conn.Close(o.ctx)
				s.gone(o.pg.PID())
			})
		}
	}
	a.run("AlreadyEnded", func(s *session) {
		ctx, cancel := context.WithCancel(s.ctx)
		cancel()
		for _, next := range nextActions {
			o := s.another()
			require.ErrorIs(s, next.do(ctx, o.conn), context.Canceled, next.name)
			if next.name != "Begin" { // after which pgx closes the connection whatever the error is
				o.want(`SELECT 1`, "1") // nothing was sent
			}
			o.ends = true
			require.NoError(s, o.pg.Close(s.ctx))
		}
		_, err := pgx.ConnectConfig(ctx, s.conn.Config())
		require.ErrorIs(s, err, context.Canceled)
	})
	a.run("WaitForNotification", func(s *session) {
		o := s.another()
		o.exec(`LISTEN news`)
		for range 3 {
			ctx, cancel := context.WithTimeout(o.ctx, 10*time.Millisecond)
			_, err := o.conn.WaitForNotification(ctx)
			cancel()
			require.ErrorIs(o, err, context.DeadlineExceeded)
			o.want(`SELECT 1`, "1") // a wait costs no session
		}
		s.exec(`NOTIFY news, 'late'`)
		require.NoError(o, o.pg.WaitForNotification(o.ctx))
		require.Equal(o, "late", o.notifications[0].Payload)
	})
	sleep := func(s *session) (sql, waits string) {
		sql = `SELECT pg_sleep(100000) /* ` + s.schema + ` */`
		return sql, `query = '` + sql + `' AND wait_event = 'PgSleep'`
	}
	a.run("Pool", func(s *session) {
		s.roomForAnother()
		sql, waits := sleep(s)
		pool := s.pool(1)
		for range 3 {
			ctx, cancel := context.WithCancel(s.ctx)
			err := s.during(cancel, waits, func() error { _, err := pool.Exec(ctx, sql); return err })
			require.ErrorIs(s, err, context.Canceled)
		}
		require.NoError(s, pool.Ping(s.ctx))
		s.until(`SELECT count(*) = 0 FROM pg_stat_activity WHERE ` + waits)
	})
	a.run("DatabaseSQL", func(s *session) {
		s.roomForAnother()
		sql, waits := sleep(s)
		handle := stdlib.OpenDB(*s.conn.Config())
		handle.SetMaxOpenConns(1)
		defer handle.Close()
		ctx, cancel := context.WithCancel(s.ctx)
		err := s.during(cancel, waits, func() error { _, err := handle.ExecContext(ctx, sql); return err })
		require.ErrorIs(s, err, context.Canceled)

		s.exec(`CREATE TABLE t (a int)`)
		ctx, cancel = context.WithCancel(s.ctx)
		tx, err := handle.BeginTx(ctx, nil)
		require.NoError(s, err)
		_, err = tx.ExecContext(s.ctx, `INSERT INTO `+s.schema+`.t VALUES (1)`)
		require.NoError(s, err)
		cancel()
		require.Error(s, tx.Commit())
		require.NoError(s, handle.PingContext(s.ctx)) // which waits for the one connection
		s.want(`SELECT count(*) FROM t`, "0")
	})
	// Whoever would rather keep the session has pgx ask the server to cancel, and waits for its answer.
	a.run("CancelRequest", func(s *session) {
		o := s.anotherWith(func(config *pgx.ConnConfig) {
			config.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
				return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: caseTimeout}
			}
		})
		sql, waits := sleep(s)
		ctx, cancel := context.WithCancel(o.ctx)
		err := s.during(cancel, waits, func() error { _, err := o.conn.Exec(ctx, sql); return err })
		o.isError("57014", err, sql)
		o.want(`SELECT 1`, "1")
	})
}

// during makes a call, does something when there is a row of pg_stat_activity, and returns the call's error.
func (observer *session) during(do func(), row string, call func() error) error {
	observer.Helper()
	done := make(chan error, 1)
	go func() { done <- call() }()
	observer.until(`SELECT count(*) = 1 FROM pg_stat_activity WHERE ` + row)
	do()
	return <-done
}
