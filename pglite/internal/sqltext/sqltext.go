// Package sqltext quotes and reads pieces of SQL.
package sqltext

import (
	"context"
	"regexp"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Rows returns the rows of a query. Columns are matched by name, so that a
// query can take what a release has.
func Rows[T any](ctx context.Context, conn *pgx.Conn, sql string) ([]T, error) {
	rows, err := conn.Query(ctx, "SELECT pg_catalog.row_to_json(q) FROM ("+sql+") q")
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[T])
}

// Name quotes a name.
func Name(name string) string { return pgx.Identifier{name}.Sanitize() }

// Literal quotes a string constant.
func Literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Unquote returns the value of a name, or of a string constant without escapes.
func Unquote(s string) string {
	for _, quote := range []string{`"`, `'`} {
		if len(s) >= 2 && strings.HasPrefix(s, quote) && strings.HasSuffix(s, quote) {
			return strings.ReplaceAll(s[1:len(s)-1], quote+quote, quote)
		}
	}
	return strings.ToLower(s)
}

// Identifier matches a name.
const Identifier = `("(?:[^"]|"")*"|[^\s";(),]+)`

// OwnerStatement matches what gives something to a role, which it captures.
var OwnerStatement = regexp.MustCompile(`(?is)^ALTER\s.*\sOWNER\s+TO\s+` + Identifier + `\s*;?\s*$`)
