package pglite

import (
	"io"

	"github.com/calfdb/calf/pglite/internal/datadir"
)

// WithCopiedMemory returns a configuration for a database that works as on
// systems that cannot map memory copy-on-write.
func (c Config) WithCopiedMemory() Config {
	c.copyMemory = true
	return c
}

// LockDirectory does of Open what excludes others.
func LockDirectory(dir string) (io.Closer, error) {
	l, err := datadir.Lock(dir)
	if err != nil {
		return nil, err
	}
	return l, nil
}
