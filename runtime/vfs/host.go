package vfs

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
)

// SyncMode says what a [Host] does when the guest calls fsync.
type SyncMode int

const (
	// SyncFull makes files and directories durable, as the guest asks.
	SyncFull SyncMode = iota
	// SyncNone does nothing. A crash of the host, not of this process, then
	// loses or corrupts what was written.
	SyncNone
)

// HostOptions configure a [Host]. The zero value is the safe one.
type HostOptions struct {
	Sync SyncMode
}

// Host is a [Volume] that is a directory of the host, used in place. No path
// and no symbolic link leaves the directory: all access goes through [os.Root].
//
// It assumes that nobody else changes the directory meanwhile. If somebody
// does, the guest may see old or new files, but nothing outside.
//
// Files are opened once however many guests have them open. Modes are applied
// without the host's umask; only the permission bits are. Changes of the owner
// are ignored: all files belong to the user 0 of the guest. The guest can make
// a symbolic link only to a relative path without "..", which means the same
// wherever the directory is.
//
// The names of one Host are changed one at a time. Reading, writing and
// syncing wait for nobody.
type Host struct {
	root *os.Root
	sync SyncMode

	// moveOpen makes an open file that is unlinked change its name instead,
	// until it is closed: for Windows.
	moveOpen bool

	mu     sync.Mutex
	files  map[string]*hostFile  // open regular files that have a name
	dirs   map[string]struct{}   // known to be directories, and not links
	open   map[*os.File]struct{} // all that is open
	graves int
	closed bool
}

// gravePrefix begins the names of files that are unlinked but open; see
// Host.moveOpen. They are in the root directory, and hidden.
const gravePrefix = ".calf-unlinked-"

// OpenHost returns the volume of the directory dir, which is made with mode
// 0700 if it is missing. It does not lock the directory.
func OpenHost(dir string, o HostOptions) (*Host, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	h := &Host{
		root: root, sync: o.Sync, moveOpen: runtime.GOOS == "windows",
		files: map[string]*hostFile{}, dirs: map[string]struct{}{}, open: map[*os.File]struct{}{},
	}
	if err := h.removeGraves(); err != nil {
		h.Close()
		return nil, err
	}
	return h, nil
}

// Close closes the directory and all its files; whatever is done with them
// then fails. It makes nothing durable. Further calls do nothing.
func (h *Host) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	h.closed = true
	var errs []error
	for f := range h.open {
		errs = append(errs, f.Close())
	}
	return errors.Join(append(errs, h.root.Close())...)
}

// removeGraves removes what an earlier process could not.
func (h *Host) removeGraves() error {
	if !h.moveOpen {
		return nil
	}
	list, err := fs.ReadDir(h.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range list {
		if strings.HasPrefix(e.Name(), gravePrefix) {
			if err := h.root.Remove(e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Statfs implements [Volume].
func (h *Host) Statfs() (Statfs, error) {
	f, err := h.root.Open(".")
	if err != nil {
		return Statfs{}, err
	}
	defer f.Close()
	return statfs(f)
}

// Lstat implements [Volume].
func (h *Host) Lstat(name string) (Stat, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fi, err := h.lstat(name)
	if err != nil {
		return Stat{}, err
	}
	return hostStat(fi, name), nil
}

// Readlink implements [Volume].
func (h *Host) Readlink(name string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	fi, err := h.lstat(name)
	switch {
	case err != nil:
		return "", err
	case fi.Mode().Type() != fs.ModeSymlink:
		return "", EINVAL
	}
	target, err := h.root.Readlink(filepath.FromSlash(name))
	return filepath.ToSlash(target), err
}

// SetAttr implements [Volume].
func (h *Host) SetAttr(name string, a Attr) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.setAttr(name, a)
}

// setAttr needs mu held.
func (h *Host) setAttr(name string, a Attr) error {
	fi, err := h.lstat(name)
	switch {
	case err != nil:
		return err
	case fi.Mode().Type() == fs.ModeSymlink:
		return ELOOP
	}
	if a.Mode != nil {
		if err := h.root.Chmod(filepath.FromSlash(name), fs.FileMode(*a.Mode&0o777)); err != nil {
			return err
		}
	}
	if a.Atime == nil && a.Mtime == nil {
		return nil
	}
	st := hostStat(fi, name)
	if a.Atime != nil {
		st.Atime = *a.Atime
	}
	if a.Mtime != nil {
		st.Mtime = *a.Mtime
	}
	return h.root.Chtimes(filepath.FromSlash(name), st.Atime, st.Mtime)
}
