package vfstest

import (
	"path"
	"slices"

	"github.com/calfdb/calf/runtime/vfs"
)

// A change is one operation on names that is not durable yet.
type change struct {
	ino   uint64 // what it is done to
	edits []edit
}

// An edit gives a name in a directory to a file, or to none if ino is 0.
type edit struct {
	dir  uint64
	name string
	ino  uint64
}

// after tells whether c can only have happened after an earlier change, which
// was done to the same file or the same name.
func (c change) after(earlier change) bool {
	if c.ino == earlier.ino {
		return true
	}
	for _, e := range c.edits {
		for _, f := range earlier.edits {
			if e.dir == f.dir && e.name == f.name {
				return true
			}
		}
	}
	return false
}

// in tells whether c changes names in a directory.
func (c change) in(dir uint64) bool {
	return slices.ContainsFunc(c.edits, func(e edit) bool { return e.dir == dir })
}

// edit returns the edit of a name, whose directory exists.
func (d *Disk) edit(name string, ino uint64) edit {
	dir, err := d.tree.Lstat(path.Dir(name))
	must(err)
	return edit{dir.Ino, path.Base(name), ino}
}

// log notes a change that was made to the tree.
func (d *Disk) log(n *node, edits ...edit) {
	d.journal = append(d.journal, change{n.ino, edits})
}

// Mkdir implements [vfs.Volume].
func (d *Disk) Mkdir(name string, mode uint32) error {
	return d.add(name, func() error { return d.tree.Mkdir(name, mode) })
}

// Symlink implements [vfs.Volume].
func (d *Disk) Symlink(target, name string) error {
	return d.add(name, func() error { return d.tree.Symlink(target, name) })
}

// Link implements [vfs.Volume].
func (d *Disk) Link(oldName, newName string) error {
	return d.add(newName, func() error { return d.tree.Link(oldName, newName) })
}

// add makes a new name.
func (d *Disk) add(name string, do func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := do(); err != nil {
		return err
	}
	n := d.addNode(name)
	d.log(n, d.edit(name, n.ino))
	return nil
}

// Unlink implements [vfs.Volume].
func (d *Disk) Unlink(name string) error {
	return d.remove(name, func() error { return d.tree.Unlink(name) })
}

// Rmdir implements [vfs.Volume].
func (d *Disk) Rmdir(name string) error {
	return d.remove(name, func() error { return d.tree.Rmdir(name) })
}

func (d *Disk) remove(name string, do func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	st, err := d.tree.Lstat(name)
	if err != nil {
		return err
	}
	if err := do(); err != nil {
		return err
	}
	d.log(d.nodes[st.Ino], d.edit(name, 0))
	return nil
}

// Rename implements [vfs.Volume].
func (d *Disk) Rename(oldName, newName string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	st, err := d.tree.Lstat(oldName)
	if err != nil {
		return err
	}
	if to, err := d.tree.Lstat(newName); err == nil && to.Ino == st.Ino {
		return d.tree.Rename(oldName, newName) // which changes nothing
	}
	if err := d.tree.Rename(oldName, newName); err != nil {
		return err
	}
	d.log(d.nodes[st.Ino], d.edit(oldName, 0), d.edit(newName, st.Ino))
	return nil
}

// syncDir makes the names in a directory durable.
func (d *Disk) syncDir(dir *node) {
	d.commit(func(c change) bool {
		return c.in(dir.ino) || !d.rules.StrictNames && c.ino == dir.ino
	})
}

// syncFile makes a file durable.
func (d *Disk) syncFile(n *node) {
	n.sync()
	if !d.rules.StrictNames {
		d.commit(func(c change) bool { return c.ino == n.ino })
	}
}

// commit makes some changes durable, and those that came before them: to the
// same files and names, and to the directories above.
func (d *Disk) commit(chosen func(change) bool) {
	take := make([]bool, len(d.journal))
	for i, c := range slices.Backward(d.journal) {
		if take[i] = take[i] || chosen(c); !take[i] {
			continue
		}
		for j := range i {
			take[j] = take[j] || c.after(d.journal[j]) || !d.rules.StrictNames && c.in(d.journal[j].ino)
		}
	}
	var left []change
	for i, c := range d.journal {
		if take[i] {
			c.apply(d.durable)
		} else {
			left = append(left, c)
		}
	}
	d.journal = left
}

// apply makes a change to the names of a tree.
func (c change) apply(names map[uint64]map[string]uint64) {
	for _, e := range c.edits {
		if names[e.dir] == nil {
			names[e.dir] = map[string]uint64{}
		}
		if e.ino == 0 {
			delete(names[e.dir], e.name)
		} else {
			names[e.dir][e.name] = e.ino
		}
	}
}

var _ vfs.Volume = (*Disk)(nil)
