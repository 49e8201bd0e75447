package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/calfdb/calf/pglite/presenter"
	"github.com/spf13/cobra"
)

// knowledge is the flags that the commands on knowledge bases share.
type knowledge struct {
	target target
	base   string
	model  model
	json   bool
}

func (p *program) knowledgeCommand() *cobra.Command {
	k := &knowledge{}
	c := p.group(&cobra.Command{
		Use:   "knowledge",
		Short: "Keep and search texts by words and by vectors",
		Long: `Keep texts in a database, in pieces, with a vector for each, and search them by
words and by vectors.

Vectors come from an API like OpenAI's, or from "hashing", which needs no model
and no network: it finds texts with words, and parts of words, in common, but
knows nothing of what they mean. A base remembers what made its vectors. The
API's key is in the environment variable CALF_EMBEDDINGS_KEY.

The tables are those of package presenter, and work on any PostgreSQL from 15 on
with pgvector: --db is a directory, or a postgres:// URL.`,
	})
	k.target.addTo(c)
	f := c.PersistentFlags()
	f.StringVar(&k.base, "base", "default", "`id` of the knowledge base")
	f.BoolVar(&k.json, "json", false, "print JSON")
	c.AddCommand(k.addCommand(p), k.searchCommand(p), k.statusCommand(p), k.listCommand(p))
	return c
}

// open opens a presenter, and for adding makes the database if there is none.
func (k *knowledge) open(ctx context.Context, p *program, create bool) (*presenter.Presenter, func() error, error) {
	pool, done, err := k.target.pool(ctx, p, create)
	if err != nil {
		return nil, nil, err
	}
	pr, err := presenter.New(ctx, pool, presenter.Config{Knowledge: true, NoMigrate: !create})
	if err != nil {
		if migration := (*presenter.MigrationError)(nil); errors.As(err, &migration) && !create {
			err = fmt.Errorf(`%s has no knowledge bases: "calf knowledge add" makes them (%w)`, withoutPassword(k.target.db), err)
		}
		return nil, nil, errors.Join(err, done())
	}
	return pr, func() error {
		pr.Close()
		return done()
	}, nil
}

// with runs a function on what open opens.
func (k *knowledge) with(ctx context.Context, p *program, create bool, f func(*presenter.Presenter) error) (err error) {
	pr, done, err := k.open(ctx, p, create)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, done()) }()
	return f(pr)
}
