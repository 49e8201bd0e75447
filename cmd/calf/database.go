package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/upgrade"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// database is the flags of commands that open a database.
type database struct {
	dir, user, name string
	icu             icu
	log             bool
	settings        map[string]string
	hba             string
	load            io.Reader          // an archive that a new database is made of
	upgrade         bool               // the directory may be one of an earlier PGlite
	told            func(doing string) // in place of standard error, if not nil
}

func (d *database) addTo(c *cobra.Command) {
	f := c.Flags()
	d.addDir(f)
	f.StringVarP(&d.user, "user", "U", "", "`name` of the role to connect as (default postgres)")
	f.StringVarP(&d.name, "database", "d", "", "`name` of the database to connect to (default postgres)")
	d.addLog(f)
}

// addDir adds the flags that say which database it is.
func (d *database) addDir(f *pflag.FlagSet) {
	f.StringVar(&d.dir, "db", pglite.Memory, "`directory` of the database, which is made if it does not exist")
	d.icu.addTo(f)
}

func (d *database) addLog(f *pflag.FlagSet) {
	f.BoolVar(&d.log, "log", false, "print the server log on standard error")
}

// open opens the database. What takes long is told on standard error.
func (d *database) open(ctx context.Context, p *program) (*pglite.DB, error) {
	if d.dir == "" || strings.Contains(d.dir, "://") && d.dir != pglite.Memory {
		return nil, usage(fmt.Sprintf("--db %q is neither a directory nor %s", d.dir, pglite.Memory))
	}
	icu, err := d.icu.data()
	if err != nil {
		return nil, err
	}
	cfg := pglite.Config{Dir: d.dir, ICU: icu, Load: d.load, Progress: d.told, Settings: d.settings, HBA: d.hba}
	if d.upgrade {
		cfg.Upgrade = upgrade.Directory
	}
	if d.told == nil {
		s := newQuietSteps(p.stderr)
		defer s.stop()
		cfg.Progress = s.step
	}
	if d.log {
		cfg.Logger = slog.New(slog.NewTextHandler(p.stderr, nil))
	}
	return pglite.OpenConfig(ctx, cfg)
}
