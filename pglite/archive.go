package pglite

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"syscall"

	"github.com/calfdb/calf/runtime/vfs"
)

// Archive writes a data directory that is not open as a tar archive. It is for
// the same readers as one of [DB.Dump], but holds the directory as it is: with
// unlogged tables, and, if the database was not closed, to be recovered by who
// opens it. PostgreSQL is not started, and nothing in the directory changes.
//
// The directory is locked meanwhile; the error for one that another DB has open
// wraps [ErrLocked].
func Archive(ctx context.Context, dir string, w io.Writer, cfg DumpConfig) (err error) {
	defer func() {
		if v := (*VersionError)(nil); err != nil && !errors.As(err, &v) {
			err = fmt.Errorf("pglite: archiving %s: %w", dir, err)
		}
	}()
	d, err := lockClosed(dir, cfg.Earlier)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	host, err := vfs.OpenHost(d.path, vfs.HostOptions{Sync: vfs.SyncNone})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, host.Close()) }()
	names, size, err := wholeDirectory(host)
	if err != nil {
		return err
	}
	out := &meter{ctx: ctx, w: w, report: cfg.Progress}
	out.begin("copying the files", size)
	tw := vfs.NewTarWriter(out)
	for _, name := range append(names, controlName) {
		if err := tw.Add(host, name); err != nil {
			return err
		}
	}
	return tw.Close()
}

// lockClosed locks a data directory that holds a cluster. One that cannot be
// written to needs no lock.
func lockClosed(path string, earlier bool) (*directory, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	d := &directory{path: abs}
	switch {
	case !exists(abs):
		return nil, fs.ErrNotExist
	case exists(filepath.Join(abs, incompleteName)), !exists(filepath.Join(abs, versionName)):
		return nil, fmt.Errorf("%w: it has no %s", ErrNotPostgres, versionName)
	}
	if err := d.check(); err != nil && !(earlier && upgradable(err)) {
		return nil, err
	}
	d.passing = !exists(filepath.Join(abs, lockName))
	err = d.take()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return d, nil
	}
	return d, err
}

// wholeDirectory lists what is in a data directory but pg_control, which comes
// last, as in [backup.addLast].
func wholeDirectory(v vfs.Volume) (names []string, size int64, err error) {
	err = vfs.Walk(v, ".", func(name string, st vfs.Stat) error {
		size += vfs.TarSize(st)
		dir, base := path.Split(name)
		switch {
		case name == controlName:
			return nil
		case dir == "" && (isOurs(name) || name == "postmaster.pid" || name == "postmaster.opts"):
			size -= vfs.TarSize(st)
			return skip(st)
		case dir == "pg_tblspc/" && st.IsLink():
			return fmt.Errorf("%w, such as the one with the OID %s", errTablespace, base)
		case dir == walDir+"/" && isSegment(base) && st.IsRegular():
			used, err := isUsed(v, name, st.Size)
			if err != nil || !used {
				size -= vfs.TarSize(st)
				return err
			}
		}
		names = append(names, name)
		return nil
	})
	return names, size, err
}
