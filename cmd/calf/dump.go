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

// dump is the flags of calf dump.
type dump struct{ db, format string }

func (p *program) dumpCommand() *cobra.Command {
	d := &dump{}
	c := &cobra.Command{
		Use:   "dump [flags] FILE",
		Short: "Copy a database to a file",
		Long: `Copy a database to a file, which "calf restore" makes a database of again.

The format follows from the file's name, or is given with --format:

  tar, tar.gz  all of the data directory, for calf and for PGlite's loadDataDir
  directory    the same as a directory, which both can open; the name ends in /

"-" is standard output. A file appears, or replaces one of its name, when it is
complete and on disk.

The database must not be open elsewhere. A program that has it open can dump it
at any time: see DB.Dump.`,
		Example: `  calf dump --db ./data backup.tar.gz
  calf dump --db ./data --format tar - | ssh elsewhere 'cat > backup.tar'`,
		Args: cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&d.db, "db", "", "`directory` of the database (required)")
	c.Flags().StringVar(&d.format, "format", "", "`format` of the dump: "+formatNames())
	return p.does(c, func(ctx context.Context, args []string) error { return d.run(ctx, p, args[0]) })
}

func (d *dump) run(ctx context.Context, p *program, to string) (err error) {
	f, err := d.choose(p, to)
	if err != nil {
		return err
	}
	g := p.progress()
	job := &dumpJob{db: d.db, progress: g.report}
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
func (d *dump) choose(p *program, to string) (*format, error) {
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
