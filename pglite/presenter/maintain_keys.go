package presenter

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// foreignKey is a constraint of one of the presenter's tables.
type foreignKey struct {
	Name, Table, Parent string
	Columns, Referenced []string
	// Key are the columns of the table's primary key.
	Key []string
}

const foreignKeysSQL = `
SELECT k.conname, k.conrelid::regclass::text, k.confrelid::regclass::text,
	ARRAY(SELECT attname::text FROM unnest(k.conkey) WITH ORDINALITY AS c (num, nth) JOIN pg_attribute ON attrelid = k.conrelid AND attnum = num ORDER BY nth),
	ARRAY(SELECT attname::text FROM unnest(k.confkey) WITH ORDINALITY AS c (num, nth) JOIN pg_attribute ON attrelid = k.confrelid AND attnum = num ORDER BY nth),
	coalesce((SELECT array_agg(attname::text ORDER BY nth) FROM pg_constraint p, unnest(p.conkey) WITH ORDINALITY AS c (num, nth)
		JOIN pg_attribute ON attrelid = k.conrelid AND attnum = num WHERE p.conrelid = k.conrelid AND p.contype = 'p'), '{}')
FROM ours JOIN pg_constraint k ON k.conrelid = ours.oid AND k.contype = 'f' AND k.conparentid = 0 ORDER BY 2, 1`

// foreignKeys looks for rows without the one that they refer to, and for
// circles.
func (v *validation) foreignKeys(ctx context.Context) error {
	keys, err := query(ctx, v.r, v.op, "", pgx.RowToStructByPos[foreignKey], oursSQL+foreignKeysSQL, ourTables())
	if err != nil {
		return err
	}
	for _, k := range keys {
		if err := v.look(ctx, k.Table, "foreign key "+k.Name, k.orphansSQL()); err != nil {
			return err
		}
		if k.Table == k.Parent {
			if err := v.circles(ctx, k); err != nil {
				return err
			}
		}
	}
	return nil
}

// orphansSQL finds rows that refer to one that does not exist. A reference with
// a NULL in it refers to none.
func (k foreignKey) orphansSQL() string {
	var there, same []string
	for i, column := range k.Columns {
		there = append(there, "child."+quote(column)+" IS NOT NULL")
		same = append(same, "parent."+quote(k.Referenced[i])+" = child."+quote(column))
	}
	return fmt.Sprintf("SELECT count(*) OVER (), format('%%s refers to %%s', %s, %s) FROM %s AS child WHERE %s AND NOT EXISTS (SELECT FROM %s AS parent WHERE %s) LIMIT %d",
		together("child", k.Key), together("child", k.Columns), k.Table, strings.Join(there, " AND "), k.Parent, strings.Join(same, " AND "), examples)
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// together is the text of some columns.
func together(alias string, columns []string) string {
	if len(columns) == 0 {
		return alias + ".ctid::text"
	}
	list := make([]string, len(columns))
	for i, column := range columns {
		list[i] = alias + "." + quote(column)
	}
	return "concat_ws('/', " + strings.Join(list, ", ") + ")"
}

// circles looks for rows that are their own ancestors. It reads the rows that
// have a parent in groups that refer to one another, such as the messages of a
// conversation, if the key says that there are such, and keeps one group at a
// time in memory.
func (v *validation) circles(ctx context.Context, k foreignKey) error {
	check := "circles of " + k.Name
	v.Checks = append(v.Checks, check)
	var group, child, parent, where []string
	for i, column := range k.Columns {
		if where = append(where, quote(column)+" IS NOT NULL"); column == k.Referenced[i] {
			group = append(group, quote(column)+"::text")
			continue
		}
		child, parent = append(child, quote(k.Referenced[i])+"::text"), append(parent, quote(column)+"::text")
	}
	sql := fmt.Sprintf("SELECT ARRAY[%s]::text[], ARRAY[%s], ARRAY[%s] FROM %s WHERE %s", strings.Join(group, ", "),
		strings.Join(child, ", "), strings.Join(parent, ", "), k.Table, strings.Join(where, " AND "))
	if len(group) > 0 {
		sql += " ORDER BY " + strings.Join(group, ", ")
	}
	problem := IntegrityProblem{Table: k.Table, Check: check}
	var of string
	parents := map[string]string{}
	finish := func() {
		for _, circle := range circlesOf(parents) {
			problem.Rows += int64(len(circle))
			if len(problem.Examples) < examples {
				problem.Examples = append(problem.Examples, strings.Join(append(circle, circle[0]), " -> "))
			}
		}
		clear(parents)
	}
	err := v.savepoint(ctx, func(r runner) error {
		return each(ctx, r, v.op, k.Table, func(row pgx.CollectableRow) error {
			var group, child, parent []string
			if err := row.Scan(&group, &child, &parent); err != nil {
				return err
			}
			if name := strings.Join(group, "\x00"); name != of {
				finish()
				of = name
			}
			parents[strings.Join(child, "/")] = strings.Join(parent, "/")
			return nil
		}, sql)
	})
	finish()
	if damage := damaged(err); damage != "" {
		problem.Examples, err = append(problem.Examples, damage), nil
	}
	if len(problem.Examples) > 0 {
		v.Problems = append(v.Problems, problem)
	}
	return err
}

// circlesOf returns the circles of a graph in which each has one parent: each
// beginning with its smallest name, and sorted.
func circlesOf(parents map[string]string) (circles [][]string) {
	walk := make(map[string]int, len(parents)) // by which walk a name was seen first
	n := 0
	for start := range parents {
		n++
		name, ok := start, true
		for ok && walk[name] == 0 {
			walk[name] = n
			name, ok = parents[name]
		}
		if !ok || walk[name] != n {
			continue // it ends, or joins an earlier walk
		}
		circle := []string{name}
		for next := parents[name]; next != name; next = parents[next] {
			circle = append(circle, next)
		}
		first := slices.Index(circle, slices.Min(circle))
		circles = append(circles, append(circle[first:len(circle):len(circle)], circle[:first]...))
	}
	slices.SortFunc(circles, slices.Compare)
	return circles
}
