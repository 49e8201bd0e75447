package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/calfdb/calf/cmd/calf/internal/render"
	"github.com/calfdb/calf/cmd/calf/internal/session"
	"github.com/calfdb/calf/internal/sqlscript"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"
)

// query is the flags of calf query.
type query struct {
	db          database
	table       bool
	csv, json   bool
	null        string
	quiet       bool
	stopOnError bool
}

func (p *program) queryCommand() *cobra.Command {
	q := &query{}
	c := &cobra.Command{
		Use:   "query [flags] [SQL]",
		Short: "Run SQL",
		Long: `Run SQL on a database and print the results.

Without SQL as an argument, a script is read from standard input, and each
statement runs as soon as it is there. Scripts that pg_dump wrote can be run: the
data of COPY FROM STDIN follows in the script, and of psql's backslash commands
there are \connect, \encoding, \restrict, \unrestrict, \set ON_ERROR_STOP and \q.

With SQL as an argument, its statements run one by one, too, and COPY FROM STDIN
reads standard input.

After an error the next statement runs, unless --stop-on-error is given; the exit
status is 1 in either case. Ctrl-C cancels the statement that runs and ends the
script; the second one ends the program at once.

Results are printed as psql prints them. A table is held in memory until its last
row is there; --csv and --json print rows as they come.

--json prints each result as an array of objects on a line of its own. Numbers,
booleans, json and jsonb are what they are in JSON, NULL is null, and all else is
a string. The second of two columns called a is called a_2. --csv prints a header
and no distinction between results. Both print no command tags.`,
		Example: `  calf query 'SELECT version()'
  calf query --db ./data --csv 'TABLE customers' > customers.csv
  calf query --db ./data 'COPY customers FROM STDIN (FORMAT csv, HEADER)' < customers.csv
  calf query --db ./data --stop-on-error < dump.sql`,
		Args: cobra.MaximumNArgs(1),
	}
	q.db.addTo(c)
	q.addTo(c)
	return p.does(c, func(ctx context.Context, args []string) error {
		if err := q.check(); err != nil {
			return err
		}
		return q.run(ctx, p, args)
	})
}

// addTo adds the flags that say what is printed.
func (q *query) addTo(c *cobra.Command) {
	f := c.Flags()
	f.BoolVar(&q.table, "table", false, "print aligned tables (the default)")
	f.BoolVar(&q.csv, "csv", false, "print comma-separated values")
	f.BoolVar(&q.json, "json", false, "print JSON")
	f.StringVar(&q.null, "null", "", "`text` to print for NULL, except in JSON")
	f.BoolVarP(&q.quiet, "quiet", "q", false, "print no command tags")
	f.BoolVar(&q.stopOnError, "stop-on-error", false, "end at the first error")
}

// check refuses what makes no sense.
func (q *query) check() error {
	switch {
	case q.csv && q.json, q.table && (q.csv || q.json):
		return usage("--table, --csv and --json exclude each other")
	case q.json && q.null != "":
		return usage("--null is not for --json, where NULL is null")
	}
	return nil
}

func (q *query) run(ctx context.Context, p *program, args []string) (err error) {
	db, err := q.db.open(ctx, p)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return q.runOn(ctx, p, args, func() *pgconn.Config { return &db.ConnConfig().Config })
}

// runOn runs the SQL on a server.
func (q *query) runOn(ctx context.Context, p *program, args []string, server func() *pgconn.Config) error {
	out := bufio.NewWriterSize(p.stdout, 64<<10)
	cfg := session.Config{
		Server:      server,
		User:        q.db.user,
		Database:    q.db.name,
		Printer:     q.printer(out),
		Stdout:      out,
		Stderr:      p.stderr,
		StopOnError: q.stopOnError,
	}
	var sql io.Reader = p.stdin
	switch {
	case len(args) > 0:
		sql = strings.NewReader(args[0])
		cfg.Data = bufio.NewReader(p.stdin)
	case p.terminal:
		fmt.Fprintln(p.stderr, "reading SQL; Ctrl-D ends")
	}
	s, err := session.Open(ctx, cfg)
	if err != nil {
		return err
	}
	defer s.Close()
	err = s.Run(ctx, sqlscript.NewScanner(sql))
	if errors.Is(err, session.ErrFailed) {
		return errReported
	}
	return err
}

// printer returns the printer that was asked for.
func (q *query) printer(w io.Writer) render.Printer {
	switch {
	case q.csv:
		return render.NewCSV(w, q.null)
	case q.json:
		return render.NewJSON(w)
	}
	return render.NewTable(w, render.TableOptions{Null: q.null, Quiet: q.quiet})
}
