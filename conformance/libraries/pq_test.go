package libraries

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/lib/pq"
	"github.com/lib/pq/pqerror"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite"
)

// pqDialer lets lib/pq dial a database in this process.
type pqDialer struct{ dial pgconn.DialFunc }

func (d pqDialer) Dial(network, address string) (net.Conn, error) {
	return d.dial(context.Background(), network, address)
}

func (d pqDialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.dial(ctx, network, address)
}

func (d pqDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return d.dial(ctx, network, address)
}

// pqInMemory says what lib/pq needs for a database in this process: a dialer and a connection string.
func pqInMemory(db *pglite.DB) (pq.Dialer, string) {
	cfg := db.ConnConfig()
	return pqDialer{cfg.DialFunc}, fmt.Sprintf("host=calf user=%s dbname=%s sslmode=disable", cfg.User, cfg.Database)
}

// pqOpenInMemory opens a handle of database/sql on a database in this process, with lib/pq as its driver.
func pqOpenInMemory(db *pglite.DB) (*sql.DB, error) {
	dialer, dsn := pqInMemory(db)
	connector, err := pq.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	connector.Dialer(dialer)
	return sql.OpenDB(connector), nil
}

// pqListenInMemory opens a listener on a database in this process.
func pqListenInMemory(db *pglite.DB, event pq.EventCallbackType) *pq.Listener {
	dialer, dsn := pqInMemory(db)
	return pq.NewDialListener(dialer, dsn, 10*time.Millisecond, time.Second, event)
}

// openPQ opens lib/pq on a target.
func openPQ(t *testing.T, on target) *sql.DB {
	t.Helper()
	open := func() (*sql.DB, error) { return sql.Open("postgres", on.url) }
	if on.db != nil {
		open = func() (*sql.DB, error) { return pqOpenInMemory(on.db) }
	}
	db, err := open()
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestPQ(t *testing.T) {
	eachTarget(t, func(t *testing.T, on target) {
		ctx := bounded(t)
		db := openPQ(t, on)
		exec := func(query string, args ...any) {
			t.Helper()
			_, err := db.ExecContext(ctx, query, args...)
			require.NoError(t, err)
		}
		exec(`CREATE TABLE item (id serial PRIMARY KEY, name text UNIQUE, tags text[], prices float8[], doc jsonb, raw bytea, at timestamptz)`)

		t.Run("Values", func(t *testing.T) {
			at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 2*3600))
			tags, prices, raw := []string{"a", `"b", {c}`, ""}, []float64{1.5, -2}, []byte{0, 1, 0xff, '\\'}
			var id int
			require.NoError(t, db.QueryRowContext(ctx, `INSERT INTO item (name, tags, prices, doc, raw, at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id`,
				"one", pq.Array(tags), pq.Array(prices), `{"a": [1]}`, raw, at).Scan(&id))
			var gotTags []string
			var gotPrices []float64
			var gotRaw []byte
			var gotAt, noTime sql.NullTime
			var doc string
			require.NoError(t, db.QueryRowContext(ctx, `SELECT tags, prices, doc, raw, at, NULL::timestamptz FROM item WHERE id = $1`, id).
				Scan(pq.Array(&gotTags), pq.Array(&gotPrices), &doc, &gotRaw, &gotAt, &noTime))
			require.Equal(t, tags, gotTags)
			require.Equal(t, prices, gotPrices)
			require.Equal(t, raw, gotRaw)
			require.JSONEq(t, `{"a": [1]}`, doc)
			require.True(t, gotAt.Time.Equal(at), gotAt.Time)
			require.False(t, noTime.Valid)
		})
		t.Run("Prepared", func(t *testing.T) {
			stmt, err := db.PrepareContext(ctx, `SELECT $1::int + 1`)
			require.NoError(t, err)
			defer stmt.Close()
			for i := range 10 {
				var n int
				require.NoError(t, stmt.QueryRowContext(ctx, i).Scan(&n))
				require.Equal(t, i+1, n)
			}
			rows, err := db.QueryContext(ctx, `SELECT 1; SELECT 'two', 3`) // two results of one simple query
			require.NoError(t, err)
			defer rows.Close()
			require.True(t, rows.Next())
			require.False(t, rows.Next())
			require.True(t, rows.NextResultSet())
			columns, err := rows.Columns()
			require.NoError(t, err)
			require.Len(t, columns, 2)
		})
		t.Run("Transactions", func(t *testing.T) {
			tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelSerializable})
			require.NoError(t, err)
			run := func(query string) error {
				_, err := tx.ExecContext(ctx, query)
				return err
			}
			require.NoError(t, run(`INSERT INTO item (name) VALUES ('two'); SAVEPOINT s`))
			require.NotNil(t, pq.As(run(`INSERT INTO item (name) VALUES ('two')`), pqerror.UniqueViolation))
			require.NotNil(t, pq.As(run(`SELECT 1`), pqerror.InFailedSQLTransaction))
			require.NoError(t, run(`ROLLBACK TO SAVEPOINT s`))
			require.NoError(t, tx.Commit())
			tx, err = db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
			require.NoError(t, err)
			require.NotNil(t, pq.As(run(`DELETE FROM item`), pqerror.ReadOnlySQLTransaction))
			require.NoError(t, tx.Rollback())
			var n int
			require.NoError(t, db.QueryRowContext(ctx, `SELECT count(*) FROM item`).Scan(&n))
			require.Equal(t, 2, n)
		})
		t.Run("Errors", func(t *testing.T) {
			_, err := db.ExecContext(ctx, `INSERT INTO item (name) VALUES ('two')`)
			pqErr := pq.As(err, pqerror.UniqueViolation)
			require.NotNil(t, pqErr)
			require.Equal(t, "item_name_key", pqErr.Constraint)
			require.Equal(t, "item", pqErr.Table)
			_, err = db.ExecContext(ctx, `SELECT 1 +`)
			require.NotNil(t, pq.As(err, pqerror.SyntaxError))
		})
		t.Run("Notices", func(t *testing.T) {
			conn, err := db.Conn(ctx)
			require.NoError(t, err)
			defer conn.Close()
			var notices []string
			require.NoError(t, conn.Raw(func(c any) error {
				pq.SetNoticeHandler(c.(driver.Conn), func(n *pq.Error) { notices = append(notices, n.Message) })
				return nil
			}))
			_, err = conn.ExecContext(ctx, `DO $$ BEGIN RAISE NOTICE 'one'; RAISE WARNING 'two'; END $$`)
			require.NoError(t, err)
			require.Equal(t, []string{"one", "two"}, notices)
		})
		t.Run("Copy", func(t *testing.T) {
			tx, err := db.BeginTx(ctx, nil)
			require.NoError(t, err)
			defer tx.Rollback()
			stmt, err := tx.PrepareContext(ctx, `COPY item (name, tags, raw) FROM STDIN`)
			require.NoError(t, err)
			for i := range 20000 { // more than the buffers hold
				_, err := stmt.ExecContext(ctx, fmt.Sprintf("copied\t%d\n\\N", i), pq.Array([]string{"x", strings.Repeat("y", i%50)}), []byte{0, byte(i)})
				require.NoError(t, err)
			}
			res, err := stmt.ExecContext(ctx)
			require.NoError(t, err)
			n, err := res.RowsAffected()
			require.NoError(t, err)
			require.EqualValues(t, 20000, n)
			require.NoError(t, stmt.Close())
			require.NoError(t, tx.Commit())
			require.NoError(t, db.QueryRowContext(ctx, `SELECT count(*) FROM item WHERE name LIKE 'copied%' AND raw IS NOT NULL`).Scan(&n))
			require.EqualValues(t, 20000, n)

			tx, err = db.BeginTx(ctx, nil)
			require.NoError(t, err)
			defer tx.Rollback()
			//lint:ignore SA1019 programs have it
			stmt, err = tx.PrepareContext(ctx, pq.CopyIn("item", "name"))
			require.NoError(t, err)
			for _, name := range []string{"three", "two"} {
				_, err = stmt.ExecContext(ctx, name)
				require.NoError(t, err)
			}
			_, err = stmt.ExecContext(ctx)
			require.NotNil(t, pq.As(err, pqerror.UniqueViolation))
		})
		t.Run("AdvisoryLocks", func(t *testing.T) {
			holder, err := db.Conn(ctx)
			require.NoError(t, err)
			_, err = holder.ExecContext(ctx, `SELECT pg_advisory_lock(7)`)
			require.NoError(t, err)
			var got bool
			require.NoError(t, db.QueryRowContext(ctx, `SELECT pg_try_advisory_lock(7)`).Scan(&got))
			require.False(t, got)
			waited := make(chan error, 1)
			go func() {
				_, err := db.ExecContext(ctx, `SELECT pg_advisory_xact_lock(7)`)
				waited <- err
			}()
			eventually(t, on.connect(t), `SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'advisory' AND datname = current_database()`)
			_, err = holder.ExecContext(ctx, `SELECT pg_advisory_unlock(7)`)
			require.NoError(t, err)
			require.NoError(t, <-waited)
			require.NoError(t, holder.Close())
		})
		t.Run("Contexts", func(t *testing.T) {
			// lib/pq cancels the statement, and gives the server's answer.
			watch := on.connect(t)
			for name, call := range sqlCalls(db) {
				t.Run(name, func(t *testing.T) {
					require.NotNil(t, pq.As(expire(t, watch, call), pqerror.QueryCanceled))
					require.NotNil(t, pq.As(interrupt(t, watch, call), pqerror.QueryCanceled))
					require.NoError(t, db.PingContext(bounded(t)), "the handle is usable")
				})
			}
		})
	})
}

func TestPQListener(t *testing.T) {
	eachTarget(t, func(t *testing.T, on target) {
		ctx := bounded(t)
		db := openPQ(t, on)
		events := make(chan pq.ListenerEventType, 10)
		event := func(e pq.ListenerEventType, _ error) { events <- e }
		var listener *pq.Listener
		if on.db != nil {
			listener = pqListenInMemory(on.db, event)
		} else {
			listener = pq.NewListener(on.url, 10*time.Millisecond, time.Second, event)
		}
		receive := func() *pq.Notification {
			t.Helper()
			select {
			case n := <-listener.Notify:
				return n
			case <-ctx.Done():
				t.Fatal("no notification")
				return nil
			}
		}
		require.NoError(t, listener.Listen("news"))
		require.NoError(t, listener.Listen("Other News"))
		require.ErrorIs(t, listener.Listen("news"), pq.ErrChannelAlreadyOpen)
		require.Equal(t, pq.ListenerEventConnected, <-events)
		require.NoError(t, listener.Ping())
		tx, err := db.BeginTx(ctx, nil)
		require.NoError(t, err)
		for i := range 100 {
			_, err := tx.ExecContext(ctx, `SELECT pg_notify('news', $1)`, fmt.Sprint(i))
			require.NoError(t, err)
		}
		require.NoError(t, tx.Commit())
		for i := range 100 {
			require.Equal(t, fmt.Sprint(i), receive().Extra)
		}
		require.NoError(t, listener.Unlisten("news"))
		_, err = db.ExecContext(ctx, `NOTIFY news, 'nobody hears'; NOTIFY "Other News"`)
		require.NoError(t, err)
		require.Equal(t, "Other News", receive().Channel)

		// A listener whose session was ended comes back by itself, and says so with nil.
		_, err = db.ExecContext(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE query LIKE '%LISTEN%' AND pid <> pg_backend_pid() AND datname = current_database()`)
		require.NoError(t, err)
		require.Nil(t, receive())
		require.Equal(t, pq.ListenerEventDisconnected, <-events)
		require.Equal(t, pq.ListenerEventReconnected, <-events)
		_, err = db.ExecContext(ctx, `NOTIFY "Other News", 'again'`)
		require.NoError(t, err)
		require.Equal(t, "again", receive().Extra)
		require.NoError(t, listener.Close())
	})
}
