package manager

import (
	"archive/tar"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/calfdb/calf/internal/relay"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/datadir"
)

// What an export is made of, as database.build names it.
const (
	metaArchive   = "meta.tar.gz" // of the meta database, and the first entry
	archiveSuffix = ".tar.gz"     // dbs/ID.tar.gz, and files/ID/NAME
)

// ExportConfig configures an export. The zero value works.
type ExportConfig struct {
	// Progress is told what is being done; nil tells nobody.
	Progress func(doing string)
}

// Export writes everything as one archive, tar.gz, that Import reads: the meta
// database, every database, hidden ones too, and the files. It is what
// database.build exports, except that the data directories are of this version
// of PostgreSQL, which PGlite 0.5 reads.
//
// Databases can be used meanwhile. Each is as of one moment, but not all of the
// same; those that are made meanwhile are listed, without what is in them. Until
// Export returns, none can be deleted: that is ErrInUse. What w got before an
// error is no archive.
func (m *Manager) Export(ctx context.Context, w io.Writer, cfg ExportConfig) (err error) {
	defer func() { err = m.wrap(err, "exporting", m.cfg.Dir) }()
	ctx, stop := m.dbs.during(ctx)
	defer stop()
	if cfg.Progress == nil {
		cfg.Progress = func(string) {}
	}
	list, unpin, err := m.pinAll(ctx)
	if err != nil {
		return err
	}
	defer unpin()
	spool, err := m.folder.temporary("+export")
	if err != nil {
		return err
	}
	defer m.discard(spool)
	z, err := gzip.NewWriterLevel(w, gzip.BestSpeed)
	if err != nil {
		return err
	}
	x := &exporter{m: m, spool: spool, tar: tar.NewWriter(z), now: time.Now()}
	cfg.Progress("exporting the list of databases")
	err = x.archive(ctx, metaArchive, func(w io.Writer) error { return m.meta.Dump(ctx, w, dump.ArchiveConfig{}) })
	if err != nil {
		return err
	}
	if err := x.directory("/" + dbsName); err != nil {
		return err
	}
	for _, d := range list {
		cfg.Progress("exporting database " + d.ID)
		if err := x.database(ctx, d.ID); err != nil {
			return fmt.Errorf("database %s: %w", d.ID, err)
		}
	}
	if err := x.files(ctx, cfg.Progress); err != nil {
		return err
	}
	return errors.Join(x.tar.Close(), z.Close())
}

// pinAll keeps the databases that there are from being deleted.
func (m *Manager) pinAll(ctx context.Context) (list []Database, unpin func(), err error) {
	var pinned []string
	unpinAll := func() {
		for _, id := range pinned {
			m.dbs.unpin(id)
		}
	}
	defer func() {
		if err != nil {
			unpinAll()
		}
	}()
	if list, err = m.databases(ctx, m.pool); err != nil {
		return nil, nil, err
	}
	for _, d := range list {
		if err := m.dbs.pin(ctx, d.ID); err != nil {
			return nil, nil, err
		}
		pinned = append(pinned, d.ID)
	}
	left := list[:0]
	for _, d := range list { // what was being deleted is gone now
		_, err := m.database(ctx, d.ID)
		if err == nil {
			left = append(left, d)
		} else if checkID(d.ID) == nil && !errors.Is(kindOf(err), ErrNotFound) {
			return nil, nil, err
		}
	}
	return left, unpinAll, nil
}

// An exporter writes an export.
type exporter struct {
	m     *Manager
	spool string // a folder for the entry that is being made: its size comes before it
	tar   *tar.Writer
	now   time.Time
}

func (x *exporter) directory(name string) error {
	return x.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name + "/", Mode: 0o755, ModTime: x.now})
}

// database writes the data directory of a database, if there is one yet.
func (x *exporter) database(ctx context.Context, id string) error {
	version, err := x.m.dataVersion(dbsName + "/" + folderName(id))
	if err != nil || version == "" {
		return err
	}
	return x.archive(ctx, "/"+dbsName+"/"+id+archiveSuffix, func(w io.Writer) error { return x.m.dump(ctx, id, w) })
}

// dump writes the data directory of a database, without opening it if it is not
// open.
func (m *Manager) dump(ctx context.Context, id string, w io.Writer) error {
	for {
		release, err := m.dbs.claimClosed(id)
		if err == nil {
			defer release()
			dir := m.folder.at(dbsName + "/" + folderName(id) + "/" + dataName)
			return dump.Archive(ctx, dir, w, dump.ArchiveConfig{Earlier: true})
		}
		if !errors.Is(err, ErrInUse) {
			return err
		}
		h, err := m.dbs.acquire(ctx, id)
		switch {
		case err == nil:
			defer h.Close()
			return h.Dump(ctx, w, dump.ArchiveConfig{})
		case !errors.As(err, new(*datadir.VersionError)): // else somebody has tried to open it
			return err
		}
	}
}

// archive writes an entry that is compressed.
func (x *exporter) archive(ctx context.Context, name string, write func(io.Writer) error) (err error) {
	root := x.m.folder.root
	spool := x.spool + "/entry"
	f, err := root.OpenFile(spool, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close(), root.Remove(spool)) }()
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	if err := errors.Join(write(z), z.Close()); err != nil {
		return err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	return x.entry(ctx, name, info.Size(), f)
}

// entry writes a file. Format is left to the package: names that are short and
// ASCII, as ids are, get the plain format that database.build's reader knows.
func (x *exporter) entry(ctx context.Context, name string, size int64, r io.Reader) error {
	err := x.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: size, ModTime: x.now.Truncate(time.Second)})
	if err != nil {
		return err
	}
	_, err = io.Copy(x.tar, relay.Reader(ctx, r))
	return err
}

// files writes the files.
func (x *exporter) files(ctx context.Context, progress func(string)) error {
	if err := x.directory("/" + fileName); err != nil {
		return err
	}
	list, err := x.m.Files(ctx)
	if err != nil {
		return err
	}
	for _, f := range list {
		progress("exporting file " + f.ID)
		r, f, err := x.m.OpenFile(f.ID)
		if errors.Is(err, ErrNotFound) { // it was deleted meanwhile
			continue
		}
		if err != nil {
			return err
		}
		dir := "/" + fileName + "/" + f.ID
		err = x.directory(dir)
		if err == nil {
			err = x.entry(ctx, dir+"/"+f.Name, f.Size, r)
		}
		if err := errors.Join(err, r.Close()); err != nil {
			return err
		}
	}
	return nil
}
