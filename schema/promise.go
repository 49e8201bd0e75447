package schema

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Tables returns the names of the tables that the migrations promise, without
// that of the history. The caller owns the slice.
func (s *Set) Tables() []string {
	var tables []string
	for _, line := range s.promise {
		if object, _ := split(line); strings.HasPrefix(object, "table ") {
			tables = append(tables, strings.TrimPrefix(object, "table "))
		}
	}
	return tables
}

// An Index is an index that the migrations of a set promise.
type Index struct {
	// Name and Table are the names; Table may have a schema in front.
	Name, Table string
	// Unique says that it refuses the same value twice.
	Unique bool
	// Using is the definition from the word USING on.
	Using string
	// Constraint is "PRIMARY KEY" or "UNIQUE" if the index belongs to a
	// constraint of that kind, which has the same name, and "" if it does not.
	Constraint string
}

// Indexes returns the indexes that the migrations promise. The caller owns the
// slice.
func (s *Set) Indexes() []Index {
	var indexes []Index
	for _, line := range s.promise {
		object, definition := split(line)
		name, ok := strings.CutPrefix(object, "index ")
		if !ok {
			continue
		}
		dot := strings.LastIndex(name, ".")
		i := Index{Table: name[:dot], Name: name[dot+1:]}
		i.Using, i.Unique = strings.CutPrefix(definition, "unique ")
		for _, kind := range []string{"PRIMARY KEY", "UNIQUE"} {
			if slices.ContainsFunc(s.promise, func(l string) bool { return strings.HasPrefix(l, "constraint "+name+": "+kind+" ") }) {
				i.Constraint = kind
			}
		}
		indexes = append(indexes, i)
	}
	return indexes
}

// SQL returns the statements that make the index, and the constraint it belongs
// to. Each is to be run by itself: outside of a transaction if concurrently is
// true, which does not block those who write.
func (i Index) SQL(concurrently bool) []string {
	name, table := pgx.Identifier{i.Name}.Sanitize(), pgx.Identifier(strings.Split(i.Table, ".")).Sanitize()
	word := func(yes bool, word string) string {
		if yes {
			return word + " "
		}
		return ""
	}
	list := []string{fmt.Sprintf("CREATE %sINDEX %s%s ON %s %s", word(i.Unique, "UNIQUE"), word(concurrently, "CONCURRENTLY"), name, table, i.Using)}
	if i.Constraint != "" {
		list = append(list, fmt.Sprintf("ALTER TABLE %s ADD CONSTRAINT %s %s USING INDEX %[2]s", table, name, i.Constraint))
	}
	return list
}
