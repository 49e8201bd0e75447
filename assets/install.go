package assets

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/assets/internal/atomicdir"
	"github.com/calfdb/calf/assets/internal/layout"
	"github.com/calfdb/calf/assets/internal/lock"
	"github.com/calfdb/calf/assets/internal/npm"
)

// InstallConfig says what [Install] does. The zero value downloads the guest with npm and installs it where [Open]
// looks for it.
type InstallConfig struct {
	// Dir is the folder to install to. By default it is the one that $CALF_ASSETS names and, if that is not set, one
	// in the user's cache folder whose name comes from the lock, so that several releases of calf live side by side.
	Dir string
	// From lists npm package tarballs (.tgz) to use instead of running npm, in any order.
	From []string
	// Group is the group of packages to install, by default "guest". OpenGroup knows the others.
	Group string
	// Progress, if set, is called before each step.
	Progress func(Step)
	// Derive, if set, may write files made from set into the folder dst, and returns a list of them all. They become
	// part of the installation. The set can be used until Derive returns.
	Derive func(ctx context.Context, set *Set, dst string) ([]DerivedFile, error)

	// What tests put in the place of the real thing.
	lock  *lock.Lock
	npm   npm.Client
	write func(path string, data []byte) error
}

// Step is a step of an installation.
type Step struct {
	// Number counts from 1 to Total.
	Number, Total int
	// Doing describes the step, such as "fetching @electric-sql/pglite@0.5.16".
	Doing string
}

// Install fetches the pinned packages, verifies them, and unpacks them into a new folder, which then replaces the
// one at the destination in one step; it returns that folder. Whether it succeeds, fails, or is killed at any point:
// who opens the destination finds the old installation or the new one, whole. Several installations at a time do not
// harm each other. What a killed one leaves behind, the next one to that destination removes.
//
// A destination that exists must be an installation of the same group, or empty but for a README.md, which is kept.
//
// The text of an error has one line.
func Install(ctx context.Context, config InstallConfig) (dir string, err error) {
	defer func() {
		if err != nil {
			dir, err = "", oneLine(fmt.Errorf("assets: installing %w", err))
		}
	}()
	in, err := newInstaller(config)
	if err != nil {
		return "", err
	}
	if err := in.checkDestination(); err != nil {
		return "", fmt.Errorf("to %s: %w", in.dir, err)
	}
	place, err := atomicdir.Begin(in.dir)
	if err != nil {
		return "", fmt.Errorf("to %s: %w", in.dir, err)
	}
	defer func() {
		if closeErr := place.Close(); closeErr != nil {
			if err == nil {
				err = fmt.Errorf("to %s: cleaning up: %w", in.dir, closeErr)
			} else {
				err = fmt.Errorf("%w (and cleaning up: %w)", err, closeErr)
			}
		}
	}()
	return in.dir, in.run(ctx, place)
}

// installer is an InstallConfig with its defaults filled in.
type installer struct {
	InstallConfig
	dir   string
	group *lock.Group
	step  int
}

func newInstaller(config InstallConfig) (*installer, error) {
	in := &installer{InstallConfig: config}
	if in.lock == nil {
		in.lock = pinned()
	}
	if in.write == nil {
		in.write = writeFile
	}
	if in.Progress == nil {
		in.Progress = func(Step) {}
	}
	in.Group = cmp.Or(in.Group, lock.DefaultGroup)
	var err error
	if in.group, err = in.lock.Group(in.Group); err != nil {
		return nil, fmt.Errorf("%s: %w", in.Group, err)
	}
	if in.dir = in.Dir; in.dir == "" {
		in.dir, _, err = process().dir(in.group)
	} else {
		in.dir, err = filepath.Abs(in.dir)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", in.Group, err)
	}
	return in, nil
}

// checkDestination refuses to replace what is not an installation of this group.
func (in *installer) checkDestination() error {
	entries, err := os.ReadDir(in.dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	raw, err := folder(in.dir).manifest()
	if errors.Is(err, fs.ErrNotExist) {
		for _, e := range entries {
			if e.Name() != readme {
				return fmt.Errorf("the folder holds %s and is not an installation", e.Name())
			}
		}
		return nil
	}
	if err != nil {
		return err
	}
	switch group, ok := manifestGroup(raw); {
	case !ok:
		return fmt.Errorf("the folder's %s is not one of an installation", lock.ManifestName)
	case group != in.Group:
		return fmt.Errorf("the folder holds the group %s", group)
	}
	return nil
}

const readme = "README.md"

func (in *installer) run(ctx context.Context, place *atomicdir.Dir) error {
	stored, loaders, err := in.unpackAll(ctx, place.Scratch())
	if err != nil {
		return err
	}
	in.progress("unpacking the extension bundles")
	made, err := in.make(ctx, stored, loaders)
	if err != nil {
		return err
	}
	for _, files := range []map[string][]byte{stored, made} {
		for name, data := range files {
			if err := context.Cause(ctx); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			if err := in.write(filepath.Join(place.New(), filepath.FromSlash(name)), data); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	m := newManifest(in.group)
	if in.Derive != nil {
		in.progress("deriving files")
		if m.Derived, err = in.derive(ctx, m, place.New()); err != nil {
			return fmt.Errorf("derived files: %w", err)
		}
	}
	in.progress("putting everything in place")
	if err := in.finish(ctx, m, place); err != nil {
		return fmt.Errorf("to %s: %w", in.dir, err)
	}
	return nil
}

func (in *installer) progress(format string, args ...any) {
	in.step++
	total := 2*len(in.group.Packages) + 2
	if in.Derive != nil {
		total++
	}
	in.Progress(Step{Number: in.step, Total: total, Doing: fmt.Sprintf(format, args...)})
}

// make computes what is not in the packages as such, and verifies that it is what the lock was made with.
func (in *installer) make(ctx context.Context, stored, loaders map[string][]byte) (map[string][]byte, error) {
	made, err := layout.Make(ctx, in.group, stored, loaders)
	if err != nil {
		return nil, err
	}
	if len(made) != len(in.group.Made) {
		return nil, fmt.Errorf("%d files were made of the packages, expected %d", len(made), len(in.group.Made))
	}
	for _, f := range in.group.Made {
		if err := f.Check(made[f.Name]); err != nil {
			return nil, fmt.Errorf("%s: %w: %w", f.Name, ErrCorruptAsset, err)
		}
	}
	return made, nil
}

func (in *installer) finish(ctx context.Context, m *manifest, place *atomicdir.Dir) error {
	raw, err := m.encode()
	if err != nil {
		return err
	}
	if err := in.write(filepath.Join(place.New(), lock.ManifestName), raw); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(in.dir, readme))
	if err == nil {
		err = in.write(filepath.Join(place.New(), readme), text)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return place.Commit()
}

// writeFile writes a new file and the folders above it. Making it durable is left to the commit.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = bytes.NewReader(data).WriteTo(f)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}
