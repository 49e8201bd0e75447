package crash

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A state is what a session's part of a cluster holds: objects whose names
// begin with the session's.
type state struct {
	// Tables are the rows: v by id. What else a row has depends on v.
	Tables map[string]map[int]int
	// Databases are those that the session made.
	Databases map[string]bool
	// Sequence is how many rows were inserted with numbers from a sequence.
	Sequence int
	// Prepared is the row that a prepared transaction inserts; 0 is none.
	Prepared int
}

func newState() state {
	return state{Tables: map[string]map[int]int{}, Databases: map[string]bool{}}
}

// clone returns a copy; table makes one of the table too.
func (s state) clone() state {
	s.Tables, s.Databases = maps.Clone(s.Tables), maps.Clone(s.Databases)
	return s
}

// table returns the rows of a table, to be changed.
func (s state) table(name string) map[int]int {
	rows := maps.Clone(s.Tables[name])
	if rows == nil {
		rows = map[int]int{}
	}
	s.Tables[name] = rows
	return rows
}

// diff says how s differs from another state, or nothing.
func (s state) diff(t state) string {
	if reflect.DeepEqual(s, t) {
		return ""
	}
	var list []string
	add := func(format string, args ...any) { list = append(list, fmt.Sprintf(format, args...)) }
	for name, rows := range s.Tables {
		other, ok := t.Tables[name]
		if !ok {
			add("table %s with %d rows is missing", name, len(rows))
			continue
		}
		for id, v := range rows {
			if w, ok := other[id]; !ok {
				add("%s: row %d (%d) is missing", name, id, v)
			} else if v != w {
				add("%s: row %d is %d and not %d", name, id, w, v)
			}
		}
		for id, v := range other {
			if _, ok := rows[id]; !ok {
				add("%s: row %d (%d) is too many", name, id, v)
			}
		}
	}
	for name := range t.Tables {
		if _, ok := s.Tables[name]; !ok {
			add("table %s is too many", name)
		}
	}
	if !maps.Equal(s.Databases, t.Databases) {
		add("databases are %v and not %v", t.Databases, s.Databases)
	}
	if s.Sequence != t.Sequence {
		add("%d rows have numbers of the sequence and not %d", t.Sequence, s.Sequence)
	}
	if s.Prepared != t.Prepared {
		add("the prepared transaction is %d and not %d", t.Prepared, s.Prepared)
	}
	if more := len(list) - 10; more > 0 {
		list = append(list[:10], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(list, "; ")
}

// Rows have v, and columns that follow from it: some of them wide enough to be
// stored out of line.
const (
	padOf    = "repeat(md5(v::text), v % 90)"
	vectorOf = "ARRAY[v, v + 1, v + 2]::vector(3)"
)

// vectors tells whether a table has a vector and an HNSW index: the one with the
// number 2.
func vectors(table string) bool { return strings.HasSuffix(table, "2") }

// prepTable and seqTable are tables that a session always has.
func prepTable(session string) string { return session + "_prep" }
func seqTable(session string) string  { return session + "_seq" }

// readState reads what a session's part of a cluster holds. It returns an error
// for rows that contradict themselves.
func readState(ctx context.Context, conn *pgx.Conn, session string) (state, error) {
	s := newState()
	like := session + `\_%`
	names, err := list[string](ctx, conn, "SELECT relname::text FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname LIKE $1", like)
	if err != nil {
		return s, err
	}
	for _, name := range names {
		if name == seqTable(session) {
			err := conn.QueryRow(ctx, "SELECT count(*) FROM "+name).Scan(&s.Sequence)
			if err != nil {
				return s, err
			}
			continue
		}
		if s.Tables[name], err = readTable(ctx, conn, name); err != nil {
			return s, fmt.Errorf("reading %s: %w", name, err)
		}
	}
	databases, err := list[string](ctx, conn, "SELECT datname::text FROM pg_database WHERE datname LIKE $1 AND datconnlimit <> -2", like)
	if err != nil {
		return s, err
	}
	for _, name := range databases {
		s.Databases[name] = true
	}
	prepared, err := list[int](ctx, conn, "SELECT split_part(gid, '_', 2)::int FROM pg_prepared_xacts WHERE gid LIKE $1", like)
	if len(prepared) > 0 {
		s.Prepared = prepared[0]
	}
	return s, err
}

func readTable(ctx context.Context, conn *pgx.Conn, name string) (map[int]int, error) {
	check := "pad = " + padOf
	if vectors(name) {
		check += " AND e = " + vectorOf
	}
	rows, err := conn.Query(ctx, fmt.Sprintf("SELECT id, v, %s FROM %s", check, name))
	if err != nil {
		return nil, err
	}
	content := map[int]int{}
	var id, v int
	var ok *bool
	_, err = pgx.ForEachRow(rows, []any{&id, &v, &ok}, func() error {
		if ok == nil || !*ok {
			return fmt.Errorf("row %d is damaged", id)
		}
		if _, again := content[id]; again {
			return fmt.Errorf("row %d is there twice", id)
		}
		content[id] = v
		return nil
	})
	return content, err
}

// list returns the rows of a query that has one column.
func list[T any](ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]T, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}
