package push

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"
)

// A tableSum says what rows a table has, in whatever order.
type tableSum struct {
	rows     int64
	checksum string
}

func (s tableSum) String() string { return fmt.Sprintf("%d rows with checksum %s", s.rows, s.checksum) }

func (m movedTable) sum() tableSum { return tableSum{m.Rows, m.Checksum} }

// sums computes the sums of a table on both sides at the same time.
func (w *pushWorker) sums(ctx context.Context, t *Table) (here, there tableSum, err error) {
	group, ctx := errgroup.WithContext(ctx)
	sql := w.sumOf(t)
	for conn, s := range map[*pgx.Conn]*tableSum{w.from: &here, w.to: &there} {
		group.Go(func() error { return conn.QueryRow(ctx, sql).Scan(&s.rows, &s.checksum) })
	}
	if err := group.Wait(); err != nil {
		return here, there, fmt.Errorf("computing checksums: %w", err)
	}
	return here, there, nil
}

// Expressions for a 64-bit hash of a text, %s. The first has the same value on all machines that store the low byte first; the
// second has it on all, and is slower.
const (
	fastRowHash = `pg_catalog.hashtextextended(%s COLLATE "C", 0)`
	anyRowHash  = `('x' || pg_catalog.left(pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(%s, 'UTF8')), 'hex'), 16))::bit(64)::bigint`
)

// sumOf is the sum of a 64-bit hash of each row's text. Two sets of rows that differ have the same with a probability of one
// in 2^64, unless somebody has made them to.
func (p *pusher) sumOf(t *Table) string {
	return "SELECT pg_catalog.count(*), coalesce(pg_catalog.sum(" + strings.ReplaceAll(p.rowHash, "%s", "ROW("+t.columnList()+")::text") +
		"), 0)::text FROM ONLY " + t.sqlName() + " " + t.condition
}
