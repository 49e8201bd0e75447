package manager

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/calfdb/calf/pglite/internal/datadir"
)

// What is in the folder of a manager.
const (
	metaName = "meta"  // the data directory of the meta database
	dbsName  = "dbs"   // a folder for each database
	fileName = "files" // a folder for each file; see file.go
	// What is being made, and what is being deleted. Whether it is there, or no
	// longer, is the meta database's decision; see recoverFolders.
	incomingName = "incoming"
	deletedName  = "deleted"
)

// dataName is a database's data directory in its folder. Beside it is what an
// upgrade keeps.
const dataName = "data"

// A folder is the folder of a manager. Names in it are relative and slashed; no
// link leads out of it.
type folder struct {
	path string
	root *os.Root
}

// openFolder opens a folder, which it makes if it does not exist. It refuses one
// that holds something else.
func openFolder(dir string) (*folder, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	f := &folder{path, root}
	if err := f.check(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return f, nil
}

// check looks at what is in the folder, before anything is written to it.
func (f *folder) check() error {
	entries, err := f.list(".")
	if err != nil {
		return err
	}
	own := []string{metaName, dbsName, fileName, incomingName, deletedName}
	hasMeta := slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return e.Name() == metaName })
	for _, e := range entries {
		switch {
		case slices.Contains(own, e.Name()) && !e.IsDir():
			return fmt.Errorf("%s in it is not a folder", e.Name())
		case !hasMeta && e.Name() == "PG_VERSION":
			return fmt.Errorf("it is a data directory of one database, and not a folder of databases")
		case !hasMeta && !slices.Contains(own, e.Name()):
			return fmt.Errorf("it has %s but no %s: it is not a folder of databases", e.Name(), metaName)
		}
	}
	return nil
}

// prepare makes what is missing. The folder is locked by now.
func (f *folder) prepare() error {
	for _, name := range []string{dbsName, fileName, incomingName, deletedName} {
		if err := f.root.Mkdir(name, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return err
		}
	}
	return f.sync(".")
}

// Close closes the folder.
func (f *folder) Close() error { return f.root.Close() }

// at returns the path of something in the folder.
func (f *folder) at(name string) string { return filepath.Join(f.path, filepath.FromSlash(name)) }

// list returns what a folder in the folder holds, in the order of names.
func (f *folder) list(name string) ([]fs.DirEntry, error) {
	return fs.ReadDir(f.root.FS(), name)
}

// exists reports whether there is a folder of that name, which is no link.
func (f *folder) exists(name string) (bool, error) {
	info, err := f.root.Lstat(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil:
		return false, err
	case !info.IsDir():
		return false, fmt.Errorf("%s is not a folder", f.at(name))
	}
	return true, nil
}

// temporary makes a folder for something that is being made, and returns its
// name. It begins with the folder's name of a database, or with + and what else it
// is.
func (f *folder) temporary(name string) (string, error) {
	name = incomingName + "/" + name + "." + newID()
	if err := f.root.Mkdir(name, 0o700); err != nil {
		return "", err
	}
	return name, f.sync(incomingName)
}

// move gives something another name, durably. There must be nothing of that
// name.
func (f *folder) move(from, to string) error {
	if _, err := f.root.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		if err == nil {
			err = fmt.Errorf("%s: %w", f.at(to), fs.ErrExist)
		}
		return err
	}
	if err := f.root.Rename(from, to); err != nil {
		return err
	}
	return errors.Join(f.sync(pathDir(to)), f.sync(pathDir(from)))
}

// remove removes a database's folder, or what else is in incoming or deleted. If
// a program has the data directory open, nothing is removed, and the error wraps
// pglite.ErrLocked. commit, if not nil, is called when that is made sure of.
func (f *folder) remove(name string, commit func() error) error {
	data := name + "/" + dataName
	found, err := f.exists(data)
	switch {
	case err != nil:
		return err
	case found:
		err = datadir.Remove(f.at(data), commit)
	case commit != nil:
		err = commit()
	}
	if err != nil {
		return err
	}
	return errors.Join(f.root.RemoveAll(name), f.sync(pathDir(name)))
}

// sync makes the names in a folder durable, where there is a way to.
func (f *folder) sync(name string) error {
	d, err := f.root.Open(name)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// recoverFolders completes or takes back what was interrupted when databases were
// made and deleted: each is there if and only if it is in the meta database,
// whose rows are given. What cannot be removed, since it is in use, stays for the
// next time, and failed is told.
func (f *folder) recoverFolders(rows map[string]bool, failed func(name string, err error)) error {
	for _, where := range []string{incomingName, deletedName} { // what is new comes first
		entries, err := f.list(where)
		if err != nil {
			return err
		}
		for _, e := range entries {
			from := where + "/" + e.Name()
			name, _, _ := strings.Cut(e.Name(), ".")
			if id, ok := idOf(name); ok && rows[id] && e.IsDir() {
				found, err := f.exists(dbsName + "/" + name)
				if err != nil {
					return err
				}
				if !found {
					if err := f.move(from, dbsName+"/"+name); err != nil {
						return err
					}
					continue
				}
			}
			if err := f.remove(from, nil); err != nil {
				failed(from, err)
			}
		}
	}
	return nil
}

// size returns how many bytes the files of a folder have.
func (f *folder) size(name string) (n int64, err error) {
	err = fs.WalkDir(f.root.FS(), name, func(_ string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // PostgreSQL removes files meanwhile
			return nil
		}
		if err != nil || !e.Type().IsRegular() {
			return err
		}
		info, err := e.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil {
			n += info.Size()
		}
		return err
	})
	return n, err
}

func pathDir(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return "."
}
