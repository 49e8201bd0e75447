package atomicdir

import (
	"errors"
	"os"

	"github.com/calfdb/calf/internal/filelock"
)

// createLock makes and locks the file that marks a work folder as in use. The file must not exist; if a sweeping
// process got hold of it first, the error is os.ErrExist, too, to try another name.
func createLock(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return nil, err
	}
	switch err := filelock.Try(f); {
	case err == nil && filelock.Names(path, f):
		return f, nil
	case err != nil && !errors.Is(err, filelock.ErrHeld):
		return f, nil // No locks here. Nobody will be able to take ours for stale.
	}
	_ = f.Close()
	return nil, os.ErrExist
}
