package assets

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"github.com/calfdb/calf/assets/internal/lock"
	"github.com/calfdb/calf/assets/internal/npm"
	"github.com/calfdb/calf/assets/internal/tarball"
)

// maxTarball bounds a package tarball, which is held in memory to be hashed before anything looks inside.
const maxTarball = 512 << 20

// unpackAll returns the verified files of all packages: those to store by the name to store them under, and the loader
// scripts by the name of the data file that they are the index of.
func (in *installer) unpackAll(ctx context.Context, scratch string) (stored, loaders map[string][]byte, err error) {
	given, err := in.readGiven(ctx)
	if err != nil {
		return nil, nil, err
	}
	stored, loaders = map[string][]byte{}, map[string][]byte{}
	for i, p := range in.group.Packages {
		var pkg []byte
		if given != nil {
			in.progress("reading %s", p)
			pkg = given[p.Integrity]
		} else {
			in.progress("fetching %s", p)
			pkg, err = in.fetch(ctx, filepath.Join(scratch, strconv.Itoa(i)), p)
		}
		if err == nil {
			in.progress("unpacking %s", p)
			err = unpack(ctx, pkg, p, stored, loaders)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", p, err)
		}
	}
	return stored, loaders, nil
}

// fetch has npm download a package, and verifies the tarball.
func (in *installer) fetch(ctx context.Context, dir string, p lock.Package) ([]byte, error) {
	if err := os.Mkdir(dir, 0o755); err != nil {
		return nil, err
	}
	path, err := in.npm.Pack(ctx, dir, p.String())
	if errors.Is(err, npm.ErrNotFound) {
		return nil, fmt.Errorf("%w: install Node.js, or give the packages' tarballs with --from", err)
	}
	if err != nil {
		return nil, err
	}
	pkg, err := readTarball(path)
	if err != nil {
		return nil, err
	}
	if hash := tarball.Integrity(pkg); hash != p.Integrity {
		return nil, fmt.Errorf("%w: the tarball's hash is %s, expected %s", ErrCorruptAsset, hash, p.Integrity)
	}
	return pkg, nil
}

// readGiven reads the tarballs that the caller gave, and returns them by their hash. Each must be a pinned package, and
// every pinned package must be there. It returns nil if the caller gave none.
func (in *installer) readGiven(ctx context.Context) (map[string][]byte, error) {
	if len(in.From) == 0 {
		return nil, nil
	}
	given := map[string][]byte{}
	for _, path := range in.From {
		pkg, err := readTarball(path)
		if err != nil {
			return nil, fmt.Errorf("from %s: %w", path, err)
		}
		hash := tarball.Integrity(pkg)
		if !slices.ContainsFunc(in.group.Packages, func(p lock.Package) bool { return p.Integrity == hash }) {
			return nil, fmt.Errorf("from %s: %w", path, in.unknown(ctx, pkg, hash))
		}
		given[hash] = pkg
	}
	for _, p := range in.group.Packages {
		if given[p.Integrity] == nil {
			return nil, fmt.Errorf("%s: its tarball is not among the %d given ones", p, len(in.From))
		}
	}
	return given, nil
}

// unknown says what is wrong with a tarball that is not pinned.
func (in *installer) unknown(ctx context.Context, pkg []byte, hash string) error {
	name, version, err := tarball.Identify(ctx, pkg)
	if err != nil {
		return fmt.Errorf("%w: no pinned package has the hash %s, and %w", ErrCorruptAsset, hash, err)
	}
	for _, p := range in.group.Packages {
		if p.Name == name && p.Version == version {
			return fmt.Errorf("%w: the hash of %s is %s, expected %s", ErrCorruptAsset, p, hash, p.Integrity)
		}
		if p.Name == name {
			return fmt.Errorf("it is %.100q, expected %s", name+"@"+version, p)
		}
	}
	return fmt.Errorf("it is %.100q, which is not needed", name+"@"+version)
}

func readTarball(path string) ([]byte, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("not a regular file")
	case info.Size() > maxTarball:
		return nil, fmt.Errorf("it has %d bytes, allowed are %d", info.Size(), maxTarball)
	}
	return os.ReadFile(path)
}

// unpack adds the pinned files of a package to stored or loaders, after comparing each with its hash.
func unpack(ctx context.Context, pkg []byte, p lock.Package, stored, loaders map[string][]byte) error {
	found, err := tarball.Read(ctx, pkg, func(path string) bool {
		return slices.ContainsFunc(p.Files, func(f lock.File) bool { return f.Path == path })
	})
	if err != nil {
		return err
	}
	for _, f := range p.Files {
		content, ok := found[f.Path]
		if !ok {
			return fmt.Errorf("%w: the tarball has no %s", ErrCorruptAsset, f.Path)
		}
		if err := f.Check(content); err != nil {
			return fmt.Errorf("%s: %w: %w", f.Path, ErrCorruptAsset, err)
		}
		if f.Name != "" {
			stored[f.Name] = content
		}
		if f.IndexOf != "" {
			loaders[f.IndexOf] = content
		}
	}
	return nil
}
