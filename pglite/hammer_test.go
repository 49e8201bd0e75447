package pglite_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// TestHammer moves money between accounts from 16 connections at once, while
// statements are cancelled and sessions killed at random. No money may be made
// or lost, and no error may occur but those that are asked for.
//
// It does a fixed number of transfers; CALF_HAMMER, a duration, makes it go on
// as long as that.
func TestHammer(t *testing.T) {
	const accounts, clients, balance = 50, 16, 1000
	transfers := 150
	if testing.Short() {
		transfers = 40
	}
	var until time.Time
	if d, err := time.ParseDuration(os.Getenv("CALF_HAMMER")); err == nil {
		until = time.Now().Add(d)
	}
	ctx := context.Background()
	db := open(t, pglite.Config{Settings: map[string]string{"deadlock_timeout": "20ms"}})
	exec(t, db, "CREATE TABLE accounts (id int PRIMARY KEY, balance int NOT NULL CHECK (balance >= 0))")
	exec(t, db, "CREATE TABLE log (source int, target int, amount int)")
	exec(t, db, "INSERT INTO accounts SELECT g, $1 FROM generate_series(1, $2) g", balance, accounts)

	var wg sync.WaitGroup
	var mu sync.Mutex
	done, failed := map[string]int{}, 0
	for c := range clients {
		wg.Add(1)
		go func() {
			defer wg.Done()
			h := hammer{rnd: rand.New(rand.NewPCG(7, uint64(c))), db: db, accounts: accounts}
			defer h.close(ctx)
			for i := 0; i < transfers || time.Now().Before(until); i++ {
				code, err := h.step(ctx)
				mu.Lock()
				done[code]++
				if err != nil {
					failed++
					t.Errorf("client %d: %v", c, err)
				}
				stop := failed > 10
				mu.Unlock()
				if stop {
					return
				}
			}
		}()
	}
	wg.Wait()
	t.Logf("outcomes: %v", done)
	require.Positive(t, done[""])
	require.Equal(t, accounts*balance, query[int](t, db, "SELECT sum(balance) FROM accounts"))
	require.Equal(t, 0, query[int](t, db, `SELECT count(*) FROM accounts a WHERE balance <> $1::int
		- coalesce((SELECT sum(amount) FROM log WHERE source = a.id), 0)
		+ coalesce((SELECT sum(amount) FROM log WHERE target = a.id), 0)`, balance))
	require.Equal(t, 0, query[int](t, db, "SELECT count(*) FROM pg_locks WHERE NOT granted OR locktype = 'advisory'"))
}

// A hammer is one client.
type hammer struct {
	rnd      *rand.Rand
	db       *pglite.DB
	conn     *pgx.Conn
	accounts int
}

func (h *hammer) close(ctx context.Context) {
	if h.conn != nil {
		h.conn.Close(ctx)
	}
}

// step does one thing. It returns the SQLSTATE of an error that may happen, or
// an error that may not.
func (h *hammer) step(ctx context.Context) (string, error) {
	if h.conn == nil || h.conn.IsClosed() {
		conn, err := pgx.ConnectConfig(ctx, h.db.ConnConfig())
		if pgErr := (*pgconn.PgError)(nil); errors.As(err, &pgErr) {
			return expected(err) // a backend that is starting can be cancelled, too
		}
		if err != nil {
			return "", err
		}
		h.conn = conn
	}
	var err error
	switch n := h.rnd.IntN(100); {
	case n < 70:
		err = h.transfer(ctx)
	case n < 78: // a statement that waits, and a client that does not
		short, cancel := context.WithTimeout(ctx, time.Duration(h.rnd.IntN(20))*time.Millisecond)
		_, err = h.conn.Exec(short, "SELECT pg_sleep(10)")
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			return "timeout", nil
		}
	case n < 84: // end somebody's session, maybe one's own
		_, err = h.conn.Exec(ctx, `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
			WHERE backend_type = 'client backend' AND application_name = '' ORDER BY random() LIMIT 1`)
	case n < 90: // cancel somebody's statement
		_, err = h.conn.Exec(ctx, `SELECT pg_cancel_backend(pid) FROM pg_stat_activity
			WHERE backend_type = 'client backend' ORDER BY random() LIMIT 1`)
	case n < 95: // vanish
		err = h.conn.PgConn().Conn().Close()
		h.conn = nil
	default:
		_, err = h.conn.Exec(ctx, "VACUUM accounts")
	}
	return expected(err)
}

func (h *hammer) transfer(ctx context.Context) error {
	return pgx.BeginFunc(ctx, h.conn, func(tx pgx.Tx) error {
		from, to, amount := h.rnd.IntN(h.accounts)+1, h.rnd.IntN(h.accounts)+1, h.rnd.IntN(200)
		if _, err := tx.Exec(ctx, "UPDATE accounts SET balance = balance - $2 WHERE id = $1", from, amount); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE accounts SET balance = balance + $2 WHERE id = $1", to, amount); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO log VALUES ($1, $2, $3)", from, to, amount)
		return err
	})
}

// expected returns the SQLSTATE of what the hammer may meet: too little money,
// deadlocks, cancelled statements, and sessions that others ended.
func expected(err error) (string, error) {
	var pgErr *pgconn.PgError
	switch {
	case err == nil:
		return "", nil
	case errors.As(err, &pgErr):
		switch pgErr.Code {
		case "23514", "40P01", "57014", "57P01":
			return pgErr.Code, nil
		}
		return pgErr.Code, err
	case pgconn.SafeToRetry(err), errors.Is(err, context.DeadlineExceeded):
		return "connection", nil
	}
	// The connection was closed under a statement: by pg_terminate_backend.
	return "connection", nil
}
