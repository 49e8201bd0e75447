package assets

import "github.com/calfdb/calf/assets/internal/lock"

// Origin says where a [Set] comes from.
type Origin string

// Origins, in the order in which [Open] looks.
const (
	OriginVendored  Origin = "vendored package"
	OriginEmbedded  Origin = "embedded"
	OriginDirectory Origin = "directory"
	originFS        Origin = "file system"
)

// Info describes a [Set].
type Info struct {
	Origin Origin
	// Dir is the set's folder, and empty for a set that is not in a directory.
	Dir string
	// Group is the group of packages in the lock, mostly "guest"; Lock is the digest of what the lock pins for it.
	Group, Lock string
	Packages    []Package
	// Files are the stored files, and then the derived ones, each sorted by name.
	Files []FileInfo
}

// Package is an npm package that the guest is made of.
type Package struct {
	Name, Version string
}

// FileInfo describes a file as the manifest has it. The file itself has not been looked at.
type FileInfo struct {
	Name   string
	Size   int64
	SHA256 string
	// Key is empty for a pinned file, and that of the [DerivedFile] for another.
	Key string
}

// Info tells what the set is and where it came from. It reads no file.
func (s *Set) Info() Info {
	c := s.contents()
	info := Info{Origin: s.origin, Dir: s.home, Group: c.group.Name, Lock: c.manifest.Lock, Packages: packages(c.group)}
	for _, f := range c.manifest.Files {
		info.Files = append(info.Files, FileInfo{Name: f.Name, Size: f.Size, SHA256: f.SHA256})
	}
	for _, f := range c.manifest.Derived {
		info.Files = append(info.Files, FileInfo{Name: f.path(), Size: f.Size, SHA256: f.SHA256, Key: f.Key})
	}
	return info
}

func packages(g *lock.Group) []Package {
	var list []Package
	for _, p := range g.Packages {
		list = append(list, Package{Name: p.Name, Version: p.Version})
	}
	return list
}
