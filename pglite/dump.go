package pglite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/internal/relay"
	"github.com/calfdb/calf/runtime/vfs"
)

// DumpConfig configures a dump. The zero value works.
type DumpConfig struct {
	// Progress is told how far the dump is, about every 256 KB, by the
	// goroutine that writes, which waits for it; nil tells nobody.
	Progress func(Progress)
	// Earlier lets Archive also take a data directory of an earlier PGlite.
	Earlier bool
}

// Progress tells how far a long operation is.
type Progress struct {
	// Phase is what is being done, for people to read.
	Phase string
	// Done and Total are numbers of bytes. Total is what is known so far: it
	// grows with what is written to the database meanwhile.
	Done, Total int64
}

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
func (db *DB) Dump(ctx context.Context, w io.Writer, cfg DumpConfig) error {
	if err := db.dump(ctx, w, cfg); err != nil {
		return fmt.Errorf("pglite: dumping the database: %w", err)
	}
	return nil
}

// DumpDirectory makes a copy of the data directory in another one, which must
// be empty or not exist. See Dump for what it holds; on disk are all of it or
// nothing when DumpDirectory returns. The copy is no open database: calf and
// PGlite under Node open it.
func (db *DB) DumpDirectory(ctx context.Context, dir string, cfg DumpConfig) (err error) {
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
		func(r io.Reader) error { return restore(ctx, r, dir, RestoreConfig{}) })
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

func (db *DB) dump(ctx context.Context, w io.Writer, cfg DumpConfig) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := context.AfterFunc(db.ctx, func() { cancel(ErrClosed) })
	defer stop()
	defer func() {
		if err != nil && db.isClosed() && !errors.Is(err, ErrClosed) {
			err = fmt.Errorf("%w (%w)", ErrClosed, err)
		}
	}()
	out := &meter{ctx: ctx, w: w, report: cfg.Progress}
	out.begin("writing a checkpoint", 0)
	b, err := db.beginBackup(ctx)
	if err != nil {
		return err
	}
	defer b.close()
	defer b.end(ctx)
	files, size, err := b.files()
	if err != nil {
		return err
	}
	tw := vfs.NewTarWriter(out)
	out.begin("copying the files", size)
	if err := b.add(tw, files); err != nil {
		return err
	}
	if err := b.stop(ctx); err != nil {
		return err
	}
	wal, size, err := b.wal()
	if err != nil {
		return err
	}
	out.begin("copying the write-ahead log", size)
	if err := b.add(tw, wal); err != nil {
		return err
	}
	if err := b.addLast(tw); err != nil {
		return err
	}
	return tw.Close()
}

// isClosed reports whether Close was called.
func (db *DB) isClosed() bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.closed
}

// A meter is a writer that counts, and that fails when a context ends.
type meter struct {
	ctx    context.Context
	w      io.Writer
	report func(Progress) // or nil
	at     Progress
}

// begin begins a phase, in which so many bytes more are to be written.
func (m *meter) begin(phase string, more int64) {
	m.at.Phase = phase
	m.at.Total += more
	m.tell()
}

func (m *meter) Write(p []byte) (int, error) {
	if m.ctx.Err() != nil {
		return 0, context.Cause(m.ctx)
	}
	n, err := m.w.Write(p)
	m.at.Done += int64(n)
	m.at.Total = max(m.at.Total, m.at.Done)
	m.tell()
	return n, err
}

func (m *meter) tell() {
	if m.report != nil {
		m.report(m.at)
	}
}
