package vfstest

import (
	"path"
	"sync"

	"github.com/calfdb/calf/runtime/vfs"
)

// A Disk is a volume in memory that knows what a disk would hold if the power
// failed. It distinguishes what programs see from what is durable, by POSIX's
// rules at their worst:
//
//   - What was written to a file is durable after a Sync of the file. Before,
//     any sector of it may hold what it held at any time since the last Sync,
//     whatever the others hold, so that a page of PostgreSQL may be torn. The
//     same is true of the file's size, and of what it held before it was cut
//     off.
//   - That a file was made, renamed or removed is durable after a Sync of the
//     directory. Before, it may or may not have happened, in any order. But
//     what was done to one file or one name was done in order, and a rename
//     happens as a whole.
//
// By default a Sync of a file makes its own name durable too, as file systems
// with a journal do; see [Rules].
//
// Attributes are durable at once. Methods are safe for concurrent use.
type Disk struct {
	rules Rules
	tree  *vfs.Memory // what programs see

	mu      sync.Mutex
	nodes   map[uint64]*node             // by inode number
	durable map[uint64]map[string]uint64 // names by directory: the inodes
	journal []change                     // of names, not yet durable, in order
	clock   int64                        // counts sectors written, and other changes of files
}

// Rules say how a [Disk] differs from the usual one.
type Rules struct {
	// StrictNames makes names durable by a Sync of the directory only, which
	// POSIX allows. PostgreSQL relies on more: it never syncs the directory of a
	// new table.
	StrictNames bool
	// SyncLies makes nothing durable, ever, while Sync says it did. Tests that
	// pass on such a disk prove nothing.
	SyncLies bool
}

// NewDisk returns a disk that holds what files holds, all of it durable. The
// disk shares content with files, which must not be used otherwise.
func NewDisk(files *vfs.Memory, rules Rules) *Disk {
	d := &Disk{rules: rules, tree: files, nodes: map[uint64]*node{}, durable: map[uint64]map[string]uint64{}}
	d.addDir(".")
	return d
}

// addDir takes up a directory that is there from the beginning.
func (d *Disk) addDir(dir string) {
	n := d.addNode(dir)
	entries, err := n.h.ReadDir()
	must(err)
	names := make(map[string]uint64, len(entries))
	for _, e := range entries {
		names[e.Name] = e.Ino
		name := path.Join(dir, e.Name)
		if e.Type == vfs.S_IFDIR>>12 {
			d.addDir(name)
		} else {
			d.addNode(name)
		}
	}
	d.durable[n.ino] = names
}

// addNode takes up what has no node yet. The node keeps the file open, so that
// its content stays when programs have removed it.
func (d *Disk) addNode(name string) *node {
	st, err := d.tree.Lstat(name)
	must(err)
	n := d.nodes[st.Ino]
	if n != nil {
		return n
	}
	n = &node{ino: st.Ino, dir: st.IsDir(), size: st.Size}
	if st.IsLink() {
		n.target, err = d.tree.Readlink(name)
	} else {
		n.h, err = d.tree.Open(name, vfs.O_RDONLY, 0)
	}
	must(err)
	d.nodes[st.Ino] = n
	return n
}

// must panics where the memory behind a disk does what it cannot do.
func must(err error) {
	if err != nil {
		panic("BUG: " + err.Error())
	}
}

// Open implements [vfs.Volume].
func (d *Disk) Open(name string, flags int, mode uint32) (vfs.Handle, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	_, err := d.tree.Lstat(name)
	made := vfs.ErrnoOf(err) == vfs.ENOENT
	h, err := d.tree.Open(name, flags, mode)
	if err != nil {
		return nil, err
	}
	n := d.addNode(name)
	if made {
		d.log(n, d.edit(name, n.ino))
	}
	return &diskHandle{Handle: h, disk: d, node: n}, nil
}

// Lstat implements [vfs.Volume].
func (d *Disk) Lstat(name string) (vfs.Stat, error) { return d.tree.Lstat(name) }

// SetAttr implements [vfs.Volume].
func (d *Disk) SetAttr(name string, a vfs.Attr) error { return d.tree.SetAttr(name, a) }

// Readlink implements [vfs.Volume].
func (d *Disk) Readlink(name string) (string, error) { return d.tree.Readlink(name) }

// Statfs implements [vfs.Volume].
func (d *Disk) Statfs() (vfs.Statfs, error) { return d.tree.Statfs() }

// A diskHandle is an open file or directory. What it does not have, reading
// for one, the tree does.
type diskHandle struct {
	vfs.Handle
	disk *Disk
	node *node
}

func (h *diskHandle) WriteAt(p []byte, off int64) (n int, err error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	h.node.changing(h.disk, off, int64(len(p)), func() {
		n, err = h.Handle.WriteAt(p, off)
	})
	return n, err
}

func (h *diskHandle) Append(p []byte) (n int, end int64, err error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	size, err := h.Handle.Size()
	if err != nil {
		return 0, 0, err
	}
	h.node.changing(h.disk, size, int64(len(p)), func() {
		n, end, err = h.Handle.Append(p)
	})
	return n, end, err
}

func (h *diskHandle) Truncate(size int64) (err error) {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	was, err := h.Handle.Size()
	if err != nil {
		return err
	}
	h.node.changing(h.disk, size, max(0, was-size), func() {
		err = h.Handle.Truncate(size)
	})
	if err == nil {
		h.node.resize(h.disk, size)
	}
	return err
}

func (h *diskHandle) Allocate(off, n int64) error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	err := h.Handle.Allocate(off, n)
	if err == nil && off+n > h.node.last() {
		h.node.resize(h.disk, off+n)
	}
	return err
}

func (h *diskHandle) Sync(bool) error {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	switch {
	case h.disk.rules.SyncLies:
	case h.node.dir:
		h.disk.syncDir(h.node)
	default:
		h.disk.syncFile(h.node)
	}
	return nil
}

func (h *diskHandle) loseUnsynced() {
	h.disk.mu.Lock()
	defer h.disk.mu.Unlock()
	h.node.lose()
}
