package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/assets/internal/lock"
	"github.com/calfdb/calf/assets/internal/npm"
	"github.com/calfdb/calf/assets/internal/tarball"
)

// fromNPM downloads a package, and compares its hash with the published one.
func fromNPM(ctx context.Context, p lock.Package) ([]byte, error) {
	dir, err := os.MkdirTemp("", "lockgen-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	var client npm.Client
	file, err := client.Pack(ctx, dir, p.String())
	if err != nil {
		return nil, err
	}
	pkg, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	published, err := client.Integrity(ctx, p.String())
	if err != nil {
		return nil, err
	}
	if got := tarball.Integrity(pkg); got != published {
		return nil, fmt.Errorf("the tarball's hash is %s, but %s is published", got, published)
	}
	return pkg, nil
}

// fromFolder looks a package up among the tarballs in a folder and in those below it, by what they claim to be.
func fromFolder(dir string) getter {
	return func(ctx context.Context, p lock.Package) ([]byte, error) {
		var files []string
		for _, pattern := range []string{"*.tgz", "*/*.tgz"} {
			found, err := filepath.Glob(filepath.Join(dir, pattern))
			if err != nil {
				return nil, err
			}
			files = append(files, found...)
		}
		for _, file := range files {
			pkg, err := os.ReadFile(file)
			if err != nil {
				return nil, err
			}
			if name, version, err := tarball.Identify(ctx, pkg); err == nil && name == p.Name && version == p.Version {
				return pkg, nil
			}
		}
		return nil, fmt.Errorf("its tarball is not in %s", dir)
	}
}
