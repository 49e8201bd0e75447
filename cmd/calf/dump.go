package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/calfdb/calf/pglite"
	"github.com/spf13/cobra"
)

// dumpFlags is the flags of calf dump.
type dumpFlags struct {
	db, format string
	sql        sqlDump
}

func (p *program) dumpCommand() *cobra.Command {
	d := &dumpFlags{}
	c := &cobra.Command{
		Use:   "dump [flags] FILE [-- ARGUMENT...]",
		Short: "Copy a database to a file",
		Long: `Copy a database to a file, which "calf restore" makes a database of again.

The format follows from the file's name, or is given with --format:

  tar, tar.gz  all of the data directory, for calf and for PGlite's loadDataDir
  directory    the same as a directory, which both can open; the name ends in /
  sql, sql.gz  a script that pg_dump makes of one database, or with --all of all,
               for any PostgreSQL
  custom       an archive of one database by pg_dump; the name ends in .dump

"-" is standard output, and so is no file if there is a --format. A file appears,
or replaces one of its name, when it is complete and on disk.

A directory must not be open elsewhere. A program that has it open can dump it
at any time: see DB.Dump. For sql and custom --db may also be a postgres:// URL,
of any server of PostgreSQL 9.2 to 18, such as one that calf serve runs. After
"--" stand pg_dump's own arguments.`,
		Example: `  calf dump --db ./data backup.tar.gz
  calf dump --db ./data --format tar - | ssh elsewhere 'cat > backup.tar'
  calf dump --db ./data --format sql -- --schema-only --table 'app.*'
  calf dump --db postgres://me@localhost/shop shop.dump`,
		Args: func(c *cobra.Command, args []string) error {
			own := args
			if n := c.ArgsLenAtDash(); n >= 0 {
				own = args[:n]
			}
			if len(own) == 0 && d.format != "" {
				return nil
			}
			return cobra.ExactArgs(1)(c, own)
		},
	}
	c.Flags().StringVar(&d.db, "db", "", "`directory` or URL of the database (required)")
	c.Flags().StringVar(&d.format, "format", "", "`format` of the dump: "+formatNames())
	d.sql.addTo(c)
	return p.does(c, func(ctx context.Context, args []string) error {
		if n := c.ArgsLenAtDash(); n >= 0 {
			args, d.sql.args = args[:n], args[n:]
		}
		to := "-"
		if len(args) > 0 {
			to = args[0]
		}
		return d.run(ctx, p, to)
	})
}

func (d *dumpFlags) run(ctx context.Context, p *program, to string) (err error) {
	f, err := d.choose(p, to)
	if err != nil {
		return err
	}
	g := p.progress()
	job := &dumpJob{p: p, db: d.db, progress: g.report, sql: d.sql}
	switch {
	case f.directory:
		job.dir = filepath.Clean(to)
		err = f.dump(ctx, job)
	case to == "-":
		job.out = p.stdout
		err = f.dump(ctx, job)
	default:
		err = toFile(to, func(w io.Writer) error {
			job.out = w
			return f.dump(ctx, job)
		})
	}
	if err != nil {
		g.failed()
		if errors.Is(err, pglite.ErrLocked) {
			return fmt.Errorf("%w; %s", err, whenServed)
		}
		return err
	}
	g.done("dumped")
	return nil
}

// whenServed is what can be done about a database that is in use.
const whenServed = "files can be copied only when the database is closed, or by the program that has it open; " +
	"through a connection to that one, if it serves, its content can be dumped as SQL"

// choose returns the format, and refuses what makes no sense.
func (d *dumpFlags) choose(p *program, to string) (*format, error) {
	var f *format
	switch {
	case d.db == "":
		return nil, usage("--db is missing: which database is to be dumped?")
	case d.format != "":
		if f = formatNamed(d.format); f == nil {
			return nil, usage(fmt.Sprintf("--format must be %s, not %q", formatNames(), d.format))
		}
	case to == "-":
		return nil, usage("--format is missing: standard output has no name that tells it")
	default:
		if f = formatOf(to); f == nil {
			return nil, usage(fmt.Sprintf("the name %s tells no format: give --format %s", to, formatNames()))
		}
	}
	if err := d.sql.check(f); err != nil {
		return nil, err
	}
	switch {
	case isURL(d.db) && !f.connection:
		return nil, usage(fmt.Sprintf("--format %s copies files, which a connection does not give: --db must be a directory", f.name))
	case d.db == pglite.Memory:
		return nil, usage("--db " + pglite.Memory + " is a new database, with nothing to dump")
	case to == "-" && f.directory:
		return nil, usage("a directory cannot be written to standard output: use --format tar")
	case to == "-" && !f.text && isTerminal(p.stdout):
		return nil, usage("refusing to write an archive to a terminal")
	}
	return f, nil
}

// isURL reports whether --db says how to connect.
func isURL(db string) bool {
	return strings.HasPrefix(db, "postgres://") || strings.HasPrefix(db, "postgresql://")
}

// toFile makes a file, which replaces what has its name when it is complete and
// on disk. What is no file, such as a pipe or a device, is written to.
func toFile(name string, write func(io.Writer) error) (err error) {
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() {
		f, err := os.OpenFile(name, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), name)
}
