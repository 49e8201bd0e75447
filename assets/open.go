package assets

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/calfdb/calf/assets/internal/lock"
)

// envAssets names the environment variable with the folder of an installation.
const envAssets = "CALF_ASSETS"

// Open returns the guest from the first of the places that the package comment lists, or [ErrAssetsMissing]. If
// $CALF_ASSETS names a folder without the guest, it does not look further. Opening the same set again is cheap.
func Open() (*Set, error) { return OpenGroup(lock.DefaultGroup) }

// OpenGroup is Open for another group of packages of the lock: legacy-16 and legacy-17 have the earlier versions of
// PostgreSQL that PGlite had. They are installed on demand, by `calf assets install --legacy`.
//
// Instead of $CALF_ASSETS it looks in a folder beside, whose name has a dash and the group's name at the end.
func OpenGroup(group string) (*Set, error) {
	s, err := process().open(group)
	if err != nil {
		return nil, fmt.Errorf("assets: opening: %w", ofGroup(group, err))
	}
	return s, nil
}

// OpenDir returns the set that was installed in dir. It reads the manifest only.
func OpenDir(dir string) (*Set, error) {
	s, err := openDir(pinned(), "", dir)
	if err != nil {
		return nil, fmt.Errorf("assets: opening %s: %w", dir, err)
	}
	return s, nil
}

// OpenFS returns the set that fsys holds at its root, or in the zip file that [Vendor] writes. Files are copied, and if
// need be decompressed, when they are first read.
func OpenFS(fsys fs.FS) (*Set, error) {
	s, err := openFS(pinned(), "", originFS, fsys)
	if err != nil {
		return nil, fmt.Errorf("assets: opening: %w", err)
	}
	return s, nil
}

// Register adds a file system in which [Open] looks first. A package written by [Vendor] calls it in its init function.
// It reads nothing, so it costs nothing.
func Register(fsys fs.FS) {
	p := process()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.registered = append(p.registered, fsys)
}

func openDir(l *lock.Lock, group, dir string) (*Set, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	c, err := loadFolder(l, group, dir)
	if err != nil {
		return nil, missing(err)
	}
	return &Set{lock: l, origin: OriginDirectory, home: dir, now: c}, nil
}

func openFS(l *lock.Lock, group string, origin Origin, fsys fs.FS) (*Set, error) {
	src, err := newArchive(fsys)
	if err != nil {
		return nil, missing(err)
	}
	c, err := load(l, group, src)
	if err != nil {
		return nil, missing(err)
	}
	return &Set{lock: l, origin: origin, now: c}, nil
}

// missing tells a place that holds nothing from one that holds something wrong.
func missing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return ErrAssetsMissing
	}
	return err
}

// finder looks for sets. There is one in the process; tests make their own.
type finder struct {
	lock     *lock.Lock
	embedded fs.FS
	getenv   func(string) string
	cacheDir func() (string, error)

	mu         sync.Mutex
	registered []fs.FS
	opened     map[string]*Set
}

var process = sync.OnceValue(func() *finder {
	inside, err := fs.Sub(dist, "dist")
	if err != nil {
		panic("BUG: the folder dist is not embedded: " + err.Error())
	}
	return &finder{lock: pinned(), embedded: inside, getenv: os.Getenv, cacheDir: os.UserCacheDir}
})

func (p *finder) open(group string) (*Set, error) {
	g, err := p.lock.Group(group)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if s := p.opened[group]; s != nil {
		return s, nil
	}
	for _, fsys := range p.registered {
		s, err := p.inProgram(group, OriginVendored, fsys)
		if s != nil || err != nil {
			return s, err
		}
	}
	if s, err := p.inProgram(group, OriginEmbedded, p.embedded); s != nil || err != nil {
		return s, err
	}
	dir, why, err := p.dir(g)
	if err != nil {
		return nil, err
	}
	s, err := p.inDir(group, dir)
	if err != nil {
		return nil, fmt.Errorf("%s (%s): %w", dir, why, err)
	}
	return s, nil
}

// inProgram opens what is part of the program, and returns nil if that is nothing or another group.
func (p *finder) inProgram(group string, origin Origin, fsys fs.FS) (*Set, error) {
	s, err := openFS(p.lock, group, origin, fsys)
	switch {
	case errors.Is(err, ErrAssetsMissing), errors.Is(err, errOtherGroup):
		return nil, nil
	case errors.Is(err, ErrOutdated):
		return nil, fmt.Errorf("%s, to be made again after installing: %w", origin, err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", origin, err)
	}
	p.keep(group, s)
	return s, nil
}

// inDir opens a folder. As long as that holds the same, it returns the same set, for the sake of its mapped files.
func (p *finder) inDir(group, dir string) (*Set, error) {
	s, err := openDir(p.lock, group, dir)
	if err != nil {
		return nil, err
	}
	if before := p.opened[dir]; before != nil && before.contents().same(s.contents()) {
		return before, nil
	}
	p.keep(dir, s)
	return s, nil
}

func (p *finder) keep(key string, s *Set) {
	if p.opened == nil {
		p.opened = map[string]*Set{}
	}
	p.opened[key] = s
}

// dir is where the group is installed unless the caller says otherwise, and why there.
func (p *finder) dir(g *lock.Group) (dir, why string, err error) {
	if env := p.getenv(envAssets); env != "" {
		dir, err := filepath.Abs(env)
		if g.Name != lock.DefaultGroup {
			dir += "-" + g.Name
		}
		return dir, "from $" + envAssets, err
	}
	cache, err := p.cacheDir()
	if err != nil {
		return "", "", fmt.Errorf("%w, or set $%s (no cache folder: %w)", ErrAssetsMissing, envAssets, err)
	}
	return filepath.Join(cache, "calf", "assets", g.Digest()[:12]), "the user's cache", nil
}
