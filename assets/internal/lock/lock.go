// Package lock reads and writes lock.json, which pins the npm packages that the guest is made of: versions, hashes of
// the tarballs, and the hash of every file that calf takes out of them or computes from them.
package lock

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// DefaultGroup is the group of packages that calf runs.
const DefaultGroup = "guest"

// Lock is the content of lock.json.
type Lock struct {
	Groups []*Group `json:"groups"`
}

// Group is a set of packages that is installed and opened as one.
type Group struct {
	Name string `json:"name"`
	// Prefix is the guest folder below which the files of extension bundles belong.
	Prefix   string    `json:"prefix"`
	Packages []Package `json:"packages"`
	// Made lists what the installation computes from the packages' files. It is deterministic, so it is pinned too.
	Made []File `json:"made"`
}

// Package pins one npm package.
type Package struct {
	Name    string `json:"name"`
	Version string `json:"version"`
	// Integrity is npm's hash of the tarball: "sha512-" and base64.
	Integrity string `json:"integrity"`
	// Use holds the patterns (path.Match) that say which files of the package are taken.
	Use   []string `json:"use"`
	Files []File   `json:"files"`
}

// File pins one file.
type File struct {
	// Path is the path in the tarball, without the tarball's first folder; empty for a made file.
	Path string `json:"path,omitempty"`
	// Name is the name under which the file is stored; empty for one that only the installation reads.
	Name string `json:"name,omitempty"`
	// IndexOf names the stored file whose index is in this one.
	IndexOf string `json:"index_of,omitempty"`
	Size    int64  `json:"size"`
	SHA256  string `json:"sha256"`
}

// Parse decodes and validates a lock.
func Parse(data []byte) (*Lock, error) {
	l, err := Decode(data)
	if err != nil {
		return nil, err
	}
	if err := l.Validate(); err != nil {
		return nil, err
	}
	return l, nil
}

// Decode decodes a lock that may be incomplete, as the generator's input is.
func Decode(data []byte) (*Lock, error) {
	var l Lock
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&l); err != nil {
		return nil, fmt.Errorf("decoding lock: %w", err)
	}
	return &l, nil
}

// Encode returns the lock as it is written to lock.json.
func (l *Lock) Encode() ([]byte, error) {
	data, err := json.MarshalIndent(l, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("encoding lock: %w", err)
	}
	return append(data, '\n'), nil
}

// Group returns the group of that name.
func (l *Lock) Group(name string) (*Group, error) {
	var known []string
	for _, g := range l.Groups {
		if g.Name == name {
			return g, nil
		}
		known = append(known, g.Name)
	}
	return nil, fmt.Errorf("no group %q (there is %s)", name, strings.Join(known, ", "))
}

// Digest identifies the group's content: the sha256 of its encoding. Other groups have no part in it, so that
// adding one leaves installations of this one valid.
func (g *Group) Digest() string {
	data, err := json.Marshal(g)
	if err != nil {
		panic("BUG: a lock group that cannot be encoded: " + err.Error())
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Stored returns every file that an installation of the group stores, sorted by name.
func (g *Group) Stored() []File {
	var files []File
	for _, p := range g.Packages {
		for _, f := range p.Files {
			if f.Name != "" {
				files = append(files, f)
			}
		}
	}
	files = append(files, g.Made...)
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	return files
}

// String returns name and version, as npm spells them in one word.
func (p Package) String() string {
	return p.Name + "@" + p.Version
}
