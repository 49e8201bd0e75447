package dump

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/calfdb/calf/pglite/internal/backup"
	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/runtime/vfs"
)

// ArchiveConfig configures the making of an archive. The zero value works.
type ArchiveConfig struct {
	// Progress is told how far it is, about every 256 KB, by the goroutine that
	// writes, which waits for it; nil tells nobody.
	Progress func(Progress)
	// Earlier lets Archive also take a data directory of an earlier PGlite.
	Earlier bool
}

// Archive writes a data directory that is not open as a tar archive. It is for
// the same readers as one of [DB.Dump], but holds the directory as it is: with
// unlogged tables, and, if the database was not closed, to be recovered by who
// opens it. PostgreSQL is not started, and nothing in the directory changes.
//
// The directory is locked meanwhile; the error for one that another DB has open
// wraps [ErrLocked].
func Archive(ctx context.Context, dir string, w io.Writer, cfg ArchiveConfig) (err error) {
	defer func() {
		if v := (*datadir.VersionError)(nil); err != nil && !errors.As(err, &v) {
			err = fmt.Errorf("dump: archiving %s: %w", dir, err)
		}
	}()
	d, err := datadir.OpenClosed(dir, cfg.Earlier)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	host, err := vfs.OpenHost(d.Path, vfs.HostOptions{Sync: vfs.SyncNone})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close()) }()
	var report func(backup.Progress)
	if cfg.Progress != nil {
		report = func(p backup.Progress) { cfg.Progress(Progress(p)) }
	}
	return backup.WriteClosed(ctx, host, w, report)
}
