package pglite_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/push"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// closeBound is what no Close in these tests comes near. A Close that waits for somebody who does nothing takes for ever.
const closeBound = 30 * time.Second

// closes requires Close to end, whatever uses the database.
func closes(t *testing.T, closer interface{ Close() error }) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- closer.Close() }()
	select {
	case err := <-done:
		require.NoError(t, err)
	case <-time.After(closeBound):
		t.Fatal("Close hangs")
	}
}

// openUnclosed opens a database that the test closes.
func openUnclosed(t *testing.T, cfg pglite.Config) *pglite.DB {
	t.Helper()
	needGuest(t)
	db, err := pglite.OpenConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// sqlState returns the SQLSTATE of an error, or its text if it has none.
func sqlState(err error) string {
	var pg *pgconn.PgError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &pg):
		return pg.Code
	}
	return err.Error()
}

// Close waits for nobody who uses a connection, and tells them that it was closed.
func TestCloseInUse(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	running := func(t *testing.T, db *pglite.DB, sql string) {
		conn, err := db.Connect(ctx)
		require.NoError(t, err)
		defer conn.Close(ctx)
		for {
			var n int
			require.NoError(t, conn.QueryRow(ctx, `SELECT count(*) FROM pg_stat_activity
				WHERE query = $1 AND (state = 'active' OR state LIKE 'idle in%') AND pid <> pg_backend_pid()`, sql).Scan(&n))
			if n > 0 {
				return
			}
		}
	}
	// Each begins something; what it returns is called after Close, and gives the error of it.
	for name, begin := range map[string]func(t *testing.T, db *pglite.DB) (after func() error){
		"Rows": func(t *testing.T, db *pglite.DB) func() error {
			rows, err := db.Query(ctx, "SELECT generate_series(1, 100000), repeat('x', 100)")
			require.NoError(t, err)
			require.True(t, rows.Next())
			return func() error {
				for rows.Next() {
				}
				return rows.Err()
			}
		},
		"Row": func(t *testing.T, db *pglite.DB) func() error {
			row := db.QueryRow(ctx, "SELECT generate_series(1, 100000)")
			return func() error {
				var n int
				return row.Scan(&n)
			}
		},
		"Exec": func(t *testing.T, db *pglite.DB) func() error {
			done := make(chan error, 1)
			go func() {
				_, err := db.Exec(ctx, "SELECT pg_sleep(1000)")
				done <- err
			}()
			running(t, db, "SELECT pg_sleep(1000)")
			return func() error { return <-done }
		},
		"ExecCPU": func(t *testing.T, db *pglite.DB) func() error {
			const sql = "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b WHERE a + b = 0"
			done := make(chan error, 1)
			go func() {
				_, err := db.Exec(ctx, sql)
				done <- err
			}()
			running(t, db, sql)
			return func() error { return <-done }
		},
		"Transaction": func(t *testing.T, db *pglite.DB) func() error {
			pool, err := db.Pool(ctx)
			require.NoError(t, err)
			tx, err := pool.Begin(ctx)
			require.NoError(t, err)
			_, err = tx.Exec(ctx, "CREATE TABLE t ()")
			require.NoError(t, err)
			return func() error {
				_, err := tx.Exec(ctx, "SELECT 1")
				_ = tx.Rollback(ctx)
				pool.Close()
				return err
			}
		},
		"Lock": func(t *testing.T, db *pglite.DB) func() error {
			tx, err := db.Connect(ctx)
			require.NoError(t, err)
			_, err = tx.Exec(ctx, "BEGIN; SELECT pg_advisory_lock(1)")
			require.NoError(t, err)
			done := make(chan error, 1)
			go func() {
				_, err := db.Exec(ctx, "SELECT pg_advisory_lock(1)")
				done <- err
			}()
			running(t, db, "SELECT pg_advisory_lock(1)")
			return func() error {
				_ = tx.Close(ctx)
				return <-done
			}
		},
		"CopyFrom": func(t *testing.T, db *pglite.DB) func() error {
			conn, err := db.Connect(ctx)
			require.NoError(t, err)
			_, err = conn.Exec(ctx, "CREATE TABLE t (a int)")
			require.NoError(t, err)
			more, begun, done := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			go func() {
				n := 0
				_, err := conn.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"a"}, pgx.CopyFromFunc(func() ([]any, error) {
					if n++; n == 50_000 {
						close(begun)
						<-more
					}
					return []any{n}, nil
				}))
				done <- err
			}()
			<-begun
			return func() error {
				close(more)
				return <-done
			}
		},
		"CopyTo": func(t *testing.T, db *pglite.DB) func() error {
			conn, err := db.Connect(ctx)
			require.NoError(t, err)
			w := &waitingWriter{begun: make(chan struct{}), goOn: make(chan struct{})}
			done := make(chan error, 1)
			go func() {
				_, err := conn.PgConn().CopyTo(ctx, w, "COPY (SELECT generate_series(1, 1000000)) TO STDOUT")
				done <- err
			}()
			<-w.begun
			return func() error {
				close(w.goOn)
				return <-done
			}
		},
		"Listen": func(t *testing.T, db *pglite.DB) func() error {
			conn, err := db.Connect(ctx)
			require.NoError(t, err)
			_, err = conn.Exec(ctx, "LISTEN news")
			require.NoError(t, err)
			done := make(chan error, 1)
			go func() {
				_, err := conn.WaitForNotification(ctx)
				done <- err
			}()
			return func() error {
				defer conn.Close(ctx)
				return <-done
			}
		},
		"Cursor": func(t *testing.T, db *pglite.DB) func() error {
			conn, err := db.Connect(ctx)
			require.NoError(t, err)
			_, err = conn.Exec(ctx, "BEGIN; DECLARE c CURSOR FOR SELECT generate_series(1, 1000000); FETCH 10 FROM c")
			require.NoError(t, err)
			return func() error {
				_, err := conn.Exec(ctx, "FETCH 10 FROM c")
				return err
			}
		},
		"SQL": func(t *testing.T, db *pglite.DB) func() error {
			handle := db.SQL()
			rows, err := handle.Query("SELECT generate_series(1, 100000), repeat('x', 100)")
			require.NoError(t, err)
			require.True(t, rows.Next())
			return func() error {
				defer handle.Close()
				for rows.Next() {
				}
				return rows.Err()
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openUnclosed(t, pglite.Config{})
			after := begin(t, db)
			closes(t, db)
			err := after()
			require.Error(t, err)
			if !errors.Is(err, io.ErrUnexpectedEOF) { // a server that cannot write any more says nothing
				require.Equal(t, "57P01", sqlState(err))
			}
			_, err = db.Exec(ctx, "SELECT 1")
			require.ErrorIs(t, err, pglite.ErrClosed)
		})
	}
}

// What takes long ends with the database, and says why.
func TestCloseDuringLongWork(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, work := range map[string]func(db *pglite.DB, w *waitingWriter) error{
		"Dump":       func(db *pglite.DB, w *waitingWriter) error { return db.Dump(ctx, w, dump.ArchiveConfig{}) },
		"DumpSQL":    func(db *pglite.DB, w *waitingWriter) error { return db.DumpSQL(ctx, w, dump.SQLConfig{}) },
		"DumpAllSQL": func(db *pglite.DB, w *waitingWriter) error { return db.DumpAllSQL(ctx, w, dump.SQLConfig{}) },
		"RestoreSQL": func(db *pglite.DB, w *waitingWriter) error {
			return db.RestoreSQL(ctx, io.MultiReader(
				strings.NewReader("BEGIN; CREATE TABLE r (a int);\n"),
				readerFunc(func(p []byte) (int, error) { _, err := w.Write(p); return copy(p, "INSERT INTO r VALUES (1);\n"), err }),
			), dump.RestoreSQLConfig{})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openUnclosed(t, pglite.Config{})
			exec(t, db, "CREATE TABLE t AS SELECT generate_series(1, 300000) a, repeat('x', 100)")
			w := &waitingWriter{begun: make(chan struct{}), goOn: make(chan struct{})}
			done := make(chan error, 1)
			go func() { done <- work(db, w) }()
			<-w.begun
			closes(t, db)
			close(w.goOn)
			require.ErrorIs(t, <-done, pglite.ErrClosed)
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A waitingWriter says when it is written to first, and waits then.
type waitingWriter struct{ begun, goOn chan struct{} }

func (w *waitingWriter) Write(p []byte) (int, error) {
	select {
	case <-w.begun:
	default:
		close(w.begun)
	}
	<-w.goOn
	return len(p), nil
}

// A call that waits for a connection of the internal pool ends with the database, and so does one that makes a connection.
func TestCloseWhileWaitingForAConnection(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := openUnclosed(t, pglite.Config{Settings: map[string]string{"max_connections": "5"}})
	var rows []pgx.Rows
	for range 2 { // three of five are for superusers
		r, err := db.Query(ctx, "SELECT 1")
		require.NoError(t, err)
		rows = append(rows, r)
	}
	waits, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
	defer cancel()
	_, err := db.Query(waits, "SELECT 1")
	require.ErrorIs(t, err, context.DeadlineExceeded)
	done := make(chan error, 10)
	for range 10 {
		go func() {
			_, err := db.Exec(ctx, "SELECT 1")
			done <- err
		}()
	}
	closes(t, db)
	for range 10 {
		require.ErrorIs(t, <-done, pglite.ErrClosed)
	}
	for _, r := range rows {
		r.Close()
	}
}

// Each call of Close waits for the first one, and gives its error.
func TestCloseTogether(t *testing.T) {
	t.Parallel()
	db := openUnclosed(t, pglite.Config{})
	_, err := db.Query(context.Background(), "SELECT generate_series(1, 1000)")
	require.NoError(t, err)
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			closes(t, db)
			_, err := db.ConnConfig().DialFunc(context.Background(), "", "")
			require.ErrorIs(t, err, pglite.ErrClosed)
		})
	}
}

// A result that was not read holds its connection, and others are there for other queries.
func TestNestedQueries(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, pglite.Config{})
	var all []pgx.Rows
	for range 30 {
		rows, err := db.Query(ctx, "SELECT generate_series(1, 10)")
		require.NoError(t, err)
		require.True(t, rows.Next())
		all = append(all, rows)
	}
	require.Equal(t, 1, query[int](t, db, "SELECT 1"))
	for _, rows := range all {
		rows.Close()
	}
}

// What holds a connection gives it back, whichever way it ends.
func TestSharedConnectionsComeBack(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, pglite.Config{Settings: map[string]string{"max_connections": "4"}}) // which is one for everybody
	var n int
	var b []byte
	for name, use := range map[string]func() error{
		"exec":  func() error { _, err := db.Exec(ctx, "SELECT 1"); return err },
		"fails": func() error { _, err := db.Exec(ctx, "SELECT 1/0"); return err },
		"bad":   func() error { _, err := db.Query(ctx, "SELECT FROM nowhere"); return err },
		"read": func() error {
			rows, err := db.Query(ctx, "SELECT 1 UNION ALL SELECT 2")
			if err != nil {
				return err
			}
			for rows.Next() {
			}
			return rows.Err()
		},
		"collected": func() error {
			rows, _ := db.Query(ctx, "SELECT 1")
			_, err := pgx.CollectRows(rows, pgx.RowTo[int])
			return err
		},
		"scan": func() error {
			rows, err := db.Query(ctx, "SELECT 'x' UNION ALL SELECT 'y'")
			if err != nil || !rows.Next() {
				return err
			}
			return rows.Scan(&n)
		},
		"row":      func() error { return db.QueryRow(ctx, "SELECT 1").Scan(&n) },
		"no row":   func() error { return db.QueryRow(ctx, "SELECT 1 WHERE false").Scan(&n) },
		"bad row":  func() error { return db.QueryRow(ctx, "SELECT 1, 2").Scan(&b) },
		"finished": func() error { _, err := db.Exec(ctx, "BEGIN"); return err },
	} {
		for range 2 {
			if err := use(); err != nil {
				t.Logf("%s: %v", name, err)
			}
		}
		require.Equal(t, 1, query[int](t, db, "SELECT 1"), name)
	}
	var sync int
	func() {
		defer func() { require.NotNil(t, recover()) }()
		_ = db.QueryRow(ctx, "SELECT 1").Scan(&panicking{})
	}()
	require.NoError(t, db.QueryRow(ctx, "SELECT 1").Scan(&sync))
}

type panicking struct{}

func (*panicking) Scan(any) error { panic("scanned") }

// More users than connections wait for their turn.
func TestSQLHasALimit(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{Settings: map[string]string{"max_connections": "12"}})
	handle := db.SQL()
	defer handle.Close()
	done := make(chan error)
	const users = 40
	for range users {
		go func() {
			var n int
			done <- errors.Join(handle.QueryRow("SELECT 1 FROM pg_sleep(0.01)").Scan(&n), handle.Ping())
		}()
	}
	for range users {
		require.NoError(t, <-done)
	}
}

// After Close everything answers ErrClosed.
func TestErrClosed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	for name, used := range map[string]bool{"fresh": false, "used": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := openUnclosed(t, pglite.Config{})
			pool, err := db.Pool(ctx)
			require.NoError(t, err)
			defer pool.Close()
			handle := db.SQL()
			defer handle.Close()
			cfg := db.ConnConfig()
			if used {
				exec(t, db, "SELECT 1")
				require.NoError(t, pool.Ping(ctx))
				require.NoError(t, handle.Ping())
			}
			closes(t, db)
			l, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			var n int
			for name, call := range map[string]func() error{
				"Exec":     func() error { _, err := db.Exec(ctx, "SELECT 1"); return err },
				"Query":    func() error { _, err := db.Query(ctx, "SELECT 1"); return err },
				"Rows":     func() error { rows, _ := db.Query(ctx, "SELECT 1"); return rows.Err() },
				"QueryRow": func() error { return db.QueryRow(ctx, "SELECT 1").Scan(&n) },
				"Connect":  func() error { _, err := db.Connect(ctx); return err },
				"Pool":     func() error { _, err := db.Pool(ctx); return err },
				"SQL":      func() error { h := db.SQL(); defer h.Close(); return h.Ping() },
				"Fork":     func() error { _, err := db.Fork(ctx); return err },
				"Dump":     func() error { return db.Dump(ctx, discard{}, dump.ArchiveConfig{}) },
				"DumpDirectory": func() error {
					return db.DumpDirectory(ctx, t.TempDir()+"/copy", dump.ArchiveConfig{})
				},
				"DumpSQL":    func() error { return db.DumpSQL(ctx, discard{}, dump.SQLConfig{}) },
				"DumpAllSQL": func() error { return db.DumpAllSQL(ctx, discard{}, dump.SQLConfig{}) },
				"RestoreSQL": func() error { return db.RestoreSQL(ctx, eof{}, dump.RestoreSQLConfig{}) },
				"Push": func() error {
					_, err := db.Push(ctx, cfg.Copy(), push.Config{})
					return err
				},
				"Serve":         func() error { return db.Serve(ctx, l, pglite.ServeConfig{}) },
				"ConnectConfig": func() error { _, err := pgx.ConnectConfig(ctx, cfg); return err },
			} {
				require.ErrorIs(t, call(), pglite.ErrClosed, name)
				require.NotContains(t, call().Error(), "cluster", name)
			}
			// What was idle in a pool says what the server said; the next connection is refused.
			require.Error(t, pool.Ping(ctx))
			require.ErrorIs(t, pool.Ping(ctx), pglite.ErrClosed)
			require.Error(t, handle.Ping())
			require.ErrorIs(t, handle.Ping(), pglite.ErrClosed)
			_, err = l.Accept()
			require.ErrorIs(t, err, net.ErrClosed)
		})
	}
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }

type eof struct{}

func (eof) Read([]byte) (int, error) { return 0, errors.New("read") }

// What is served ends with the database.
func TestCloseWhileServing(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := openUnclosed(t, pglite.Config{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	done := make(chan error, 1)
	go func() { done <- db.Serve(ctx, l, pglite.ServeConfig{}) }()
	conn, err := pgx.ConnectConfig(ctx, clientConfig(t, l.Addr(), "sslmode=disable"))
	require.NoError(t, err)
	rows, err := conn.Query(ctx, "SELECT generate_series(1, 100)")
	require.NoError(t, err)
	require.True(t, rows.Next())
	closes(t, db)
	rows.Close()
	_, err = conn.Exec(ctx, "SELECT 1")
	require.Equal(t, "57P01", sqlState(err))
	require.ErrorIs(t, <-done, pglite.ErrClosed)
}
