package pglite

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"github.com/calfdb/calf/pglite/internal/upgrade"
	"github.com/calfdb/calf/runtime"
)

// An upgrader is an upgrade that is going on.
type upgrader struct {
	cfg    UpgradeConfig
	c      Config // of the new database
	paths  upgradePaths
	major  string
	dir    *directory // the old one, locked
	old    *oldServer
	found  *upgrade.Cluster
	plan   UpgradePlan
	report UpgradeReport
	before fingerprint
}

// beginUpgrade locks a directory and starts the old version on it.
func beginUpgrade(ctx context.Context, cfg UpgradeConfig) (_ *upgrader, err error) {
	u := &upgrader{cfg: cfg}
	if u.c, err = (Config{ICU: cfg.ICU, Logger: cfg.Logger, Progress: cfg.Progress, Assets: cfg.Assets, CacheDir: cfg.CacheDir}).validate(); err != nil {
		return nil, err
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
	legacy, err := loadLegacy(ctx, u.major, u.c.CacheDir)
	if err != nil {
		return nil, err
	}
	if u.before, err = takeFingerprint(u.paths.dir); err != nil {
		return nil, err
	}
	u.old, err = openOld(legacy, u.paths.dir, filepath.Dir(u.paths.dir), func(m runtime.LogMessage) { logTo(u.c.Logger, levelOf(m), m) })
	return u, err
}

// find locks the directory and finds out what it is. An upgrade that was
// interrupted while directories changed places is completed.
func (u *upgrader) find(dir string) error {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	if err := resumeMissing(dir); err != nil {
		return err
	}
	// What is beside the directory is beside what a link points to.
	if dir, err = filepath.EvalSymlinks(dir); err != nil {
		return err
	}
	if !exists(filepath.Join(dir, versionName)) || exists(filepath.Join(dir, incompleteName)) {
		return ErrNotPostgres
	}
	u.dir = &directory{path: dir, passing: !exists(filepath.Join(dir, lockName))}
	if err := u.dir.take(); err != nil {
		return err
	}
	if err := resumeUpgrade(dir); err != nil {
		return err
	}
	err = u.dir.check()
	switch found := (*VersionError)(nil); {
	case err == nil:
		return ErrUpToDate
	case !upgradable(err) || !errors.As(err, &found):
		return err
	default:
		u.major, u.paths = found.Found, newUpgradePaths(dir, found.Found)
		return u.paths.check()
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

func (u *upgrader) progress(format string, args ...any) { u.c.Progress(fmt.Sprintf(format, args...)) }

// run upgrades.
func (u *upgrader) run(ctx context.Context) (err error) {
	if err := u.paths.make(u.plan.Size); err != nil {
		return err
	}
	switched := false
	defer func() {
		if !switched {
			err = errors.Join(err, u.paths.discard())
		}
	}()
	if err := u.fill(ctx); err != nil {
		return err
	}
	if err := u.tryOut(ctx); err != nil {
		return err
	}
	u.progress("making the new directory durable")
	if err := syncTree(u.paths.work); err != nil {
		return err
	}
	after, err := takeFingerprint(u.paths.dir)
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
	return u.paths.exchange(u.dir, u.c.Progress)
}
