package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/manager"
	"github.com/calfdb/calf/pglite/upgrade"
	"github.com/spf13/cobra"
)

// dbs is the flags of the commands of calf dbs.
type dbs struct {
	dir          string
	icu          icu
	log, upgrade bool
	steps        *steps // what takes long is told on standard error
}

func (p *program) dbsCommand() *cobra.Command {
	d := &dbs{}
	c := p.group(&cobra.Command{
		Use:   "dbs",
		Short: "Keep many databases in a folder",
		Long: `Keep many databases in a folder: each has a data directory, and a meta database
lists them, with the messages of the chats about them. Programs have the same
with package manager; one program at a time has the folder.

The list and its archives are those of database.build.`,
		Example: `  calf dbs --dir ./databases --upgrade import database.build.tar.gz
  calf dbs --dir ./databases list
  calf dbs --dir ./databases sql vn0sdrrknx0m4sar 'TABLE planet'`,
	})
	f := c.PersistentFlags()
	f.StringVar(&d.dir, "dir", "", "`folder` of the databases, which is made if it does not exist (required)")
	f.BoolVar(&d.upgrade, "upgrade", false, "upgrade what PGlite 0.2 to 0.4 made, when it is opened or imported")
	d.icu.addTo(f)
	f.BoolVar(&d.log, "log", false, "print the server logs on standard error")
	c.AddCommand(p.dbsList(d), p.dbsShow(d), p.dbsCreate(d), p.dbsUpdate(d), p.dbsDelete(d), p.dbsSQL(d), p.dbsDump(d),
		p.dbsExport(d), p.dbsImport(d), p.dbsCheck(d))
	return c
}

// with makes a command do something with the manager of the folder.
func (d *dbs) with(p *program, c *cobra.Command, do func(ctx context.Context, m *manager.Manager, args []string) error) *cobra.Command {
	return p.does(c, func(ctx context.Context, args []string) (err error) {
		d.steps = newQuietSteps(p.stderr)
		defer d.steps.stop()
		m, err := d.open(ctx, p)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, m.Close()) }()
		return do(ctx, m, args)
	})
}

// open opens the folder.
func (d *dbs) open(ctx context.Context, p *program) (*manager.Manager, error) {
	if d.dir == "" {
		return nil, usage("--dir is missing: which folder are the databases in?")
	}
	logger := slog.New(slog.NewTextHandler(p.stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	icu, err := d.icu.data()
	if err != nil {
		return nil, err
	}
	cfg := manager.Config{Dir: d.dir, Logger: logger, DB: pglite.Config{ICU: icu, Progress: d.steps.step}}
	if d.upgrade {
		cfg.DB.Upgrade = upgrade.Directory
	}
	if d.log {
		cfg.DB.Logger = slog.New(slog.NewTextHandler(p.stderr, nil))
	}
	return manager.OpenConfig(ctx, cfg)
}
