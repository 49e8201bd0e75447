package pglite

import "io"

// LockDirectory does of Open what excludes others.
func LockDirectory(dir string) (io.Closer, error) {
	l, err := lockDirectory(dir)
	if err != nil {
		return nil, err
	}
	return l, nil
}

// WithCopiedMemory returns a configuration for a database that works as on
// systems that cannot map memory copy-on-write.
func (c Config) WithCopiedMemory() Config {
	c.copyMemory = true
	return c
}

// What a push hashes rows with.
const (
	FastRowHash = fastRowHash
	AnyRowHash  = anyRowHash
)
