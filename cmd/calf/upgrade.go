package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/calfdb/calf/pglite/upgrade"
	"github.com/spf13/cobra"
)

func (p *program) upgradeCommand() *cobra.Command {
	var dryRun, asJSON bool
	var without []string
	var icu icu
	c := &cobra.Command{
		Use:   "upgrade DIR [flags]",
		Short: "Upgrade a data directory of an earlier PGlite",
		Long: `Make a data directory of PGlite 0.2, 0.3 or 0.4, which are PostgreSQL 16 and 17,
one of the version that calf runs.

The old version runs once more, on a copy that is made as it is written, and all
databases move to a new directory beside: roles, schemas, data, large objects,
extensions and settings. Rows are counted and compared. Only then the new
directory takes the place of the old one, which is kept beside with a name that
ends in .bak, until you remove it. If anything fails, the old directory is as it
was.

Close the database in other programs before. The old version is installed by
calf assets install --legacy. With --dry-run, the command only tells what it
found and would do.`,
		Example: `  calf upgrade ./data --dry-run
  calf upgrade ./data`,
		Args: cobra.ExactArgs(1),
	}
	f := c.Flags()
	f.BoolVar(&dryRun, "dry-run", false, "only tell what would be done")
	f.StringSliceVar(&without, "without", nil, "`extensions` to leave out")
	icu.addTo(f)
	f.BoolVar(&asJSON, "json", false, "print JSON")
	return p.does(c, func(ctx context.Context, args []string) error {
		s := newSteps(p.stderr)
		defer s.stop()
		data, err := icu.data()
		if err != nil {
			return err
		}
		cfg := upgrade.Config{Dir: args[0], ICU: data, Without: without, Progress: s.step}
		if dryRun {
			plan, err := upgrade.DryRun(ctx, cfg)
			if err != nil {
				return p.upgradeFailed(err)
			}
			if err := p.printPlan(plan, asJSON); err != nil {
				return err
			}
			if len(plan.Problems) > 0 {
				return errReported
			}
			return nil
		}
		report, err := upgrade.Run(ctx, cfg)
		if err != nil {
			return p.upgradeFailed(err)
		}
		if asJSON {
			return p.printJSON(report)
		}
		for _, note := range report.Notes {
			fmt.Fprintf(p.stdout, "note: %s\n", clean(note))
		}
		_, err = fmt.Fprintf(p.stdout, "%s is of PostgreSQL %s now: %d tables with %d rows, %d sequences and %d large objects are equal.\n"+
			"The old directory is %s. Remove it when you do not need it any more.\n",
			report.Dir, report.To, report.Tables, report.Rows, report.Sequences, report.LargeObjects, report.Backup)
		return err
	})
}

// upgradeFailed returns the error of an upgrade, unless there is nothing to do.
func (p *program) upgradeFailed(err error) error {
	if errors.Is(err, upgrade.ErrUpToDate) {
		_, err = fmt.Fprintln(p.stdout, "There is nothing to upgrade: the data directory is of this version.")
	}
	return err
}

func (p *program) printPlan(plan *upgrade.Plan, asJSON bool) error {
	if asJSON {
		return p.printJSON(plan)
	}
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(w, "%s\t%s\n", name, clean(fmt.Sprintf(format, args...)))
	}
	lines := func(name string, list []string) {
		for _, text := range list {
			line(name, "%s", text)
		}
	}
	line("directory", "%s", plan.Dir)
	line("version", "PostgreSQL %s, to become %s", plan.From, plan.To)
	line("size", "%s", size(plan.Size))
	line("the old one", "will be kept as %s", plan.Backup)
	for _, db := range plan.Databases {
		name := db.Name
		if db.Target != name {
			name += ", to become " + db.Target
		}
		line("database", "%s: %s, %d tables, %d large objects", name, size(db.Size), db.Tables, db.LargeObjects)
		if len(db.Extensions) > 0 {
			line("extensions", "%s", strings.Join(db.Extensions, ", "))
		}
	}
	line("roles", "%s", strings.Join(plan.Roles, ", "))
	lines("setting", plan.Settings)
	lines("note", plan.Notes)
	lines("problem", plan.Problems)
	return w.Flush()
}
