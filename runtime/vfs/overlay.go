package vfs

import (
	"errors"
	"fmt"
	"os"
	"sync"
)

// Overlay is a [Volume] that starts as a copy of another, its lower volume,
// which it only reads. What is written goes to a temporary file, in blocks of
// 8 KiB, so that neither opening one nor writing a little to a large file
// copies much. Names and attributes are kept in memory. All of it is gone with
// Close; Sync does nothing.
//
// The lower volume must not change as long as the overlay is in use.
type Overlay struct {
	names *Memory // with attributes and sizes; its files are all holes
	lower Volume
	spill spill

	mu     sync.Mutex
	layers map[uint64]*layers // by inode number, of regular files
}

// NewOverlay returns a copy of a volume. The temporary file is made in dir and
// removed at once, where the system allows it.
func NewOverlay(lower Volume, dir string) (_ *Overlay, err error) {
	o := &Overlay{names: NewMemory(0), lower: lower, layers: map[uint64]*layers{}}
	if err := o.spill.open(dir); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, o.Close())
		}
	}()
	return o, o.mirror(".")
}

// Close releases the temporary file. Handles of the lower volume that are
// still open are closed with their overlay's.
func (o *Overlay) Close() error { return o.spill.close() }

// Written returns how many bytes the temporary file has.
func (o *Overlay) Written() int64 { return o.spill.size() }

// mirror makes the names below a directory. What is neither a file, a
// directory nor a link is left out.
func (o *Overlay) mirror(dir string) error {
	h, err := o.lower.Open(dir, O_RDONLY, 0)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	entries, err := h.ReadDir()
	if err = errors.Join(err, h.Close()); err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	for _, e := range entries {
		name := e.Name
		if dir != "." {
			name = dir + "/" + name
		}
		st, err := o.lower.Lstat(name)
		if err == nil {
			err = o.mirrorOne(name, st)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	st, err := o.lower.Lstat(dir)
	if err != nil {
		return fmt.Errorf("%s: %w", dir, err)
	}
	return o.names.SetAttr(dir, mirrored(st))
}

func (o *Overlay) mirrorOne(name string, st Stat) error {
	switch {
	case st.IsDir():
		if err := o.names.Mkdir(name, 0o700); err != nil {
			return err
		}
		return o.mirror(name)
	case st.IsLink():
		target, err := o.lower.Readlink(name)
		if err != nil {
			return err
		}
		return o.names.Symlink(target, name)
	case !st.IsRegular():
		return nil
	}
	h, err := o.Open(name, O_RDWR|O_CREAT|O_EXCL, 0)
	if err != nil {
		return err
	}
	f := h.(*overlayFile)
	defer f.Close()
	f.layers.name, f.layers.shown = name, st.Size
	return errors.Join(f.inode.Truncate(st.Size), f.inode.SetAttr(mirrored(st)))
}

// mirrored returns the attributes that a copy has of its original.
func mirrored(st Stat) Attr {
	return Attr{Mode: &st.Mode, Uid: &st.Uid, Gid: &st.Gid, Atime: &st.Atime, Mtime: &st.Mtime}
}

// Open implements [Volume].
func (o *Overlay) Open(name string, flags int, mode uint32) (Handle, error) {
	h, err := o.names.Open(name, flags, mode)
	if err != nil {
		return nil, err
	}
	n := h.(*inode)
	if n.isDir() {
		return n, nil
	}
	o.mu.Lock()
	l := o.layers[n.ino]
	if l == nil {
		l = &layers{overlay: o, blocks: map[int64]int64{}}
		o.layers[n.ino] = l
		n.onFree(func() { o.forget(n.ino) })
	}
	o.mu.Unlock()
	if err := l.acquire(); err != nil {
		n.Close()
		return nil, err
	}
	return &overlayFile{n, l}, nil
}

// forget gives back what a file had that has neither a name nor a handle.
func (o *Overlay) forget(ino uint64) {
	o.mu.Lock()
	l := o.layers[ino]
	delete(o.layers, ino)
	o.mu.Unlock()
	if l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.cut(0)
	}
}

// Statfs reports the space of the lower volume.
func (o *Overlay) Statfs() (Statfs, error) { return o.lower.Statfs() }

// Lstat implements [Volume].
func (o *Overlay) Lstat(name string) (Stat, error) { return o.names.Lstat(name) }

// SetAttr implements [Volume].
func (o *Overlay) SetAttr(name string, a Attr) error { return o.names.SetAttr(name, a) }

// Readlink implements [Volume].
func (o *Overlay) Readlink(name string) (string, error) { return o.names.Readlink(name) }

// Mkdir implements [Volume].
func (o *Overlay) Mkdir(name string, mode uint32) error { return o.names.Mkdir(name, mode) }

// Symlink implements [Volume].
func (o *Overlay) Symlink(target, name string) error { return o.names.Symlink(target, name) }

// Link implements [Volume].
func (o *Overlay) Link(oldName, newName string) error { return o.names.Link(oldName, newName) }

// Rename implements [Volume].
func (o *Overlay) Rename(oldName, newName string) error { return o.names.Rename(oldName, newName) }

// Unlink implements [Volume].
func (o *Overlay) Unlink(name string) error { return o.names.Unlink(name) }

// Rmdir implements [Volume].
func (o *Overlay) Rmdir(name string) error { return o.names.Rmdir(name) }

// A spill is the temporary file of an overlay: blocks of chunkSize, in any
// order.
type spill struct {
	file   *os.File
	remove string // the file's name, if it could not be removed at once

	mu   sync.Mutex
	next int64   // first block behind the end
	free []int64 // blocks given back
}

func (s *spill) open(dir string) error {
	f, err := os.CreateTemp(dir, ".calf-overlay-*")
	if err != nil {
		return err
	}
	s.file = f
	if os.Remove(f.Name()) != nil {
		s.remove = f.Name()
	}
	return nil
}

func (s *spill) close() error {
	err := s.file.Close()
	if s.remove != "" {
		err = errors.Join(err, os.Remove(s.remove))
	}
	return err
}

func (s *spill) size() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.next * chunkSize
}

// take returns a block that nobody has.
func (s *spill) take() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		b := s.free[n-1]
		s.free = s.free[:n-1]
		return b
	}
	s.next++
	return s.next - 1
}

func (s *spill) give(block int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, block)
}
