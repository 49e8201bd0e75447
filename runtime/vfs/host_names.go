package vfs

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// Mkdir implements [Volume].
func (h *Host) Mkdir(name string, mode uint32) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.checkNew(name); err != nil {
		return err
	}
	perm := fs.FileMode(mode & 0o777)
	if err := h.root.Mkdir(filepath.FromSlash(name), perm); err != nil {
		return err
	}
	if runtime.GOOS == "windows" {
		return nil
	}
	return h.root.Chmod(filepath.FromSlash(name), perm) // whatever the umask
}

// Symlink implements [Volume]. It fails with EPERM unless target is relative
// and without "..".
func (h *Host) Symlink(target, name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if err := h.checkNew(name); err != nil {
		return err
	}
	for elem := range strings.SplitSeq(target, "/") {
		if elem == ".." || strings.HasPrefix(target, "/") {
			return EPERM
		}
	}
	if !filepath.IsLocal(filepath.FromSlash(target)) {
		return EPERM
	}
	return h.root.Symlink(filepath.FromSlash(target), filepath.FromSlash(name))
}

// Link implements [Volume].
func (h *Host) Link(oldName, newName string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	fi, err := h.lstat(oldName)
	if err != nil {
		return err
	}
	if err := h.checkNew(newName); err != nil {
		return err
	}
	if fi.IsDir() {
		return EPERM
	}
	return h.root.Link(filepath.FromSlash(oldName), filepath.FromSlash(newName))
}

// Unlink implements [Volume].
func (h *Host) Unlink(name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	fi, err := h.lstat(name)
	switch {
	case err != nil:
		return err
	case fi.IsDir():
		return EISDIR
	}
	return h.unlink(name)
}

// Rmdir implements [Volume].
func (h *Host) Rmdir(name string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if name == "." {
		return EBUSY
	}
	fi, err := h.lstat(name)
	switch {
	case err != nil:
		return err
	case !fi.IsDir():
		return ENOTDIR
	}
	h.forgetDir(name)
	return h.root.Remove(filepath.FromSlash(name))
}

// Rename implements [Volume]. Replacing an empty directory is done in two
// steps, removing it first; everything else is one rename of the host.
func (h *Host) Rename(oldName, newName string) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if oldName == "." || newName == "." {
		return EBUSY
	}
	if err := h.checkParent(oldName); err != nil {
		return err
	}
	if err := h.checkParent(newName); err != nil {
		return err
	}
	from, err := h.root.Lstat(filepath.FromSlash(oldName))
	if err != nil {
		return err
	}
	to, err := h.root.Lstat(filepath.FromSlash(newName))
	switch {
	case from.IsDir() && oldName != newName && below(newName, oldName):
		return EINVAL
	case ErrnoOf(err) == ENOENT: // nothing to replace
	case err != nil:
		return err
	case oldName != newName && below(oldName, newName):
		return ENOTEMPTY
	case os.SameFile(from, to):
		return nil
	default:
		if err := h.makeRoom(from, to, newName); err != nil {
			return err
		}
	}
	if err := h.root.Rename(filepath.FromSlash(oldName), filepath.FromSlash(newName)); err != nil {
		return err
	}
	h.renamed(oldName, newName)
	return nil
}

// makeRoom prepares the replacement of newName. It needs mu held.
func (h *Host) makeRoom(from, to fs.FileInfo, newName string) error {
	switch {
	case from.IsDir() && !to.IsDir():
		return ENOTDIR
	case !from.IsDir() && to.IsDir():
		return EISDIR
	case to.IsDir():
		return h.root.Remove(filepath.FromSlash(newName))
	case h.moveOpen && h.files[newName] != nil:
		return h.unlink(newName)
	}
	return nil
}

// renamed makes h's tables follow a rename. It needs mu held.
func (h *Host) renamed(oldName, newName string) {
	h.forgetDir(oldName)
	h.forgetDir(newName)
	delete(h.files, newName)
	for name, f := range h.files {
		if below(name, oldName) {
			delete(h.files, name)
			f.name = newName + name[len(oldName):]
			h.files[f.name] = f
		}
	}
}

// unlink removes a name of a file, which may be open. It needs mu held.
func (h *Host) unlink(name string) error {
	f := h.files[name]
	if f == nil || !h.moveOpen {
		if err := h.root.Remove(filepath.FromSlash(name)); err != nil {
			return err
		}
	} else {
		h.graves++
		grave := fmt.Sprint(gravePrefix, h.graves)
		if err := h.root.Rename(filepath.FromSlash(name), grave); err != nil {
			return err
		}
		f.grave = grave
	}
	delete(h.files, name)
	return nil
}

// checkNew makes sure that name can be made. It needs mu held.
func (h *Host) checkNew(name string) error {
	if err := h.checkParent(name); err != nil {
		return err
	}
	_, err := h.root.Lstat(filepath.FromSlash(name))
	switch {
	case err == nil:
		return EEXIST
	case ErrnoOf(err) == ENOENT:
		return nil
	}
	return err
}
