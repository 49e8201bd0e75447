package upgrade

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/upgrade/internal/contents"
	"github.com/jackc/pgx/v5"
)

// fillWAL is about how many bytes of write-ahead log there are while the new
// cluster is filled. PostgreSQL's default of 1 GB would be in the way of a small
// disk, and what is written is read only to be thrown away.
const fillWAL = 256 << 20

// fill makes the new cluster and moves everything.
func (u *upgrader) fill(ctx context.Context) (err error) {
	main := u.found.Main()
	u.progress("making the new cluster")
	c := u.database()
	// If the machine crashes now, the new cluster is thrown away.
	c.Settings = map[string]string{
		"autovacuum": "off", "maintenance_work_mem": "128MB", "full_page_writes": "off",
		"max_wal_size": fmt.Sprintf("%dMB", fillWAL>>20),
	}
	c.Init = initLike(main.Locale, u.found.Superuser)
	db, err := pglite.OpenConfig(ctx, c)
	if err != nil {
		return err
	}
	defer func() {
		err = errors.Join(err, db.Close())
		err = withCrash(err, db.LastCrash())
	}()
	to := newServer{db}
	if err := u.moveRoles(ctx, to); err != nil {
		return fmt.Errorf("moving roles: %w", u.old.explain(err))
	}
	for i := range u.found.Databases {
		if err := u.move(ctx, to, &u.found.Databases[i], main.Locale); err != nil {
			return u.old.explain(err)
		}
	}
	return u.finish(ctx, to)
}

// moveRoles moves roles with their memberships. The superuser is there, and gets
// the attributes that it had.
func (u *upgrader) moveRoles(ctx context.Context, to newServer) error {
	u.progress("moving roles: %d", len(u.found.Roles))
	var sql strings.Builder
	err := with(ctx, u.old, "template1", func(ctx context.Context, conn *pgx.Conn) error {
		return dump.Roles(ctx, conn, &sql)
	})
	if err != nil {
		return err
	}
	return with(ctx, to, "template1", func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql.String(), pgx.QueryExecModeSimpleProtocol)
		return err
	})
}

// initLike returns what makes a cluster whose databases sort like that.
func initLike(l contents.Locale, superuser string) pglite.Init {
	if l == (contents.Locale{Encoding: "UTF8", Provider: "libc", Collate: "C", Ctype: "C.UTF-8"}) && superuser == "postgres" {
		return pglite.Init{}
	}
	args := []string{"--lc-collate=" + l.Collate, "--lc-ctype=" + l.Ctype}
	if l.Rules != "" {
		args = append(args, "--icu-rules="+l.Rules)
	}
	return pglite.Init{Username: superuser, Encoding: l.Encoding, LocaleProvider: l.Provider, Locale: cmp.Or(l.Name, l.Collate), Args: args}
}

// with calls f with a connection to a database.
func with(ctx context.Context, s contents.Server, database string, f func(context.Context, *pgx.Conn) error) error {
	conn, err := s.Connect(ctx, database)
	if err != nil {
		return err
	}
	defer conn.Close(context.WithoutCancel(ctx))
	return f(ctx, conn)
}

// move moves a database: what is in it, by pg_dump. Then it compares.
func (u *upgrader) move(ctx context.Context, to newServer, db *contents.Database, initial contents.Locale) error {
	if err := contents.Prepare(ctx, u.old, db, u.cfg.Without); err != nil {
		return err
	}
	err := with(ctx, to, other(db.Target), func(ctx context.Context, conn *pgx.Conn) error {
		if contents.IsInitial(db.Target) {
			if db.Locale == initial {
				return nil
			}
			if err := contents.DropDatabase(ctx, conn, db.Target); err != nil {
				return err
			}
		}
		return contents.CreateDatabase(ctx, conn, db)
	})
	if err != nil {
		return err
	}
	u.progress("moving the database %s: %d tables, %d large objects, %.1f MB", db.Name, db.Tables, db.LargeObjects, float64(db.Size)/1e6)
	if err := u.copy(ctx, to, db); err != nil {
		return fmt.Errorf("moving the database %s: %w", db.Name, err)
	}
	u.progress("comparing the database %s", db.Name)
	was, err := contents.Measure(ctx, u.old, db.Name)
	if err != nil {
		return err
	}
	now, err := contents.Measure(ctx, to, db.Target)
	if err != nil {
		return err
	}
	if diffs := was.Compare(now); len(diffs) > 0 {
		const some = 5
		if n := len(diffs) - some; n > 0 {
			diffs = append(diffs[:some], fmt.Sprintf("and %d more", n))
		}
		return fmt.Errorf("the copy of the database %s is not equal: %s", db.Name, strings.Join(diffs, "; "))
	}
	r := &u.report
	r.Tables += int64(len(was.Tables))
	r.Rows += was.Rows()
	r.Sequences += int64(len(was.Sequences))
	r.LargeObjects += int64(len(was.LargeObjects))
	u.progress("equal: %d tables with %d rows, %d sequences, %d large objects", len(was.Tables), was.Rows(), len(was.Sequences), len(was.LargeObjects))
	return nil
}

// other returns a database from which another one can be made or dropped.
func other(name string) string {
	if name == "postgres" {
		return "template1"
	}
	return "postgres"
}

// finish gives databases and roles what would have been in the way before.
func (u *upgrader) finish(ctx context.Context, to newServer) error {
	targets := map[string]string{}
	for i := range u.found.Databases {
		db := &u.found.Databases[i]
		targets[db.Name] = db.Target
		err := with(ctx, to, db.Target, func(ctx context.Context, conn *pgx.Conn) error {
			u.progress("analyzing the database %s", db.Target)
			_, err := conn.Exec(ctx, "ANALYZE")
			return err
		})
		if err != nil {
			return fmt.Errorf("analyzing the database %s: %w", db.Target, err)
		}
	}
	return with(ctx, to, "template1", func(ctx context.Context, conn *pgx.Conn) error {
		set, notes, err := u.found.ApplyFileSettings(ctx, conn)
		if err != nil {
			return err
		}
		u.plan.Settings = set
		u.plan.Notes = append(u.plan.Notes, notes...)
		if notes, err = u.found.ApplySettings(ctx, conn, targets); err != nil {
			return err
		}
		u.plan.Notes = append(u.plan.Notes, notes...)
		for i := range u.found.Databases {
			if err := contents.FinishDatabase(ctx, conn, &u.found.Databases[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

// withCrash says why the connections broke, if PostgreSQL crashed: because the
// disk is full, for example.
func withCrash(err error, crash *pglite.CrashError) error {
	if err == nil || crash == nil {
		return err
	}
	for _, line := range slices.Backward(crash.Log) {
		if _, text, ok := strings.Cut(line, "PANIC:  "); ok {
			return crashReason{text, crash}
		}
	}
	return fmt.Errorf("%w: %w", err, crash)
}

// A crashReason is a crash that PostgreSQL had a reason for.
type crashReason struct {
	text  string
	crash *pglite.CrashError
}

func (e crashReason) Error() string { return "PostgreSQL crashed: " + e.text }

func (e crashReason) Unwrap() error { return e.crash }
