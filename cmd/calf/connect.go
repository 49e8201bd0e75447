package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/spf13/cobra"
)

// A target is the database of a command that works on directories and on
// servers.
type target struct {
	db, user, name string
	icu            icu
}

func (t *target) addTo(c *cobra.Command) {
	f := c.PersistentFlags()
	f.StringVar(&t.db, "db", "", "`directory` of the database, or a postgres:// URL (required)")
	f.StringVarP(&t.user, "user", "U", "", "`name` of the role to connect as (default postgres)")
	f.StringVarP(&t.name, "database", "d", "", "`name` of the database to connect to (default postgres)")
	t.icu.addTo(f)
}

// pool connects. A directory that does not exist is made if create says so.
func (t *target) pool(ctx context.Context, p *program, create bool) (_ *pgxpool.Pool, done func() error, err error) {
	switch {
	case t.db == "":
		return nil, nil, usage("--db is missing: which database?")
	case t.db == pglite.Memory:
		return nil, nil, usage("--db " + pglite.Memory + " is a new database, of which nothing would be left")
	case !isURL(t.db) && strings.Contains(t.db, "://"):
		return nil, nil, usage(fmt.Sprintf("--db %q is neither a directory nor postgres://", t.db))
	}
	done = func() error { return nil }
	cfg, err := pgxpool.ParseConfig("")
	if isURL(t.db) {
		cfg, err = pgxpool.ParseConfig(t.db)
	}
	if err != nil {
		return nil, nil, err
	}
	if !isURL(t.db) {
		if _, err := os.Stat(filepath.Join(t.db, "PG_VERSION")); err != nil && !create {
			return nil, nil, fmt.Errorf("opening %s: %w: %w", t.db, pglite.ErrNotPostgres, err)
		}
		db, err := (&database{dir: t.db, icu: t.icu}).open(ctx, p)
		if err != nil {
			return nil, nil, err
		}
		cfg.ConnConfig, done = db.ConnConfig(), db.Close
	}
	if t.user != "" {
		cfg.ConnConfig.User = t.user
	}
	if t.name != "" {
		cfg.ConnConfig.Database = t.name
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		_ = done()
		return nil, nil, err
	}
	end := done
	return pool, func() error {
		pool.Close()
		return end()
	}, nil
}
