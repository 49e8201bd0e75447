package assets

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/calfdb/calf/assets/internal/lock"
)

// derive calls the caller's function on the installation being made in dir, and records what it has written.
func (in *installer) derive(ctx context.Context, m *manifest, dir string) ([]derivedFile, error) {
	dst := filepath.Join(dir, lock.DerivedFolder)
	if err := os.Mkdir(dst, 0o755); err != nil {
		return nil, err
	}
	set := &Set{lock: in.lock, origin: OriginDirectory, home: dir, now: newContents(folder(dir), nil, m, in.group)}
	list, err := in.Derive(ctx, set, dst)
	if err == nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, err
	}
	listed := map[string]bool{}
	derived := make([]derivedFile, 0, len(list))
	for _, d := range list {
		if err := d.validate(); err != nil {
			return nil, err
		}
		if listed[d.Name] {
			return nil, fmt.Errorf("%s is listed twice", d.Name)
		}
		listed[d.Name] = true
		f := derivedFile{DerivedFile: d}
		if f.Size, f.SHA256, err = sumFile(filepath.Join(dst, filepath.FromSlash(d.Name))); err != nil {
			return nil, fmt.Errorf("%s: %w", d.Name, err)
		}
		derived = append(derived, f)
	}
	slices.SortFunc(derived, func(a, b derivedFile) int { return strings.Compare(a.Name, b.Name) })
	return derived, onlyListed(dst, listed)
}

// onlyListed refuses files that nobody would ever read.
func onlyListed(dst string, listed map[string]bool) error {
	return fs.WalkDir(os.DirFS(dst), ".", func(path string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() && !listed[path] {
			err = fmt.Errorf("%s is there, but not listed", path)
		}
		return err
	})
}

func sumFile(path string) (int64, string, error) {
	info, err := os.Lstat(path)
	switch {
	case err != nil:
		return 0, "", err
	case !info.Mode().IsRegular():
		return 0, "", fmt.Errorf("not a regular file")
	case info.Size() > lock.MaxFileSize:
		return 0, "", fmt.Errorf("it has %d bytes, allowed are %d", info.Size(), lock.MaxFileSize)
	}
	f, err := os.Open(path)
	if err != nil {
		return 0, "", err
	}
	defer f.Close()
	hash := sha256.New()
	n, err := io.Copy(hash, f)
	return n, hex.EncodeToString(hash.Sum(nil)), err
}
