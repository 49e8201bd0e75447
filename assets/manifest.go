package assets

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/calfdb/calf/assets/internal/lock"
)

const (
	manifestFormat  = 1
	maxManifestSize = 16 << 20
)

// manifest lists what an installation holds. Of the pinned files it repeats the lock, so that it can be read without
// calf; of the derived ones it is the only record.
type manifest struct {
	Format int    `json:"format"`
	Group  string `json:"group"`
	// Lock is the digest of the group in the lock that the installation was made with.
	Lock    string        `json:"lock"`
	Files   []storedFile  `json:"files"`
	Derived []derivedFile `json:"derived"`
}

type storedFile struct {
	Name   string `json:"name"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

type derivedFile struct {
	DerivedFile
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

func newManifest(g *lock.Group) *manifest {
	m := &manifest{Format: manifestFormat, Group: g.Name, Lock: g.Digest(), Derived: []derivedFile{}}
	for _, f := range g.Stored() {
		m.Files = append(m.Files, storedFile{Name: f.Name, Size: f.Size, SHA256: f.SHA256})
	}
	return m
}

func (m *manifest) encode() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding %s: %w", lock.ManifestName, err)
	}
	return append(data, '\n'), nil
}

// errOtherGroup: the installation is one of another group than was asked for.
var errOtherGroup = errors.New("it holds another group of packages")

// parseManifest decodes the manifest of a group, or of any if group is empty, and compares it with the lock.
func parseManifest(l *lock.Lock, group string, data []byte) (*manifest, *lock.Group, error) {
	var m manifest
	if err := json.Unmarshal(data, &m); err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", ErrCorruptAsset, lock.ManifestName, err)
	}
	if group != "" && m.Group != group {
		return nil, nil, fmt.Errorf("%w: %q, expected %q", errOtherGroup, m.Group, group)
	}
	g, err := l.Group(m.Group)
	if err != nil {
		return nil, nil, fmt.Errorf("%w (it holds %q)", ErrOutdated, m.Group)
	}
	if digest := g.Digest(); m.Format != manifestFormat || m.Lock != digest {
		return nil, nil, fmt.Errorf("%w (its lock is %.12s, this release's is %.12s)", ErrOutdated, m.Lock, digest)
	}
	if err := m.compare(g); err != nil {
		return nil, nil, fmt.Errorf("%w: %s: %w", ErrCorruptAsset, lock.ManifestName, err)
	}
	return &m, g, nil
}

// manifestGroup returns the group of an installation made by any release of calf, or false for another program's
// manifest.
func manifestGroup(raw []byte) (string, bool) {
	var m manifest
	err := json.Unmarshal(raw, &m)
	return m.Group, err == nil && m.Group != "" && m.Lock != ""
}

func (m *manifest) compare(g *lock.Group) error {
	want := newManifest(g).Files
	if !slices.Equal(m.Files, want) {
		for i, w := range want {
			if i >= len(m.Files) || m.Files[i].Name != w.Name {
				return fmt.Errorf("%s is not listed where it belongs", w.Name)
			}
			if m.Files[i] != w {
				return fmt.Errorf("%s: %d bytes with sha256 %s are listed, expected %d bytes with %s",
					w.Name, m.Files[i].Size, m.Files[i].SHA256, w.Size, w.SHA256)
			}
		}
		return fmt.Errorf("%s is listed, but not pinned", m.Files[len(want)].Name)
	}
	for i, d := range m.Derived {
		if err := d.validate(); err != nil {
			return err
		}
		if d.Size < 0 || d.Size > lock.MaxFileSize || i > 0 && m.Derived[i-1].Name >= d.Name {
			return fmt.Errorf("derived file %s is malformed or out of order", d.Name)
		}
	}
	return nil
}

// DerivedFile names a file that the caller of [Install] made from the assets.
type DerivedFile struct {
	// Name is the file's path with slashes, below the folder that the derive function was given.
	Name string `json:"name"`
	// Key says what the file was made with, such as a linker version. [Set.Derived] asks for it.
	Key string `json:"key"`
	// Local says that the file serves this machine only, as a compilation cache does. [Vendor] leaves it out.
	Local bool `json:"local,omitempty"`
}

func (d DerivedFile) validate() error {
	if !fs.ValidPath(d.Name) || d.Name == "." || strings.ContainsAny(d.Name, `\:`) {
		return fmt.Errorf("derived file has the malformed name %q", d.Name)
	}
	if d.Key == "" {
		return fmt.Errorf("derived file %s has no key", d.Name)
	}
	return nil
}

// path is where the installation has the file.
func (d DerivedFile) path() string { return lock.DerivedFolder + "/" + d.Name }
