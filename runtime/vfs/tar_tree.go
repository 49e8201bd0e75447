package vfs

import (
	"archive/tar"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"
)

func (l *tarLoader) dir(h *tar.Header, name string) error {
	if name != l.at {
		if err := l.mkdirAll(upper(name)); err != nil {
			return err
		}
		if st, err := l.vol.Lstat(name); err == nil && !st.IsDir() {
			if err := l.remove(name); err != nil {
				return err
			}
		}
		if err := l.mkdir(name, l.mode(h)); err != nil {
			return err
		}
	}
	return l.setAttr(h, name)
}

// makeWay makes the directories above a file and removes what it cannot
// overwrite.
func (l *tarLoader) makeWay(name string) error {
	if err := l.mkdirAll(upper(name)); err != nil {
		return err
	}
	st, err := l.vol.Lstat(name)
	switch {
	case ErrnoOf(err) == ENOENT:
		return nil
	case err != nil:
		return err
	case st.IsDir():
		delete(l.dirs, name)
		return l.vol.Rmdir(name)
	}
	return l.remove(name)
}

func (l *tarLoader) remove(name string) error {
	delete(l.files, name)
	return l.vol.Unlink(name)
}

// mkdirAll makes a directory that no entry has told the mode of.
func (l *tarLoader) mkdirAll(name string) error {
	if _, ok := l.dirs[name]; ok {
		return nil
	}
	if err := l.mkdirAll(upper(name)); err != nil {
		return err
	}
	return l.mkdir(name, 0o700)
}

func (l *tarLoader) mkdir(name string, mode uint32) error {
	err := l.vol.Mkdir(name, mode)
	if ErrnoOf(err) == EEXIST {
		var st Stat
		if st, err = l.vol.Lstat(name); err == nil && !st.IsDir() {
			err = ENOTDIR
		}
	}
	if err == nil {
		l.dirs[name] = struct{}{}
	}
	return err
}

// upper returns the directory that name is in.
func upper(name string) string {
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		return name[:i]
	}
	return "."
}

func (l *tarLoader) mode(h *tar.Header) uint32 {
	switch {
	case !l.o.OwnerOnly:
		return uint32(h.Mode) & 0o777
	case h.Typeflag == tar.TypeDir:
		return 0o700
	}
	return 0o600
}

func (l *tarLoader) setAttr(h *tar.Header, name string) error {
	a := Attr{Mode: new(l.mode(h))}
	if t := h.ModTime; t.After(time.Unix(0, 0)) && t.Year() < 2262 {
		a.Mtime = &t
	}
	return l.vol.SetAttr(name, a)
}

// sync makes all that was made durable: contents first, then names.
func (l *tarLoader) sync() error {
	if _, ok := l.vol.(*Memory); ok {
		return nil
	}
	if err := l.syncAll(l.files); err != nil {
		return err
	}
	return l.syncAll(l.dirs)
}

// syncers is how many files are synced at the same time. File systems with a
// journal write it once for all who wait.
const syncers = 16

// syncAll makes files or directories durable. It returns the first error.
func (l *tarLoader) syncAll(set map[string]struct{}) (first error) {
	var mu sync.Mutex // guards names and first
	names := slices.Sorted(maps.Keys(set))
	var wg sync.WaitGroup
	for range min(syncers, len(names)) {
		wg.Go(func() {
			mu.Lock()
			defer mu.Unlock()
			for len(names) > 0 && first == nil {
				name := names[0]
				names = names[1:]
				mu.Unlock()
				err := l.syncOne(name)
				mu.Lock()
				if err != nil && first == nil {
					first = fmt.Errorf("vfs: loading archive: syncing %q: %w", name, err)
				}
			}
		})
	}
	wg.Wait()
	return first
}

func (l *tarLoader) syncOne(name string) error {
	h, err := l.vol.Open(name, O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer h.Close()
	return h.Sync(false)
}
