package presenter

import (
	"context"
	"fmt"
	"io"
	"slices"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/calfdb/calf/schema"
)

// maintained are the schemas that maintenance looks after. Of those that a
// database does not have, there are no tables, and nothing is done.
var maintained = []func() *schema.Set{schema.Chat, schema.Knowledge}

// oursSQL is the beginning of a query about the tables that the migrations
// promise, those of their histories, and all partitions of them. Its parameter
// $1 is ourTables. Names are found in the search path, as everywhere.
const oursSQL = `
WITH RECURSIVE ours AS (
	SELECT to_regclass(name)::oid AS oid FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL
	UNION
	SELECT inhrelid FROM pg_inherits JOIN ours ON inhparent = oid
)`

func ourTables() []string {
	var names []string
	for _, set := range maintained {
		names = append(append(names, set().Tables()...), set().Table())
	}
	return names
}

// ourIndexes are the indexes that should be there, by the table that they are
// of: those that migrations promise of tables that the database has, and those
// of the search.
func (p *Presenter) ourIndexes(ctx context.Context, r runner, op string) ([]schema.Index, error) {
	names, err := query(ctx, r, op, "", pgx.RowTo[string], `SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL`, ourTables())
	if err != nil {
		return nil, err
	}
	exists := map[string]bool{}
	for _, name := range names {
		exists[name] = true
	}
	list := p.searchIndexes()
	for _, set := range maintained {
		list = append(list, set().Indexes()...)
	}
	return slices.DeleteFunc(list, func(i schema.Index) bool { return !exists[i.Table] }), nil
}

// maintenanceLock is the advisory lock of those who maintain a database. It is
// "calf" and "main" in ASCII.
const maintenanceLock int64 = 0x63616c66_6d61696e

// maintaining runs a function on a connection of its own, outside of a
// transaction, while nobody else maintains the database. Another one who does
// is an error at once: who waits for a lock in a statement has a snapshot, for
// which CREATE INDEX CONCURRENTLY would wait in turn.
func (p *Presenter) maintaining(ctx context.Context, op string, f func(runner) error) error {
	c, err := p.pool.Acquire(withOperation(ctx, op))
	if err != nil {
		return wrap(op, "", err)
	}
	defer c.Release()
	r := runner{single{c}, p.cfg}
	locked, err := queryOne(ctx, r, op, "", pgx.RowTo[bool], "SELECT pg_try_advisory_lock($1)", maintenanceLock)
	if err != nil {
		return err
	}
	if !locked {
		return refuse(op, "", lockNotAvailable, "somebody else maintains the database at the moment")
	}
	defer func() {
		// What the session has set and locked must not outlive this, and a
		// connection that cannot be asked to forget is closed.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), rollbackTime)
		defer cancel()
		if _, err := r.exec(ctx, op, "", "RESET work_mem; RESET maintenance_work_mem; SELECT pg_advisory_unlock("+fmt.Sprint(maintenanceLock)+")"); err != nil {
			_ = c.Conn().Close(ctx)
		}
	}()
	if err := r.limitWork(ctx, op, false); err != nil {
		return err
	}
	return f(r)
}

// single runs statements on one connection, one after the other.
type single struct{ c *pgxpool.Conn }

func (s single) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return s.c.Exec(ctx, sql, args...)
}

func (s single) Query(ctx context.Context, collect func(pgx.Rows) error, sql string, args ...any) error {
	rows, err := s.c.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	return collect(rows)
}

func (s single) QueryWith(ctx context.Context, settings string, collect func(pgx.Rows) error, sql string, args ...any) error {
	batch := &pgx.Batch{}
	batch.Queue(settings)
	batch.Queue(sql, args...)
	return sendQuery(s.c.SendBatch(ctx, batch), 1, collect)
}

func (s single) CopyBinary(ctx context.Context, table string, columns []string, data io.Reader) (int64, error) {
	return copyBinary(ctx, s.c.Conn(), table, columns, data)
}

func (s single) CopyFrom(ctx context.Context, table string, columns []string, rows pgx.CopyFromSource) (int64, error) {
	return s.c.CopyFrom(ctx, pgx.Identifier{table}, columns, rows)
}

func (s single) Begin(ctx context.Context) (*session, error) {
	tx, err := s.c.Begin(ctx)
	if err != nil {
		return nil, &TransactionError{Op: "begin", Err: err}
	}
	return newSession(context.Background(), tx), nil
}
