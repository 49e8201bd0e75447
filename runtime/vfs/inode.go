package vfs

import (
	"slices"
	"strings"
	"sync"
	"time"
)

// inode is a file, directory or link of a [Memory]. It is the Handle of
// itself, so that opening a file allocates nothing.
//
// tree.mu guards kids and parent. mu guards the rest; who changes anything
// holds tree.mu too, for reading at least, so that a fork sees one moment.
// The exception is Close, which changes nothing that a fork copies of a file
// that has a name.
type inode struct {
	tree *Memory
	ino  uint64
	rdev uint64

	kids   map[string]*inode // of a directory
	parent *inode            // of a directory; nil in the root

	mu       sync.RWMutex
	mode     uint32
	nlink    uint32
	uid, gid uint32
	opens    int
	atime    int64 // ns since 1970, as the others
	mtime    int64
	ctime    int64
	target   string // of a link
	content  content
	freed    func() // called when nothing can reach it any more; nil is nobody
}

func (n *inode) isDir() bool { return n.kids != nil }

func (n *inode) isLink() bool { return n.target != "" }

// touch records a change of the content, of the attributes only if !content.
func (n *inode) touch(content bool) {
	n.ctime = time.Now().UnixNano()
	if content {
		n.mtime = n.ctime
	}
}

func (n *inode) ReadAt(p []byte, off int64) (int, error) {
	if n.isDir() {
		return 0, EISDIR
	}
	if off < 0 {
		return 0, EINVAL
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.content.readAt(p, off), nil
}

func (n *inode) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, EINVAL
	}
	var done int
	err := n.change(true, func(c *content) (err error) {
		done, err = c.writeAt(p, off, &n.tree.store, &n.tree.budget)
		return err
	})
	return done, err
}

func (n *inode) Append(p []byte) (done int, end int64, err error) {
	err = n.change(true, func(c *content) (err error) {
		done, err = c.writeAt(p, c.size, &n.tree.store, &n.tree.budget)
		end = c.size
		return err
	})
	return done, end, err
}

func (n *inode) Truncate(size int64) error {
	if size < 0 {
		return EINVAL
	}
	return n.change(true, func(c *content) error {
		return c.truncate(size, &n.tree.budget)
	})
}

func (n *inode) Allocate(off, size int64) error {
	if off < 0 || size <= 0 {
		return EINVAL
	}
	return n.change(true, func(c *content) error {
		return c.allocate(off, size, &n.tree.budget)
	})
}

// change runs f under the locks that a change of a regular file needs.
func (n *inode) change(content bool, f func(*content) error) error {
	if n.isDir() {
		return EISDIR
	}
	n.tree.mu.RLock()
	defer n.tree.mu.RUnlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.touch(content)
	return f(&n.content)
}

func (n *inode) Size() (int64, error) {
	if n.isDir() {
		return 0, EISDIR
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	return n.content.size, nil
}

func (n *inode) Stat() (Stat, error) {
	n.mu.RLock()
	defer n.mu.RUnlock()
	s := Stat{
		Ino: n.ino, Mode: n.mode, Nlink: n.nlink, Uid: n.uid, Gid: n.gid, Rdev: n.rdev,
		Size: n.content.size, Blocks: n.content.present * (chunkSize / 512),
		Atime: time.Unix(0, n.atime), Mtime: time.Unix(0, n.mtime), Ctime: time.Unix(0, n.ctime),
	}
	switch {
	case n.isDir():
		s.Size = 4096
	case n.isLink():
		s.Size = int64(len(n.target))
	}
	return s, nil
}

func (n *inode) SetAttr(a Attr) error {
	n.tree.mu.RLock()
	defer n.tree.mu.RUnlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.touch(false)
	if a.Mode != nil {
		n.mode = n.mode&S_IFMT | *a.Mode&0o7777
	}
	if a.Uid != nil {
		n.uid = *a.Uid
	}
	if a.Gid != nil {
		n.gid = *a.Gid
	}
	if a.Atime != nil {
		n.atime = a.Atime.UnixNano()
	}
	if a.Mtime != nil {
		n.mtime = a.Mtime.UnixNano()
	}
	return nil
}

// Sync has nothing to do: memory is not durable.
func (n *inode) Sync(bool) error { return nil }

func (n *inode) ReadDir() ([]DirEntry, error) {
	if !n.isDir() {
		return nil, ENOTDIR
	}
	n.tree.mu.RLock()
	list := make([]DirEntry, 0, len(n.kids))
	for name, k := range n.kids {
		list = append(list, DirEntry{Name: name, Ino: k.ino, Type: k.direntType()})
	}
	n.tree.mu.RUnlock()
	slices.SortFunc(list, func(a, b DirEntry) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

// direntType needs no lock: the type of an inode never changes.
func (n *inode) direntType() uint8 {
	n.mu.RLock()
	defer n.mu.RUnlock()
	return uint8(n.mode & S_IFMT >> 12)
}

func (n *inode) open() {
	n.mu.Lock()
	n.opens++
	n.mu.Unlock()
}

func (n *inode) Close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.opens--
	n.freeIfGone()
	return nil
}

// link adds d names to n.
func (n *inode) link(d int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.nlink += uint32(d)
	n.touch(false)
	n.freeIfGone()
}

// freeIfGone needs mu held.
func (n *inode) freeIfGone() {
	if n.nlink == 0 && n.opens == 0 {
		n.content.free(&n.tree.budget)
		if n.freed != nil {
			n.freed()
			n.freed = nil
		}
	}
}

// clear removes all that is in a directory. It needs tree.mu held for writing.
func (n *inode) clear() {
	for _, k := range n.kids {
		if k.isDir() {
			k.clear()
			continue
		}
		k.mu.Lock()
		k.content.free(&k.tree.budget)
		k.mu.Unlock()
	}
	clear(n.kids)
}

// onFree has f called, with mu held, when n has neither a name nor a handle.
func (n *inode) onFree(f func()) {
	n.mu.Lock()
	n.freed = f
	n.mu.Unlock()
}
