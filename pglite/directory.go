package pglite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// pgVersion is the major version of the guest, and so is pgMajor.
const (
	pgVersion = "18"
	pgMajor   = 18
)

// Files of calf in a data directory.
const (
	lockName = "calf.lock"
	// incompleteName marks a directory in which a cluster is being made. One
	// that has it was abandoned half-way and holds nothing of value.
	incompleteName = "calf.incomplete"
)

// versionName is the file that tells of which version a data directory is.
const versionName = "PG_VERSION"

// A directory is a data directory that this process has locked.
type directory struct {
	path    string
	fresh   bool // there is no cluster in it yet
	made    bool // nor was there a directory
	begun   bool // a cluster is being made
	passing bool // calf does not open the directory: the lock's file goes with the lock
	lock    *lock
}

// openDirectory locks a data directory and looks at what it holds. One that
// does not exist is made.
func openDirectory(path string) (_ *directory, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := resumeMissing(abs); err != nil {
		return nil, err
	}
	d := &directory{path: abs}
	switch info, err := os.Stat(abs); {
	case errors.Is(err, fs.ErrNotExist):
		d.made = true
		if err := makeDurably(abs); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, errNotDirectory
	}
	if err := d.check(); err != nil { // before anything is written
		return nil, err
	}
	if err := d.take(); err != nil {
		return nil, err
	}
	if err := resumeUpgrade(abs); err != nil {
		return nil, errors.Join(err, d.lock.Close())
	}
	if d.fresh, err = d.isFresh(); err != nil {
		return nil, errors.Join(err, d.lock.Close())
	}
	return d, nil
}

// take locks the directory, unless another program uses it.
func (d *directory) take() error {
	l, err := lockDirectory(d.path)
	if err != nil {
		return err
	}
	// Only who runs, or did not end well, leaves this file.
	if exists(filepath.Join(d.path, "postmaster.pid")) {
		if who := foreignUser(d.path); who != "" {
			return errors.Join(fmt.Errorf("%w by %s", ErrLocked, who), l.Close())
		}
	}
	d.lock = l
	return nil
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

// newDirectory locks a directory that is to become a data directory: one that
// is empty or does not exist. The error for another wraps fs.ErrExist.
func newDirectory(path string) (*directory, error) {
	d, err := openDirectory(path)
	if v := (*VersionError)(nil); errors.As(err, &v) || errors.Is(err, ErrNotPostgres) {
		return nil, errNotEmpty
	}
	if err == nil && !d.fresh {
		return nil, errors.Join(errNotEmpty, d.Close())
	}
	return d, err
}

var errNotEmpty = fmt.Errorf("the directory has to be empty or not to exist: %w", fs.ErrExist)

// check returns an error for a directory that another version, or another
// program, uses.
func (d *directory) check() error {
	if exists(filepath.Join(d.path, incompleteName)) {
		return nil // whatever it says
	}
	b, err := os.ReadFile(filepath.Join(d.path, versionName))
	if !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return err
		}
		return checkVersion(d.path, b)
	}
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !isOurs(e.Name()) {
			return fmt.Errorf("%w: it has %s but no %s", ErrNotPostgres, e.Name(), versionName)
		}
	}
	return nil
}

// checkVersion looks at the content of PG_VERSION, of a directory or, if that is
// empty, an archive.
func checkVersion(dir string, content []byte) error {
	found := strings.TrimSpace(string(content))
	switch {
	case found == pgVersion:
		return nil
	case found == "" || strings.Trim(found, "0123456789.") != "":
		return fmt.Errorf("%w: %s is damaged", ErrNotPostgres, versionName)
	}
	return &VersionError{Dir: dir, Found: found, Wanted: pgVersion}
}

func isOurs(name string) bool {
	return name == lockName || name == incompleteName || name == upgradeName || name == "lost+found"
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// isFresh reports whether there is no cluster. It removes what an interrupted
// attempt to make one has left.
func (d *directory) isFresh() (bool, error) {
	if !exists(filepath.Join(d.path, incompleteName)) {
		return !exists(filepath.Join(d.path, versionName)), nil
	}
	return true, d.empty()
}

// empty removes all but what is ours.
func (d *directory) empty() error {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if isOurs(e.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(d.path, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// begin begins to make a cluster. Until it is complete, the directory is
// marked: whoever finds it so begins anew.
func (d *directory) begin() error {
	f, err := os.OpenFile(filepath.Join(d.path, incompleteName), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	d.begun = true
	return errors.Join(f.Sync(), f.Close(), syncDir(d.path))
}

// complete says that the cluster is there, and on disk.
func (d *directory) complete() error {
	if !d.fresh {
		return nil
	}
	if err := os.Remove(filepath.Join(d.path, incompleteName)); err != nil {
		return err
	}
	d.fresh, d.begun = false, false
	return errors.Join(syncDir(d.path), syncDir(filepath.Dir(d.path)))
}

// Close unlocks the directory. If there is still no cluster, it is as it was
// before. Closing it again does nothing.
func (d *directory) Close() (err error) {
	if d.begun {
		if err = d.empty(); err == nil {
			err = os.Remove(filepath.Join(d.path, incompleteName))
		}
		d.begun = false
	}
	if d.lock == nil {
		return err
	}
	l := d.lock
	d.lock = nil
	if runtime.GOOS == "windows" { // which removes no open file, nor one that another has opened meanwhile
		err = errors.Join(err, l.Close())
		d.removeLock()
		return err
	}
	d.removeLock() // while it is held: who has the file open already fails to lock it
	return errors.Join(err, l.Close())
}

// removeLock removes the lock's file if it is not to stay, and the directory if
// there was none.
func (d *directory) removeLock() {
	remove := d.fresh && d.made
	if d.passing || remove {
		_ = os.Remove(filepath.Join(d.path, lockName))
	}
	if remove {
		_ = os.Remove(d.path) // unless somebody has put something there
	}
}

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
