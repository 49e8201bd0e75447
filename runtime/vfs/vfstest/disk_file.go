package vfstest

import (
	"bytes"

	"github.com/calfdb/calf/runtime/vfs"
)

// sector is what a disk writes as a whole: the smallest size that disks have.
const sector = 512

// cachePage is what the kernel writes as a whole, if it writes anything of it.
const cachePage = 4096

const perPage = cachePage / sector

// A node is a file, directory or link. d.mu guards it.
type node struct {
	ino    uint64
	dir    bool
	h      vfs.Handle // of the tree; nil in a link
	target string     // of a link

	// What is not durable: by sector, what it held since the last Sync,
	// beginning with what it held then; and the sizes that the file has had.
	sectors map[int64][]version
	size    int64 // the durable one
	sizes   []sizeAt

	// Sectors that the kernel believes it has written and has not, with what is
	// on the disk.
	lost map[int64][]byte
}

// A version is what a sector held from a time on.
type version struct {
	at   int64
	data []byte
}

type sizeAt struct{ at, size int64 }

// last returns the size that the disk will have if everything is written.
func (n *node) last() int64 {
	if len(n.sizes) > 0 {
		return n.sizes[len(n.sizes)-1].size
	}
	return n.size
}

func (n *node) resize(d *Disk, size int64) {
	if size != n.last() {
		d.clock++
		n.sizes = append(n.sizes, sizeAt{d.clock, size})
	}
}

// changing calls do, which changes the given range of the content and may make
// the file longer.
func (n *node) changing(d *Disk, off, length int64, do func()) {
	if off < 0 || length <= 0 {
		do()
		return
	}
	if n.sectors == nil {
		n.sectors = map[int64][]version{}
	}
	first, last := off/sector, (off+length-1)/sector
	if n.lost != nil { // the kernel writes whole pages
		n.remember(d, first/perPage*perPage, last/perPage*perPage+perPage-1, true)
	}
	n.remember(d, first, last, false)
	do()
	for s := first; s <= last; s++ {
		now, had := n.read(s), n.sectors[s]
		if !bytes.Equal(now, had[len(had)-1].data) {
			d.clock++
			n.sectors[s] = append(had, version{d.clock, now})
		}
	}
	size, err := n.h.Size()
	must(err)
	if end := min(off+length, size); end > n.last() {
		n.resize(d, end)
	}
}

// remember notes what is on the disk in sectors that are going to change.
func (n *node) remember(d *Disk, first, last int64, lostOnly bool) {
	for s := first; s <= last; s++ {
		was, isLost := n.lost[s]
		switch {
		case isLost:
			delete(n.lost, s)
			d.clock++
			n.sectors[s] = []version{{0, was}, {d.clock, n.read(s)}}
		case n.sectors[s] == nil && !lostOnly:
			n.sectors[s] = []version{{0, n.read(s)}}
		}
	}
}

// read returns what programs see in a sector, zeros behind the end.
func (n *node) read(s int64) []byte {
	b := make([]byte, sector)
	_, err := n.h.ReadAt(b, s*sector)
	must(err)
	return b
}

// sync makes the content durable.
func (n *node) sync() { n.size, n.sizes, n.sectors = n.last(), nil, nil }

// lose forgets to make the content durable.
func (n *node) lose() {
	if n.lost == nil {
		n.lost = map[int64][]byte{}
	}
	for s, versions := range n.sectors {
		n.lost[s] = versions[0].data
	}
	n.sizes, n.sectors = nil, nil
}
