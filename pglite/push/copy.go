package push

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/calfdb/calf/pglite/internal/sqltext"
	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// A pushWorker moves one thing after the other, with a session on either side.
type pushWorker struct {
	*pusher
	from, to *pgx.Conn
}

// copyAll moves the rows of all tables and the large objects, several at a time.
func (p *pusher) copyAll(ctx context.Context) error {
	tables := make(chan *Table, len(p.report.Tables))
	for _, t := range p.report.Tables { // the largest first
		tables <- t
	}
	close(tables)
	group, ctx := errgroup.WithContext(ctx)
	for range min(p.cfg.Jobs, len(p.report.Tables)) {
		group.Go(func() error {
			return p.work(ctx, func(w *pushWorker) error {
				for t := range tables {
					if err := w.table(ctx, t); err != nil {
						return fmt.Errorf("table %s: %w", t.sqlName(), err)
					}
				}
				return nil
			})
		})
	}
	if p.report.LargeObjects > 0 || p.report.Resumed {
		group.Go(func() error {
			return p.work(ctx, func(w *pushWorker) error {
				if err := w.largeObjects(ctx); err != nil {
					return fmt.Errorf("large objects: %w", err)
				}
				return nil
			})
		})
	}
	return group.Wait()
}

// work opens the two sessions of a worker. That of the source sees the snapshot.
func (p *pusher) work(ctx context.Context, do func(*pushWorker) error) (err error) {
	w := &pushWorker{pusher: p}
	defer func() { err = errors.Join(err, hangUp(ctx, w.from), hangUp(ctx, w.to)) }()
	if w.from, err = connectTo(ctx, p.source, "source"); err != nil {
		return err
	}
	if w.to, err = connectTo(ctx, p.target, "target"); err != nil {
		return err
	}
	if _, err := w.from.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET TRANSACTION SNAPSHOT "+sqltext.Literal(p.snapshot)); err != nil {
		return fmt.Errorf("taking the source's snapshot: %w", err)
	}
	return do(w)
}

// table moves a table, in one transaction, or sees that it was moved and is the same still.
func (w *pushWorker) table(ctx context.Context, t *Table) error {
	if _, err := w.to.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	sum, kept, err := w.clear(ctx, t)
	if err == nil && !kept {
		sum, err = w.fill(ctx, t)
	}
	if err != nil {
		return err
	}
	if _, err := w.to.Exec(ctx, "COMMIT"); err != nil {
		return err
	}
	t.Rows, t.Checksum, t.Kept = sum.rows, sum.checksum, kept
	if kept {
		w.meter.add(t.Bytes)
	}
	return nil
}

// clear sees to it that a table is empty on the target, unless it was moved and is the same still.
func (w *pushWorker) clear(ctx context.Context, t *Table) (sum tableSum, kept bool, err error) {
	old, moved := w.state.moved[[2]string{t.Schema, t.Name}]
	if !moved {
		var some bool
		err := w.to.QueryRow(ctx, "SELECT EXISTS (SELECT FROM ONLY "+t.sqlName()+" "+t.condition+")").Scan(&some)
		if err == nil && some {
			err = errors.New("the target has rows that were not moved")
		}
		return sum, false, err
	}
	here, there, err := w.sums(ctx, t)
	switch {
	case err != nil:
		return sum, false, err
	case there != old.sum():
		return sum, false, fmt.Errorf("the target's rows were changed after they had been moved: there were %s, and are %s", old.sum(), there)
	case here == there:
		return here, true, nil
	}
	remove := "TRUNCATE ONLY " + t.sqlName()
	if t.condition != "" {
		remove = "DELETE FROM ONLY " + t.sqlName() + " " + t.condition
	}
	if _, err := w.to.Exec(ctx, remove); err != nil {
		return sum, false, err
	}
	_, err = w.to.Exec(ctx, "DELETE FROM calf_push.moved WHERE schema = $1 AND name = $2", t.Schema, t.Name)
	return sum, false, err
}

// fill copies a table's rows, compares them, and notes them.
func (w *pushWorker) fill(ctx context.Context, t *Table) (tableSum, error) {
	counted := int64(0)
	defer func() { w.meter.add(t.Bytes - counted) }()
	rows, err := w.copy(ctx, t, func(n int) {
		// Text is larger or smaller than what is on disk.
		more := min(int64(n), t.Bytes-counted)
		counted += more
		w.meter.add(more)
	})
	if err != nil {
		return tableSum{}, err
	}
	here, there, err := w.sums(ctx, t)
	if err != nil {
		return tableSum{}, err
	}
	if here != there || here.rows != rows {
		return tableSum{}, fmt.Errorf("verification failed: the source has %s, %d rows were copied, and the target has %s", here, rows, there)
	}
	_, err = w.to.Exec(ctx, "INSERT INTO calf_push.moved VALUES ($1, $2, $3, $4)", t.Schema, t.Name, here.rows, here.checksum)
	return here, err
}

// pushBuffer is how much of a table goes from one session to the other at once; the source's protocol has a message per row.
const pushBuffer = 64 << 10

var errTargetStopped = errors.New("the target takes no more")

// copy copies the rows and returns how many.
func (w *pushWorker) copy(ctx context.Context, t *Table, counted func(n int)) (int64, error) {
	columns := ""
	if len(t.columns) > 0 { // without any, all that there are
		columns = "(" + t.columnList() + ")"
	}
	what := t.sqlName() + " " + columns
	if t.condition != "" {
		what = "(SELECT " + t.columnList() + " FROM ONLY " + t.sqlName() + " " + t.condition + ")"
	}
	r, pipe := io.Pipe()
	var source, target int64
	var group errgroup.Group
	group.Go(func() error {
		out := bufio.NewWriterSize(countingWriter{pipe, counted}, pushBuffer)
		tag, err := w.from.PgConn().CopyTo(ctx, out, "COPY "+what+" TO STDOUT")
		if err == nil {
			source, err = tag.RowsAffected(), out.Flush()
		}
		_ = pipe.CloseWithError(err) // nil is the end
		return err
	})
	tag, err := w.to.PgConn().CopyFrom(ctx, r, "COPY "+t.sqlName()+" "+columns+" FROM STDIN")
	target = tag.RowsAffected()
	_ = r.CloseWithError(errTargetStopped)
	if from := group.Wait(); from != nil && !errors.Is(from, errTargetStopped) {
		return 0, fmt.Errorf("reading: %w", from)
	}
	if err != nil {
		return 0, fmt.Errorf("writing: %w", err)
	}
	if source != target {
		return 0, fmt.Errorf("the source sent %d rows, and the target took %d", source, target)
	}
	return target, nil
}

// columnList returns the columns that are not generated, as SQL.
func (t *Table) columnList() string {
	var names []string
	for _, c := range t.columns {
		names = append(names, sqltext.Name(c))
	}
	return strings.Join(names, ", ")
}

// A countingWriter tells how much is written.
type countingWriter struct {
	io.Writer
	told func(n int)
}

func (c countingWriter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.told(n)
	return n, err
}
