package conformance

import (
	"context"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
)

// An ending is a way in which the server ends a session that waits for its client.
type ending struct {
	name    string
	code    string // the SQLSTATE that it tells the client
	version int
	// open opens the session. end ends it, and returns when it may have ended; nil if it does so by itself.
	open func(s *session) *session
	end  func(s, o *session)
}

var endings = []ending{
	{"Terminated", "57P01", 0,
		func(s *session) *session { return s.another() },
		func(s, o *session) { s.exec(fmt.Sprintf(`SELECT pg_terminate_backend(%d)`, o.pg.PID())) }},
	{"TerminatedInTransaction", "57P01", 0,
		func(s *session) *session {
			o := s.another()
			o.exec(`BEGIN; CREATE TEMP TABLE tmp (a int)`)
			return o
		},
		func(s, o *session) { s.exec(fmt.Sprintf(`SELECT pg_terminate_backend(%d)`, o.pg.PID())) }},
	{"IdleSession", "57P05", 0,
		func(s *session) *session {
			o := s.another()
			o.exec(`SET idle_session_timeout = '20ms'`)
			return o
		}, nil},
	{"IdleInTransaction", "25P03", 0,
		func(s *session) *session {
			o := s.another()
			o.exec(`SET idle_in_transaction_session_timeout = '20ms'`)
			o.exec(`BEGIN`)
			return o
		}, nil},
	{"Transaction", "25P04", 17,
		func(s *session) *session {
			o := s.another()
			o.exec(`SET transaction_timeout = '50ms'`)
			o.exec(`BEGIN`)
			return o
		}, nil},
	{"DatabaseDropped", "57P01", 0,
		func(s *session) *session {
			name := s.name("gone")
			s.exec(`CREATE DATABASE ` + name + ` TEMPLATE template0`)
			return s.anotherWith(func(config *pgx.ConnConfig) { config.Database = name })
		},
		func(s, o *session) { s.exec(`DROP DATABASE ` + s.name("gone") + ` WITH (FORCE)`) }},
}

// nextActions are what a client may do next. Each fails, with the server's reason.
var nextActions = []struct {
	name string
	do   func(ctx context.Context, c *pgx.Conn) error
}{
	{"Exec", func(ctx context.Context, c *pgx.Conn) error { _, err := c.Exec(ctx, `SELECT 1`); return err }},
	{"Parameters", func(ctx context.Context, c *pgx.Conn) error { _, err := c.Exec(ctx, `SELECT $1::int`, 1); return err }},
	{"Simple", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.PgConn().Exec(ctx, `SELECT 1; SELECT 2`).ReadAll()
		return err
	}},
	{"Query", func(ctx context.Context, c *pgx.Conn) error {
		rows, _ := c.Query(ctx, `SELECT 1`)
		_, err := pgx.CollectRows(rows, pgx.RowTo[int])
		return err
	}},
	{"Begin", func(ctx context.Context, c *pgx.Conn) error { _, err := c.Begin(ctx); return err }},
	{"Prepare", func(ctx context.Context, c *pgx.Conn) error { _, err := c.Prepare(ctx, "p", `SELECT 1`); return err }},
	{"Ping", func(ctx context.Context, c *pgx.Conn) error { return c.Ping(ctx) }},
	{"SendBatch", func(ctx context.Context, c *pgx.Conn) error {
		b := &pgx.Batch{}
		b.Queue(`SELECT 1`)
		b.Queue(`SELECT 2`)
		return c.SendBatch(ctx, b).Close()
	}},
	{"CopyFrom", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"a"}, pgx.CopyFromRows([][]any{{1}}))
		return err
	}},
	{"WaitForNotification", func(ctx context.Context, c *pgx.Conn) error { _, err := c.WaitForNotification(ctx); return err }},
	{"CopyTo", func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.PgConn().CopyTo(ctx, io.Discard, `COPY (SELECT 1) TO STDOUT`)
		return err
	}},
}

// testEndings checks that a client whose session the server has ended learns why, whatever it does next, and that pools do
// without such sessions.
func testEndings(a *area) {
	for _, e := range endings {
		a.run(e.name, func(s *session) {
			if e.version > 0 {
				s.needs(e.version, e.name)
			}
			ended := func() *session {
				o := e.open(s)
				o.ends = true
				if e.end != nil {
					e.end(s, o)
				}
				s.gone(o.pg.PID())
				return o
			}
			for _, next := range nextActions {
				o := ended()
				err := next.do(o.ctx, o.conn)
				o.requireReason(e.code, err, next.name)
				require.True(o, o.pg.IsClosed(), next.name)
				<-o.pg.CleanupDone()
			}
			require.NoError(s, ended().conn.Close(s.ctx))
		})
	}
	// afterwards ends the session that a pool has, and then uses the pool until it works.
	afterwards := func(s *session, use func() (pid uint32, err error)) {
		s.Helper()
		pid, err := use()
		require.NoError(s, err)
		s.exec(fmt.Sprintf(`SELECT pg_terminate_backend(%d)`, pid))
		s.gone(pid)
		if _, err := use(); err != nil { // unless the pool has found out before
			s.requireReason("57P01", err, "from a pool")
		}
		other, err := use()
		require.NoError(s, err)
		require.NotEqual(s, pid, other)
	}
	a.run("Pool", func(s *session) {
		s.roomForAnother()
		pool := s.pool(1)
		afterwards(s, func() (pid uint32, err error) {
			err = pool.QueryRow(s.ctx, `SELECT pg_backend_pid()`).Scan(&pid)
			return pid, err
		})
	})
	a.run("DatabaseSQL", func(s *session) {
		s.roomForAnother()
		handle := stdlib.OpenDB(*s.conn.Config())
		handle.SetMaxOpenConns(1)
		defer handle.Close()
		afterwards(s, func() (pid uint32, err error) {
			err = handle.QueryRowContext(s.ctx, `SELECT pg_backend_pid()`).Scan(&pid)
			return pid, err
		})
	})
}

// pool makes a pool of connections like that of s, which is closed when the case ends.
func (s *session) pool(size int32) *pgxpool.Pool {
	s.Helper()
	cfg, err := pgxpool.ParseConfig("")
	require.NoError(s, err)
	cfg.ConnConfig, cfg.MaxConns = s.conn.Config(), size
	cfg.ConnConfig.OnNotice, cfg.ConnConfig.OnNotification = nil, nil // which are s's own
	pool, err := pgxpool.NewWithConfig(s.ctx, cfg)
	require.NoError(s, err)
	s.Cleanup(pool.Close)
	return pool
}
