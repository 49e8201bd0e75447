package presenter

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
)

// A Tx has the methods of a Presenter, within a transaction. It is safe for
// concurrent use, but statements take turns. It is of no use after the function
// it was given to has returned.
//
// As always in PostgreSQL, a statement that fails spoils the transaction: what
// follows fails with SQLSTATE 25P02. Wrap in WithTx what may fail and go on.
type Tx struct{ concerns }

// concerns are what a Presenter and a Tx do.
type concerns struct {
	runner
	chat
	knowledge
}

// concerns returns all that can be done where statements run.
func (r runner) concerns() concerns {
	c := concerns{r, chat{r}, knowledge{r}}
	if !r.cfg.Knowledge {
		c.knowledge.db = noKnowledge{}
	}
	return c
}

// WithTx runs a function within a savepoint: if it returns an error or panics,
// what it did is rolled back, and the transaction goes on.
func (tx Tx) WithTx(ctx context.Context, f func(Tx) error) error {
	return tx.atomically(ctx, "running a transaction", func(r runner) error { return f(Tx{r.concerns()}) })
}

// In returns the presenter's methods within a transaction of pgx, which the
// caller ends. So one transaction can hold the caller's own statements, too.
func (p *Presenter) In(tx pgx.Tx) Tx {
	return Tx{runner{newSession(context.Background(), tx), p.cfg}.concerns()}
}

// WithTx runs a function within a transaction, which is committed if it returns
// nil, and else, or if it panics, rolled back. The error of the function is
// returned as it is.
//
// If the transaction fails because it conflicts with another (SQLSTATE 40001 or
// 40P01), it is run again, up to Config.Retries times, after a short random
// wait. So the function may be called several times, and should do nothing else
// that lasts. The isolation level is the database's default, READ COMMITTED
// usually; see WithTxOptions.
func (p *Presenter) WithTx(ctx context.Context, f func(Tx) error) error {
	return p.WithTxOptions(ctx, pgx.TxOptions{}, f)
}

// WithTxOptions is WithTx with an isolation level or access mode.
func (p *Presenter) WithTxOptions(ctx context.Context, options pgx.TxOptions, f func(Tx) error) error {
	ctx = withOperation(ctx, "running a transaction")
	for attempt := 0; ; attempt++ {
		s, err := pooled{p.pool}.begin(ctx, options)
		if err != nil {
			return err
		}
		err = s.finish(ctx, func() error { return f(Tx{runner{s, p.cfg}.concerns()}) })
		if err == nil || !conflict(err) || attempt >= p.cfg.Retries {
			return err
		}
		wait := backoff(attempt)
		p.cfg.Logger.DebugContext(ctx, "a transaction conflicts with another, and will be run again", "attempt", attempt+1, "wait", wait)
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		}
	}
}

// conflict reports whether an error says that the same may succeed next time.
func conflict(err error) bool {
	state := stateOf(err)
	return state == "40001" || state == "40P01" // serialization_failure, deadlock_detected
}

// backoff returns how long to wait before trying again: a random part of a time
// that doubles, so that those who collided do not meet again.
func backoff(attempt int) time.Duration {
	const first, longest = 10 * time.Millisecond, time.Second
	return rand.N(min(longest, first<<min(attempt, 10)))
}
