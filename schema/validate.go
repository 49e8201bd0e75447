package schema

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A Problem is a difference between a database and what the migrations of a
// set promise.
type Problem struct {
	// Object is what differs, such as "column messages.role".
	Object string
	// Want and Got are its definitions; "" where it does not exist.
	Want, Got string
}

// String says what is wrong in one line.
func (p Problem) String() string {
	switch {
	case p.Got == "":
		return p.Object + " is missing"
	case p.Want == "":
		return p.Object + " is not part of the schema: " + p.Got
	}
	return fmt.Sprintf("%s is %q and should be %q", p.Object, p.Got, p.Want)
}

// Validate compares the catalogs of a database with what the migrations of a
// set promise: tables, columns with their types and defaults, constraints,
// indexes and extensions. It returns the differences, none if all is well, and
// an error only if it could not look. The database should be at the set's last
// version; migrations that have not been applied are a problem each. Indexes
// beyond the promised ones are none. Validate only reads.
func Validate(ctx context.Context, db DB, set *Set) ([]Problem, error) {
	var problems []Problem
	err := set.read(ctx, db, func(tx pgx.Tx) error {
		history, err := set.history(ctx, tx)
		if err != nil {
			return err
		}
		steps, err := set.plan(history, Latest)
		if err != nil {
			return err
		}
		for _, step := range steps {
			problems = append(problems, Problem{Object: "migration " + step.String(), Want: "applied"})
		}
		got, err := set.catalog(ctx, tx)
		if err != nil {
			return set.fail(PhaseValidate, Migration{}, err)
		}
		problems = append(problems, compare(set.promise, got)...)
		return nil
	})
	return problems, err
}

// compare returns the differences between two catalogs, in their order.
func compare(want, got []string) []Problem {
	live := map[string]string{}
	for _, line := range got {
		object, definition := split(line)
		live[object] = definition
	}
	var problems []Problem
	promised := map[string]bool{}
	for _, line := range want {
		object, definition := split(line)
		promised[object] = true
		if found, ok := live[object]; !ok || found != definition {
			problems = append(problems, Problem{Object: object, Want: definition, Got: found})
		}
	}
	for _, line := range got {
		object, definition := split(line)
		if !promised[object] && !strings.HasPrefix(object, "index ") {
			problems = append(problems, Problem{Object: object, Got: definition})
		}
	}
	return problems
}

// Catalog describes the tables that a set promises as a database has them, and
// the extensions, one line per object: "kind name: definition", sorted. It is
// the content of the file catalog.txt of a set, in which the lines "table" and
// "extension" say what is described.
func Catalog(ctx context.Context, db DB, set *Set) ([]string, error) {
	var got []string
	err := set.read(ctx, db, func(tx pgx.Tx) (err error) {
		got, err = set.catalog(ctx, tx)
		return set.fail(PhaseValidate, Migration{}, err)
	})
	return got, err
}

func (s *Set) catalog(ctx context.Context, tx pgx.Tx) ([]string, error) {
	var tables, extensions []string
	for _, line := range s.promise {
		object, _ := split(line)
		switch kind, name, _ := strings.Cut(object, " "); kind {
		case "table":
			tables = append(tables, name)
		case "extension":
			extensions = append(extensions, name)
		}
	}
	rows, err := tx.Query(ctx, catalogSQL, tables, extensions)
	if err != nil {
		return nil, err
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	slices.Sort(got)
	return got, err
}

// catalogSQL describes tables and extensions. NOT NULL is said of columns;
// PostgreSQL 18 has it as constraints, too. Names are without the schema that
// the search path finds them in, and definitions of indexes begin after the
// table's name.
const catalogSQL = `
WITH rel AS (
	SELECT name, to_regclass(name) AS oid FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NOT NULL
)
SELECT 'table ' || rel.name || ': ' || CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned' ELSE 'no table' END
FROM rel JOIN pg_class c ON c.oid = rel.oid
UNION ALL
SELECT 'column ' || rel.name || '.' || a.attname || ': ' || format_type(a.atttypid, a.atttypmod)
	|| CASE WHEN a.attnotnull THEN ' not null' ELSE '' END
	|| CASE a.attidentity WHEN 'a' THEN ' identity always' WHEN 'd' THEN ' identity by default' ELSE '' END
	|| coalesce(CASE a.attgenerated WHEN '' THEN ' default ' ELSE ' generated ' END || pg_get_expr(d.adbin, d.adrelid), '')
FROM rel JOIN pg_attribute a ON a.attrelid = rel.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
UNION ALL
SELECT 'constraint ' || rel.name || '.' || k.conname || ': ' || pg_get_constraintdef(k.oid)
	|| CASE WHEN k.convalidated THEN '' ELSE ' (not validated)' END
FROM rel JOIN pg_constraint k ON k.conrelid = rel.oid AND k.contype IN ('c', 'f', 'p', 'u', 'x')
UNION ALL
SELECT 'index ' || rel.name || '.' || i.relname || ': ' || CASE WHEN x.indisunique THEN 'unique ' ELSE '' END
	|| substring(pg_get_indexdef(x.indexrelid) FROM 'USING .*')
	|| CASE WHEN x.indisvalid AND x.indisready THEN '' ELSE ' (invalid)' END
FROM rel JOIN pg_index x ON x.indrelid = rel.oid JOIN pg_class i ON i.oid = x.indexrelid
UNION ALL
SELECT 'extension ' || extname || ': installed' FROM pg_extension WHERE extname = ANY($2)`

// split divides a line of a catalog into the object and its definition.
func split(line string) (object, definition string) {
	object, definition, _ = strings.Cut(line, ": ")
	return object, definition
}

// lines returns the lines of a text that are not empty.
func lines(text string) []string {
	var list []string
	for line := range strings.Lines(text) {
		if line = strings.TrimRight(line, "\r\n"); line != "" {
			list = append(list, line)
		}
	}
	return list
}
