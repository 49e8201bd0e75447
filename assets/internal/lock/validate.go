package lock

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"strings"
)

// MaxFileSize bounds every single file that the lock can pin.
const MaxFileSize = 1 << 30

var (
	groupName      = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*$`)
	packageName    = regexp.MustCompile(`^(@[a-z0-9][a-z0-9._-]*/)?[a-z0-9][a-z0-9._-]*$`)
	packageVersion = regexp.MustCompile(`^[0-9][0-9A-Za-z.+-]*$`)
)

// Validate checks that every name is safe to use as a file name or an argument, and that nothing is missing.
func (l *Lock) Validate() error {
	seen := map[string]bool{}
	for _, g := range l.Groups {
		if !groupName.MatchString(g.Name) || seen[g.Name] {
			return fmt.Errorf("lock: group name %q is malformed or used twice", g.Name)
		}
		seen[g.Name] = true
		if err := g.validate(); err != nil {
			return fmt.Errorf("lock: group %s: %w", g.Name, err)
		}
	}
	return nil
}

func (g *Group) validate() error {
	if !path.IsAbs(g.Prefix) || path.Clean(g.Prefix) != g.Prefix {
		return fmt.Errorf("prefix %q is not a clean absolute path", g.Prefix)
	}
	if len(g.Packages) == 0 {
		return fmt.Errorf("it has no packages")
	}
	packages := map[string]bool{}
	for _, p := range g.Packages {
		if packages[p.Name] {
			return fmt.Errorf("package %s is listed twice", p.Name)
		}
		packages[p.Name] = true
		if err := p.validate(); err != nil {
			return fmt.Errorf("package %s: %w", p, err)
		}
	}
	stored := map[string]bool{}
	for _, f := range g.Stored() {
		if stored[f.Name] {
			return fmt.Errorf("two files are stored as %q", f.Name)
		}
		stored[f.Name] = true
	}
	for _, f := range g.Made {
		if err := f.validate(); err != nil {
			return err
		}
	}
	for _, p := range g.Packages {
		for _, f := range p.Files {
			if f.IndexOf != "" && !stored[f.IndexOf] {
				return fmt.Errorf("%s is the index of %q, which is not stored", f.Path, f.IndexOf)
			}
		}
	}
	return nil
}

func (p Package) validate() error {
	if !packageName.MatchString(p.Name) {
		return fmt.Errorf("malformed name")
	}
	if !packageVersion.MatchString(p.Version) {
		return fmt.Errorf("malformed version")
	}
	hash, ok := strings.CutPrefix(p.Integrity, "sha512-")
	sum, err := base64.StdEncoding.DecodeString(hash)
	if !ok || err != nil || len(sum) != 64 {
		return fmt.Errorf("integrity %q is not sha512 in base64", p.Integrity)
	}
	paths := map[string]bool{}
	for _, f := range p.Files {
		if !fs.ValidPath(f.Path) || f.Path == "." || paths[f.Path] {
			return fmt.Errorf("path %q is malformed or listed twice", f.Path)
		}
		paths[f.Path] = true
		if err := f.validate(); err != nil {
			return err
		}
	}
	return nil
}

func (f File) validate() error {
	switch {
	case f.Name == "" && f.IndexOf == "":
		return fmt.Errorf("file %q is neither stored nor an index", f.Path)
	case f.Name != "" && !StorableName(f.Name):
		return fmt.Errorf("file cannot be stored as %q", f.Name)
	case f.Size < 0 || f.Size > MaxFileSize:
		return fmt.Errorf("file %q has size %d, allowed are 0 to %d", f.Path+f.Name, f.Size, MaxFileSize)
	}
	if sum, err := hex.DecodeString(f.SHA256); err != nil || len(sum) != 32 {
		return fmt.Errorf("file %q has a malformed sha256", f.Path+f.Name)
	}
	return nil
}

// DerivedFolder is the folder, in an installation, of the files that the caller of the installation adds.
const DerivedFolder = "derived"

// ManifestName is the name of the file that lists an installation.
const ManifestName = "manifest.json"

// StorableName says whether a pinned file can have this name in an installation.
func StorableName(name string) bool {
	first, _, _ := strings.Cut(name, "/")
	return fs.ValidPath(name) && !strings.Contains(name, `\`) && !strings.Contains(name, ":") &&
		name != "." && name != ManifestName && name != "README.md" && first != DerivedFolder
}
