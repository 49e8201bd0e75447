package manager

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"

	"github.com/calfdb/calf/internal/relay"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/datadir"
)

// ImportConfig configures an import. The zero value works.
type ImportConfig struct {
	// Limit bounds the size of all that is unpacked, in bytes; 0 means 64 GiB.
	// What exceeds it is not imported.
	Limit int64
	// Progress is told what is being done; nil tells nobody.
	Progress func(doing string)
}

// defaultLimit is that of a single database in pglite.
const defaultLimit = 64 << 30

// Import adds what Export wrote, or the export of database.build. What is there
// already, by its id, stays as it is. The report says what came of each part.
//
// The archive is read once, as it comes, and needs no more memory if it is large.
// Nothing of it shows before all of it was read; after an error nothing was
// imported, except that one while folders get their places may leave that to the
// next time the manager is opened. A database whose archive is damaged is not
// imported, and the others are.
//
// Exports of database.build are of PostgreSQL 16. Config.DB.Upgrade upgrades them.
// Without, the error is a *pglite.VersionError, because the list of databases
// cannot be read; if only databases are of an earlier version, they are added as
// they are.
//
// Links, and names that lead out of the archive, are not followed but reported.
// The list of databases is opened by PostgreSQL; use Config.DB to bound what that
// may take. A Read that waits is not interrupted when ctx ends.
func (m *Manager) Import(ctx context.Context, r io.Reader, cfg ImportConfig) (_ *ImportReport, err error) {
	defer func() { err = m.wrap(err, "importing into", m.cfg.Dir) }()
	ctx, stop := m.dbs.during(ctx)
	defer stop()
	if cfg.Limit < 0 {
		return nil, fmt.Errorf("ImportConfig.Limit %d is negative", cfg.Limit)
	}
	if cfg.Limit == 0 {
		cfg.Limit = defaultLimit
	}
	if cfg.Progress == nil {
		cfg.Progress = func(string) {}
	}
	i, err := newImporter(ctx, m, cfg)
	if err != nil {
		return nil, err
	}
	defer i.close()
	if err := i.read(ctx, r); err != nil {
		return nil, err
	}
	if i.meta == "" {
		return nil, fmt.Errorf("%w: it has no %s, the list of databases", ErrBadArchive, metaArchive)
	}
	cfg.Progress("reading the list of databases")
	db, pool, err := m.openMeta(ctx, m.folder.at(i.meta+"/"+dataName))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", metaArchive, older(err, "it"))
	}
	err = i.merge(ctx, pool)
	pool.Close()
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	return i.report, nil
}

// An importer imports an archive, or records.
type importer struct {
	m      *Manager
	cfg    ImportConfig
	left   int64 // of the limit
	report *ImportReport
	known  map[string]bool   // databases that are there
	meta   string            // the folder of the meta database
	dbs    map[string]string // databases that were unpacked, and their folders
	failed map[string]bool   // databases that could not be
	files  []stagedFile
}

type stagedFile struct{ id, folder string }

func newImporter(ctx context.Context, m *Manager, cfg ImportConfig) (*importer, error) {
	i := &importer{
		m: m, cfg: cfg, left: cfg.Limit, report: &ImportReport{},
		known: map[string]bool{}, dbs: map[string]string{}, failed: map[string]bool{},
	}
	list, err := m.databases(ctx, m.pool)
	for _, d := range list {
		i.known[d.ID] = true
	}
	return i, err
}

// close removes what was not given its place.
func (i *importer) close() {
	for _, folder := range i.dbs {
		i.m.discard(folder)
	}
	for _, f := range i.files {
		i.m.discard(f.folder)
	}
	if i.meta != "" {
		i.m.discard(i.meta)
	}
}

// fail notes a problem; too many end the import.
func (i *importer) fail(name string, err error) error {
	if len(i.report.Failed) == maxProblems {
		return fmt.Errorf("%w: there are more than %d problems with it, such as %s: %w", ErrBadArchive, maxProblems, shorten(name), err)
	}
	i.report.Failed = append(i.report.Failed, ImportProblem{shorten(name), err})
	return nil
}

// read unpacks the archive.
func (i *importer) read(ctx context.Context, r io.Reader) error {
	in := bufio.NewReaderSize(relay.Reader(ctx, r), 64<<10)
	var plain io.Reader = in
	// A browser may have unpacked what it downloaded.
	if magic, _ := in.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) { // RFC 1952
		z, err := gzip.NewReader(in)
		if err != nil {
			return bad(ctx, err)
		}
		plain = z
	}
	t := tar.NewReader(plain)
	for n := 0; ; n++ {
		h, err := t.Next()
		if err == io.EOF && n > 0 {
			break
		}
		if err != nil && !errors.Is(err, tar.ErrInsecurePath) {
			return bad(ctx, err)
		}
		if err := i.entry(ctx, h, t); err != nil {
			return err
		}
	}
	// The checksum comes at the end.
	n, err := io.Copy(io.Discard, io.LimitReader(plain, maxPadding))
	if err == nil && n == maxPadding {
		err = errors.New("something follows it")
	}
	return bad(ctx, err)
}

// maxPadding is more than what follows the end of an archive: tar pads to a
// multiple of its blocking factor, which is 10 KB and rarely up to 1 MB.
const maxPadding = 2 << 20

// bad makes an error one of the archive, unless the context ended.
func bad(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err == io.EOF:
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("%w: %w", ErrBadArchive, err)
}

// entry unpacks an entry. An error ends the import.
func (i *importer) entry(ctx context.Context, h *tar.Header, r io.Reader) error {
	parts := strings.FieldsFunc(h.Name, func(c rune) bool { return c == '/' })
	if len(parts) > 0 && parts[0] == "." {
		parts = parts[1:]
	}
	switch {
	case h.Typeflag == tar.TypeDir, h.Typeflag == tar.TypeXGlobalHeader:
		return nil
	case h.Typeflag != tar.TypeReg:
		return i.fail(h.Name, errors.New("a link or a special file, which no export has"))
	case len(parts) == 1 && parts[0] == metaArchive:
		return i.metaEntry(ctx, h, r)
	case len(parts) == 2 && parts[0] == dbsName && strings.HasSuffix(parts[1], archiveSuffix):
		return i.databaseEntry(ctx, h, strings.TrimSuffix(parts[1], archiveSuffix), r)
	case len(parts) == 3 && parts[0] == fileName:
		return i.fileEntry(ctx, h, parts[1], parts[2], r)
	case len(parts) == 1 && parts[0] == "PG_VERSION":
		return fmt.Errorf("%w: it is an archive of one database, which Create loads", ErrBadArchive)
	}
	return i.fail(h.Name, errors.New("it is no part of an export"))
}

// unpack unpacks a data directory into a folder, and counts its size. A problem is
// one of the archive, and an error one of the import; there is no folder then.
func (i *importer) unpack(ctx context.Context, name string, r io.Reader) (folder string, problem, err error) {
	if i.left == 0 {
		return "", errLimit, nil
	}
	made, err := i.m.folder.temporary(name)
	if err != nil {
		return "", nil, err
	}
	defer func() {
		if folder == "" {
			i.m.discard(made)
		}
	}()
	_, err = i.m.restore(ctx, r, made, i.left)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return "", nil, context.Cause(ctx)
	case errors.Is(err, dump.ErrBadArchive), errors.Is(err, datadir.ErrNotPostgres), errors.As(err, new(*datadir.VersionError)):
		return "", err, nil
	default:
		return "", nil, err
	}
	size, err := i.m.folder.size(made)
	if err != nil {
		return "", nil, err
	}
	i.left = max(0, i.left-size)
	return made, nil, nil
}

var errLimit = errors.New("there is more than the limit allows")

func (i *importer) metaEntry(ctx context.Context, h *tar.Header, r io.Reader) error {
	if i.meta != "" {
		return i.fail(h.Name, errors.New("the archive has another one"))
	}
	i.cfg.Progress("unpacking the list of databases")
	folder, problem, err := i.unpack(ctx, "+meta", r)
	if err == nil && problem != nil {
		err = fmt.Errorf("%w: %s: %w", ErrBadArchive, metaArchive, problem)
	}
	if err == nil {
		i.meta = folder
	}
	return err
}

func (i *importer) databaseEntry(ctx context.Context, h *tar.Header, id string, r io.Reader) error {
	switch {
	case checkID(id) != nil:
		return i.fail(h.Name, checkID(id))
	case i.dbs[id] != "" || i.failed[id]:
		return i.fail(h.Name, errors.New("the archive has another one"))
	case i.known[id]:
		return nil // reported with the list
	}
	i.cfg.Progress("unpacking database " + id)
	folder, problem, err := i.unpack(ctx, folderName(id), r)
	if err != nil {
		return err
	}
	if problem != nil {
		i.failed[id] = true
		return i.fail(h.Name, problem)
	}
	i.dbs[id] = folder
	return i.upgrade(ctx, id, folder)
}

// upgrade upgrades a database that was unpacked, if it has to be and may.
func (i *importer) upgrade(ctx context.Context, id, folder string) error {
	version, err := i.m.dataVersion(folder)
	if err != nil {
		return err
	}
	if version == i.m.version {
		return nil
	}
	err = i.m.upgrade(ctx, folder)
	switch {
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case err != nil:
		i.report.Older = append(i.report.Older, ImportProblem{id, older(err, "it")})
	}
	return nil
}

func (i *importer) fileEntry(ctx context.Context, h *tar.Header, id, name string, r io.Reader) error {
	if checkID(id) == nil {
		if _, err := i.m.folder.root.Lstat(path.Join(fileName, folderName(id))); !errors.Is(err, os.ErrNotExist) {
			i.report.DuplicateFiles = append(i.report.DuplicateFiles, id)
			return err
		}
	}
	for _, f := range i.files {
		if f.id == id {
			return i.fail(h.Name, errors.New("the archive has another file with this id"))
		}
	}
	if h.Size > i.left {
		return i.fail(h.Name, errLimit)
	}
	folder, err := i.m.stageFile(ctx, id, name, r)
	if errors.Is(err, ErrInvalid) {
		return i.fail(h.Name, err)
	}
	if errors.As(err, new(*fs.PathError)) { // of the disk, and not of the archive
		return err
	}
	if err != nil {
		return bad(ctx, err)
	}
	i.left -= h.Size
	i.files = append(i.files, stagedFile{id, folder})
	return nil
}
