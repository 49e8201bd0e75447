package datadir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Remove deletes a data directory that is not open, of any version, with all
// that is in it. Links in it are removed, and not what they lead to. It refuses
// what is no data directory, with an error that wraps [ErrNotPostgres], and one
// that another DB has open, with one that wraps [ErrLocked].
//
// The directory is locked meanwhile. If commit is not nil, it is called when that
// is done and before anything is removed; if it returns an error, nothing is, and
// that is what Remove returns. What an interrupted Remove leaves is marked, so
// that no one takes it for a database.
func Remove(dir string, commit func() error) (err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("removing %s: %w", dir, err)
		}
	}()
	abs, err := filepath.Abs(dir)
	if err != nil {
		return err
	}
	d := &Dir{Path: abs}
	switch info, err := os.Lstat(abs); {
	case err != nil:
		return err
	case !info.IsDir():
		return ErrNotDirectory
	}
	if err := d.Check(); err != nil && !errors.As(err, new(*VersionError)) {
		return err
	}
	locked := Exists(filepath.Join(abs, LockName))
	if err := d.Take(); err != nil {
		return err
	}
	d.Fresh = true // which it will be
	d.Passing = !locked
	if commit != nil {
		if err := commit(); err != nil {
			return errors.Join(err, d.Close())
		}
	}
	if err := d.Begin(); err != nil {
		return errors.Join(err, d.Close())
	}
	if err := os.Remove(filepath.Join(abs, ExchangeName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, d.Close())
	}
	d.made = true // Close empties it, and removes what was made
	if err := d.Close(); err != nil {
		return err
	}
	if _, err := os.Lstat(abs); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("something is left in it")
	}
	return SyncDir(filepath.Dir(abs))
}
