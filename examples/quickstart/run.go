package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/embed"
)

// options say what to do.
type options struct {
	dir, goroot string
	questions   []string
}

// dimensions is the length of an embedding.
const dimensions = 384

// limit is how many answers are shown.
const limit = 5

// A session is what the first and the second opening of the directory have in
// common.
type session struct {
	db   *pglite.DB
	conn *pgx.Conn
}

// open opens the database and a connection. On a machine that has not compiled
// the guest before, this is where it happens.
func open(ctx context.Context, dir string) (_ *session, err error) {
	db, err := pglite.OpenConfig(ctx, pglite.Config{Dir: dir, Extensions: []string{"vector"}})
	if err != nil {
		return nil, err
	}
	conn, err := db.Connect(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &session{db, conn}, nil
}

func (s *session) close(ctx context.Context) error {
	return errors.Join(s.conn.Close(ctx), s.db.Close())
}

// run is the whole demonstration.
func run(ctx context.Context, o options, w io.Writer) error {
	r := &report{w: w}
	decls, e, err := prepare(ctx, r, o.goroot)
	if err != nil {
		return err
	}
	first, err := fill(ctx, r, o, decls, e)
	if err != nil {
		return err
	}
	second, err := reopen(ctx, r, o, e)
	if err != nil {
		return err
	}
	if !first.equal(second) {
		return fmt.Errorf("the directory %s does not give back what was put into it: %+v, then %+v", o.dir, first, second)
	}
	r.line("\nThe reopened directory has the same %d rows and indexes, and gives the same answers.", second.Rows)
	return nil
}

// prepare reads the corpus and learns which of its words are rare.
func prepare(ctx context.Context, r *report, root string) (decls []declaration, e *embed.Hashing, err error) {
	if root == "" {
		if root, err = goroot(ctx); err != nil {
			return nil, nil, err
		}
	}
	err = r.step("read the standard library", func() (string, error) {
		decls, err = readCorpus(root)
		return fmt.Sprintf("%d documented declarations", len(decls)), err
	})
	if err != nil {
		return nil, nil, err
	}
	err = r.step("weigh its words", func() (string, error) {
		texts := make([]string, len(decls))
		for i, d := range decls {
			texts[i] = d.text()
		}
		e = embed.NewHashing(dimensions, texts)
		return fmt.Sprintf("%d features", e.Features()), nil
	})
	return decls, e, err
}

// A result is what the two openings of the directory must agree on.
type result struct {
	summary
	last []answer // to the last question, by both searches
}

func (a result) equal(b result) bool { return a.summary == b.summary && slices.Equal(a.last, b.last) }

// fill makes the database, loads and indexes it, and asks all questions.
func fill(ctx context.Context, r *report, o options, decls []declaration, e *embed.Hashing) (_ result, err error) {
	var s *session
	err = r.step("open a database", func() (string, error) {
		s, err = open(ctx, o.dir)
		return o.dir, err
	})
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, r.step("close", func() (string, error) { return "", s.close(ctx) })) }()
	embeddings := make([][]float32, len(decls))
	var res result
	err = r.steps(
		step{"create a table", func() (string, error) { return serverVersion(ctx, s.conn), createTable(ctx, s.conn) }},
		step{"compute embeddings", func() (string, error) {
			for i, d := range decls {
				embeddings[i] = e.Vector(d.text())
			}
			return fmt.Sprintf("%d numbers each, in Go", dimensions), ctx.Err()
		}},
		step{"COPY", func() (string, error) {
			return fmt.Sprintf("%d rows", len(decls)), load(ctx, s.conn, decls, embeddings)
		}},
		step{"index", func() (string, error) { return "GIN and HNSW", createIndexes(ctx, s.conn) }},
		step{"count", func() (string, error) {
			res.summary, err = summarize(ctx, s.conn)
			return res.summary.String(), err
		}},
	)
	if err != nil {
		return result{}, err
	}
	for _, q := range o.questions {
		if res.last, err = ask(ctx, r, s.conn, e, q); err != nil {
			return result{}, err
		}
	}
	r.line("")
	return res, nil
}

// reopen opens the directory again and asks the last question.
func reopen(ctx context.Context, r *report, o options, e *embed.Hashing) (res result, err error) {
	var s *session
	err = r.step("open it again", func() (string, error) {
		s, err = open(ctx, o.dir)
		return o.dir, err
	})
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, r.step("close", func() (string, error) { return "", s.close(ctx) })) }()
	err = r.steps(
		step{"count", func() (string, error) {
			res.summary, err = summarize(ctx, s.conn)
			return res.summary.String(), err
		}},
		step{"ask the last question", func() (string, error) {
			q := o.questions[len(o.questions)-1]
			res.last, err = byBoth(ctx, s.conn, q, e.Vector(q), limit)
			return fmt.Sprintf("%d answers", len(res.last)), err
		}},
	)
	return res, err
}
