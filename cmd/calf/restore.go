package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/spf13/cobra"
)

// restore is the flags of calf restore.
type restore struct {
	db     string
	format string
	sql    sqlRestore
	icu    icu

	upgrade bool
}

func (p *program) restoreCommand() *cobra.Command {
	r := &restore{}
	c := &cobra.Command{
		Use:   "restore [flags] FILE",
		Short: "Make a database of a dump",
		Long: `Make a new database of what "calf dump" or PGlite's dumpDataDir wrote, or of a copy
of a data directory, or run a dump of pg_dump or pg_dumpall on a database. "-" is
standard input. What format it is in shows in its first bytes, unless --format
says it.

For copies the directory must be empty or not exist. The database is opened once,
so that what was damaged is found out now; after an error nothing is left, and a
restoration that was interrupted is begun anew by the next one. With --upgrade,
an archive may be of PGlite 0.2, 0.3 or 0.4, and is upgraded as "calf upgrade"
does; if that fails, what was in the archive is in the directory.

Dumps as SQL, scripts or archives of pg_dump's custom and tar formats, compressed
or not, run on a new database or on one that is there, also on any server that a
postgres:// URL names. They stop at the first error; a new directory is emptied
then. Restoring a dump runs whatever is in it.`,
		Example: `  calf restore --db ./data backup.tar.gz
  ssh elsewhere cat backup.tar | calf restore --db ./data -
  calf restore --upgrade --db ./data pglite-0.3.tar.gz
  pg_dump shop | calf restore --db ./data --single-transaction --no-owner -`,
		Args: cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&r.db, "db", "", "`directory` of the new database, or for SQL of any, or a URL (required)")
	c.Flags().StringVar(&r.format, "format", "", "`format` of the dump: "+formatNames())
	c.Flags().BoolVar(&r.upgrade, "upgrade", false, "upgrade a database of an earlier PGlite")
	r.icu.addTo(c.Flags())
	r.sql.addTo(c)
	return p.does(c, func(ctx context.Context, args []string) error { return r.run(ctx, p, args[0]) })
}

func (r *restore) run(ctx context.Context, p *program, from string) (err error) {
	f := formatNamed(r.format)
	switch {
	case r.db == "", r.db == pglite.Memory:
		return usage("--db must be the directory of the new database")
	case f == nil && r.format != "":
		return usage(fmt.Sprintf("--format must be %s, not %q", formatNames(), r.format))
	case isURL(r.db) && f != nil && !f.connection:
		return usage("--db must be a directory: this dump is not SQL")
	case from == "-" && p.terminal:
		return usage("refusing to read a dump from a terminal")
	}
	g := p.progress()
	job := &restoreJob{p: p, db: database{dir: r.db, icu: r.icu, upgrade: r.upgrade}, sql: r.sql}
	if g.visible {
		job.db.told = func(doing string) { g.report(dump.Progress{Phase: doing}) }
	}
	in, total, err := r.input(p, from, job)
	if err != nil {
		return err
	}
	if in != nil {
		defer in.Close()
		at := dump.Progress{Phase: "reading", Total: total}
		counted := countedReader{in, func(n int) {
			at.Done += int64(n)
			g.report(at)
		}}
		head := bufio.NewReaderSize(counted, headSize)
		job.in = head
		if f == nil {
			if f, err = recognized(head, from); err != nil {
				return err
			}
		}
	} else if f = formatNamed("directory"); r.format != "" && r.format != f.name {
		return usage(fmt.Sprintf("%s is a directory", from))
	}
	if isURL(r.db) && !f.connection {
		return usage("--db must be a directory: this dump is not SQL")
	}
	if err := r.sql.check(f); err != nil {
		return err
	}
	if r.upgrade && f.name != "tar" && f.name != "tar.gz" {
		return usage("--upgrade is for the formats tar and tar.gz; calf upgrade is for directories")
	}
	if f.directory && job.dir == "" {
		return usage(fmt.Sprintf("%s is not a directory", from))
	}
	if err := f.restore(ctx, job); err != nil {
		g.failed()
		return err
	}
	g.done("restored")
	return nil
}

// input opens what to restore: a file with its size, 0 if that is unknown, or
// a directory, which it notes in the job.
func (r *restore) input(p *program, from string, job *restoreJob) (io.ReadCloser, int64, error) {
	if from == "-" {
		return io.NopCloser(p.stdin), 0, nil
	}
	f, err := os.Open(from)
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, 0, errors.Join(err, f.Close())
	case info.IsDir():
		job.dir = from
		return nil, 0, f.Close()
	case info.Mode().IsRegular():
		return f, info.Size(), nil
	}
	return f, 0, nil
}

// recognized returns the format that a file is in.
func recognized(r *bufio.Reader, name string) (*format, error) {
	head, err := r.Peek(headSize)
	if err != nil && err != io.EOF {
		return nil, err
	}
	for i, f := range formats {
		if f.is != nil && f.is(head) {
			return &formats[i], nil
		}
	}
	return nil, fmt.Errorf("%s is in none of the formats %s", name, formatNames())
}
