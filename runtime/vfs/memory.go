package vfs

import (
	"strings"
	"sync"
	"time"
)

// Memory is a [Volume] that lives in memory and is gone with the process. Sync
// does nothing. A chunk of a file that was never written, or only with zeros,
// takes no memory, nor does what a file shares with a fork or a template.
//
// The files' memory is not in Go's heap. What is removed, cut off or overwritten
// in all trees that share it goes back to the system at once, and the rest with
// [Memory.Close]. Of a tree that was not closed, Go's collector gives back what
// it did not share with another, later.
type Memory struct {
	// mu guards the names of the tree. Those who change a file hold it for
	// reading, so that Fork, which holds it for writing, sees one moment.
	mu      sync.RWMutex
	root    *inode
	lastIno uint64
	budget  budget
	store   store

	discards func(name string) bool // see DiscardRemoved; nil is never
}

// NewMemory returns an empty tree. If maxBytes is more than 0, the files in it
// take no more than that, in chunks of 8 KiB; a write that needs more fails
// with ENOSPC. A chunk shared with a fork counts on both sides. Holes are
// free, but zeros that the guest wrote are counted, since they are how
// PostgreSQL reserves space.
func NewMemory(maxBytes int64) *Memory {
	m := &Memory{}
	m.budget.setBytes(maxBytes)
	m.root = m.newInode(S_IFDIR | 0o700)
	return m
}

// Close removes all files and gives their memory back; what another tree shares
// remains that tree's. Files that are open are empty from then on. It is
// idempotent.
func (m *Memory) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.root.clear()
	return nil
}

// DiscardRemoved has files emptied when Unlink removes their last name and discards
// accepts that, even if there are handles on them. discards is called with locks
// held. A fork does not inherit it.
func (m *Memory) DiscardRemoved(discards func(name string) bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.discards = discards
}

// Used returns how many bytes the files occupy, in whole chunks. See
// [NewMemory] for what is counted.
func (m *Memory) Used() int64 { return m.budget.used.Load() * chunkSize }

// Statfs reports the budget, or 1 TiB of free space without one.
func (m *Memory) Statfs() (Statfs, error) {
	total := m.budget.max
	if !m.budget.limited() {
		total = 1 << 40 / chunkSize
	}
	free := uint64(max(0, total-m.budget.used.Load()))
	return Statfs{
		BlockSize: chunkSize, Blocks: uint64(total), Free: free, Avail: free,
		Files: 1 << 30, FreeFiles: 1 << 29,
	}, nil
}

// Lstat implements [Volume].
func (m *Memory) Lstat(name string) (Stat, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n, err := m.find(name)
	if err != nil {
		return Stat{}, err
	}
	return n.Stat()
}

// SetAttr implements [Volume].
func (m *Memory) SetAttr(name string, a Attr) error {
	m.mu.RLock()
	n, err := m.find(name)
	m.mu.RUnlock()
	switch {
	case err != nil:
		return err
	case n.isLink():
		return ELOOP
	}
	return n.SetAttr(a)
}

// Readlink implements [Volume].
func (m *Memory) Readlink(name string) (string, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n, err := m.find(name)
	switch {
	case err != nil:
		return "", err
	case !n.isLink():
		return "", EINVAL
	}
	return n.target, nil
}

// Open implements [Volume].
func (m *Memory) Open(name string, flags int, mode uint32) (Handle, error) {
	n, err := m.openExisting(name, flags)
	if err == ENOENT && flags&O_CREAT != 0 {
		n, err = m.create(name, flags, mode)
	}
	if err != nil {
		return nil, err
	}
	return n, nil
}

func (m *Memory) openExisting(name string, flags int) (*inode, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	n, err := m.find(name)
	if err != nil {
		return nil, err
	}
	return n, n.tryOpen(flags)
}

func (m *Memory) create(name string, flags int, mode uint32) (*inode, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.findParent(name)
	if err != nil {
		return nil, err
	}
	if n := dir.kids[base]; n != nil { // it was made in between
		return n, n.tryOpen(flags)
	}
	n := m.newInode(S_IFREG | mode&0o7777)
	n.opens = 1
	dir.add(base, n)
	return n, nil
}

// tryOpen counts one more open handle of n, if flags allow it.
func (n *inode) tryOpen(flags int) error {
	switch {
	case flags&(O_CREAT|O_EXCL) == O_CREAT|O_EXCL:
		return EEXIST
	case n.isLink():
		return ELOOP
	case n.isDir() && (writes(flags) || flags&O_CREAT != 0):
		return EISDIR
	}
	n.open()
	return nil
}

// find needs mu held, for reading at least.
func (m *Memory) find(name string) (*inode, error) {
	n := m.root
	if name == "." {
		return n, nil
	}
	for more := true; more; {
		var elem string
		elem, name, more = strings.Cut(name, "/")
		switch {
		case n.isLink():
			return nil, ELOOP
		case !n.isDir():
			return nil, ENOTDIR
		}
		if n = n.kids[elem]; n == nil {
			return nil, ENOENT
		}
	}
	return n, nil
}

// findParent returns the directory that name is in. It needs mu held.
func (m *Memory) findParent(name string) (dir *inode, base string, err error) {
	if name == "." {
		return nil, "", EBUSY
	}
	dir, base = m.root, name
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		base = name[i+1:]
		if dir, err = m.find(name[:i]); err != nil {
			return nil, "", err
		}
	}
	switch {
	case dir.isLink():
		return nil, "", ELOOP
	case !dir.isDir():
		return nil, "", ENOTDIR
	}
	return dir, base, nil
}

// newInode needs mu held, or m unshared. The inode has no name yet.
func (m *Memory) newInode(mode uint32) *inode {
	m.lastIno++
	now := time.Now().UnixNano()
	n := &inode{tree: m, ino: m.lastIno, mode: mode, atime: now, mtime: now, ctime: now}
	if mode&S_IFMT == S_IFDIR {
		n.kids = map[string]*inode{}
		n.nlink = 2
	}
	return n
}
