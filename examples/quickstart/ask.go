package main

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/calfdb/calf/pglite/embed"
)

// ask answers a question in the three ways, shows the answers side by side, and
// returns those of both searches.
func ask(ctx context.Context, r *report, conn *pgx.Conn, e *embed.Hashing, question string) ([]answer, error) {
	vector := e.Vector(question)
	ways := []struct {
		name string
		ask  func() ([]answer, error)
	}{
		{"by words", func() ([]answer, error) { return byWords(ctx, conn, question, limit) }},
		{"by vector", func() ([]answer, error) { return byVector(ctx, conn, vector, limit) }},
		{"by both", func() ([]answer, error) { return byBoth(ctx, conn, question, vector, limit) }},
	}
	var columns []column
	var last []answer
	for _, w := range ways {
		start := time.Now()
		found, err := w.ask()
		if err != nil {
			return nil, err
		}
		columns = append(columns, column{w.name, time.Since(start), found})
		last = found
	}
	r.answers(question, columns)
	return last, nil
}
