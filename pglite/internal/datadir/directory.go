package datadir

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

// ErrNotDirectory is wrapped by the error for a path that is something else.
var ErrNotDirectory = errors.New("not a directory")

// Version is the major version of the guest, and so is Major.
const (
	Version = "18"
	Major   = 18
)

// Files of calf in a data directory.
const (
	LockName = "calf.lock"
	// IncompleteName marks a directory in which a cluster is being made. One
	// that has it was abandoned half-way and holds nothing of value.
	IncompleteName = "calf.incomplete"
	// ICUName marks a directory that was opened with Config.ICU.
	ICUName = "calf.icu"
)

// VersionName is the file that tells of which version a data directory is.
const VersionName = "PG_VERSION"

// ControlName is the file without which there is no database.
const ControlName = "global/pg_control"

// A Dir is a data directory that this process has locked.
type Dir struct {
	Path    string
	Fresh   bool // there is no cluster in it yet
	made    bool // nor was there a directory
	begun   bool // a cluster is being made
	Passing bool // calf does not open the directory: the lock's file goes with the lock
	lock    *fileLock
}

// Open locks a data directory and looks at what it holds. One that
// does not exist is made.
func Open(path string) (_ *Dir, err error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := ResumeMissing(abs); err != nil {
		return nil, err
	}
	d := &Dir{Path: abs}
	switch info, err := os.Stat(abs); {
	case errors.Is(err, fs.ErrNotExist):
		d.made = true
		if err := makeDurably(abs); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	case !info.IsDir():
		return nil, ErrNotDirectory
	}
	if err := d.Check(); err != nil { // before anything is written
		return nil, err
	}
	if err := d.Take(); err != nil {
		return nil, err
	}
	if err := Resume(abs); err != nil {
		return nil, errors.Join(err, d.lock.Close())
	}
	if d.Fresh, err = d.isFresh(); err != nil {
		return nil, errors.Join(err, d.lock.Close())
	}
	return d, nil
}

// take locks the directory, unless another program uses it.
func (d *Dir) Take() error {
	l, err := Lock(d.Path)
	if err != nil {
		return err
	}
	// Only who runs, or did not end well, leaves this file.
	if Exists(filepath.Join(d.Path, "postmaster.pid")) {
		if who := foreignUser(d.Path); who != "" {
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
	if !Exists(parent) {
		if err := makeDurably(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return SyncDir(parent)
}

// OpenNew locks a directory that is to become a data directory: one that
// is empty or does not exist. The error for another wraps fs.ErrExist.
func OpenNew(path string) (*Dir, error) {
	d, err := Open(path)
	if v := (*VersionError)(nil); errors.As(err, &v) || errors.Is(err, ErrNotPostgres) {
		return nil, errNotEmpty
	}
	if err == nil && !d.Fresh {
		return nil, errors.Join(errNotEmpty, d.Close())
	}
	return d, err
}

var errNotEmpty = fmt.Errorf("the directory has to be empty or not to exist: %w", fs.ErrExist)

// check returns an error for a directory that another version, or another
// program, uses.
func (d *Dir) Check() error {
	if Exists(filepath.Join(d.Path, IncompleteName)) {
		return nil // whatever it says
	}
	b, err := os.ReadFile(filepath.Join(d.Path, VersionName))
	if !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return err
		}
		return checkVersion(d.Path, b)
	}
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !IsOurs(e.Name()) {
			return fmt.Errorf("%w: it has %s but no %s", ErrNotPostgres, e.Name(), VersionName)
		}
	}
	return nil
}

// checkVersion looks at the content of PG_VERSION, of a directory or, if that is
// empty, an archive.
func checkVersion(dir string, content []byte) error {
	found := strings.TrimSpace(string(content))
	switch {
	case found == Version:
		return nil
	case found == "" || strings.Trim(found, "0123456789.") != "":
		return fmt.Errorf("%w: %s is damaged", ErrNotPostgres, VersionName)
	}
	return &VersionError{Dir: dir, Found: found, Wanted: Version}
}

func IsOurs(name string) bool {
	return name == LockName || name == IncompleteName || name == ExchangeName || name == "lost+found"
}

func Exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// isFresh reports whether there is no cluster. It removes what an interrupted
// attempt to make one has left.
func (d *Dir) isFresh() (bool, error) {
	if !Exists(filepath.Join(d.Path, IncompleteName)) {
		return !Exists(filepath.Join(d.Path, VersionName)), nil
	}
	return true, d.empty()
}

// empty removes all but what is ours.
func (d *Dir) empty() error {
	entries, err := os.ReadDir(d.Path)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if IsOurs(e.Name()) {
			continue
		}
		if err := os.RemoveAll(filepath.Join(d.Path, e.Name())); err != nil {
			return err
		}
	}
	return nil
}

// begin begins to make a cluster. Until it is complete, the directory is
// marked: whoever finds it so begins anew.
func (d *Dir) Begin() error {
	f, err := os.OpenFile(filepath.Join(d.Path, IncompleteName), os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	d.begun = true
	return errors.Join(f.Sync(), f.Close(), SyncDir(d.Path))
}

// complete says that the cluster is there, and on disk.
func (d *Dir) Complete() error {
	if !d.Fresh {
		return nil
	}
	if err := os.Remove(filepath.Join(d.Path, IncompleteName)); err != nil {
		return err
	}
	d.Fresh, d.begun = false, false
	return errors.Join(SyncDir(d.Path), SyncDir(filepath.Dir(d.Path)))
}

// Close unlocks the directory. If there is still no cluster, it is as it was
// before. Closing it again does nothing.
func (d *Dir) Close() (err error) {
	if d.begun {
		if err = d.empty(); err == nil {
			err = os.Remove(filepath.Join(d.Path, IncompleteName))
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
func (d *Dir) removeLock() {
	remove := d.Fresh && d.made
	if d.Passing || remove {
		_ = os.Remove(filepath.Join(d.Path, LockName))
	}
	if remove {
		_ = os.Remove(d.Path) // unless somebody has put something there
	}
}

// SyncDir makes the names in a directory durable, where there is a way to: not
// on Windows, nor in a directory that this user may not read.
func SyncDir(path string) error {
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
