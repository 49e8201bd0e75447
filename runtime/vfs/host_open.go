package vfs

import (
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
)

// Open implements [Volume]. A file is opened for reading and writing if the
// host allows it, so that all guests can share it.
func (h *Host) Open(name string, flags int, mode uint32) (Handle, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	exclusive := flags&(O_CREAT|O_EXCL) == O_CREAT|O_EXCL
	if f := h.files[name]; f != nil && !exclusive && (f.writable || !writes(flags)) {
		f.refs++
		return f, nil
	}
	fi, err := h.lstat(name)
	switch {
	case ErrnoOf(err) == ENOENT && flags&O_CREAT != 0:
		return h.create(name, mode)
	case err != nil:
		return nil, err
	case exclusive:
		return nil, EEXIST
	}
	switch fi.Mode().Type() {
	case 0:
		return h.openFile(name, flags)
	case fs.ModeSymlink:
		return nil, ELOOP
	case fs.ModeDir:
		if writes(flags) || flags&O_CREAT != 0 {
			return nil, EISDIR
		}
		return h.openDir(name)
	}
	return nil, EACCES // a device, a socket or a pipe: not the guest's business
}

// create needs mu held.
func (h *Host) create(name string, mode uint32) (Handle, error) {
	perm := fs.FileMode(mode & 0o777)
	f, err := h.root.OpenFile(filepath.FromSlash(name), os.O_RDWR|os.O_CREATE|os.O_EXCL, perm)
	if err != nil {
		return nil, err
	}
	if err := overrideUmask(f, perm); err != nil {
		f.Close()
		return nil, err
	}
	return h.share(name, f, true), nil
}

// overrideUmask gives a new file the mode that the guest asked for.
func overrideUmask(f *os.File, perm fs.FileMode) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	fi, err := f.Stat()
	if err == nil && fi.Mode().Perm() != perm {
		err = f.Chmod(perm)
	}
	return err
}

// openFile needs mu held.
func (h *Host) openFile(name string, flags int) (Handle, error) {
	f, err := h.root.OpenFile(filepath.FromSlash(name), os.O_RDWR|openNonblock, 0)
	writable := err == nil
	if e := ErrnoOf(err); !writes(flags) && (e == EACCES || e == EPERM || e == EROFS || e == ETXTBSY) {
		f, err = h.root.OpenFile(filepath.FromSlash(name), os.O_RDONLY|openNonblock, 0)
	}
	if err != nil {
		return nil, err
	}
	if fi, err := f.Stat(); err != nil || !fi.Mode().IsRegular() {
		f.Close()
		return nil, EACCES // it was a file when it was looked at
	}
	return h.share(name, f, writable), nil
}

// share needs mu held.
func (h *Host) share(name string, f *os.File, writable bool) *hostFile {
	file := &hostFile{host: h, os: f, opened: name, writable: writable, refs: 1, name: name}
	h.files[name] = file
	h.open[f] = struct{}{}
	return file
}

// openDir needs mu held.
func (h *Host) openDir(name string) (Handle, error) {
	f, err := h.root.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	if fi, err := f.Stat(); err != nil || !fi.IsDir() {
		f.Close()
		return nil, ENOTDIR
	}
	h.open[f] = struct{}{}
	return &hostDir{host: h, os: f, name: name}, nil
}

// release gives up one reference to f.
func (h *Host) release(f *hostFile) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if f.refs--; f.refs > 0 {
		return nil
	}
	if h.files[f.name] == f {
		delete(h.files, f.name)
	}
	err := h.close(f.os)
	if f.grave != "" {
		h.root.Remove(f.grave) // else the next OpenHost does it
	}
	return err
}

// close closes f, unless Close has done so. It needs mu held.
func (h *Host) close(f *os.File) error {
	if h.closed {
		return nil
	}
	delete(h.open, f)
	return f.Close()
}
