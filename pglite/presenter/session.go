package presenter

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// session runs statements in a transaction. They take turns, so that it is safe
// for concurrent use, and end when the session's own context does.
type session struct {
	tx   pgx.Tx
	ctx  context.Context
	turn chan struct{} // holds one; shared with savepoints
	// before, if there is one, is called with each statement before it is run,
	// and with the one that changes settings for it.
	before func(ctx context.Context, tx pgx.Tx, settings, sql string, args []any) error
}

func newSession(ctx context.Context, tx pgx.Tx) *session {
	return &session{tx: tx, ctx: ctx, turn: make(chan struct{}, 1)}
}

// enter waits for the caller's turn. The context it returns is the caller's and
// ends with the session, too; leave ends the turn.
func (s *session) enter(ctx context.Context) (_ context.Context, leave func(), _ error) {
	if s.ctx.Err() != nil {
		return nil, nil, context.Cause(s.ctx)
	}
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	case <-s.ctx.Done():
		return nil, nil, context.Cause(s.ctx)
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(s.ctx, cancel)
	return ctx, func() {
		stop()
		cancel()
		<-s.turn
	}, nil
}

// during runs a function in the caller's turn.
func (s *session) during(ctx context.Context, f func(context.Context) error) error {
	ctx, leave, err := s.enter(ctx)
	if err != nil {
		return err
	}
	defer leave()
	err = f(ctx)
	if err != nil && s.ctx.Err() != nil {
		return errors.Join(context.Cause(s.ctx), err)
	}
	return err
}

func (s *session) Exec(ctx context.Context, sql string, args ...any) (tag pgconn.CommandTag, err error) {
	err = s.during(ctx, func(ctx context.Context) (err error) {
		if s.before != nil {
			if err := s.before(ctx, s.tx, "", sql, args); err != nil {
				return err
			}
		}
		tag, err = s.tx.Exec(ctx, sql, args...)
		return err
	})
	return tag, err
}

func (s *session) Query(ctx context.Context, collect func(pgx.Rows) error, sql string, args ...any) error {
	return s.during(ctx, func(ctx context.Context) error {
		if s.before != nil {
			if err := s.before(ctx, s.tx, "", sql, args); err != nil {
				return err
			}
		}
		rows, err := s.tx.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		return collect(rows)
	})
}

func (s *session) QueryWith(ctx context.Context, settings string, collect func(pgx.Rows) error, sql string, args ...any) error {
	return s.during(ctx, func(ctx context.Context) error {
		if s.before != nil {
			if err := s.before(ctx, s.tx, settings, sql, args); err != nil {
				return err
			}
		}
		// Rolling back to the savepoint takes the settings back.
		batch := &pgx.Batch{}
		batch.Queue("SAVEPOINT calf_settings")
		batch.Queue(settings)
		batch.Queue(sql, args...)
		batch.Queue("ROLLBACK TO SAVEPOINT calf_settings")
		batch.Queue("RELEASE SAVEPOINT calf_settings")
		return sendQuery(s.tx.SendBatch(ctx, batch), 2, collect)
	})
}

func (s *session) CopyBinary(ctx context.Context, table string, columns []string, data io.Reader) (n int64, err error) {
	err = s.during(ctx, func(ctx context.Context) (err error) {
		n, err = copyBinary(ctx, s.tx.Conn(), table, columns, data)
		return err
	})
	return n, err
}

func (s *session) CopyFrom(ctx context.Context, table string, columns []string, rows pgx.CopyFromSource) (n int64, err error) {
	err = s.during(ctx, func(ctx context.Context) (err error) {
		n, err = s.tx.CopyFrom(ctx, pgx.Identifier{table}, columns, rows)
		return err
	})
	return n, err
}

// Begin makes a savepoint.
func (s *session) Begin(ctx context.Context) (*session, error) {
	var inner *session
	err := s.during(ctx, func(ctx context.Context) error {
		tx, err := s.tx.Begin(ctx)
		inner = &session{tx, s.ctx, s.turn, s.before}
		return err
	})
	if err != nil {
		return nil, &TransactionError{Op: "begin", Err: err}
	}
	return inner, nil
}

func (s *session) commit(ctx context.Context) error {
	if err := s.during(ctx, s.tx.Commit); err != nil {
		return &TransactionError{Op: "commit", Err: err}
	}
	return nil
}

// rollback waits for the turn of whoever has it, but not for the caller's
// context, which may be why this is a rollback.
func (s *session) rollback(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
	defer cancel()
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return &TransactionError{Op: "rollback", Err: ctx.Err()}
	}
	defer func() { <-s.turn }()
	if err := s.tx.Rollback(ctx); err != nil && !errors.Is(err, pgx.ErrTxClosed) {
		return &TransactionError{Op: "rollback", Err: err}
	}
	return nil
}

// rollbackTime is how long a rollback may take, which is a round trip: after
// it, pgx closes the connection, with the same effect.
const rollbackTime = 15 * time.Second

// finish runs a function and then commits, or rolls back if it fails or panics.
func (s *session) finish(ctx context.Context, f func() error) (err error) {
	done := false
	defer func() {
		if !done { // a panic, or runtime.Goexit
			_ = s.rollback(ctx)
		}
	}()
	err = f()
	done = true
	if err == nil {
		if err = s.commit(ctx); err == nil {
			return nil
		}
	}
	// A rollback that fails closes the connection, which has the same effect.
	_ = s.rollback(ctx)
	return err
}
