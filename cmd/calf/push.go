package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/calfdb/calf/pglite/push"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
)

// pushFlags is the flags of calf push.
type pushFlags struct {
	db, to     string
	user, name string
	icu        icu
	asJSON     bool
	cfg        push.Config
}

func (p *program) pushCommand() *cobra.Command {
	u := &pushFlags{}
	c := &cobra.Command{
		Use:   "push --db DIRECTORY --to URL",
		Short: "Move a database to a PostgreSQL server",
		Long: `Move a database to a PostgreSQL server, 15 or later: its schema, the rows of its
tables, sequences and large objects. The database that the URL names must exist, and
be empty where the source has something.

What hinders is found out first, and nothing is changed then: extensions and roles
that the server does not have, rights, names that are taken, what this version of
PostgreSQL has and that one does not. --dry-run does only this, and prints what would
be moved. The exit status is 1 if something hinders.

Of each table the number of rows and a checksum are compared on both sides. A push that
was interrupted is continued by the next one; until it is complete, the database has a
schema calf_push.

A directory must not be open elsewhere. --db may also be a postgres:// URL, of any
server of PostgreSQL 12 to 18, such as one that calf serve runs.`,
		Example: `  calf push --db ./data --to postgres://me@db.example.com/shop --dry-run
  calf push --db ./data --to postgres://me@db.example.com/shop --no-owner`,
		Args: cobra.NoArgs,
	}
	f := c.Flags()
	f.StringVar(&u.db, "db", "", "`directory` or URL of the database (required)")
	f.StringVar(&u.to, "to", "", "`URL` of the database to move it to (required)")
	f.StringVarP(&u.user, "user", "U", "", "`name` of the role to connect as, to --db")
	f.StringVarP(&u.name, "database", "d", "", "`name` of the database to move (default postgres)")
	u.icu.addTo(f)
	f.IntVarP(&u.cfg.Jobs, "jobs", "j", 0, "`number` of tables to copy at a time (default 4)")
	f.BoolVar(&u.cfg.NoOwner, "no-owner", false, "leave everything to the role that connects to --to")
	f.BoolVar(&u.cfg.NoPrivileges, "no-privileges", false, "leave out what is granted and revoked")
	f.BoolVar(&u.cfg.DryRun, "dry-run", false, "tell what would be moved and what hinders, and write nothing")
	f.BoolVar(&u.asJSON, "json", false, "print JSON, with everything that is known")
	return p.does(c, func(ctx context.Context, _ []string) error { return u.run(ctx, p) })
}

func (u *pushFlags) run(ctx context.Context, p *program) (err error) {
	switch {
	case u.db == "":
		return usage("--db is missing: which database is to be moved?")
	case u.db == pglite.Memory:
		return usage("--db " + pglite.Memory + " is a new database, with nothing to move")
	case u.to == "":
		return usage("--to is missing: where is it to be moved?")
	case !isURL(u.to):
		return usage(fmt.Sprintf("--to must be a postgres:// URL, not %q", u.to))
	case u.cfg.Jobs < 0:
		return usage("--jobs must be 1 or more")
	}
	target, err := pgx.ParseConfig(u.to)
	if err != nil {
		return err
	}
	g := p.progress()
	source, db, err := u.source(ctx, p, g)
	if errors.Is(err, pglite.ErrLocked) {
		return fmt.Errorf("%w; if that serves the database, its URL can be given as --db", err)
	}
	if err != nil {
		return err
	}
	if db != nil {
		defer func() { err = errors.Join(err, db.Close()) }()
	}
	u.cfg.Progress = g.report
	r, err := push.Run(ctx, source, target, u.cfg)
	blocked := (*push.BlockedError)(nil)
	if err != nil && !errors.As(err, &blocked) {
		g.failed()
		return err
	}
	if blocked != nil || u.cfg.DryRun {
		g.failed()
	} else {
		g.done("moved")
	}
	if u.asJSON {
		err = p.printJSON(r)
	} else {
		err = pushReport{r, u.cfg.DryRun}.print(p)
	}
	if err == nil && len(r.Obstacles) > 0 {
		return errReported
	}
	return err
}

// source returns how to connect to what is moved, and if it is a directory, the database that was opened.
func (u *pushFlags) source(ctx context.Context, p *program, g *progress) (cfg *pgx.ConnConfig, db *pglite.DB, err error) {
	if isURL(u.db) {
		cfg, err = pgx.ParseConfig(u.db)
	} else {
		if _, err := os.Stat(filepath.Join(u.db, "PG_VERSION")); err != nil {
			return nil, nil, fmt.Errorf("pushing %s: %w: %w", u.db, pglite.ErrNotPostgres, err)
		}
		d := &database{dir: u.db, icu: u.icu}
		if g.visible {
			d.told = func(doing string) { g.report(dump.Progress{Phase: doing}) }
		}
		if db, err = d.open(ctx, p); err == nil {
			cfg = db.ConnConfig()
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if u.user != "" {
		cfg.User = u.user
	}
	if u.name != "" {
		cfg.Database = u.name
	}
	return cfg, db, nil
}

// oneLine returns a text without control characters, which names may have.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
}

// A pushReport prints what was moved, or would be. What hinders goes to standard error.
type pushReport struct {
	*push.Report
	dry bool
}

func (r pushReport) print(p *program) error {
	for _, n := range r.Notes {
		fmt.Fprintf(p.stderr, "calf: note: %s\n", oneLine(n))
	}
	for _, o := range r.Obstacles {
		fmt.Fprintf(p.stderr, "calf: %s\n", oneLine(o.String()))
	}
	if len(r.Obstacles) > 0 {
		return nil
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	rows := int64(0)
	for _, t := range r.Tables {
		name, about := pgx.Identifier{t.Schema, t.Name}.Sanitize(), fmt.Sprintf("%d rows", t.Rows)
		switch {
		case r.dry:
			about = size(t.Bytes)
		case t.Kept:
			about += "\t(moved before)"
		}
		rows += t.Rows
		fmt.Fprintf(w, "%s\t%s\n", oneLine(name), about)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	did := fmt.Sprintf("moved and compared: %d tables, %d rows", len(r.Tables), rows)
	if r.dry {
		did = fmt.Sprintf("nothing hinders to move %d tables", len(r.Tables))
		if r.Resumed {
			did = fmt.Sprintf("nothing hinders to go on with the push that was begun: %d tables", len(r.Tables))
		}
	}
	_, err := fmt.Fprintf(p.stdout, "%s, %d sequences, %d large objects; PostgreSQL %s to %s\n",
		did, r.Sequences, r.LargeObjects, r.Source.Version, r.Target.Version)
	return err
}
