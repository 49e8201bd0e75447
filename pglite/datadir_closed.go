package pglite

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"syscall"
)

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
