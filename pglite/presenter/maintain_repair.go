package presenter

import (
	"context"
	"errors"
	"slices"
	"time"
)

// A MaintenanceStep is something that was done, or was to be done, to a table or
// an index.
type MaintenanceStep struct {
	// Object is the name of the table or index, and Reason says why.
	Object string `json:"object"`
	Reason string `json:"reason"`
	// SQL is the statement.
	SQL string `json:"sql"`
	// Took is how long it took, in milliseconds.
	TookMillis float64 `json:"tookMillis"`
	// Err is why it failed; nil if it did not.
	Err error `json:"-"`
}

// RepairIndexes makes the indexes that are missing, makes invalid ones again and
// drops what interrupted REINDEX CONCURRENTLY and IndexVectors have left, as
// Indexes names them. Which bases should have an index of vectors it cannot know.
// Tables can be read and written meanwhile, except that indexes of partitioned
// tables cannot be made so. It waits for transactions that are open; the context
// bounds how long.
//
// Nothing is dropped but such leftovers, which are never used. Invalid indexes of others, on the presenter's
// tables, are made again and not dropped. An index that should be unique and
// cannot be is left as it is: the error, ErrExists, names the first value that
// is there twice. What fails does not keep the rest from being done; the errors
// are joined, and also in the steps.
//
// One program maintains a database at a time; another gets SQLSTATE 55P03.
func (p *Presenter) RepairIndexes(ctx context.Context) ([]MaintenanceStep, error) {
	const op = "repairing indexes"
	m := maintenance{p: p, op: op}
	err := p.maintaining(ctx, op, func(r runner) error {
		m.r = r
		return m.repair(ctx)
	})
	return m.finish(ctx, err)
}

// maintenance runs the steps of a method.
type maintenance struct {
	p     *Presenter
	r     runner
	op    string
	dry   bool
	steps []MaintenanceStep
}

// run runs a step, and returns whether it succeeded.
func (m *maintenance) run(ctx context.Context, object, reason string, statements ...string) bool {
	for _, sql := range statements {
		step, start := MaintenanceStep{Object: object, Reason: reason, SQL: sql}, time.Now()
		if !m.dry {
			_, step.Err = m.r.exec(ctx, m.op, object, sql)
			step.TookMillis = float64(time.Since(start)) / float64(time.Millisecond)
		}
		m.steps = append(m.steps, step)
		if step.Err != nil {
			return false
		}
	}
	return true
}

// finish returns what was done, and all that went wrong.
func (m *maintenance) finish(ctx context.Context, err error) ([]MaintenanceStep, error) {
	list := []error{wrap(m.op, "", ctx.Err()), err}
	for _, step := range m.steps {
		list = append(list, step.Err)
	}
	return m.steps, errors.Join(list...)
}

// repair does what RepairIndexes promises.
func (m *maintenance) repair(ctx context.Context) error {
	list, err := m.p.indexes(ctx, m.r, m.op)
	if err != nil {
		return err
	}
	for _, h := range list {
		if h.Is(IndexLeftover) {
			m.run(ctx, h.Name, string(IndexLeftover), "DROP INDEX CONCURRENTLY "+h.Name)
		}
	}
	for _, h := range list {
		if ctx.Err() != nil {
			return nil
		}
		switch {
		case h.Is(IndexMissing):
			partitioned := slices.ContainsFunc(list, func(o IndexHealth) bool { return o.Table == h.Table && o.partitioned })
			m.run(ctx, h.Name, string(IndexMissing), h.promise.SQL(!partitioned)...)
		case h.Is(IndexInvalid) && !h.partitioned:
			if err := m.rebuild(ctx, h, IndexInvalid); err != nil {
				return err
			}
		}
	}
	return nil
}

// rebuild makes an index again, and drops what is left if that fails.
func (m *maintenance) rebuild(ctx context.Context, h IndexHealth, reason IndexProblem) error {
	if m.run(ctx, h.Name, string(reason), "REINDEX INDEX CONCURRENTLY "+h.Name) || ctx.Err() != nil {
		return nil
	}
	list, err := m.p.indexes(ctx, m.r, m.op)
	if err != nil {
		return err
	}
	for _, o := range list {
		if o.Is(IndexLeftover) && o.sameAs(h) {
			m.run(ctx, o.Name, string(IndexLeftover), "DROP INDEX CONCURRENTLY "+o.Name)
		}
	}
	return nil
}
