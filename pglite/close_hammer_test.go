package pglite_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite/dump"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestCloseHammer closes databases at random moments while many use them in every way. Each Close ends, and so does each user, who
// leaves nothing behind.
func TestCloseHammer(t *testing.T) {
	t.Parallel()
	rounds := 8
	if testing.Short() || raced {
		rounds = 3
	}
	rnd := rand.New(rand.NewPCG(18, 1))
	for range rounds {
		round := closeRound{db: openUnclosed(t, pglite.Config{}), closing: make(chan struct{})}
		exec(t, round.db, "CREATE TABLE t (a int)")
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		served := make(chan error, 1)
		go func() { served <- round.db.Serve(context.Background(), l, pglite.ServeConfig{}) }()
		var users sync.WaitGroup
		for range 3 {
			for _, use := range []func(context.Context) error{
				round.query, round.rows, round.row, round.transaction, round.listen, round.copyFrom, round.copyTo,
				round.timeout, round.pool, round.sql, round.dump, round.fork,
				func(ctx context.Context) error {
					return round.remote(ctx, clientConfig(t, l.Addr(), "sslmode=disable"))
				},
			} {
				users.Go(func() {
					for use(context.Background()) == nil {
					}
				})
			}
		}
		time.Sleep(time.Duration(rnd.IntN(300)) * time.Millisecond) // the moment is what is random here
		close(round.closing)
		closes(t, round.db)
		require.ErrorIs(t, <-served, pglite.ErrClosed)
		ended := make(chan struct{})
		go func() {
			users.Wait()
			close(ended)
		}()
		select {
		case <-ended:
		case <-time.After(closeBound):
			t.Fatal("somebody waits for a database that is closed")
		}
	}
}

// A closeRound is a database that is closed while it is used. Each use goes on until there is an error, at the latest when the
// database is closed.
type closeRound struct {
	db      *pglite.DB
	closing chan struct{}
}

func (r closeRound) query(ctx context.Context) error {
	_, err := r.db.Exec(ctx, "INSERT INTO t SELECT generate_series(1, 100)")
	return err
}

// rows holds rows that it does not read until the database is being closed.
func (r closeRound) rows(ctx context.Context) error {
	rows, err := r.db.Query(ctx, "SELECT generate_series(1, 200000)")
	if err != nil {
		return err
	}
	defer rows.Close()
	rows.Next()
	<-r.closing
	for rows.Next() {
	}
	return rows.Err()
}

func (r closeRound) row(ctx context.Context) error {
	row := r.db.QueryRow(ctx, "SELECT count(*) FROM t")
	var n int
	return row.Scan(&n)
}

func (r closeRound) transaction(ctx context.Context) error {
	conn, err := r.db.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "DECLARE c CURSOR FOR SELECT * FROM t; SELECT pg_advisory_xact_lock(1)")
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "FETCH 10 FROM c; DELETE FROM t WHERE a = 1")
		return err
	})
}

func (r closeRound) listen(ctx context.Context) error {
	conn, err := r.db.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	if _, err := conn.Exec(ctx, "LISTEN news; NOTIFY news"); err != nil {
		return err
	}
	for {
		if _, err := conn.WaitForNotification(ctx); err != nil {
			return err
		}
	}
}

func (r closeRound) copyFrom(ctx context.Context) error {
	conn, err := r.db.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	n := 0
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"a"}, pgx.CopyFromFunc(func() ([]any, error) {
		n++
		select {
		case <-r.closing:
			if n > 1_000_000 {
				return nil, nil
			}
		default:
		}
		return []any{n}, nil
	}))
	return err
}

func (r closeRound) copyTo(ctx context.Context) error {
	conn, err := r.db.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.PgConn().CopyTo(ctx, io.Discard, "COPY (SELECT generate_series(1, 1000000)) TO STDOUT")
	return err
}

// timeout gives its statements little time.
func (r closeRound) timeout(ctx context.Context) error {
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	_, _ = r.db.Exec(short, "SELECT pg_sleep(0.1)")
	return r.query(ctx)
}

func (r closeRound) pool(ctx context.Context) error {
	pool, err := r.db.Pool(ctx)
	if err != nil {
		return err
	}
	defer pool.Close()
	for {
		if _, err := pool.Exec(ctx, "SELECT 1"); err != nil {
			return err
		}
	}
}

func (r closeRound) sql(ctx context.Context) error {
	handle := r.db.SQL()
	defer handle.Close()
	for {
		tx, err := handle.BeginTx(ctx, nil)
		if err != nil {
			return err
		}
		if _, err := tx.Exec("INSERT INTO t VALUES (1)"); err != nil {
			return err
		}
		if err := tx.Commit(); err != nil {
			return err
		}
	}
}

func (r closeRound) dump(ctx context.Context) error {
	return r.db.Dump(ctx, io.Discard, dump.ArchiveConfig{})
}

func (r closeRound) fork(ctx context.Context) error {
	fork, err := r.db.Fork(ctx)
	if err != nil {
		return err
	}
	return fork.Close()
}

func (r closeRound) remote(ctx context.Context, cfg *pgx.ConnConfig) error {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, "SELECT generate_series(1, 100000)")
	if err != nil {
		return err
	}
	rows.Next()
	<-r.closing
	for rows.Next() {
	}
	return rows.Err()
}
