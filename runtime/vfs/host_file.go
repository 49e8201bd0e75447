package vfs

import (
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
)

// hostFile is an open regular file of a [Host], shared by all who have it
// open.
type hostFile struct {
	host     *Host
	os       *os.File
	opened   string // its name then
	writable bool

	appending sync.Mutex

	// host.mu guards these.
	refs  int
	name  string
	grave string // what the file is called until it is closed
}

func (f *hostFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.os.ReadAt(p, off)
	if err == io.EOF {
		err = nil
	}
	return n, err
}

func (f *hostFile) WriteAt(p []byte, off int64) (int, error) { return f.os.WriteAt(p, off) }

func (f *hostFile) Append(p []byte) (n int, end int64, err error) {
	f.appending.Lock()
	defer f.appending.Unlock()
	if end, err = f.Size(); err != nil {
		return 0, 0, err
	}
	n, err = f.os.WriteAt(p, end)
	return n, end + int64(n), err
}

// Size asks the kernel by the one way that allocates nothing. Nobody uses the
// offset that it moves.
func (f *hostFile) Size() (int64, error) { return f.os.Seek(0, io.SeekEnd) }

func (f *hostFile) Stat() (Stat, error) {
	fi, err := f.os.Stat()
	if err != nil {
		return Stat{}, err
	}
	st := hostStat(fi, f.opened)
	if f.host.moveOpen {
		f.host.mu.Lock()
		defer f.host.mu.Unlock()
		if f.grave != "" {
			st.Nlink--
		}
	}
	return st, nil
}

func (f *hostFile) SetAttr(a Attr) error {
	f.host.mu.Lock()
	defer f.host.mu.Unlock()
	if f.host.files[f.name] == f {
		return f.host.setAttr(f.name, a)
	}
	if a.Mode == nil {
		return nil // the times of a file without a name
	}
	return f.os.Chmod(fs.FileMode(*a.Mode & 0o777))
}

func (f *hostFile) Truncate(size int64) error { return f.os.Truncate(size) }

func (f *hostFile) Allocate(off, n int64) error {
	err := allocate(f.os, off, n)
	if e := ErrnoOf(err); e != ENOTSUP && e != ENOSYS {
		return err
	}
	size, err := f.Size()
	if err == nil && off+n > size {
		err = f.os.Truncate(off + n)
	}
	return err
}

func (f *hostFile) Sync(dataOnly bool) error {
	switch {
	case f.host.sync == SyncNone:
		return nil
	case dataOnly:
		return syncData(f.os)
	}
	return f.os.Sync()
}

func (f *hostFile) ReadDir() ([]DirEntry, error) { return nil, ENOTDIR }

func (f *hostFile) Close() error { return f.host.release(f) }

// hostDir is an open directory of a [Host].
type hostDir struct {
	host *Host
	os   *os.File
	name string // when it was opened

	mu sync.Mutex // guards the position of os
}

func (d *hostDir) ReadAt([]byte, int64) (int, error)  { return 0, EISDIR }
func (d *hostDir) WriteAt([]byte, int64) (int, error) { return 0, EISDIR }
func (d *hostDir) Append([]byte) (int, int64, error)  { return 0, 0, EISDIR }
func (d *hostDir) Size() (int64, error)               { return 0, EISDIR }
func (d *hostDir) Truncate(int64) error               { return EISDIR }
func (d *hostDir) Allocate(int64, int64) error        { return EISDIR }

func (d *hostDir) Close() error {
	d.host.mu.Lock()
	defer d.host.mu.Unlock()
	return d.host.close(d.os)
}

func (d *hostDir) Stat() (Stat, error) {
	fi, err := d.os.Stat()
	if err != nil {
		return Stat{}, err
	}
	return hostStat(fi, d.name), nil
}

func (d *hostDir) SetAttr(a Attr) error {
	if a.Mode != nil {
		if err := d.os.Chmod(fs.FileMode(*a.Mode & 0o777)); err != nil {
			return err
		}
	}
	d.host.mu.Lock()
	defer d.host.mu.Unlock()
	named, err := d.host.lstat(d.name)
	if err != nil {
		return nil // the times of a directory that is gone, or elsewhere
	}
	self, err := d.os.Stat()
	if err != nil || !os.SameFile(named, self) {
		return err
	}
	return d.host.setAttr(d.name, Attr{Atime: a.Atime, Mtime: a.Mtime})
}

func (d *hostDir) Sync(bool) error {
	if d.host.sync == SyncNone {
		return nil
	}
	return syncDir(d.os)
}

func (d *hostDir) ReadDir() ([]DirEntry, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if _, err := d.os.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	entries, err := d.os.ReadDir(-1)
	if err != nil {
		return nil, err
	}
	list := make([]DirEntry, 0, len(entries))
	for _, e := range entries {
		if d.host.moveOpen && strings.HasPrefix(e.Name(), gravePrefix) {
			continue
		}
		list = append(list, DirEntry{
			Name: e.Name(),
			Ino:  entryIno(d.os, d.name, e.Name()),
			Type: uint8(guestType(e.Type()) >> 12),
		})
	}
	slices.SortFunc(list, func(a, b DirEntry) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}
