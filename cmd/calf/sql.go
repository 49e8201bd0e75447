package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/calfdb/calf/internal/pgarchive"
	"github.com/calfdb/calf/internal/sqlscript"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/jackc/pgx/v5"
	"github.com/spf13/cobra"
)

// sqlDump is what calf dump may be told of dumps as SQL.
type sqlDump struct {
	user, name string
	all        bool
	icu        icu
	args       []string // for pg_dump
}

func (s *sqlDump) addTo(c *cobra.Command) {
	f := c.Flags()
	f.StringVarP(&s.user, "user", "U", "", "sql, custom: `name` of the role to connect as")
	f.StringVarP(&s.name, "database", "d", "", "sql, custom: `name` of the database to dump (default postgres)")
	f.BoolVar(&s.all, "all", false, "sql: dump roles and all databases, as pg_dumpall does")
	s.icu.addTo(f)
}

// check refuses what makes no sense with a format.
func (s *sqlDump) check(f *format) error {
	for _, a := range s.args {
		if strings.HasPrefix(a, "-F") || strings.HasPrefix(a, "--format") {
			return usage("--format stands before the --")
		}
	}
	switch {
	case !f.connection && (len(s.args) > 0 || s.all || s.user != "" || s.name != ""):
		return usage(fmt.Sprintf("--format %s copies all of a database: --all, --user, --database and pg_dump's arguments are for sql and custom", f.name))
	case s.all && !f.text && f.name != "sql.gz":
		return usage("--all makes a script: use --format sql")
	case s.all && s.name != "":
		return usage("--all and --database exclude each other")
	}
	return nil
}

// dumpSQL dumps with pg_dump, whose further arguments make the format.
func dumpSQL(args ...string) func(ctx context.Context, j *dumpJob) error {
	return func(ctx context.Context, j *dumpJob) (err error) {
		server, db, err := j.server(ctx)
		if err != nil {
			return err
		}
		if db != nil {
			defer func() { err = errors.Join(err, db.Close()) }()
		}
		cfg := dump.SQLConfig{Args: append(args, j.sql.args...), Messages: &messages{w: j.p.stderr}}
		at := dump.Progress{Phase: "dumping"}
		out := countedWriter{j.out, func(n int) {
			at.Done += int64(n)
			j.progress(at)
		}}
		if j.sql.all {
			return dump.AllSQL(ctx, server, out, cfg)
		}
		return dump.SQL(ctx, server, out, cfg)
	}
}

// dumpSQLGz compresses a script.
func dumpSQLGz(ctx context.Context, j *dumpJob) error {
	z := gzip.NewWriter(j.out)
	plain := *j
	plain.out = z
	if err := dumpSQL()(ctx, &plain); err != nil {
		return err
	}
	return z.Close()
}

// messages passes on what pg_dump says, line by line, up to what was wrong: that
// is told as the error of the command.
type messages struct {
	w    io.Writer
	line []byte
	over bool
}

func (m *messages) Write(p []byte) (int, error) {
	for _, c := range p {
		if m.line = append(m.line, c); c != '\n' {
			continue
		}
		m.over = m.over || bytes.HasPrefix(m.line, []byte("pg_dump: error: "))
		if !m.over {
			if _, err := m.w.Write(m.line); err != nil {
				return 0, err
			}
		}
		m.line = m.line[:0]
	}
	return len(p), nil
}

// server returns how to connect to the server that is dumped, and if it is a
// directory, the database that was opened.
func (j *dumpJob) server(ctx context.Context) (cfg *pgx.ConnConfig, db *pglite.DB, err error) {
	if isURL(j.db) {
		cfg, err = pgx.ParseConfig(j.db)
	} else {
		if _, err := os.Stat(filepath.Join(j.db, "PG_VERSION")); err != nil {
			return nil, nil, fmt.Errorf("dumping %s: %w: %w", j.db, pglite.ErrNotPostgres, err)
		}
		d := &database{dir: j.db, icu: j.sql.icu}
		if db, err = d.open(ctx, j.p); err == nil {
			cfg = db.ConnConfig()
		}
	}
	if err != nil {
		return nil, nil, err
	}
	if j.sql.user != "" {
		cfg.User = j.sql.user
	}
	if j.sql.name != "" {
		cfg.Database = j.sql.name
	}
	return cfg, db, nil
}

// A countedWriter reports what was written to it.
type countedWriter struct {
	io.Writer
	report func(n int)
}

func (c countedWriter) Write(p []byte) (int, error) {
	n, err := c.Writer.Write(p)
	c.report(n)
	return n, err
}

// isSQL tells a script: it begins with a statement or a command that dumps
// begin with, behind comments.
func isSQL(head []byte) bool {
	p, err := sqlscript.NewScanner(bytes.NewReader(head)).Next()
	if err != nil {
		return false
	}
	switch p.Kind {
	case sqlscript.Command:
		return p.Name == "restrict" || p.Name == "connect" || p.Name == "c"
	case sqlscript.Statement:
		word, _, _ := strings.Cut(strings.TrimRight(p.SQL, ";"), " ")
		return strings.Contains(" SET SELECT CREATE BEGIN START INSERT COPY DROP ALTER DO COMMENT GRANT REVOKE ", " "+strings.ToUpper(word)+" ")
	}
	return bytes.HasPrefix(head, []byte("--\n-- PostgreSQL database ")) // cut off
}

// isPacked tells what RestoreSQL takes compressed: scripts and archives with
// gzip, and whatever zstd and lz4 made.
func isPacked(head []byte) bool {
	for _, magic := range []string{"\x28\xb5\x2f\xfd", "\x04\x22\x4d\x18"} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	r, err := gzip.NewReader(bytes.NewReader(head))
	if err != nil {
		return false
	}
	plain, _ := io.ReadAll(r) // the head is cut off
	return isSQL(plain) || isPgArchive(plain)
}

func isPgArchive(head []byte) bool {
	return bytes.HasPrefix(head, []byte(pgarchive.Magic)) || pgarchive.IsTar(head)
}
