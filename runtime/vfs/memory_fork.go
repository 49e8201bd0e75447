package vfs

// Fork returns a copy of the tree as it is at this moment, hard links and
// inode numbers included. No content is copied: each side copies a chunk when
// it first writes to it. It costs about 0.2 µs for every file, whatever its
// size. Open handles stay with m. The copy has the same budget.
func (m *Memory) Fork() *Memory {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fork().to
}

// memoryFork copies the inodes of one tree to another. While it is used,
// from.mu is held for writing.
type memoryFork struct {
	from, to *Memory
	copies   map[*inode]*inode // of files that may be met again
}

// fork needs m.mu held for writing, until the last use of what it returns.
func (m *Memory) fork() *memoryFork {
	f := &memoryFork{
		from:   m,
		to:     &Memory{lastIno: m.lastIno},
		copies: map[*inode]*inode{},
	}
	f.to.budget.max = m.budget.max
	f.to.root = f.copy(m.root)
	return f
}

// copy returns n's counterpart. For an inode without a name, which the tree
// does not lead to, it makes one.
func (f *memoryFork) copy(n *inode) *inode {
	if c := f.copies[n]; c != nil {
		return c
	}
	n.mu.RLock()
	defer n.mu.RUnlock()
	c := &inode{
		tree: f.to, ino: n.ino, rdev: n.rdev,
		mode: n.mode, nlink: n.nlink, uid: n.uid, gid: n.gid,
		atime: n.atime, mtime: n.mtime, ctime: n.ctime,
		target: n.target, content: n.content.fork(),
	}
	f.to.budget.used.Add(c.content.present)
	if n.opens > 0 || n.nlink > 1 {
		f.copies[n] = c
	}
	if n.isDir() {
		c.kids = make(map[string]*inode, len(n.kids))
		for name, k := range n.kids {
			kid := f.copy(k)
			if kid.isDir() {
				kid.parent = c
			}
			c.kids[name] = kid
		}
	}
	return c
}
