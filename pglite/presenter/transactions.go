package presenter

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// BeginOptions say how a transaction is begun. The zero value is usual.
type BeginOptions struct {
	// ID names the transaction; "" means a new one.
	ID string
	// Timeout is how long it may last; 0 means Config.TxTimeout. It is then
	// rolled back, even while a statement runs, and its connection is free.
	Timeout time.Duration
	// TxOptions are the isolation level and access mode.
	pgx.TxOptions
}

// An OpenTransaction is one that Begin began.
type OpenTransaction struct {
	ID       string    `json:"id"`
	Began    time.Time `json:"began"`
	Deadline time.Time `json:"deadline"`
}

// transactions are those of Begin, by id.
type transactions struct {
	mu     sync.Mutex
	open   map[string]*transaction
	closed bool
	ending sync.WaitGroup // rollbacks of those that timed out
}

type transaction struct {
	OpenTransaction
	*session
	cancel context.CancelCauseFunc
	timer  *time.Timer
}

// Begin begins a transaction that lasts until Commit or Rollback with its id,
// or until its time is over; Transaction gives the methods within it. Prefer
// WithTx, which cannot be forgotten. Each takes a connection of the pool.
//
// The error is a *TransactionError; it is ErrExists if the id is taken.
func (p *Presenter) Begin(ctx context.Context, options BeginOptions) (id string, err error) {
	t := &transaction{}
	t.ID, t.Began = p.cfg.id(options.ID), p.cfg.Now()
	timeout := options.Timeout
	if timeout <= 0 {
		timeout = p.cfg.TxTimeout
	}
	t.Deadline = t.Began.Add(timeout)
	if err := p.explicit.reserve(t); err != nil {
		return "", &TransactionError{ID: t.ID, Op: "begin", Err: err}
	}
	s, err := pooled{p.pool}.begin(withOperation(ctx, "beginning a transaction"), options.TxOptions)
	if err == nil {
		// Should this program hang, the server ends the transaction. It has
		// twice the time, so that usually this side does it, and says why.
		idle := fmt.Sprintf("SET LOCAL idle_in_transaction_session_timeout = %d", 2*timeout.Milliseconds()+1)
		if _, err = s.Exec(ctx, idle); err != nil {
			err = errors.Join(err, s.rollback(ctx))
		}
	}
	if err != nil {
		p.explicit.take(t.ID)
		return "", &TransactionError{ID: t.ID, Op: "begin", Err: err}
	}
	s.ctx, t.cancel = context.WithCancelCause(context.Background())
	started := p.explicit.start(t, s, timeout, func(err error) {
		p.cfg.Logger.Warn("a transaction took too long and was rolled back", "id", t.ID, "timeout", timeout, "error", err)
	})
	if !started {
		return "", &TransactionError{ID: t.ID, Op: "begin", Err: errors.Join(ErrClosed, s.rollback(ctx))}
	}
	return t.ID, nil
}

// Transaction returns the presenter's methods within a transaction of Begin.
func (p *Presenter) Transaction(id string) (Tx, error) {
	t := p.explicit.find(id)
	if t == nil {
		return Tx{}, notOpen("find", id)
	}
	return Tx{runner{t.session, p.cfg}.concerns()}, nil
}

// Commit commits a transaction of Begin. Whatever it returns, the transaction
// has ended.
func (p *Presenter) Commit(ctx context.Context, id string) error {
	t := p.explicit.take(id)
	if t == nil {
		return notOpen("commit", id)
	}
	defer t.cancel(pgx.ErrTxClosed)
	if err := t.commit(withOperation(ctx, "committing")); err != nil {
		_ = t.rollback(ctx) // if the commit was not even tried
		return &TransactionError{ID: id, Op: "commit", Err: errors.Unwrap(err)}
	}
	return nil
}

// Rollback rolls back a transaction of Begin. Whatever it returns, the
// transaction has ended; a statement that runs in it is cancelled.
func (p *Presenter) Rollback(ctx context.Context, id string) error {
	t := p.explicit.take(id)
	if t == nil {
		return notOpen("rollback", id)
	}
	t.cancel(pgx.ErrTxClosed)
	if err := t.rollback(withOperation(ctx, "rolling back")); err != nil {
		return &TransactionError{ID: id, Op: "rollback", Err: errors.Unwrap(err)}
	}
	return nil
}

func notOpen(op, id string) error {
	return &TransactionError{ID: id, Op: op, Err: fmt.Errorf("%w: no transaction of that id is open; it may have timed out", ErrNotFound)}
}

// reserve takes an id, before there is a transaction of it.
func (ts *transactions) reserve(t *transaction) error {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.closed {
		return ErrClosed
	}
	if _, taken := ts.open[t.ID]; taken {
		return ErrExists
	}
	if ts.open == nil {
		ts.open = map[string]*transaction{}
	}
	ts.open[t.ID] = t
	return nil
}

// start lets the time of a transaction run, if it is still wanted.
func (ts *transactions) start(t *transaction, s *session, timeout time.Duration, expired func(error)) bool {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if ts.open[t.ID] != t {
		return false
	}
	t.session = s
	t.timer = time.AfterFunc(timeout, func() {
		ts.mu.Lock()
		mine := ts.open[t.ID] == t && !ts.closed
		if mine {
			delete(ts.open, t.ID)
			ts.ending.Add(1)
		}
		ts.mu.Unlock()
		if mine {
			defer ts.ending.Done()
			t.cancel(ErrTimeout)
			expired(t.rollback(context.Background()))
		}
	})
	return true
}

// find returns an open transaction, or nil.
func (ts *transactions) find(id string) *transaction {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if t := ts.open[id]; t != nil && t.session != nil {
		return t
	}
	return nil
}

// take removes a transaction, for the caller to end. It is nil if there is
// none, or none yet.
func (ts *transactions) take(id string) *transaction {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	t := ts.open[id]
	if t == nil {
		return nil
	}
	delete(ts.open, id)
	if t.session == nil {
		return nil
	}
	t.timer.Stop()
	return t
}

// list returns what is open.
func (ts *transactions) list() []OpenTransaction {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	var list []OpenTransaction
	for _, t := range ts.open {
		list = append(list, t.OpenTransaction)
	}
	return list
}

// close rolls everything back and waits.
func (ts *transactions) close() {
	ts.mu.Lock()
	ts.closed = true
	var left []*transaction
	for _, t := range ts.open {
		if t.session != nil {
			t.timer.Stop()
			left = append(left, t)
		}
	}
	ts.open = nil
	ts.mu.Unlock()
	for _, t := range left {
		t.cancel(ErrClosed)
		_ = t.rollback(context.Background()) // it leaves the pool, one way or the other
	}
	ts.ending.Wait()
}
