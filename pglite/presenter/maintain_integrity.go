package presenter

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/calfdb/calf/schema"
)

// Integrity is what ValidateIntegrity has found.
type Integrity struct {
	// Problems is empty if all is well.
	Problems []IntegrityProblem `json:"problems"`
	// Rows says how many rows each table has, counted.
	Rows map[string]int64 `json:"rows"`
	// Checks says what was looked at, and Skipped what was not, and why.
	Checks  []string `json:"checks"`
	Skipped []string `json:"skipped,omitempty"`
	// TookMillis is how long it took.
	TookMillis float64 `json:"tookMillis"`
}

// OK reports whether nothing is wrong.
func (i Integrity) OK() bool { return len(i.Problems) == 0 }

// An IntegrityProblem is something that is wrong with the data.
type IntegrityProblem struct {
	// Table is where, and Check what is wrong with it, one of Integrity.Checks.
	Table string `json:"table"`
	Check string `json:"check"`
	// Rows is how many rows have the problem, 0 if it is not one of rows.
	Rows int64 `json:"rows"`
	// Examples are up to ten of them, by their primary keys.
	Examples []string `json:"examples,omitempty"`
}

// String says the problem in one line.
func (p IntegrityProblem) String() string {
	return fmt.Sprintf("%s: %s: %d rows, such as %s", p.Table, p.Check, p.Rows, strings.Join(p.Examples, "; "))
}

// examples is how many rows of a problem are named.
const examples = 10

// ValidateIntegrity looks for damage that constraints should have kept out and
// did not, as after a restore, a crash of a machine whose disk lies, or somebody
// who switched triggers off, and for what no constraint can say:
//
//   - tables, columns, constraints and indexes that are not what the migrations
//     promise, or invalid;
//   - rows that refer to one that does not exist, by every foreign key;
//   - circles of parents, by every foreign key of a table to itself;
//   - rows that break a rule of the schema, such as two messages of a
//     conversation with the same OrderSeq; see schema.Rule;
//   - rows that break a check constraint, which can be where it is NOT VALID;
//   - vectors of different dimensions in a column for which neither its type nor
//     a check says how many;
//   - tables whose rows an index does not have: each B-tree, if the extension
//     amcheck is installed and the role may use it, else the rows are counted
//     in the table and in an index;
//   - pages that cannot be read.
//
// It reads every table several times, as it was at one moment, and changes and
// blocks nothing. An error means that it could not look.
func (p *Presenter) ValidateIntegrity(ctx context.Context) (result Integrity, err error) {
	const op = "validating integrity"
	start := time.Now()
	v := validation{op: op, Integrity: Integrity{Problems: []IntegrityProblem{}, Rows: map[string]int64{}}}
	s, err := pooled{p.pool}.begin(withOperation(ctx, op), pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return v.Integrity, err
	}
	err = s.finish(ctx, func() error {
		v.r = runner{s, p.cfg}
		if err := v.r.limitWork(ctx, op, true); err != nil {
			return err
		}
		for _, check := range []func(context.Context) error{v.counts, v.foreignKeys, v.checks, v.rules, v.vectors, v.indexes} {
			if err := check(ctx); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil {
		err = v.schemas(ctx, p)
	}
	v.TookMillis = float64(time.Since(start)) / float64(time.Millisecond)
	return v.Integrity, err
}

// validation is a run of ValidateIntegrity.
type validation struct {
	Integrity
	r  runner
	op string
}

// look runs a query of problems, which returns a number, the same in each row,
// and an example. A page that cannot be read is a problem, too.
func (v *validation) look(ctx context.Context, table, check, sql string, args ...any) error {
	type found struct {
		Rows    int64
		Example string
	}
	var list []found
	err := v.savepoint(ctx, func(r runner) (err error) {
		list, err = query(ctx, r, v.op, table, pgx.RowToStructByPos[found], sql, args...)
		return err
	})
	if !slices.Contains(v.Checks, check) {
		v.Checks = append(v.Checks, check)
	}
	if damage := damaged(err); damage != "" {
		v.Problems = append(v.Problems, IntegrityProblem{Table: table, Check: check, Examples: []string{damage}})
		return nil
	}
	if err != nil || len(list) == 0 {
		return err
	}
	problem := IntegrityProblem{Table: table, Check: check, Rows: list[0].Rows}
	for _, f := range list {
		problem.Examples = append(problem.Examples, f.Example)
	}
	v.Problems = append(v.Problems, problem)
	return nil
}

// savepoint runs a function after whose failure the transaction goes on.
func (v *validation) savepoint(ctx context.Context, f func(runner) error) error {
	return v.r.atomically(ctx, v.op, f)
}

// damaged returns the text of an error that says that data is damaged: class XX
// of PostgreSQL's appendix A has data_corrupted and index_corrupted.
func damaged(err error) string {
	if state := stateOf(err); state == "XX001" || state == "XX002" {
		return err.Error()
	}
	return ""
}

// schemas compares the catalogs with the migrations.
func (v *validation) schemas(ctx context.Context, p *Presenter) error {
	for _, set := range maintained {
		current, err := schema.Current(ctx, p.pool, set())
		if err != nil {
			return err
		}
		if current == schema.Empty {
			if slices.Contains(p.sets(), set()) {
				v.Skipped = append(v.Skipped, "the schema of "+set().Name()+": the database does not have it")
			}
			continue
		}
		check := "the schema of " + set().Name()
		v.Checks = append(v.Checks, check)
		problems, err := schema.Validate(ctx, p.pool, set())
		if err != nil {
			return err
		}
		for _, problem := range problems {
			_, table, _ := strings.Cut(problem.Object, " ")
			table, _, _ = strings.Cut(table, ".")
			v.Problems = append(v.Problems, IntegrityProblem{Table: table, Check: check, Examples: []string{problem.String()}})
		}
	}
	return nil
}

// rules runs the rules of the schemas.
func (v *validation) rules(ctx context.Context) error {
	for _, set := range maintained {
		for _, rule := range set().Rules() {
			if _, there := v.Rows[rule.Table]; !there {
				continue
			}
			if err := v.look(ctx, rule.Table, "rule "+rule.Name, fmt.Sprintf(
				"SELECT count(*) OVER (), concat_ws(' ', row, wrong) FROM (%s) AS broken (row, wrong) ORDER BY row LIMIT %d", rule.Query, examples)); err != nil {
				return err
			}
		}
	}
	return nil
}

// checks looks for rows that break check constraints, all of a table at once.
func (v *validation) checks(ctx context.Context) error {
	type check struct{ Table, Literal, Expression, Key string }
	list, err := query(ctx, v.r, v.op, "", pgx.RowToStructByPos[check], oursSQL+`
		SELECT k.conrelid::regclass::text, quote_literal(k.conname), pg_get_expr(k.conbin, k.conrelid),
			coalesce((SELECT string_agg(quote_ident(attname), ', ' ORDER BY nth) FROM pg_constraint p, unnest(p.conkey) WITH ORDINALITY AS c (num, nth)
				JOIN pg_attribute ON attrelid = k.conrelid AND attnum = num WHERE p.conrelid = k.conrelid AND p.contype = 'p'), 'ctid')
		FROM ours JOIN pg_constraint k ON k.conrelid = ours.oid AND k.contype = 'c' JOIN pg_class c ON c.oid = ours.oid
		WHERE c.relkind = 'r' ORDER BY 1, 2`, ourTables())
	if err != nil {
		return err
	}
	for len(list) > 0 {
		table := list[0].Table
		n := slices.IndexFunc(list, func(c check) bool { return c.Table != table })
		if n < 0 {
			n = len(list)
		}
		var names, breaks []string
		for _, c := range list[:n] {
			names = append(names, fmt.Sprintf("CASE WHEN NOT (%s) THEN %s END", c.Expression, c.Literal))
			breaks = append(breaks, "NOT ("+c.Expression+")")
		}
		if err := v.look(ctx, table, "check constraints", fmt.Sprintf("SELECT count(*) OVER (), concat_ws('/', %s) || ' breaks ' || concat_ws(', ', %s) FROM %s WHERE %s LIMIT %d",
			list[0].Key, strings.Join(names, ", "), table, strings.Join(breaks, " OR "), examples)); err != nil {
			return err
		}
		list = list[n:]
	}
	return nil
}

// vectors looks for vectors of several dimensions in a column of a table that
// does not say which: pgvector's type has a modifier for it.
func (v *validation) vectors(ctx context.Context) error {
	type column struct{ Table, Column, Type string }
	columns, err := query(ctx, v.r, v.op, "", pgx.RowToStructByPos[column], oursSQL+`
		SELECT c.oid::regclass::text, a.attname, t.oid::regtype::text FROM ours JOIN pg_class c USING (oid)
		JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.atttypmod = -1
		JOIN pg_type t ON t.oid = a.atttypid
		JOIN pg_depend d ON d.classid = 'pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e' AND d.refclassid = 'pg_extension'::regclass
		JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'vector'
		WHERE c.relkind = 'r' AND t.typname IN ('vector', 'halfvec', 'sparsevec')
			AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'c' AND a.attnum = ANY(k.conkey))
		ORDER BY 1, 2`, ourTables())
	if err != nil {
		return err
	}
	for _, c := range columns {
		name := pgx.Identifier{c.Column}.Sanitize()
		// A sparse vector is written as {index:value,...}/dimension.
		dimension := "cardinality(" + name + "::real[])"
		if strings.HasSuffix(c.Type, "sparsevec") {
			dimension = "split_part(" + name + "::text, '/', 2)::int"
		}
		if err := v.look(ctx, c.Table, "dimensions of "+c.Column, fmt.Sprintf(`
			SELECT (sum(n) OVER () - max(n) OVER ())::bigint, format('%%s of dimension %%s', n, dimension) FROM (
				SELECT dimension, count(*) AS n, count(*) OVER () AS groups FROM (SELECT %s AS dimension FROM %s WHERE %s IS NOT NULL) AS each GROUP BY dimension
			) AS grouped WHERE groups > 1 ORDER BY n DESC, dimension LIMIT %d`, dimension, c.Table, name, examples)); err != nil {
			return err
		}
	}
	return nil
}
