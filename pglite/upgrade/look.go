package upgrade

import (
	"context"
	"errors"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/pglite/internal/guest"
	"github.com/calfdb/calf/pglite/internal/sqltext"
	"github.com/calfdb/calf/pglite/upgrade/internal/contents"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// look finds out what there is, and plans.
func (u *upgrader) look(ctx context.Context) (err error) {
	u.progress("looking at the databases of PostgreSQL %s", u.major)
	// template1 is there in every cluster.
	if u.found, err = contents.Inspect(ctx, u.old, "template1"); err != nil {
		return u.old.explain(err)
	}
	available, err := u.available(ctx)
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

// available returns what the new version has of what is there.
func (u *upgrader) available(ctx context.Context) (a contents.Available, err error) {
	guest, err := guest.Config{Assets: u.cfg.Assets}.Complete()
	if err != nil {
		return a, err
	}
	bundles, err := guest.Assets.Bundles()
	for _, b := range bundles {
		a.Extensions = append(a.Extensions, b.Extensions...)
		a.Libraries = append(a.Libraries, b.Libraries...)
	}
	if err == nil {
		a.Refused, err = u.refused(ctx, u.found.Locales())
	}
	return a, err
}

// refused returns for which locales of ICU the new version makes no collations.
func (u *upgrader) refused(ctx context.Context, locales []string) (list []string, err error) {
	if len(locales) == 0 {
		return nil, nil
	}
	cfg := u.database()
	cfg.Dir, cfg.Username = pglite.Memory, ""
	db, err := pglite.OpenConfig(ctx, cfg)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, locale := range locales {
		_, err := db.Exec(ctx, "CREATE COLLATION c (provider = icu, locale = "+sqltext.Literal(locale)+"); DROP COLLATION c", pgx.QueryExecModeSimpleProtocol)
		if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
			list = append(list, locale)
		} else if err != nil {
			return nil, err
		}
	}
	return list, nil
}
