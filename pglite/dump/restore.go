package dump

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/runtime/vfs"
)

// ErrBadArchive is wrapped by the error for an archive that is
// damaged, was cut off, exceeds a limit, or holds what no data directory
// has, such as links.
var ErrBadArchive = vfs.ErrBadTar

// RestoreConfig configures a restoration. The zero value works.
type RestoreConfig struct {
	// Limit bounds the size of the files in the archive, in bytes; 0 means
	// 64 GiB.
	Limit int64
	// Earlier also accepts a data directory of an earlier PGlite, for Upgrade to
	// make it one of this version.
	Earlier bool
	// NoSync does not wait for the disk, for a directory that need not survive a
	// crash of the machine. Restoring syncs each file, of which a new database
	// has a thousand.
	NoSync bool
}

// Restore makes a data directory of an archive, as [Config].Load does, without
// opening it. The directory must be empty or not exist. When Restore returns,
// all of it is on disk or, after an error, nothing. If the program dies before,
// the directory is marked, so that the next attempt begins anew.
//
// PostgreSQL is not asked: what it cannot open is found out by Open. A Read that
// waits is not interrupted when ctx ends.
func Restore(ctx context.Context, r io.Reader, dir string, cfg RestoreConfig) (err error) {
	defer func() {
		if v := (*datadir.VersionError)(nil); err != nil && !errors.As(err, &v) {
			err = fmt.Errorf("dump: restoring to %s: %w", dir, err)
		}
	}()
	if cfg.Limit < 0 {
		return fmt.Errorf("RestoreConfig.Limit %d is negative", cfg.Limit)
	}
	return restore(ctx, r, dir, cfg)
}

func restore(ctx context.Context, r io.Reader, dir string, cfg RestoreConfig) (err error) {
	d, err := datadir.OpenNew(dir)
	if err != nil {
		return err
	}
	d.Passing = true
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.Begin(); err != nil {
		return err
	}
	sync := vfs.SyncFull
	if cfg.NoSync {
		sync = vfs.SyncNone
	}
	host, err := vfs.OpenHost(d.Path, vfs.HostOptions{Sync: sync})
	if err != nil {
		return err
	}
	err = datadir.Unpack(ctx, r, host, cfg.Limit)
	if err == nil {
		err = datadir.CheckArchive(host)
		if cfg.Earlier && datadir.Upgradable(err) {
			err = nil
		}
	}
	if err := errors.Join(err, host.Close()); err != nil {
		return err
	}
	return d.Complete()
}
