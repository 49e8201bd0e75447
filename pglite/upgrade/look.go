package upgrade

import (
	"context"

	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/pglite/internal/guest"
	"github.com/calfdb/calf/pglite/upgrade/internal/contents"
)

// look finds out what there is, and plans.
func (u *upgrader) look(ctx context.Context) (err error) {
	u.progress("looking at the databases of PostgreSQL %s", u.major)
	// template1 is there in every cluster.
	if u.found, err = contents.Inspect(ctx, u.old, "template1"); err != nil {
		return u.old.explain(err)
	}
	available, err := u.available()
	if err != nil {
		return err
	}
	u.found.Check(available, u.cfg.Without)
	u.found.Plan()
	p := &u.plan
	p.Dir, p.From, p.To, p.Backup = u.paths.Dir, u.found.Version, datadir.Version, u.paths.Backup
	p.Problems, p.Notes = u.found.Problems, u.found.Notes
	for _, db := range u.found.Databases {
		d := Database{Name: db.Name, Target: db.Target, Size: db.Size, Tables: db.Tables, LargeObjects: db.LargeObjects}
		for _, e := range db.Extensions {
			d.Extensions = append(d.Extensions, e.Name+" "+e.Version)
		}
		p.Databases = append(p.Databases, d)
		p.Size += db.Size
	}
	p.Roles = u.found.Roles
	for _, s := range u.found.Files {
		p.Settings = append(p.Settings, s.Name+" = "+s.Value)
	}
	return nil
}

// available returns what extensions and libraries the new version has.
func (u *upgrader) available() (a contents.Available, err error) {
	guest, err := guest.Config{Assets: u.cfg.Assets}.Complete()
	if err != nil {
		return a, err
	}
	bundles, err := guest.Assets.Bundles()
	for _, b := range bundles {
		a.Extensions = append(a.Extensions, b.Extensions...)
		a.Libraries = append(a.Libraries, b.Libraries...)
	}
	return a, err
}
