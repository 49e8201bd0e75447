package vfs

import (
	"sync"
	"sync/atomic"
)

// File is an open file description: what descriptors made by dup and fork
// share, with its offset and status flags. It is safe for concurrent use;
// calls that move the offset wait for each other, others do not.
//
// Errors are those of the system calls. A write that could do a part returns
// that and no error.
type File struct {
	h    Handle
	fs   *FS    // nil if the file is not in one
	kind uint32 // S_IFMT bits
	dev  uint64
	refs atomic.Int32
	// flags has the access mode and the status flags.
	flags atomic.Int32

	mu   sync.Mutex // guards the offset and, in a directory, its list
	off  int64
	list []DirEntry

	// path and gone are fixed, except in a directory, where fs.mu guards them.
	path string
	gone bool
}

// NewFile returns a File on any Handle, say the end of a connection. Of flags
// the access mode, O_APPEND, O_NONBLOCK and O_DSYNC count. The File has one
// reference and closes h when the last one is closed.
//
// The Handle decides what it is by the Mode that its Stat returns. Reading and
// writing start at offset 0 and move it, which streams may ignore.
func NewFile(h Handle, flags int) *File {
	st, _ := h.Stat()
	return newFile(h, flags, st.Mode&S_IFMT)
}

func newFile(h Handle, flags int, kind uint32) *File {
	f := &File{h: h, kind: kind}
	f.refs.Store(1)
	f.flags.Store(int32(flags & (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DSYNC)))
	return f
}

// Close gives up one reference. Dup, Dup3 and Clone of a [Table] add some.
func (f *File) Close() error {
	switch n := f.refs.Add(-1); {
	case n > 0:
		return nil
	case n < 0:
		return EBADF
	}
	if f.kind == S_IFDIR && f.fs != nil {
		f.fs.mu.Lock()
		delete(f.fs.dirs, f)
		f.fs.mu.Unlock()
	}
	return f.h.Close()
}

func (f *File) ref() { f.refs.Add(1) }

// Ref adds a reference, which Close gives up, and returns f.
func (f *File) Ref() *File {
	f.ref()
	return f
}

// Handle returns what the File was made of.
func (f *File) Handle() Handle { return f.h }

// Path returns the absolute path that f was opened by, without links. That of
// a directory follows when the directory is renamed, and is empty once it is
// removed. Files that are not in an FS have none.
func (f *File) Path() string {
	if f.kind == S_IFDIR {
		path, _ := f.directory()
		return path
	}
	return f.path
}

// directory returns the path of an open directory.
func (f *File) directory() (string, error) {
	if f.kind != S_IFDIR || f.fs == nil {
		return "", ENOTDIR
	}
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.gone {
		return "", ENOENT
	}
	return f.path, nil
}

// Flags returns the access mode and the status flags, as fcntl(F_GETFL).
func (f *File) Flags() int { return int(f.flags.Load()) }

// SetFlags sets O_APPEND and O_NONBLOCK as in flags, as fcntl(F_SETFL).
func (f *File) SetFlags(flags int) {
	const settable = O_APPEND | O_NONBLOCK
	for {
		old := f.flags.Load()
		if f.flags.CompareAndSwap(old, old&^settable|int32(flags)&settable) {
			return
		}
	}
}

// Stat describes the file, as fstat(2).
func (f *File) Stat() (Stat, error) {
	st, err := f.h.Stat()
	st.Dev = f.dev
	return st, err
}

// SetAttr changes attributes, as fchmod(2), fchown(2) and futimens(3).
func (f *File) SetAttr(a Attr) error { return f.h.SetAttr(a) }

// Truncate sets the size in bytes, as ftruncate(2).
func (f *File) Truncate(size int64) error {
	if size < 0 || f.kind != S_IFREG || !writes(f.Flags()) {
		return EINVAL
	}
	return f.h.Truncate(size)
}

// Allocate reserves space for size bytes at off and makes the file at least
// that long, as posix_fallocate(3).
func (f *File) Allocate(off, size int64) error {
	switch {
	case off < 0 || size <= 0:
		return EINVAL
	case !writes(f.Flags()):
		return EBADF
	case f.kind == S_IFIFO:
		return ESPIPE
	case f.kind != S_IFREG:
		return ENODEV
	}
	return f.h.Allocate(off, size)
}

// Sync makes the file durable, as fsync(2) or, with dataOnly, fdatasync(2). On
// a directory it makes its names durable.
func (f *File) Sync(dataOnly bool) error {
	if f.kind != S_IFREG && f.kind != S_IFDIR {
		return EINVAL
	}
	return f.h.Sync(dataOnly)
}

// Ready tells whether a Read or a Write would do something, as poll(2). It is
// true except for pipes and for Handles that have a method of that name.
func (f *File) Ready() (read, write bool) {
	if h, ok := f.h.(interface{ Ready() (read, write bool) }); ok {
		return h.Ready()
	}
	return true, true
}
