package assets

import (
	"fmt"
	"io/fs"

	"github.com/calfdb/calf/assets/internal/layout"
)

// Bundle is a tarball of PGlite's with one or more extensions.
type Bundle struct {
	// Name is the tarball's, such as "pgcrypto", "uuid-ossp" or "spi".
	Name string
	// Extensions are the names that CREATE EXTENSION takes. Bundles of mere libraries have none.
	Extensions []string
	// Libraries are the shared libraries' names without ".so", which LOAD and shared_preload_libraries take.
	Libraries []string

	set   *Set
	files []layout.Span
	data  []byte
}

// Bundles returns all extension bundles, sorted by name.
func (s *Set) Bundles() ([]Bundle, error) {
	ext, data, err := s.extensions()
	if err != nil {
		return nil, err
	}
	bundles := make([]Bundle, len(ext.Bundles))
	for i, b := range ext.Bundles {
		bundles[i] = Bundle{Name: b.Name, Extensions: b.Extensions, Libraries: b.Libraries, set: s, files: b.Files, data: data}
	}
	return bundles, nil
}

// Bundle returns the bundle of that name, which is not always that of the extension: moddatetime is in "spi". If there
// is none, the error is fs.ErrNotExist.
func (s *Set) Bundle(name string) (Bundle, error) {
	bundles, err := s.Bundles()
	if err != nil {
		return Bundle{}, err
	}
	for _, b := range bundles {
		if b.Name == name {
			return b, nil
		}
	}
	return Bundle{}, fmt.Errorf("assets: looking for bundle %s: %w", name, fs.ErrNotExist)
}

// Files returns the bundle's files, sorted by path. They are part of what [Set.Files] returns.
func (b Bundle) Files() []GuestFile {
	files := make([]GuestFile, len(b.files))
	for i, span := range b.files {
		files[i] = guestFile(span, b.data)
	}
	return files
}

// Tarball returns the bundle as PGlite published it: a gzipped tar file.
func (b Bundle) Tarball() ([]byte, error) {
	return b.set.ReadFile(layout.BundleFile(b.Name))
}
