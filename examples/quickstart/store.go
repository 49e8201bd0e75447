package main

import (
	"context"
	_ "embed"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

//go:embed schema.sql
var schemaSQL string

//go:embed index.sql
var indexSQL string

// createTable makes an empty table, in place of that of an earlier run.
func createTable(ctx context.Context, conn *pgx.Conn) error {
	return script(ctx, conn, schemaSQL)
}

// createIndexes indexes the table. Both kinds of index are built faster on a
// full table than row by row.
func createIndexes(ctx context.Context, conn *pgx.Conn) error {
	return script(ctx, conn, indexSQL)
}

// script runs several statements.
func script(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	return err
}

// load copies the declarations and their embeddings into the table.
func load(ctx context.Context, conn *pgx.Conn, decls []declaration, embeddings [][]float32) error {
	rows := pgx.CopyFromSlice(len(decls), func(i int) ([]any, error) {
		d := decls[i]
		return []any{i, d.pkg, d.symbol, d.kind, d.doc, pgvector.NewVector(embeddings[i])}, nil
	})
	n, err := conn.CopyFrom(ctx, pgx.Identifier{"quickstart", "declaration"},
		[]string{"id", "package", "symbol", "kind", "doc", "embedding"}, rows)
	if err != nil {
		return err
	}
	if n != int64(len(decls)) {
		return fmt.Errorf("loading: COPY took %d of %d rows", n, len(decls))
	}
	return nil
}

// summary is what the table and the database hold.
type summary struct {
	Rows, Packages int
	Table, Indexes int64 // bytes
}

func (s summary) String() string {
	const mib = 1 << 20
	return fmt.Sprintf("%d rows of %d packages; table %.1f MiB, indexes %.1f MiB",
		s.Rows, s.Packages, float64(s.Table)/mib, float64(s.Indexes)/mib)
}

func summarize(ctx context.Context, conn *pgx.Conn) (summary, error) {
	rows, err := conn.Query(ctx, `
		SELECT count(*) AS rows, count(DISTINCT package) AS packages,
		       pg_table_size('quickstart.declaration') AS "table",
		       pg_indexes_size('quickstart.declaration') AS indexes
		FROM quickstart.declaration`)
	if err != nil {
		return summary{}, err
	}
	return pgx.CollectExactlyOneRow(rows, pgx.RowToStructByName[summary])
}

// serverVersion returns the version of PostgreSQL and pgvector, to be shown.
func serverVersion(ctx context.Context, conn *pgx.Conn) string {
	var server, vector string
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version'), extversion FROM pg_extension WHERE extname = 'vector'`).
		Scan(&server, &vector)
	if err != nil {
		return err.Error()
	}
	return "PostgreSQL " + server + ", pgvector " + vector
}
