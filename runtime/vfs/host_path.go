package vfs

import (
	"io/fs"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// What is here, but for below, needs mu held.

// lstat describes name, unless a link is in the way.
func (h *Host) lstat(name string) (fs.FileInfo, error) {
	if err := h.checkParent(name); err != nil {
		return nil, err
	}
	return h.root.Lstat(filepath.FromSlash(name))
}

// checkParent makes sure that no link is in the way to name, and that name
// means the same to the host.
func (h *Host) checkParent(name string) error {
	if !filepath.IsLocal(filepath.FromSlash(name)) || strings.ContainsRune(name, 0) {
		return EINVAL
	}
	if runtime.GOOS == "windows" && strings.ContainsAny(name, `\:`) {
		return EINVAL
	}
	return h.checkDir(path.Dir(name))
}

func (h *Host) checkDir(dir string) error {
	if dir == "." {
		return nil
	}
	if _, ok := h.dirs[dir]; ok {
		return nil
	}
	if err := h.checkDir(path.Dir(dir)); err != nil {
		return err
	}
	fi, err := h.root.Lstat(filepath.FromSlash(dir))
	switch {
	case err != nil:
		return err
	case fi.Mode().Type() == fs.ModeSymlink:
		return ELOOP
	case !fi.IsDir():
		return ENOTDIR
	}
	h.dirs[dir] = struct{}{}
	return nil
}

// forgetDir forgets that dir and what is below it are directories.
func (h *Host) forgetDir(dir string) {
	for d := range h.dirs {
		if below(d, dir) {
			delete(h.dirs, d)
		}
	}
}

// below tells whether name is dir or in it.
func below(name, dir string) bool {
	return name == dir || strings.HasPrefix(name, dir+"/")
}
