package main

import (
	"context"

	"github.com/calfdb/calf/pglite/manager"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/spf13/cobra"
)

func (p *program) dbsSQL(d *dbs) *cobra.Command {
	q := &query{}
	c := &cobra.Command{
		Use:   "sql [flags] ID [SQL]",
		Short: "Run SQL on a database",
		Long: `Run SQL on a database and print the results, as "calf query" does: SQL from an
argument, or a script from standard input.`,
		Args: cobra.RangeArgs(1, 2),
	}
	q.addTo(c)
	return d.with(p, c, func(ctx context.Context, m *manager.Manager, args []string) error {
		if err := q.check(); err != nil {
			return err
		}
		h, err := m.Open(ctx, args[0])
		if err != nil {
			return err
		}
		defer h.Close()
		d.steps.stop()
		return q.runOn(ctx, p, args[1:], func() *pgconn.Config { return &h.ConnConfig().Config })
	})
}

func (p *program) dbsDump(d *dbs) *cobra.Command {
	job := &dumpFlags{}
	c := &cobra.Command{
		Use:   "dump [flags] ID FILE",
		Short: "Copy a database to a file",
		Long: `Copy a database to a file, as "calf dump" does: .tar, .tar.gz, .sql, .sql.gz, .dump
or a directory, whose name ends in /, and "-" for standard output.`,
		Example: `  calf dbs --dir ./databases dump vn0sdrrknx0m4sar planets.sql`,
		Args:    cobra.ExactArgs(2),
	}
	c.Flags().StringVar(&job.format, "format", "", "`format` of the dump: "+formatNames())
	return d.with(p, c, func(ctx context.Context, m *manager.Manager, args []string) error {
		h, err := m.Open(ctx, args[0]) // it may not have been made yet
		if err != nil {
			return err
		}
		if err := h.Close(); err != nil {
			return err
		}
		if err := m.CloseDatabase(ctx, args[0]); err != nil {
			return err
		}
		state, err := m.State(ctx, args[0])
		if err != nil {
			return err
		}
		job.db = state.Dir
		d.steps.stop()
		return job.run(ctx, p, args[1])
	})
}
