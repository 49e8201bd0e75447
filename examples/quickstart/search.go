package main

import (
	"context"
	_ "embed"

	"github.com/jackc/pgx/v5"
	"github.com/pgvector/pgvector-go"
)

//go:embed fulltext.sql
var fulltextSQL string

//go:embed vector.sql
var vectorSQL string

//go:embed fused.sql
var fusedSQL string

// An answer is a declaration that was found.
type answer struct {
	Package, Symbol, Doc string
}

// name is what `go doc` takes.
func (a answer) name() string {
	if a.Symbol == "" {
		return a.Package
	}
	return a.Package + "." + a.Symbol
}

// byWords answers by full-text search.
func byWords(ctx context.Context, conn *pgx.Conn, question string, limit int) ([]answer, error) {
	return answers(conn.Query(ctx, fulltextSQL, question, limit))
}

// byVector answers by the distance of embeddings.
func byVector(ctx context.Context, conn *pgx.Conn, embedding []float32, limit int) ([]answer, error) {
	return answers(conn.Query(ctx, vectorSQL, pgvector.NewVector(embedding), limit))
}

// byBoth fuses the two.
func byBoth(ctx context.Context, conn *pgx.Conn, question string, embedding []float32, limit int) ([]answer, error) {
	return answers(conn.Query(ctx, fusedSQL, question, pgvector.NewVector(embedding), limit))
}

func answers(rows pgx.Rows, err error) ([]answer, error) {
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[answer])
}
