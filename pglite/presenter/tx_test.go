package presenter_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

func count(t *testing.T, p *presenter.Presenter) int64 {
	t.Helper()
	n, err := p.ConversationCount(context.Background())
	require.NoError(t, err)
	return n
}

func TestWithTx(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		require.NoError(t, p.WithTx(ctx, func(tx presenter.Tx) error {
			create(t, tx, "kept")
			require.Zero(t, count(t, p), "others do not see it")
			return nil
		}))
		require.EqualValues(t, 1, count(t, p))

		sorry := errors.New("sorry")
		require.Equal(t, sorry, p.WithTx(ctx, func(tx presenter.Tx) error {
			create(t, tx, "lost")
			return sorry
		}))
		require.PanicsWithValue(t, "oh", func() {
			_ = p.WithTx(ctx, func(tx presenter.Tx) error {
				create(t, tx, "lost")
				panic("oh")
			})
		})
		require.EqualValues(t, 1, count(t, p))
		require.Zero(t, pool.Stat().AcquiredConns(), "every connection is back")

		// Nested ones are savepoints.
		require.NoError(t, p.WithTx(ctx, func(tx presenter.Tx) error {
			create(t, tx, "outer")
			require.Equal(t, sorry, tx.WithTx(ctx, func(tx presenter.Tx) error {
				create(t, tx, "inner")
				return sorry
			}))
			err := tx.WithTx(ctx, func(tx presenter.Tx) error {
				_, err := tx.CreateConversation(ctx, presenter.NewConversation{ID: "kept"})
				return err
			})
			require.ErrorIs(t, err, presenter.ErrExists)
			return tx.WithTx(ctx, func(tx presenter.Tx) error {
				create(t, tx, "second inner")
				return nil
			})
		}))
		require.EqualValues(t, 3, count(t, p))

		// An error that was swallowed outside a savepoint spoils the transaction.
		err := p.WithTx(ctx, func(tx presenter.Tx) error {
			create(t, tx, "lost")
			_, err := tx.CreateConversation(ctx, presenter.NewConversation{ID: "kept"})
			require.ErrorIs(t, err, presenter.ErrExists)
			_, err = tx.ConversationCount(ctx)
			require.ErrorIs(t, err, &presenter.DatabaseError{Code: "25P02"})
			return nil
		})
		var failed *presenter.TransactionError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, "commit", failed.Op)
		require.EqualValues(t, 3, count(t, p))
	})
}

func TestWithTxRetries(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		create(t, p, "a")
		// Each reads what the other writes: one of them must begin again.
		serializable := pgx.TxOptions{IsoLevel: pgx.Serializable}
		var both, wg sync.WaitGroup
		both.Add(2)
		errs, runs := make([]error, 2), make([]int, 2)
		for i := range 2 {
			wg.Go(func() {
				errs[i] = p.WithTxOptions(ctx, serializable, func(tx presenter.Tx) error {
					n, err := tx.ConversationCount(ctx)
					if err != nil {
						return err
					}
					if runs[i]++; runs[i] == 1 {
						both.Done()
						both.Wait()
					}
					_, err = tx.CreateConversation(ctx, presenter.NewConversation{Title: time.Duration(n).String()})
					return err
				})
			})
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		require.EqualValues(t, 3, count(t, p))
		require.GreaterOrEqual(t, runs[0]+runs[1], 3)

		n := 0
		err := p.WithTx(ctx, func(presenter.Tx) error {
			n++
			return &pgconn.PgError{Code: "40P01"}
		})
		require.Error(t, err)
		require.Equal(t, 6, n, "the first time and five more")
		n = 0
		short, cancel := context.WithCancel(ctx)
		err = p.WithTx(short, func(presenter.Tx) error {
			n++
			cancel()
			return &pgconn.PgError{Code: "40001"}
		})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, n)
	})
}

// The caller's own statements can be in the same transaction.
func TestIn(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		tx, err := pool.Begin(ctx)
		require.NoError(t, err)
		_, err = tx.Exec(ctx, "CREATE TABLE own (id text)")
		require.NoError(t, err)
		create(t, p.In(tx), "a")
		require.NoError(t, tx.Rollback(ctx))
		require.Zero(t, count(t, p))
	})
}

func TestExplicitTransactions(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		id, err := p.Begin(ctx, presenter.BeginOptions{})
		require.NoError(t, err)
		tx, err := p.Transaction(id)
		require.NoError(t, err)
		create(t, tx, "a")
		require.Zero(t, count(t, p))
		require.NoError(t, p.Commit(ctx, id))
		require.EqualValues(t, 1, count(t, p))

		named, err := p.Begin(ctx, presenter.BeginOptions{ID: "mine", TxOptions: pgx.TxOptions{AccessMode: pgx.ReadOnly}})
		require.NoError(t, err)
		require.Equal(t, "mine", named)
		_, err = p.Begin(ctx, presenter.BeginOptions{ID: "mine"})
		require.ErrorIs(t, err, presenter.ErrExists)
		require.Len(t, p.Health(ctx).Transactions, 1)
		tx, err = p.Transaction("mine")
		require.NoError(t, err)
		require.ErrorIs(t, second(tx.CreateConversation(ctx, presenter.NewConversation{})), &presenter.DatabaseError{Code: "25006"})
		require.NoError(t, p.Rollback(ctx, "mine"))

		var failed *presenter.TransactionError
		for _, err := range []error{p.Commit(ctx, "mine"), p.Rollback(ctx, id), second(p.Transaction("never"))} {
			require.ErrorAs(t, err, &failed)
			require.ErrorIs(t, err, presenter.ErrNotFound)
		}
		_, err = tx.ConversationCount(ctx)
		require.ErrorIs(t, err, pgx.ErrTxClosed)
		require.Zero(t, pool.Stat().AcquiredConns())
	})
}

// A forgotten transaction ends by itself, and what waits for it goes on.
func TestForgottenTransaction(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		create(t, p, "a")
		id, err := p.Begin(ctx, presenter.BeginOptions{Timeout: 200 * time.Millisecond})
		require.NoError(t, err)
		tx, err := p.Transaction(id)
		require.NoError(t, err)
		require.NoError(t, tx.PinConversation(ctx, "a", true))
		require.NoError(t, p.PinConversation(ctx, "a", false), "waits for the lock")
		_, err = tx.ConversationCount(ctx)
		require.ErrorIs(t, err, presenter.ErrTimeout)
		require.ErrorIs(t, p.Commit(ctx, id), presenter.ErrNotFound)
		require.EqualValues(t, 1, count(t, p))
	})
}

// So does one in which a statement waits for ever.
func TestStuckTransaction(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		create(t, p, "a")
		holder, err := pool.Begin(ctx)
		require.NoError(t, err)
		defer func() { require.NoError(t, holder.Rollback(ctx)) }()
		require.NoError(t, p.In(holder).PinConversation(ctx, "a", true))
		id, err := p.Begin(ctx, presenter.BeginOptions{Timeout: 200 * time.Millisecond})
		require.NoError(t, err)
		tx, err := p.Transaction(id)
		require.NoError(t, err)
		err = tx.PinConversation(ctx, "a", false)
		require.ErrorIs(t, err, presenter.ErrTimeout)
		p.Close()
		// pgx closes a connection whose statement was given up in the background.
		require.Eventually(t, func() bool { return pool.Stat().AcquiredConns() == 1 }, time.Minute, time.Millisecond, "only the holder's is in use")
	})
}

func TestClose(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		id, err := p.Begin(ctx, presenter.BeginOptions{})
		require.NoError(t, err)
		tx, err := p.Transaction(id)
		require.NoError(t, err)
		create(t, tx, "a")
		p.Close()
		p.Close()
		_, err = tx.ConversationCount(ctx)
		require.ErrorIs(t, err, presenter.ErrClosed)
		_, err = p.Begin(ctx, presenter.BeginOptions{})
		require.ErrorIs(t, err, presenter.ErrClosed)
		require.Zero(t, pool.Stat().AcquiredConns())
		require.Zero(t, count(t, p), "what needs no transaction goes on")
	})
}

// Begin, use and the three ends, all at once.
func TestTransactionsHammer(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		var wg sync.WaitGroup
		for i := range 4 {
			wg.Go(func() {
				for range 5 {
					id, err := p.Begin(ctx, presenter.BeginOptions{Timeout: time.Duration(1+i*20) * time.Millisecond})
					if err != nil {
						continue // it timed out before it had begun
					}
					var users sync.WaitGroup
					for range 2 {
						users.Go(func() {
							if tx, err := p.Transaction(id); err == nil {
								_, _ = tx.CreateConversation(ctx, presenter.NewConversation{})
							}
						})
					}
					if i%2 == 0 {
						_ = p.Commit(ctx, id)
					} else {
						_ = p.Rollback(ctx, id)
					}
					users.Wait()
				}
			})
		}
		wg.Wait()
		p.Close()
		require.Eventually(t, func() bool { return pool.Stat().AcquiredConns() == 0 }, time.Minute, time.Millisecond)
		count(t, p)
	})
}
