// Package contents finds out what there is in a cluster, makes its databases, with
// their properties, and its settings in another one, and compares the two. What
// is in a database is pg_dump's matter, and roles are pg_dumpall's.
//
// It knows both sides by connections only.
package contents

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A Server gives connections to the databases of a cluster, as a superuser.
// One is used at a time, and closed before the next is asked for.
type Server interface {
	Connect(ctx context.Context, database string) (*pgx.Conn, error)
}

// within calls f with a connection to a database.
func within(ctx context.Context, s Server, database string, f func(*pgx.Conn) error) error {
	conn, err := s.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return f(conn)
}

// ident quotes an identifier.
func ident(parts ...string) string { return pgx.Identifier(parts).Sanitize() }

// literal quotes a string constant, for a session with
// standard_conforming_strings.
func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// rows returns what a query returns, a struct of type T for each row.
func rows[T any](ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]T, error) {
	r, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(r, pgx.RowToStructByName[T])
}
