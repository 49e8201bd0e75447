//go:build unix

package datadir

import (
	"errors"
	"os"

	"github.com/calfdb/calf/internal/filelock"
)

// lockDir locks a directory. It returns nil on file systems that cannot, such as
// NFS, which locks only what is open for writing.
func lockDir(path string) (*os.File, error) {
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if err := filelock.Try(d); err != nil {
		d.Close()
		if errors.Is(err, filelock.ErrHeld) {
			return nil, err
		}
		return nil, nil
	}
	return d, nil
}
