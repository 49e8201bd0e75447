package pglite

import (
	"errors"
	"io"
	"path/filepath"
)

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

// WithoutExchange makes upgrades do without exchanging directories in one step,
// as on systems that cannot.
func WithoutExchange() { exchangeDirs = func(string, string) error { return errors.ErrUnsupported } }

// MakeUpgradeDir makes the new directory for an upgrade of dir, if there is
// space for that many bytes.
func MakeUpgradeDir(dir string, size int64) error {
	p := newUpgradePaths(dir, "17")
	p.work = filepath.Join(filepath.Dir(dir), "work")
	return p.make(uint64(size))
}
