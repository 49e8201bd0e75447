package pglite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/internal/relay"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/backup"
)

// Dump writes the data directory as a tar archive, which [Config].Load,
// "calf restore" and PGlite's loadDataDir take, and which can be unpacked by
// hand. For a tar.gz, let it write to a [compress/gzip.Writer].
//
// The database goes on meanwhile; nobody waits for a lock. The archive is a
// copy as PostgreSQL's base backups are: whoever opens it recovers it from the
// write-ahead log that it contains. It holds all databases and roles, every
// transaction that was committed when Dump was called, and of later ones those
// that were committed up to some moment before Dump returned. It does not hold
// what ends with a session or a crash: temporary tables, the content of
// unlogged tables, statistics and replication slots. A sequence may go on up to
// 32 numbers later.
//
// A database in memory is copied in an instant, without copying its pages. Of
// one in a directory, the log that is written during the dump stays on disk
// until the dump ends, however slow w is; wal_level must be at least replica,
// the default.
//
// Dump connects as [Config].Username if that is a superuser, and else as the
// superuser that the cluster was made with. When it fails, what was written is
// incomplete, and is refused by who loads it; that includes a ctx that ends
// while w is written to, which is looked at before each write. The database is
// not affected.
func (db *DB) Dump(ctx context.Context, w io.Writer, cfg dump.ArchiveConfig) error {
	if err := db.dump(ctx, w, cfg); err != nil {
		return fmt.Errorf("pglite: dumping the database: %w", err)
	}
	return nil
}

// DumpDirectory makes a copy of the data directory in another one, which must
// be empty or not exist. See Dump for what it holds; on disk are all of it or
// nothing when DumpDirectory returns. The copy is no open database: calf and
// PGlite under Node open it.
func (db *DB) DumpDirectory(ctx context.Context, dir string, cfg dump.ArchiveConfig) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("pglite: dumping the database to %s: %w", dir, err)
		}
	}()
	if db.dir != "" && isInside(dir, db.dir) {
		return errInside
	}
	return relay.Run(
		func(w io.Writer) error { return db.dump(ctx, w, cfg) },
		func(r io.Reader) error { return dump.Restore(ctx, r, dir, dump.RestoreConfig{}) })
}

var errInside = errors.New("that is inside of the data directory")

// isInside tells whether a path, which need not exist, is below a directory.
func isInside(path, dir string) bool {
	top, err := os.Stat(dir)
	if err != nil {
		return false
	}
	path, err = filepath.Abs(path)
	for err == nil && path != filepath.Dir(path) {
		path = filepath.Dir(path)
		if info, err := os.Stat(path); err == nil && os.SameFile(info, top) {
			return true
		}
	}
	return false
}

func (db *DB) dump(ctx context.Context, w io.Writer, cfg dump.ArchiveConfig) error {
	var report func(backup.Progress)
	if cfg.Progress != nil {
		report = func(p backup.Progress) { cfg.Progress(dump.Progress(p)) }
	}
	return db.whileOpen(ctx, func(ctx context.Context) error { return db.backup().Write(ctx, w, report) })
}

// backup returns the database as a source of backups.
func (db *DB) backup() backup.Source { return backup.Source{Volume: db.vol, Server: db.ConnConfig()} }

// whileOpen calls f with a context that ends with the database, too. The error for that is ErrClosed.
func (db *DB) whileOpen(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(db.ctx, func() { cancel(ErrClosed) })
	defer stop()
	return db.asClosed(f(ctx))
}
