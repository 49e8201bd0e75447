package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

// OpenClosed locks a data directory that holds a cluster. One that cannot be
// written to needs no lock.
func OpenClosed(path string, earlier bool) (*Dir, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	d := &Dir{Path: abs}
	switch {
	case !Exists(abs):
		return nil, fs.ErrNotExist
	case Exists(filepath.Join(abs, IncompleteName)), !Exists(filepath.Join(abs, VersionName)):
		return nil, fmt.Errorf("%w: it has no %s", ErrNotPostgres, VersionName)
	}
	if err := d.Check(); err != nil && !(earlier && Upgradable(err)) {
		return nil, err
	}
	d.Passing = !Exists(filepath.Join(abs, LockName))
	err = d.Take()
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return d, nil
	}
	return d, err
}
