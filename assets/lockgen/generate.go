package main

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/calfdb/calf/assets/internal/layout"
	"github.com/calfdb/calf/assets/internal/lock"
	"github.com/calfdb/calf/assets/internal/tarball"
)

// getter returns the tarball of a package.
type getter func(ctx context.Context, p lock.Package) ([]byte, error)

// setVersions changes versions as the arguments say, each of which is package@version.
func setVersions(l *lock.Lock, group string, specs []string) error {
	g, err := l.Group(group)
	if err != nil {
		return err
	}
	for _, spec := range specs {
		at := strings.LastIndex(spec, "@")
		if at <= 0 {
			return fmt.Errorf("%q is not package@version", spec)
		}
		i := slices.IndexFunc(g.Packages, func(p lock.Package) bool { return p.Name == spec[:at] })
		if i < 0 {
			return fmt.Errorf("group %s has no package %s", group, spec[:at])
		}
		g.Packages[i].Version = spec[at+1:]
	}
	return nil
}

// fill computes all that the lock says beyond the packages' names, versions and patterns.
func fill(ctx context.Context, l *lock.Lock, get getter) error {
	for _, g := range l.Groups {
		stored, loaders := map[string][]byte{}, map[string][]byte{}
		for i := range g.Packages {
			p := &g.Packages[i]
			pkg, err := get(ctx, *p)
			if err == nil {
				err = pin(ctx, p, pkg, stored, loaders)
			}
			if err != nil {
				return fmt.Errorf("group %s: %s: %w", g.Name, p, err)
			}
		}
		made, err := layout.Make(ctx, g, stored, loaders)
		if err != nil {
			return fmt.Errorf("group %s: %w", g.Name, err)
		}
		g.Made = nil
		for name, content := range made {
			g.Made = append(g.Made, lock.File{Name: name, Size: int64(len(content)), SHA256: lock.Sum(content)})
		}
		slices.SortFunc(g.Made, func(a, b lock.File) int { return strings.Compare(a.Name, b.Name) })
	}
	return l.Validate()
}

// pin describes the files of one package, and adds them to stored or loaders.
func pin(ctx context.Context, p *lock.Package, pkg []byte, stored, loaders map[string][]byte) error {
	name, version, err := tarball.Identify(ctx, pkg)
	if err != nil {
		return err
	}
	if name != p.Name || version != p.Version {
		return fmt.Errorf("the tarball is %s@%s", name, version)
	}
	used := map[string]bool{}
	files, err := tarball.Read(ctx, pkg, func(name string) bool {
		for _, pattern := range p.Use {
			if ok, _ := path.Match(pattern, name); ok {
				used[pattern] = true
				return true
			}
		}
		return false
	})
	if err != nil {
		return err
	}
	for _, pattern := range p.Use {
		if !used[pattern] {
			return fmt.Errorf("no file matches %s", pattern)
		}
	}
	p.Integrity, p.Files = tarball.Integrity(pkg), nil
	for file, content := range files {
		f := lock.File{Path: file, Size: int64(len(content)), SHA256: lock.Sum(content)}
		f.Name, f.IndexOf = role(p.Name, file)
		if f.Name != "" {
			stored[f.Name] = content
		} else {
			loaders[f.IndexOf] = content
		}
		p.Files = append(p.Files, f)
	}
	slices.SortFunc(p.Files, func(a, b lock.File) int { return strings.Compare(a.Path, b.Path) })
	return nil
}

// role says under which name a file is stored, or else which data file it has the index of.
func role(pkg, file string) (name, indexOf string) {
	base := path.Base(file)
	switch {
	case base == "LICENSE":
		return "licenses/" + strings.NewReplacer("@", "", "/", "-").Replace(pkg) + ".txt", ""
	case strings.HasSuffix(base, ".tar.gz"):
		return layout.BundleFile(strings.TrimSuffix(base, ".tar.gz")), ""
	case strings.HasSuffix(base, ".js"):
		return "", strings.TrimSuffix(base, ".js") + ".data"
	}
	return base, ""
}
