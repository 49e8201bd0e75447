package vfs

// Mkdir implements [Volume].
func (m *Memory) Mkdir(name string, mode uint32) error {
	return m.makeNode(name, S_IFDIR|mode&0o7777, func(*inode) {})
}

// Symlink implements [Volume].
func (m *Memory) Symlink(target, name string) error {
	if target == "" {
		return ENOENT
	}
	return m.makeNode(name, S_IFLNK|0o777, func(n *inode) { n.target = target })
}

// mknod makes a character device. What it does is the business of an FS.
func (m *Memory) mknod(name string, mode uint32, rdev uint64) error {
	return m.makeNode(name, S_IFCHR|mode&0o7777, func(n *inode) { n.rdev = rdev })
}

// WriteFile makes name a regular file with the given content, replacing what a
// file of that name held. The content is read in place, so it must not change
// while m or a fork of it is in use; the first write to a chunk copies it.
// Chunks of zeros become holes.
func (m *Memory) WriteFile(name string, data []byte, mode uint32) error {
	h, err := m.Open(name, O_WRONLY|O_CREAT, mode)
	if err != nil {
		return err
	}
	defer h.Close()
	if len(data) > maxFileSize {
		return EFBIG
	}
	fresh := aliased(data)
	return h.(*inode).change(true, func(c *content) error {
		c.free(&m.budget)
		if !m.budget.take(fresh.present) {
			return ENOSPC
		}
		*c = fresh
		return nil
	})
}

// Punch gives back what the chunks of a regular file hold that are wholly among n
// bytes at off. They read as zeros.
func (m *Memory) Punch(name string, off, n int64) error {
	if off < 0 || n < 0 || off > maxFileSize-n {
		return EINVAL
	}
	h, err := m.Open(name, O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer h.Close()
	return h.(*inode).change(false, func(c *content) error {
		c.punch((off+chunkSize-1)/chunkSize, (off+n)/chunkSize, &m.budget)
		return nil
	})
}

func (m *Memory) makeNode(name string, mode uint32, fill func(*inode)) error {
	if name == "." {
		return EEXIST
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.findParent(name)
	if err != nil {
		return err
	}
	if dir.kids[base] != nil {
		return EEXIST
	}
	n := m.newInode(mode)
	fill(n)
	dir.add(base, n)
	return nil
}

// Link implements [Volume].
func (m *Memory) Link(oldName, newName string) error {
	if newName == "." {
		return EEXIST
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find(oldName)
	if err != nil {
		return err
	}
	dir, base, err := m.findParent(newName)
	switch {
	case err != nil:
		return err
	case dir.kids[base] != nil:
		return EEXIST
	case n.isDir():
		return EPERM
	}
	dir.add(base, n)
	return nil
}

// Unlink implements [Volume].
func (m *Memory) Unlink(name string) error {
	if name == "." {
		return EISDIR
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.findParent(name)
	if err != nil {
		return err
	}
	n := dir.kids[base]
	switch {
	case n == nil:
		return ENOENT
	case n.isDir():
		return EISDIR
	}
	dir.remove(base)
	if m.discards != nil && m.discards(name) {
		n.mu.Lock()
		if n.nlink == 0 {
			n.content.free(&m.budget)
		}
		n.mu.Unlock()
	}
	return nil
}

// Rmdir implements [Volume].
func (m *Memory) Rmdir(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	dir, base, err := m.findParent(name)
	if err != nil {
		return err
	}
	n := dir.kids[base]
	switch {
	case n == nil:
		return ENOENT
	case !n.isDir():
		return ENOTDIR
	case len(n.kids) > 0:
		return ENOTEMPTY
	}
	dir.remove(base)
	n.link(-2) // "." and the name
	return nil
}

// Rename implements [Volume].
func (m *Memory) Rename(oldName, newName string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	oldDir, oldBase, err := m.findParent(oldName)
	if err != nil {
		return err
	}
	newDir, newBase, err := m.findParent(newName)
	if err != nil {
		return err
	}
	n, was := oldDir.kids[oldBase], newDir.kids[newBase]
	switch {
	case n == nil:
		return ENOENT
	case n.contains(newDir):
		return EINVAL
	case was == nil:
	case was.contains(oldDir):
		return ENOTEMPTY
	case was == n:
		return nil
	case n.isDir() && !was.isDir():
		return ENOTDIR
	case !n.isDir() && was.isDir():
		return EISDIR
	case len(was.kids) > 0:
		return ENOTEMPTY
	}
	if was != nil {
		newDir.remove(newBase)
		if was.isDir() {
			was.link(-2)
		}
	}
	newDir.add(newBase, n)
	oldDir.remove(oldBase)
	if n.isDir() {
		n.parent = newDir // remove cleared it
	}
	return nil
}

// add gives n a name in directory d. It needs mu held for writing.
func (d *inode) add(name string, n *inode) {
	d.kids[name] = n
	if n.isDir() {
		n.parent = d
		d.link(+1) // its ".."
	} else {
		n.link(+1)
	}
	d.changed()
}

// remove takes a name from directory d. It needs mu held for writing.
func (d *inode) remove(name string) {
	n := d.kids[name]
	delete(d.kids, name)
	if n.isDir() {
		n.parent = nil
		d.link(-1)
	} else {
		n.link(-1)
	}
	d.changed()
}

func (d *inode) changed() {
	d.mu.Lock()
	d.touch(true)
	d.mu.Unlock()
}

// contains tells whether directory d is n or below it.
func (n *inode) contains(d *inode) bool {
	for ; d != nil; d = d.parent {
		if d == n {
			return true
		}
	}
	return false
}
