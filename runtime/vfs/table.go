package vfs

import (
	"strings"
	"sync"
)

// MaxFiles is how many descriptors a process can have.
const MaxFiles = 1024

// Table holds the file descriptors of one process and its working directory.
// It is safe for concurrent use; but a File that Get returned may be closed by
// another goroutine, as in a process with threads.
type Table struct {
	mu    sync.Mutex
	files []*File // nil ones are free
	free  int     // no descriptor below is free
	cwd   *File   // nil is the root
}

// NewTable returns an empty table. By convention the first three descriptors
// are then opened on /dev/stdin, /dev/stdout and /dev/stderr.
func NewTable() *Table { return &Table{} }

// Open gives f the lowest free descriptor and takes over the caller's
// reference to it, also when it fails, with EMFILE.
func (t *Table) Open(f *File) (fd int, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.put(f, 0)
}

// Get returns the File of a descriptor, or EBADF. The reference stays the
// table's.
func (t *Table) Get(fd int) (*File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.get(fd)
}

// Close frees a descriptor and closes its File, if no other descriptor of any
// table has it.
func (t *Table) Close(fd int) error {
	t.mu.Lock()
	f, err := t.get(fd)
	if err == nil {
		t.files[fd] = nil
		t.free = min(t.free, fd)
	}
	t.mu.Unlock()
	if err != nil {
		return err
	}
	return f.Close()
}

// Dup gives the File of fd another descriptor, the lowest free one that is not
// below from: 0 for dup(2), the argument of fcntl(F_DUPFD) else.
func (t *Table) Dup(fd, from int) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, err := t.get(fd)
	switch {
	case err != nil:
		return 0, err
	case from < 0 || from >= MaxFiles:
		return 0, EINVAL
	}
	f.ref()
	return t.put(f, from)
}

// Dup3 makes newFd another descriptor of the File of oldFd, and closes what
// newFd was, as dup3(2). It fails with EINVAL if they are the same.
func (t *Table) Dup3(oldFd, newFd int) (int, error) {
	if oldFd == newFd {
		return 0, EINVAL
	}
	t.mu.Lock()
	f, err := t.get(oldFd)
	if err != nil || newFd < 0 || newFd >= MaxFiles {
		t.mu.Unlock()
		return 0, EBADF
	}
	f.ref()
	was := t.set(newFd, f)
	t.mu.Unlock()
	if was != nil {
		was.Close()
	}
	return newFd, nil
}

// Clone returns the table of a child process, as fork(2): its descriptors
// share the Files of t.
func (t *Table) Clone() *Table {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.copy(func(f *File) *File {
		f.ref()
		return f
	})
}

// CloseAll closes every descriptor and the working directory, as the end of a
// process does. The table is empty then and may be used again.
func (t *Table) CloseAll() {
	t.mu.Lock()
	files := append(t.files, t.cwd)
	t.files, t.free, t.cwd = nil, 0, nil
	t.mu.Unlock()
	for _, f := range files {
		if f != nil {
			f.Close()
		}
	}
}

// Chdir makes dir the working directory and takes over the caller's reference,
// also when it fails, with ENOTDIR.
func (t *Table) Chdir(dir *File) error {
	if _, err := dir.directory(); err != nil {
		dir.Close()
		return err
	}
	t.mu.Lock()
	was := t.cwd
	t.cwd = dir
	t.mu.Unlock()
	if was != nil {
		was.Close()
	}
	return nil
}

// Cwd returns the path of the working directory, as getcwd(2): ENOENT if it
// was removed.
func (t *Table) Cwd() (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.cwd == nil {
		return "/", nil
	}
	return t.cwd.directory()
}

// Base returns what the methods of [FS] ending in At need as their first
// argument, for the first argument that the system call of that name got. An
// absolute path needs none.
func (t *Table) Base(fd int, name string) (*File, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case strings.HasPrefix(name, "/"):
		return nil, nil
	case fd == AT_FDCWD:
		return t.cwd, nil
	}
	return t.get(fd)
}

// The rest needs mu held.

func (t *Table) get(fd int) (*File, error) {
	if fd < 0 || fd >= len(t.files) || t.files[fd] == nil {
		return nil, EBADF
	}
	return t.files[fd], nil
}

// put closes f if there is no room.
func (t *Table) put(f *File, from int) (int, error) {
	fd := max(from, t.free)
	for fd < len(t.files) && t.files[fd] != nil {
		fd++
	}
	if fd >= MaxFiles {
		f.Close()
		return 0, EMFILE
	}
	t.set(fd, f)
	if from <= t.free {
		t.free = fd + 1
	}
	return fd, nil
}

// set returns what fd was.
func (t *Table) set(fd int, f *File) (was *File) {
	if fd >= len(t.files) {
		t.files = append(t.files, make([]*File, fd+1-len(t.files))...)
	}
	was, t.files[fd] = t.files[fd], f
	return was
}

// copy may get nil from f, for a descriptor that the copy shall not have.
func (t *Table) copy(f func(*File) *File) *Table {
	c := &Table{files: make([]*File, len(t.files))}
	for fd, file := range t.files {
		if file != nil {
			c.files[fd] = f(file)
		}
	}
	if t.cwd != nil {
		c.cwd = f(t.cwd)
	}
	return c
}
