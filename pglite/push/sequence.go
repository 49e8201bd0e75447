package push

import (
	"context"
	"fmt"

	"github.com/calfdb/calf/pglite/internal/sqltext"
	"github.com/jackc/pgx/v5"
)

// A pushSequence is where a sequence is.
type pushSequence struct {
	Schema, Name string
	Last         int64 `json:"-"`
	Called       bool  `json:"-"`
}

func (s *pushSequence) sqlName() string { return pgx.Identifier{s.Schema, s.Name}.Sanitize() }

// moveSequences sets the target's sequences. A sequence is no part of a snapshot: it may be further than the rows.
func (p *pusher) moveSequences(ctx context.Context) error {
	sequences, err := sqltext.Rows[*pushSequence](ctx, p.from, "SELECT n.nspname AS schema, c.relname AS name"+userRelations+"AND c.relkind = 'S'")
	if err != nil {
		return fmt.Errorf("reading sequences: %w", err)
	}
	if err := readSequences(ctx, p.from, sequences); err != nil {
		return err
	}
	set := &pgx.Batch{}
	for _, s := range sequences {
		set.Queue("SELECT pg_catalog.setval($1::text::pg_catalog.regclass, $2, $3)", s.sqlName(), s.Last, s.Called)
	}
	if err := p.to.SendBatch(ctx, set).Close(); err != nil {
		return fmt.Errorf("setting sequences: %w", err)
	}
	var there []*pushSequence
	for _, s := range sequences {
		there = append(there, &pushSequence{Schema: s.Schema, Name: s.Name})
	}
	if err := readSequences(ctx, p.to, there); err != nil {
		return err
	}
	for i, s := range sequences {
		if *s != *there[i] {
			return fmt.Errorf("verification failed: sequence %s was set to %d, and is at %d", s.sqlName(), s.Last, there[i].Last)
		}
	}
	return nil
}

// readSequences reads where sequences are.
func readSequences(ctx context.Context, conn *pgx.Conn, sequences []*pushSequence) error {
	read := &pgx.Batch{}
	for _, s := range sequences {
		read.Queue("SELECT last_value, is_called FROM " + s.sqlName()).QueryRow(func(row pgx.Row) error {
			if err := row.Scan(&s.Last, &s.Called); err != nil {
				return fmt.Errorf("sequence %s: %w", s.sqlName(), err)
			}
			return nil
		})
	}
	return conn.SendBatch(ctx, read).Close()
}
