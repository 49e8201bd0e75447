package assets

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"sync"

	"github.com/calfdb/calf/assets/internal/atomicdir"
	"github.com/calfdb/calf/assets/internal/lock"
)

// Set is an installed guest. It is safe for concurrent use and needs no closing.
//
// Each file is verified when it is first read, and stays in memory for the rest of the process: mapped, when the set
// lies in a directory and the system can map files, else as a copy. Slices that a Set returns share that memory. They
// must not be written to, which for a mapped file ends the process; nor must the files of a set that is in use be
// changed in place. [Install] replaces the whole folder and does no harm.
type Set struct {
	lock   *lock.Lock
	origin Origin
	// home is the folder that the set was opened in, and empty for a set that is not in a directory.
	home string

	mu  sync.Mutex
	now *contents
}

// contents is what a set holds until its folder is replaced.
type contents struct {
	source   source
	raw      []byte
	manifest *manifest
	group    *lock.Group
	files    map[string]*file
}

// file is one stored or derived file, by its path in the installation.
type file struct {
	size   int64
	sha256 string
	// key is empty for a stored file.
	key string

	mu   sync.Mutex
	data []byte
}

// ReadFile returns a stored file, such as "pglite.wasm". It returns [ErrCorruptAsset] if the file is not the pinned one,
// and fs.ErrNotExist if nothing is pinned under that name. Derived files are had from [Set.Derived].
func (s *Set) ReadFile(name string) ([]byte, error) {
	data, _, err := s.read(name, "")
	if err != nil {
		return nil, fmt.Errorf("assets: reading %s: %w", name, err)
	}
	return data, nil
}

// Derived returns a file that was made at installation with the given key. It returns false if there is none, or if it
// was made with another key, and the caller then makes it anew.
func (s *Set) Derived(name, key string) ([]byte, bool, error) {
	if key == "" {
		return nil, false, nil
	}
	data, ok, err := s.read(DerivedFile{Name: name}.path(), key)
	if err != nil {
		return nil, false, fmt.Errorf("assets: reading derived %s: %w", name, err)
	}
	return data, ok, nil
}

// read returns the file with that key, false if there is none. When the set's folder has been replaced since it was
// opened, it reads the new one.
func (s *Set) read(path, key string) ([]byte, bool, error) {
	for try := 0; ; try++ {
		c := s.contents()
		data, ok, err := c.read(path, key)
		if err == nil || try == 3 || !s.renew(c) {
			return data, ok, err
		}
	}
}

func (s *Set) contents() *contents {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// renew says whether the folder holds something else than was found before.
func (s *Set) renew(before *contents) bool {
	if s.home == "" {
		return false
	}
	c, err := loadFolder(s.lock, before.group.Name, s.home)
	if err != nil || c.same(before) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now == before {
		s.now = c
	}
	return true
}

func (c *contents) same(other *contents) bool {
	return c.source == other.source && bytes.Equal(c.raw, other.raw)
}

// loadFolder opens the installation of a folder, also when that is just being replaced.
func loadFolder(l *lock.Lock, group, home string) (*contents, error) {
	var err error
	for dir := range atomicdir.Candidates(home) {
		var c *contents
		if c, err = load(l, group, folder(dir)); !errors.Is(err, fs.ErrNotExist) {
			return c, err
		}
	}
	return nil, err
}

// load reads and checks a manifest. The files themselves are looked at when they are read.
func load(l *lock.Lock, group string, src source) (*contents, error) {
	raw, err := src.manifest()
	if err != nil {
		return nil, err
	}
	m, g, err := parseManifest(l, group, raw)
	if err != nil {
		return nil, err
	}
	return newContents(src, raw, m, g), nil
}

func newContents(src source, raw []byte, m *manifest, g *lock.Group) *contents {
	c := &contents{source: src, raw: raw, manifest: m, group: g, files: map[string]*file{}}
	for _, f := range m.Files {
		c.files[f.Name] = &file{size: f.Size, sha256: f.SHA256}
	}
	for _, f := range m.Derived {
		c.files[f.path()] = &file{size: f.Size, sha256: f.SHA256, key: f.Key}
	}
	return c
}

func (c *contents) read(path, key string) ([]byte, bool, error) {
	f := c.files[path]
	if f == nil || f.key != key {
		if key != "" {
			return nil, false, nil
		}
		return nil, false, fs.ErrNotExist
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.data != nil {
		return f.data, true, nil
	}
	data, err := c.source.read(path, f.size)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, false, fmt.Errorf("%w: %w", ErrCorruptAsset, err)
	case err != nil:
		return nil, false, err
	}
	if sum := lock.Sum(data); sum != f.sha256 {
		return nil, false, fmt.Errorf("%w: its sha256 is %s, expected %s", ErrCorruptAsset, sum, f.sha256)
	}
	f.data = data
	return data, true, nil
}
