package presenter

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// querier is where statements run: the pool, or a transaction.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	// Query gives the rows to collect, which must not use the querier.
	Query(ctx context.Context, collect func(pgx.Rows) error, sql string, args ...any) error
	// QueryWith is Query after a statement that changes settings for the
	// transaction; they do not outlast the query. It is one round trip.
	QueryWith(ctx context.Context, settings string, collect func(pgx.Rows) error, sql string, args ...any) error
	CopyFrom(ctx context.Context, table string, columns []string, rows pgx.CopyFromSource) (int64, error)
	// CopyBinary loads what is in PostgreSQL's binary format already.
	CopyBinary(ctx context.Context, table string, columns []string, data io.Reader) (int64, error)
	Begin(ctx context.Context) (*session, error)
}

// runner runs statements, says so to the log, and gives errors their form. It
// is what the concerns of a Presenter and a Tx have in common.
type runner struct {
	db  querier
	cfg *Config
}

// exec runs a statement and returns how many rows it changed.
func (r runner) exec(ctx context.Context, op, id, sql string, args ...any) (int64, error) {
	ctx, start := withOperation(ctx, op), time.Now()
	tag, err := r.db.Exec(ctx, sql, args...)
	r.log(ctx, sql, start, tag.RowsAffected(), err)
	return tag.RowsAffected(), wrap(op, id, err)
}

// execOne runs a statement that changes the row with that id, or finds none.
func (r runner) execOne(ctx context.Context, op, id, sql string, args ...any) error {
	n, err := r.exec(ctx, op, id, sql, args...)
	if err == nil && n == 0 {
		return wrap(op, id, pgx.ErrNoRows)
	}
	return err
}

// query runs a statement and returns its rows.
func query[T any](ctx context.Context, r runner, op, id string, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	return queryWith(ctx, r, op, id, "", scan, sql, args...)
}

// queryWith is query after a statement that changes settings, unless that is
// empty.
func queryWith[T any](ctx context.Context, r runner, op, id, settings string, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	ctx, start := withOperation(ctx, op), time.Now()
	var list []T
	collect := func(rows pgx.Rows) (err error) {
		list, err = pgx.CollectRows(&bounded{Rows: rows, left: r.cfg.Memory}, scan)
		return err
	}
	var err error
	if settings == "" {
		err = r.db.Query(ctx, collect, sql, args...)
	} else {
		err = r.db.QueryWith(ctx, settings, collect, sql, args...)
	}
	r.log(ctx, sql, start, int64(len(list)), err)
	if err != nil {
		return nil, wrap(op, id, err)
	}
	return list, nil
}

// each runs a statement and gives its rows to a function, which must not use
// the runner.
func each(ctx context.Context, r runner, op, id string, f func(pgx.CollectableRow) error, sql string, args ...any) error {
	ctx, start := withOperation(ctx, op), time.Now()
	var n int64
	err := r.db.Query(ctx, func(rows pgx.Rows) error {
		defer rows.Close()
		for rows.Next() {
			if err := f(rows); err != nil {
				return err
			}
			n++
		}
		return rows.Err()
	}, sql, args...)
	r.log(ctx, sql, start, n, err)
	return wrap(op, id, err)
}

// queryOne runs a statement that returns one row, or finds none.
func queryOne[T any](ctx context.Context, r runner, op, id string, scan pgx.RowToFunc[T], sql string, args ...any) (T, error) {
	list, err := query(ctx, r, op, id, scan, sql, args...)
	if err == nil && len(list) == 0 {
		err = wrap(op, id, pgx.ErrNoRows)
	}
	if err != nil {
		var none T
		return none, err
	}
	return list[0], nil
}

// copyFrom loads rows.
func (r runner) copyFrom(ctx context.Context, op, table string, columns []string, n int, row func(int) ([]any, error)) error {
	ctx, start := withOperation(ctx, op), time.Now()
	copied, err := r.db.CopyFrom(ctx, table, columns, pgx.CopyFromSlice(n, row))
	r.log(ctx, "COPY "+table+" FROM STDIN", start, copied, err)
	return wrap(op, "", err)
}

// copyBinary loads what is in PostgreSQL's binary format already.
func (r runner) copyBinary(ctx context.Context, op, table string, columns []string, data io.Reader) (int64, error) {
	ctx, start := withOperation(ctx, op), time.Now()
	copied, err := r.db.CopyBinary(ctx, table, columns, data)
	r.log(ctx, "COPY "+table+" FROM STDIN BINARY", start, copied, err)
	return copied, wrap(op, "", err)
}

// atomically runs a function whose statements belong together: in a
// transaction, or a savepoint of the one that there is.
func (r runner) atomically(ctx context.Context, op string, f func(runner) error) error {
	s, err := r.db.Begin(withOperation(ctx, op))
	if err != nil {
		return wrap(op, "", err)
	}
	return s.finish(ctx, func() error { return f(runner{s, r.cfg}) })
}

// log says that a statement has run. An error's text may contain values, so
// only its SQLSTATE is told.
func (r runner) log(ctx context.Context, sql string, start time.Time, rows int64, err error) {
	took := time.Since(start)
	level, text := slog.LevelDebug, "statement"
	if r.cfg.SlowQuery >= 0 && took >= r.cfg.SlowQuery {
		level, text = slog.LevelWarn, "slow statement"
	}
	if !r.cfg.Logger.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("operation", Operation(ctx)), slog.String("sql", sql),
		slog.Duration("took", took), slog.Int64("rows", rows),
	}
	if err != nil {
		attrs = append(attrs, slog.Bool("failed", true), slog.String("sqlstate", stateOf(err)))
	}
	r.cfg.Logger.LogAttrs(ctx, level, text, attrs...)
}

type operationKey struct{}

// Operation returns what the presenter is doing in a context that a tracer of
// pgx or a slog.Handler got from it, such as "creating conversation"; "" in
// any other context.
func Operation(ctx context.Context) string {
	op, _ := ctx.Value(operationKey{}).(string)
	return op
}

func withOperation(ctx context.Context, op string) context.Context {
	return context.WithValue(ctx, operationKey{}, op)
}

// pooled runs each statement on a connection of a pool.
type pooled struct{ pool *pgxpool.Pool }

func (p pooled) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return p.pool.Exec(ctx, sql, args...)
}

func (p pooled) Query(ctx context.Context, collect func(pgx.Rows) error, sql string, args ...any) error {
	rows, err := p.pool.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	return collect(rows)
}

func (p pooled) QueryWith(ctx context.Context, settings string, collect func(pgx.Rows) error, sql string, args ...any) error {
	// What is sent at once is one transaction.
	batch := &pgx.Batch{}
	batch.Queue(settings)
	batch.Queue(sql, args...)
	return sendQuery(p.pool.SendBatch(ctx, batch), 1, collect)
}

func (p pooled) CopyBinary(ctx context.Context, table string, columns []string, data io.Reader) (n int64, err error) {
	err = p.pool.AcquireFunc(ctx, func(c *pgxpool.Conn) error {
		n, err = copyBinary(ctx, c.Conn(), table, columns, data)
		return err
	})
	return n, err
}

func (p pooled) CopyFrom(ctx context.Context, table string, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return p.pool.CopyFrom(ctx, pgx.Identifier{table}, columns, rows)
}

func (p pooled) Begin(ctx context.Context) (*session, error) { return p.begin(ctx, pgx.TxOptions{}) }

func (p pooled) begin(ctx context.Context, options pgx.TxOptions) (*session, error) {
	tx, err := p.pool.BeginTx(ctx, options)
	if err != nil {
		return nil, &TransactionError{Op: "begin", Err: err}
	}
	return newSession(context.Background(), tx), nil
}

// sendQuery collects the rows of one statement of a batch that was sent.
func sendQuery(results pgx.BatchResults, before int, collect func(pgx.Rows) error) (err error) {
	defer func() {
		if closed := results.Close(); err == nil {
			err = closed
		}
	}()
	for range before {
		if _, err := results.Exec(); err != nil {
			return err
		}
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	return collect(rows)
}

func copyBinary(ctx context.Context, conn *pgx.Conn, table string, columns []string, data io.Reader) (int64, error) {
	tag, err := conn.PgConn().CopyFrom(ctx, data, "COPY "+pgx.Identifier{table}.Sanitize()+" ("+strings.Join(columns, ", ")+") FROM STDIN BINARY")
	if err != nil && ctx.Err() != nil { // the server says it in its own words
		err = errors.Join(ctx.Err(), err)
	}
	return tag.RowsAffected(), err
}
