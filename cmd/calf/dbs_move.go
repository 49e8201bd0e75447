package main

import (
	"context"
	"fmt"
	"io"
	"os"

	"github.com/calfdb/calf/pglite/manager"
	"github.com/spf13/cobra"
)

func (p *program) dbsExport(d *dbs) *cobra.Command {
	c := &cobra.Command{
		Use:   "export [flags] FILE",
		Short: "Copy everything to one archive",
		Long: `Copy the list, the messages, all databases, hidden ones too, and the files to one
archive, tar.gz, which "calf dbs import" reads. "-" is standard output. A file
appears, or replaces one of its name, when it is complete and on disk.

It is what database.build exports, with data directories of PostgreSQL 18.`,
		Args: cobra.ExactArgs(1),
	}
	return d.with(p, c, func(ctx context.Context, m *manager.Manager, args []string) error {
		cfg := manager.ExportConfig{Progress: d.steps.step}
		switch {
		case args[0] != "-":
			return toFile(args[0], func(w io.Writer) error { return m.Export(ctx, w, cfg) })
		case isTerminal(p.stdout):
			return usage("refusing to write an archive to a terminal")
		}
		return m.Export(ctx, p.stdout, cfg)
	})
}

func (p *program) dbsImport(d *dbs) *cobra.Command {
	var cfg manager.ImportConfig
	c := &cobra.Command{
		Use:   "import [flags] FILE",
		Short: "Add what an archive has",
		Long: `Add what "calf dbs export" or database.build exported, and print what came of it.
"-" is standard input. What is there already, by its id, stays as it is. The exit
status is 1 if anything of it was not added.

Exports of database.build are of PostgreSQL 16, and need --upgrade, which needs
"calf assets install --legacy" once.`,
		Args: cobra.ExactArgs(1),
	}
	c.Flags().Int64Var(&cfg.Limit, "limit", 0, "most `bytes` that may be unpacked (default 64 GiB)")
	return d.with(p, c, func(ctx context.Context, m *manager.Manager, args []string) error {
		in := p.stdin
		switch {
		case cfg.Limit < 0:
			return usage("--limit is negative")
		case args[0] != "-":
			f, err := os.Open(args[0])
			if err != nil {
				return err
			}
			defer f.Close()
			in = f
		case p.terminal:
			return usage("refusing to read an archive from a terminal")
		}
		cfg.Progress = d.steps.step
		report, err := m.Import(ctx, in, cfg)
		if err != nil {
			return err
		}
		d.steps.stop()
		return p.printImport(report)
	})
}

// printImport prints what came of an import.
func (p *program) printImport(r *manager.ImportReport) error {
	count := func(n int64, what string) {
		if n > 0 {
			fmt.Fprintf(p.stdout, "%d %s\n", n, what)
		}
	}
	fmt.Fprintf(p.stdout, "added: %d databases, %d messages, %d files\n", len(r.Databases), r.Messages, len(r.Files))
	count(int64(len(r.DuplicateDatabases)), "databases were there already")
	count(r.DuplicateMessages, "messages were there already")
	count(int64(len(r.DuplicateFiles)), "files were there already")
	for _, id := range r.Empty {
		fmt.Fprintf(p.stdout, "empty: %s: the archive has no content of it\n", clean(id))
	}
	for _, id := range r.Unlisted {
		fmt.Fprintf(p.stdout, "unlisted: %s: the archive's list does not have it\n", clean(id))
	}
	for _, problem := range r.Older {
		fmt.Fprintf(p.stdout, "older: %s\n", clean(problem.String()))
	}
	for _, problem := range r.Failed {
		fmt.Fprintf(p.stderr, "calf: not added: %s\n", clean(problem.String()))
	}
	if len(r.Failed) > 0 {
		return errReported
	}
	return nil
}
