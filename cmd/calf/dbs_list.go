package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/calfdb/calf/pglite/manager"
	"github.com/spf13/cobra"
)

// listed is a database with how it is on disk.
type listed struct {
	manager.Database
	Dir        string `json:"dir"`
	PostgreSQL string `json:"postgresql"`
	Size       int64  `json:"size"`
}

func look(ctx context.Context, m *manager.Manager, d manager.Database) (listed, error) {
	state, err := m.State(ctx, d.ID)
	return listed{d, state.Dir, state.Version, state.Size}, err
}

func (p *program) dbsList(d *dbs) *cobra.Command {
	var all, asJSON bool
	c := &cobra.Command{
		Use:   "list [flags]",
		Short: "List the databases",
		Long: `List the databases, the oldest first: id, name, version of PostgreSQL, size, and
when it was made. One that was never opened has no version yet.`,
		Args: cobra.NoArgs,
	}
	c.Flags().BoolVar(&all, "all", false, "list hidden databases, too")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return d.with(p, c, func(ctx context.Context, m *manager.Manager, _ []string) error {
		databases, err := m.Databases(ctx, all)
		if err != nil {
			return err
		}
		list := []listed{}
		for _, d := range databases {
			l, err := look(ctx, m, d)
			if err != nil {
				return err
			}
			list = append(list, l)
		}
		if asJSON {
			return p.printJSON(list)
		}
		w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
		fmt.Fprintln(w, "ID\tNAME\tPOSTGRESQL\tSIZE\tCREATED")
		for _, l := range list {
			name := clean(l.Name)
			if l.Hidden {
				name = strings.TrimSpace(name + " (hidden)")
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", l.ID, name, l.PostgreSQL, size(l.Size), l.CreatedAt.Format(time.DateTime))
		}
		return w.Flush()
	})
}

func (p *program) dbsShow(d *dbs) *cobra.Command {
	var asJSON bool
	c := &cobra.Command{
		Use:   "show [flags] ID",
		Short: "Describe a database",
		Long: `Describe a database: what the list says of it, its data directory, and its tables
with their columns, keys and sizes. The database is opened.`,
		Args: cobra.ExactArgs(1),
	}
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return d.with(p, c, func(ctx context.Context, m *manager.Manager, args []string) error {
		database, err := m.Database(ctx, args[0])
		if err != nil {
			return err
		}
		h, err := m.Open(ctx, database.ID)
		if err != nil {
			return err
		}
		defer h.Close()
		tables, err := h.Tables(ctx)
		if err != nil {
			return err
		}
		messages, err := m.Messages(ctx, database.ID)
		if err != nil {
			return err
		}
		l, err := look(ctx, m, database)
		if err != nil {
			return err
		}
		if asJSON {
			return p.printJSON(struct {
				listed
				Messages int             `json:"messages"`
				Tables   []manager.Table `json:"tables"`
			}{l, len(messages), tables})
		}
		return p.showDatabase(l, len(messages), tables)
	})
}

// showDatabase prints a database for people.
func (p *program) showDatabase(l listed, messages int, tables []manager.Table) error {
	w := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, fact := range [][2]string{
		{"id", l.ID}, {"name", clean(l.Name)}, {"hidden", strconv.FormatBool(l.Hidden)}, {"created", l.CreatedAt.Format(time.DateTime)},
		{"messages", strconv.Itoa(messages)}, {"postgresql", l.PostgreSQL}, {"size", size(l.Size)}, {"directory", clean(l.Dir)},
	} {
		fmt.Fprintf(w, "%s\t%s\n", fact[0], fact[1])
	}
	for _, t := range tables {
		fmt.Fprintf(w, "\n%s.%s\t%s, about %d rows\n", clean(t.Schema), clean(t.Name), t.Size, max(t.LiveRows, 0))
		for _, c := range t.Columns {
			fmt.Fprintf(w, "  %s\t%s\n", clean(c.Name), clean(describe(t, c)))
		}
		for _, r := range t.Relationships {
			fmt.Fprintf(w, "  %s\t%s.%s (%s) references %s.%s (%s)\n", clean(r.Name), clean(r.SourceSchema), clean(r.SourceTable), clean(strings.Join(r.SourceColumns, ", ")),
				clean(r.TargetSchema), clean(r.TargetTable), clean(strings.Join(r.TargetColumns, ", ")))
		}
	}
	return w.Flush()
}

// describe says what a column is.
func describe(t manager.Table, c manager.TableColumn) string {
	text := c.Type
	for _, key := range t.PrimaryKey {
		if key == c.Name {
			text += ", primary key"
		}
	}
	switch {
	case c.Identity != "":
		text += ", identity"
	case c.Generated:
		text += ", generated: " + c.Default
	case c.Default != "":
		text += ", default " + c.Default
	}
	if !c.Nullable {
		text += ", not null"
	}
	return text
}

func (p *program) dbsCheck(d *dbs) *cobra.Command {
	c := &cobra.Command{
		Use:   "check [flags]",
		Short: "Compare the folder with the list",
		Long: `Compare the folder with the list, and print what is not as it should be: data
directories that are not in the list, or not there, or of another version. The
exit status is 1 if there is anything. Nothing is changed.`,
		Args: cobra.NoArgs,
	}
	return d.with(p, c, func(ctx context.Context, m *manager.Manager, _ []string) error {
		problems, err := m.Check(ctx)
		if err != nil {
			return err
		}
		for _, problem := range problems {
			fmt.Fprintln(p.stdout, clean(problem.String()))
		}
		if len(problems) > 0 {
			return errReported
		}
		return nil
	})
}
