package vfs

// Fork returns a copy of fs and of the given tables as they are at this
// moment, without copying any content; see [Memory.Fork], which also says that
// the copies are to be closed, that of a mounted volume too. The copy's devices
// write to the same writers until [FS.SetOutput] says otherwise.
//
// In the copied tables every descriptor stands for the counterpart of its
// file, with the same offset and flags; what shares a File, shares one. That
// holds for files without a name and for pipes too, with what is in them.
// Descriptors of what is not in the trees of fs, such as the connections
// behind [NewFile], are closed in the copy.
//
// The tables must be used with fs only, and fs must have no volume mounted but
// a [Memory]; with another one Fork fails with ENOTSUP. The old fs and its
// descriptors are not affected.
func (fs *FS) Fork(tables ...*Table) (*FS, []*Table, error) {
	fs.forking.Lock()
	defer fs.forking.Unlock()

	m := fs.mounted.Load()
	var data *Memory
	if m != nil {
		var ok bool
		if data, ok = m.vol.(*Memory); !ok {
			return nil, nil, ENOTSUP
		}
	}

	// No offset moves, then no file changes. In this order, since who reads
	// and writes holds the File first.
	for _, t := range tables {
		t.mu.Lock()
		defer t.mu.Unlock()
	}
	for f := range filesOf(tables) {
		f.mu.Lock()
		defer f.mu.Unlock()
	}
	c := &fsFork{fs: &FS{devices: fs.devices.fork(), dirs: map[*File]struct{}{}}}
	c.addTree(fs.root)
	defer fs.root.mu.Unlock()
	c.fs.root = c.trees[0].to
	if data != nil {
		c.addTree(data)
		defer data.mu.Unlock()
		c.fs.mounted.Store(&mount{m.path, c.trees[1].to})
	}

	c.files, c.pipes = map[*File]*File{}, map[*pipe]*pipe{}
	forks := make([]*Table, len(tables))
	for i, t := range tables {
		forks[i] = t.copy(c.file)
	}
	return c.fs, forks, nil
}

// filesOf returns the Files of all tables.
func filesOf(tables []*Table) map[*File]struct{} {
	set := map[*File]struct{}{}
	for _, t := range tables {
		for _, f := range append(t.files[:len(t.files):len(t.files)], t.cwd) {
			if f != nil {
				set[f] = struct{}{}
			}
		}
	}
	return set
}

// fsFork is the state of one Fork.
type fsFork struct {
	fs    *FS
	trees []*memoryFork
	files map[*File]*File
	pipes map[*pipe]*pipe
}

// addTree leaves m locked.
func (c *fsFork) addTree(m *Memory) {
	m.mu.Lock()
	c.trees = append(c.trees, m.fork())
}

// file returns a new reference to f's counterpart, or nil if it has none.
func (c *fsFork) file(f *File) *File {
	if n, ok := c.files[f]; ok {
		if n != nil {
			n.ref()
		}
		return n
	}
	n := c.copyFile(f)
	c.files[f] = n
	return n
}

func (c *fsFork) copyFile(f *File) *File {
	h := c.handle(f.h)
	if h == nil {
		return nil
	}
	n := newFile(h, f.Flags(), f.kind)
	n.dev, n.off, n.list = f.dev, f.off, f.list
	if f.fs == nil {
		return n
	}
	n.fs = c.fs
	f.fs.mu.Lock()
	n.path, n.gone = f.path, f.gone
	f.fs.mu.Unlock()
	if f.kind == S_IFDIR {
		c.fs.dirs[n] = struct{}{}
	}
	return n
}

func (c *fsFork) handle(h Handle) Handle {
	switch h := h.(type) {
	case *inode:
		return c.inode(h)
	case *deviceHandle:
		node := c.handle(h.Handle)
		if node == nil {
			return nil
		}
		dev, err := c.fs.devices.open(node, h.rdev)
		if err != nil {
			return nil
		}
		return dev
	case *pipeReader:
		return &pipeReader{pipeEnd{c.pipe(h.pipe)}}
	case *pipeWriter:
		return &pipeWriter{pipeEnd{c.pipe(h.pipe)}}
	}
	return nil
}

func (c *fsFork) inode(n *inode) Handle {
	for _, t := range c.trees {
		if n.tree == t.from {
			k := t.copy(n)
			k.open()
			return k
		}
	}
	return nil
}

func (c *fsFork) pipe(p *pipe) *pipe {
	if c.pipes[p] == nil {
		c.pipes[p] = p.fork()
	}
	return c.pipes[p]
}
