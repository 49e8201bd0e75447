package presenter

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// counts counts the rows of each table.
func (v *validation) counts(ctx context.Context) error {
	tables, err := query(ctx, v.r, v.op, "", pgx.RowTo[string], oursSQL+
		"SELECT c.oid::regclass::text FROM ours JOIN pg_class c USING (oid) WHERE c.relkind IN ('r', 'p') ORDER BY 1", ourTables())
	if err != nil {
		return err
	}
	const check = "rows can be read"
	v.Checks = append(v.Checks, check)
	for _, table := range tables {
		n, err := v.count(ctx, table, "enable_indexonlyscan", "enable_indexscan", "enable_bitmapscan")
		if damage := damaged(err); damage != "" {
			v.Problems = append(v.Problems, IntegrityProblem{Table: table, Check: check, Examples: []string{damage}})
		} else if err != nil {
			return err
		}
		v.Rows[table] = n
	}
	return nil
}

// errUndo ends a savepoint that has done its work.
var errUndo = errors.New("undo")

// count counts the rows of a table without some of the planner's methods, which
// are as they were after the savepoint is rolled back.
func (v *validation) count(ctx context.Context, table string, without ...string) (n int64, err error) {
	err = v.savepoint(ctx, func(r runner) error {
		for _, method := range without {
			if _, err := r.exec(ctx, v.op, table, "SET LOCAL "+method+" = off"); err != nil {
				return err
			}
		}
		// A statement that is prepared once and for all would keep its first plan.
		if n, err = queryOne(ctx, r, v.op, table, scanInt, "SELECT count(*) FROM "+table, pgx.QueryExecModeExec); err != nil {
			return err
		}
		return errUndo
	})
	if errors.Is(err, errUndo) {
		err = nil
	}
	return n, err
}

// indexes looks whether indexes have the rows of their tables.
func (v *validation) indexes(ctx context.Context) error {
	type index struct {
		Name, Table string
		Countable   bool // it has a B-tree's order and all rows
	}
	list, err := query(ctx, v.r, v.op, "", pgx.RowToStructByPos[index], oursSQL+`
		SELECT x.indexrelid::regclass::text, x.indrelid::regclass::text, x.indpred IS NULL
		FROM ours JOIN pg_index x ON x.indrelid = ours.oid JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_am am ON am.oid = i.relam
		WHERE i.relkind = 'i' AND am.amname = 'btree' AND x.indisvalid ORDER BY 2, 1`, ourTables())
	if err != nil {
		return err
	}
	amcheck, err := query(ctx, v.r, v.op, "", pgx.RowTo[string], `SELECT p.oid::regproc::text FROM pg_extension e
		JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e' AND d.classid = 'pg_proc'::regclass
		JOIN pg_proc p ON p.oid = d.objid AND p.proname = 'bt_index_check' AND p.pronargs = 2
		WHERE e.extname = 'amcheck' AND has_function_privilege(p.oid, 'EXECUTE')`)
	if err != nil {
		return err
	}
	if len(amcheck) > 0 {
		for _, i := range list {
			// bt_index_check returns one row with nothing in it, or fails.
			if err := v.look(ctx, i.Table, "index "+i.Name, "SELECT 0::bigint, '' FROM "+amcheck[0]+"($1::text::regclass, true) OFFSET 1", i.Name); err != nil {
				return err
			}
		}
		return nil
	}
	v.Skipped = append(v.Skipped, "each index: the extension amcheck is not installed, or the role may not use it")
	const check = "an index has all rows"
	v.Checks = append(v.Checks, check)
	var done []string
	for _, i := range list {
		if !i.Countable || slices.Contains(done, i.Table) {
			continue
		}
		done = append(done, i.Table)
		n, err := v.count(ctx, i.Table, "enable_seqscan", "enable_bitmapscan")
		if damage := damaged(err); damage != "" {
			v.Problems = append(v.Problems, IntegrityProblem{Table: i.Table, Check: check, Examples: []string{damage}})
		} else if err != nil {
			return err
		} else if rows := v.Rows[i.Table]; n != rows {
			v.Problems = append(v.Problems, IntegrityProblem{
				Table: i.Table, Check: check, Rows: max(n-rows, rows-n), Examples: []string{fmt.Sprintf("the table has %d rows, an index %d", rows, n)},
			})
		}
	}
	return nil
}
