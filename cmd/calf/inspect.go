package main

import (
	"context"

	"github.com/calfdb/calf/pglite/inspect"
	"github.com/spf13/cobra"
)

func (p *program) inspectCommand() *cobra.Command {
	var o inspect.Options
	var asJSON, all bool
	c := &cobra.Command{
		Use:   "inspect PATH [flags]",
		Short: "Tell what a data directory or an archive of one holds",
		Long: `Tell what a data directory holds, or a tar or tar.gz of one, without starting
PostgreSQL and without writing: its version and state, databases, tables and their
rows, extensions, what is left in the write-ahead log, and what is wrong with it.
Of anything else it tells what it is.

With --verify every block is read, and its checksum compared.

The exit status is 0 if calf or a release of PGlite can open the directory and no
problem was found, else 1.`,
		Example: `  calf inspect ./data
  calf inspect backup.tar.gz --verify
  calf inspect ./data --json --system`,
		Args: cobra.ExactArgs(1),
	}
	f := c.Flags()
	f.BoolVar(&asJSON, "json", false, "print JSON, with everything that is known")
	f.BoolVar(&o.Verify, "verify", false, "check every block of every relation, and count every row")
	f.BoolVar(&o.System, "system", false, "list PostgreSQL's own relations, too")
	f.BoolVar(&all, "all", false, "list all relations and problems, indexes too, and not only the first")
	return p.does(c, func(ctx context.Context, args []string) error {
		info, err := inspect.Path(ctx, args[0], o)
		if err != nil {
			return err
		}
		if asJSON {
			err = p.printJSON(info)
		} else {
			err = report{info: info, w: p.stdout, all: all || o.System}.print()
		}
		if err == nil && (len(info.Problems) > 0 || len(info.OpenedBy) == 0) {
			err = errReported
		}
		return err
	})
}
