package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/calfdb/calf/pglite/manager"
	"github.com/spf13/cobra"
)

func (p *program) dbsCreate(d *dbs) *cobra.Command {
	var n manager.NewDatabase
	var from string
	c := &cobra.Command{
		Use:   "create [flags] [ID]",
		Short: "Make a database",
		Long: `Make a database and print its id, which is made up unless it is given: 1 to 64
letters, digits, - and _. With --load it is made of an archive of a data
directory, as "calf dump" and PGlite's dumpDataDir write it.`,
		Args: cobra.MaximumNArgs(1),
	}
	c.Flags().StringVar(&n.Name, "name", "", "`name` for people")
	c.Flags().BoolVar(&n.Hidden, "hidden", false, "leave it out of lists")
	c.Flags().StringVar(&from, "load", "", "archive `file` to make it of")
	return d.with(p, c, func(ctx context.Context, m *manager.Manager, args []string) (err error) {
		if len(args) > 0 {
			n.ID = args[0]
		}
		if from != "" {
			f, err := os.Open(from)
			if err != nil {
				return err
			}
			defer f.Close()
			n.Load = f
		}
		made, err := m.Create(ctx, n)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintln(p.stdout, made.ID)
		return err
	})
}

func (p *program) dbsUpdate(d *dbs) *cobra.Command {
	var name string
	var hidden bool
	c := &cobra.Command{
		Use:   "update [flags] ID",
		Short: "Rename, hide or show a database",
		Example: `  calf dbs --dir ./databases update --name Planets vn0sdrrknx0m4sar
  calf dbs --dir ./databases update --hidden=false vn0sdrrknx0m4sar`,
		Args: cobra.ExactArgs(1),
	}
	c.Flags().StringVar(&name, "name", "", "new `name`; '' takes it away")
	c.Flags().BoolVar(&hidden, "hidden", false, "leave it out of lists, or with --hidden=false no longer")
	return d.with(p, c, func(ctx context.Context, m *manager.Manager, args []string) error {
		var u manager.Update
		if c.Flags().Changed("name") {
			u.Name = &name
		}
		if c.Flags().Changed("hidden") {
			u.Hidden = &hidden
		}
		_, err := m.Update(ctx, args[0], u)
		return err
	})
}

func (p *program) dbsDelete(d *dbs) *cobra.Command {
	c := &cobra.Command{
		Use:   "delete [flags] ID...",
		Short: "Delete databases",
		Long: `Delete databases with all that is in them, their messages, and what an upgrade
kept of them. There is no way back.`,
		Args: cobra.MinimumNArgs(1),
	}
	return d.with(p, c, func(ctx context.Context, m *manager.Manager, args []string) (err error) {
		for _, id := range args {
			err = errors.Join(err, m.Delete(ctx, id))
		}
		return err
	})
}
