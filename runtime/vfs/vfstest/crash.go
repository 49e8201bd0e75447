package vfstest

import (
	"maps"
	"math/rand/v2"
	"path"
	"slices"

	"github.com/calfdb/calf/runtime/vfs"
)

// Crash returns the files that are found after the power failed at this
// moment. What is not durable is there or not as seed says: the same seed after
// the same operations gives the same files. Some seeds have all of it, nothing
// of it, or what there was at some time; others choose by sector, by page of the
// kernel's cache, or by change of a name.
//
// The disk stays as it is, so several seeds can be tried. Nobody may use it
// meanwhile.
func (d *Disk) Crash(seed uint64) *vfs.Memory {
	d.mu.Lock()
	defer d.mu.Unlock()
	rnd := rand.New(rand.NewPCG(seed, 0))
	return d.crash(rnd, choice(rnd.IntN(5)), choice(rnd.IntN(4)))
}

func (d *Disk) crash(rnd *rand.Rand, content, names choice) *vfs.Memory {
	c := &crash{
		disk: d, rnd: rnd, files: vfs.NewMemory(0),
		mode: content, until: rnd.Int64N(d.clock + 1), made: map[uint64]string{},
	}
	root, err := d.tree.Lstat(".")
	must(err)
	c.dir(root.Ino, ".", c.names(names))
	return c.files
}

// A choice is how it is decided what has reached the disk without a Sync.
type choice int

const (
	nothing choice = iota
	everything
	inTime // what was done until some time
	byPage // each page, or each change of a name, for itself
	bySector
)

// A crash is one call of Crash.
type crash struct {
	disk  *Disk
	rnd   *rand.Rand
	files *vfs.Memory
	mode  choice
	until int64
	made  map[uint64]string // a name of each file with several
}

// names decides which names there are.
func (c *crash) names(mode choice) map[uint64]map[string]uint64 {
	names := make(map[uint64]map[string]uint64, len(c.disk.durable))
	for dir, list := range c.disk.durable {
		names[dir] = maps.Clone(list)
	}
	journal := c.disk.journal
	ordered := c.rnd.IntN(len(journal) + 1)
	var missing []change
	for i, ch := range journal {
		happened := mode == everything || mode == inTime && i < ordered || mode == byPage && c.rnd.IntN(2) == 0
		if !happened || slices.ContainsFunc(missing, ch.after) {
			missing = append(missing, ch)
		} else {
			ch.apply(names)
		}
	}
	return names
}

// dir makes a directory's content.
func (c *crash) dir(ino uint64, dir string, names map[uint64]map[string]uint64) {
	for _, base := range slices.Sorted(maps.Keys(names[ino])) {
		name := path.Join(dir, base)
		n := c.disk.nodes[names[ino][base]]
		if n.h == nil {
			must(c.files.Symlink(n.target, name))
			continue
		}
		st, err := n.h.Stat()
		must(err)
		other, again := c.made[n.ino]
		switch {
		case st.IsDir():
			must(c.files.Mkdir(name, st.Mode&0o7777))
			c.dir(n.ino, name, names)
		case again:
			must(c.files.Link(other, name))
		default:
			must(c.files.WriteFile(name, c.content(n), st.Mode&0o7777))
			c.made[n.ino] = name
		}
	}
}

// content decides what a file holds.
func (c *crash) content(n *node) []byte {
	sizes := []int64{0} // when the file got them
	for _, v := range n.sizes {
		sizes = append(sizes, v.at)
	}
	size := n.size
	if i := pick(sizes, c.instant(sizes)); i > 0 {
		size = n.sizes[i-1].size
	}
	b := make([]byte, size)
	_, err := n.h.ReadAt(b, 0)
	must(err)
	put := func(s int64, data []byte) {
		if s*sector < size {
			copy(b[s*sector:], data)
		}
	}
	for s, data := range n.lost {
		put(s, data)
	}
	dirty := slices.Sorted(maps.Keys(n.sectors))
	for len(dirty) > 0 { // what is written together
		unit := dirty[:1]
		for c.mode == byPage && len(unit) < len(dirty) && dirty[len(unit)]/perPage == dirty[0]/perPage {
			unit = dirty[:len(unit)+1]
		}
		dirty = dirty[len(unit):]
		var times []int64
		for _, s := range unit {
			times = append(times, timesOf(n.sectors[s])...)
		}
		instant := c.instant(times)
		for _, s := range unit {
			put(s, n.sectors[s][pick(timesOf(n.sectors[s]), instant)].data)
		}
	}
	return b
}

func timesOf(versions []version) []int64 {
	times := make([]int64, len(versions))
	for i, v := range versions {
		times[i] = v.at
	}
	return times
}

// instant chooses the time at which something that changed at the given times
// was written to the disk.
func (c *crash) instant(times []int64) int64 {
	switch c.mode {
	case nothing:
		return 0
	case everything:
		return c.disk.clock
	case inTime:
		return c.until
	}
	return times[c.rnd.IntN(len(times))]
}

// pick returns which of the versions of the given times there is at an instant.
func pick(times []int64, instant int64) int {
	i := len(times) - 1
	for i > 0 && times[i] > instant {
		i--
	}
	return i
}
