package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/pglite/dump"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
)

// sqlRestore is what calf restore may be told of dumps as SQL.
type sqlRestore struct {
	user, name string
	onError    string
	cfg        dump.RestoreSQLConfig
}

func (s *sqlRestore) addTo(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&s.user, "user", "U", "", "sql, custom: `name` of the role to connect as")
	f.StringVarP(&s.name, "database", "d", "", "sql, custom: `name` of the database to restore into (default postgres)")
	f.StringVar(&s.onError, "on-error", "stop", "sql, custom: stop at the first error, or `continue`")
	f.BoolVar(&s.cfg.SingleTransaction, "single-transaction", false, "sql, custom: restore all or nothing")
	f.BoolVar(&s.cfg.NoOwner, "no-owner", false, "sql, custom: leave everything to the role that restores")
	f.BoolVar(&s.cfg.NoPrivileges, "no-privileges", false, "sql, custom: leave out what is granted and revoked")
	f.BoolVar(&s.cfg.Create, "create", false, "custom: make the database that was dumped, and restore into it")
}

// check refuses what makes no sense with a format.
func (s *sqlRestore) check(f *format) error {
	c := s.cfg
	told := s.user != "" || s.name != "" || s.onError != "stop" || c.SingleTransaction || c.NoOwner || c.NoPrivileges || c.Create
	switch {
	case !f.connection && told:
		return usage(fmt.Sprintf("format %s restores all as it was: there is no choice but with sql and custom", f.name))
	case s.onError != "stop" && s.onError != "continue":
		return usage(fmt.Sprintf("--on-error is stop or continue, not %q", s.onError))
	case s.onError == "continue" && c.SingleTransaction:
		return usage("--on-error continue and --single-transaction exclude each other")
	case c.Create && c.SingleTransaction:
		return usage("--create and --single-transaction exclude each other")
	}
	return nil
}

// restoreFromSQL runs a dump on a database. One that it made is removed if the
// dump fails.
func restoreFromSQL(ctx context.Context, j *restoreJob) error {
	if isURL(j.db.dir) {
		cfg, err := pgx.ParseConfig(j.db.dir)
		if err != nil {
			return err
		}
		return j.runSQL(ctx, cfg)
	}
	isNew := isEmptyDir(j.db.dir)
	db, err := j.db.open(ctx, j.p)
	if err != nil {
		return err
	}
	err = errors.Join(j.runSQL(ctx, db.ConnConfig()), db.Close())
	if err != nil && isNew && !errors.Is(err, errReported) {
		err = errors.Join(err, removeContents(j.db.dir))
	}
	return err
}

func (j *restoreJob) runSQL(ctx context.Context, server *pgx.ConnConfig) (err error) {
	if j.sql.user != "" {
		server.User = j.sql.user
	}
	if j.sql.name != "" {
		server.Database = j.sql.name
	}
	conn, err := pgx.ConnectConfig(ctx, server)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close(context.WithoutCancel(ctx))) }()
	cfg := j.sql.cfg
	cfg.Warn = func(s string) { fmt.Fprintf(j.p.stderr, "calf: warning: %s\n", s) }
	failed := 0
	if j.sql.onError == "continue" {
		cfg.OnError = func(e *dump.RestoreError) error {
			failed++
			fmt.Fprintf(j.p.stderr, "calf: %v\n", e)
			return nil
		}
	}
	if err := dump.RestoreSQL(ctx, conn, j.in, cfg); err != nil {
		return err
	}
	if failed > 0 {
		fmt.Fprintf(j.p.stderr, "calf: %d statements failed; the others were run\n", failed)
		return errReported
	}
	return nil
}

// isEmptyDir reports whether a directory does not exist or has nothing in it.
func isEmptyDir(dir string) bool {
	entries, err := os.ReadDir(dir)
	return errors.Is(err, os.ErrNotExist) || err == nil && len(entries) == 0
}

// removeContents empties a directory.
func removeContents(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
	}
	return err
}
