package upgrade

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/calfdb/calf/pglite/internal/datadir"
)

// A fingerprint is by which one sees that nobody changed a directory.
type fingerprint map[string]fileMark

type fileMark struct {
	size    int64
	changed time.Time
}

// takeFingerprint looks at the files of a directory, but for calf's own.
func takeFingerprint(dir string) (fingerprint, error) {
	f := fingerprint{}
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err == nil && !datadir.IsOurs(name) {
			f[name] = fileMark{info.Size(), info.ModTime()}
		}
		return err
	})
	return f, err
}

// changed returns a file that is not as it was, or "".
func (f fingerprint) changed(now fingerprint) string {
	var names []string
	for name, mark := range now {
		if was, ok := f[name]; !ok || was.size != mark.size || !was.changed.Equal(mark.changed) {
			names = append(names, name)
		}
	}
	for name := range f {
		if _, ok := now[name]; !ok {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return slices.Min(names)
}

// syncTree makes all files below a directory durable, and their names.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir():
			return datadir.SyncDir(path)
		case !e.Type().IsRegular():
			return nil
		}
		f, err := os.OpenFile(path, os.O_RDWR, 0) // Windows syncs only what is open for writing
		if err != nil {
			return err
		}
		return errors.Join(f.Sync(), f.Close())
	})
}
