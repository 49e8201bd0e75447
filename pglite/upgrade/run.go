package upgrade

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/pglite/internal/serverlog"
	"github.com/calfdb/calf/pglite/upgrade/internal/contents"
	"github.com/calfdb/calf/runtime"
)

// An upgrader is an upgrade that is going on.
type upgrader struct {
	cfg    Config
	paths  datadir.Exchange
	major  string
	dir    *datadir.Dir // the old one, locked
	old    *oldServer
	found  *contents.Cluster
	plan   Plan
	report Report
	before fingerprint
}

// begin locks a directory and starts the old version on it.
func begin(ctx context.Context, cfg Config) (_ *upgrader, err error) {
	u := &upgrader{cfg: cfg}
	if u.cfg.Progress == nil {
		u.cfg.Progress = func(string) {}
	}
	if u.cfg.Logger == nil {
		u.cfg.Logger = slog.New(slog.DiscardHandler)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, u.close())
		}
	}()
	if err := u.find(cfg.Dir); err != nil {
		return nil, err
	}
	u.progress("loading PostgreSQL %s", u.major)
	legacy, err := loadLegacy(ctx, u.major, u.cfg)
	if err != nil {
		return nil, err
	}
	if u.before, err = takeFingerprint(u.paths.Dir); err != nil {
		return nil, err
	}
	u.old, err = openOld(legacy, u.paths.Dir, filepath.Dir(u.paths.Dir), func(m runtime.LogMessage) { serverlog.Write(u.cfg.Logger, serverlog.Level(m), m) })
	return u, err
}

// database returns the configuration with which the new cluster is opened.
func (u *upgrader) database() pglite.Config {
	return pglite.Config{
		Dir: u.paths.Work, Durability: pglite.None, Username: u.found.Superuser,
		ICU: u.cfg.ICU, Logger: u.cfg.Logger, Progress: u.cfg.Progress, Assets: u.cfg.Assets, CacheDir: u.cfg.CacheDir,
	}
}

// find locks the directory and finds out what it is. An upgrade that was
// interrupted while directories changed places is completed.
func (u *upgrader) find(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := datadir.ResumeMissing(dir); err != nil {
		return err
	}
	// What is beside the directory is beside what a link points to.
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return err
	}
	if !datadir.Exists(filepath.Join(dir, datadir.VersionName)) || datadir.Exists(filepath.Join(dir, datadir.IncompleteName)) {
		return datadir.ErrNotPostgres
	}
	u.dir = &datadir.Dir{Path: dir, Passing: !datadir.Exists(filepath.Join(dir, datadir.LockName))}
	if err := u.dir.Take(); err != nil {
		return err
	}
	if err := datadir.Resume(dir); err != nil {
		return err
	}
	err = u.dir.Check()
	switch found := (*datadir.VersionError)(nil); {
	case err == nil:
		return ErrUpToDate
	case !datadir.Upgradable(err) || !errors.As(err, &found):
		return err
	default:
		u.major, u.paths = found.Found, datadir.NewExchange(dir, found.Found)
		return u.paths.Check()
	}
}

// close gives up what an upgrade has, whether it was done or not.
func (u *upgrader) close() (err error) {
	if u.old != nil {
		err = u.old.close()
	}
	if u.dir != nil {
		err = errors.Join(err, u.dir.Close())
	}
	return err
}

func (u *upgrader) progress(format string, args ...any) { u.cfg.Progress(fmt.Sprintf(format, args...)) }

// run upgrades.
func (u *upgrader) run(ctx context.Context) (err error) {
	if err := u.paths.Make(uint64(u.plan.Size + min(u.plan.Size, fillWAL))); err != nil {
		return err
	}
	switched := false
	defer func() {
		if !switched {
			err = errors.Join(err, u.paths.Discard())
		}
	}()
	if err := u.fill(ctx); err != nil {
		return err
	}
	if err := u.tryOut(ctx); err != nil {
		return err
	}
	u.progress("making the new directory durable")
	if err := syncTree(u.paths.Work); err != nil {
		return err
	}
	after, err := takeFingerprint(u.paths.Dir)
	if err != nil {
		return err
	}
	if changed := u.before.changed(after); changed != "" {
		return fmt.Errorf("another program uses the directory: %s has changed meanwhile", changed)
	}
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	err = u.old.close()
	u.old = nil
	if err != nil {
		return err
	}
	switched = true // or half-way, and to be completed
	return u.paths.Do(u.dir, u.cfg.Progress)
}
