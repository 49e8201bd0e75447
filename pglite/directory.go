package pglite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// pgVersion is the major version of the guest.
const pgVersion = "18"

// Files of calf in a data directory.
const (
	lockName = "calf.lock"
	// incompleteName marks a directory in which a cluster is being made. One
	// that has it was abandoned half-way and holds nothing of value.
	incompleteName = "calf.incomplete"
)

// A directory is a data directory that this process has locked.
type directory struct {
	path  string
	fresh bool // there is no cluster in it yet
	lock  *lock
}

// openDirectory locks a data directory and looks at what it holds. One that
// does not exist is made.
func openDirectory(path string) (_ *directory, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	switch info, err := os.Stat(abs); {
	case errors.Is(err, fs.ErrNotExist):
		if err := makeDurably(abs); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, errNotDirectory
	}
	if err := checkVersion(abs); err != nil { // before anything is written
		return nil, err
	}
	l, err := lockDirectory(abs)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			l.Close()
		}
	}()
	// Only who runs, or did not end well, leaves this file.
	if exists(filepath.Join(abs, "postmaster.pid")) {
		if who := foreignUser(abs); who != "" {
			return nil, fmt.Errorf("%w by %s", ErrLocked, who)
		}
	}
	d := &directory{path: abs, lock: l}
	if d.fresh, err = d.isFresh(); err != nil {
		return nil, err
	}
	return d, nil
}

// makeDurably makes a directory, and those above it that are missing, so that a
// crash of the machine does not remove them.
func makeDurably(path string) error {
	parent := filepath.Dir(path)
	if !exists(parent) {
		if err := makeDurably(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(parent)
}

// checkVersion returns an error for a directory that another version, or
// another program, uses.
func checkVersion(path string) error {
	if exists(filepath.Join(path, incompleteName)) {
		return nil // whatever it says
	}
	b, err := os.ReadFile(filepath.Join(path, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		entries, err := os.ReadDir(path)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !isOurs(e.Name()) {
				return fmt.Errorf("%w: it has %s but no PG_VERSION", ErrNotPostgres, e.Name())
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	found := strings.TrimSpace(string(b))
	switch {
	case found == pgVersion:
		return nil
	case found == "" || strings.Trim(found, "0123456789.") != "":
		return fmt.Errorf("%w: PG_VERSION is damaged", ErrNotPostgres)
	}
	return &VersionError{Dir: path, Found: found, Wanted: pgVersion}
}

func isOurs(name string) bool {
	return name == lockName || name == incompleteName || name == "lost+found"
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// isFresh reports whether there is no cluster. It removes what an interrupted
// attempt to make one has left.
func (d *directory) isFresh() (bool, error) {
	if !exists(filepath.Join(d.path, incompleteName)) {
		return !exists(filepath.Join(d.path, "PG_VERSION")), nil
	}
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return false, err
	}
	for _, e := range entries {
		if isOurs(e.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(d.path, e.Name())); err != nil {
			return false, err
		}
	}
	return true, nil
}

// fill makes a cluster with the given function. The directory is marked as
// long as it is not complete.
func (d *directory) fill(makeCluster func() error) error {
	mark := filepath.Join(d.path, incompleteName)
	f, err := os.OpenFile(mark, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = errors.Join(f.Sync(), f.Close(), syncDir(d.path))
	if err == nil {
		err = makeCluster()
	}
	if err != nil {
		return err // the mark stays: the next attempt starts afresh
	}
	if err := os.Remove(mark); err != nil {
		return err
	}
	return syncDir(d.path)
}

// Close unlocks the directory.
func (d *directory) Close() error { return d.lock.Close() }

// syncDir makes the names in a directory durable, where there is a way to: not
// on Windows, nor in a directory that this user may not read.
func syncDir(path string) error {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}
