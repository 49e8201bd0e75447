package vfs

import (
	"bytes"
	"sync/atomic"
)

const (
	// chunkSize is PostgreSQL's page size: a page written to a fork copies
	// nothing but itself, and mostly not even that, being overwritten whole.
	chunkSize = 8 << 10
	// segmentChunks limits what the first write to a large shared file copies
	// of its chunk list.
	segmentChunks = 128
	// maxFileSize bounds the chunk lists that a guest can make the host
	// allocate by writing far behind the end of a file.
	maxFileSize = 64 << 30
)

// chunk is chunkSize bytes of a file.
//
//	data nil, not reserved: a hole
//	data nil, reserved:     zeros whose space is reserved
//	data set:               its bytes; zeros behind len(data)
//
// Data is in a page of a slab, which other chunks may hold too, or belongs to
// whoever lent it to [Memory.WriteFile].
type chunk struct {
	data     []byte
	slab     *slab // nil is none
	page     uint8
	reserved bool
}

// present tells whether the chunk counts in the budget.
func (c *chunk) present() bool { return c.data != nil || c.reserved }

// own reports whether nobody else sees the chunk's data, which then are a whole
// page.
func (c *chunk) own() bool {
	if c.slab == nil || c.slab.holders[c.page].Load() != 1 {
		return false
	}
	if n := len(c.data); n < chunkSize { // it was cut while others saw it
		c.data = c.slab.data(c.page)
		clear(c.data[n:])
	}
	return true
}

// write puts p at off into a present chunk, in place if it can. It reports false
// if there is no memory.
func (c *chunk) write(p []byte, off int, s *store) bool {
	switch {
	case c.data == nil && isZero(p):
		return true // Stays a reservation. PostgreSQL fills new WAL segments with zeros.
	case c.own():
		copy(c.data[off:], p)
		return true
	}
	in, page, ok := s.take()
	if !ok {
		return false
	}
	data := in.data(page)
	if len(p) < chunkSize {
		copy(data, c.data)
	}
	copy(data[off:], p)
	c.free()
	c.data, c.slab, c.page = data, in, page
	return true
}

// cut makes the bytes from off on read as zeros.
func (c *chunk) cut(off int) {
	switch {
	case off >= len(c.data):
	case c.own():
		clear(c.data[off:])
	default:
		c.data = c.data[:off:off]
	}
}

// free gives the data back.
func (c *chunk) free() {
	var g garbage
	c.release(&g)
	g.flush()
}

// hold counts one more holder of the chunk's page.
func (c *chunk) hold() {
	if c.slab != nil {
		c.slab.holders[c.page].Add(1)
	}
}

// release makes the chunk a hole.
func (c *chunk) release(g *garbage) {
	if c.slab != nil && c.slab.holders[c.page].Add(-1) == 0 {
		g.add(c.slab, c.page)
	}
	*c = chunk{}
}

// segment is a run of chunks; those behind its end are holes. It may be in the
// lists of several files, and is changed by who is its only holder. A nil segment
// is all holes.
type segment struct {
	chunks  []chunk
	holders atomic.Int32
}

// own returns s, or a copy in its place, that its holder alone has.
func (s *segment) own() *segment {
	if s != nil && s.holders.Load() == 1 {
		return s
	}
	own := &segment{}
	own.holders.Store(1)
	if s != nil {
		own.chunks = make([]chunk, len(s.chunks))
		copy(own.chunks, s.chunks)
		for i := range own.chunks {
			own.chunks[i].hold()
		}
		var g garbage
		s.release(&g)
		g.flush()
	}
	return own
}

// release gives up one hold of s.
func (s *segment) release(g *garbage) {
	if s == nil || s.holders.Add(-1) > 0 {
		return
	}
	for i := range s.chunks {
		s.chunks[i].release(g)
	}
}

// count counts the present chunks from the i-th to before the j-th.
func (s *segment) count(i, j int) (n int64) {
	if s == nil || i >= len(s.chunks) {
		return 0
	}
	for k := range s.chunks[i:min(j, len(s.chunks))] {
		if s.chunks[i+k].present() {
			n++
		}
	}
	return n
}

// list is the segments of a file, which its forks share until one of them
// changes. Nil ones are holes, as is what is behind the end. A nil list is empty.
type list struct {
	segments []*segment
	holders  atomic.Int32
}

// own returns l, or a copy in its place, that its holder alone has.
func (l *list) own() *list {
	if l != nil && l.holders.Load() == 1 {
		return l
	}
	own := &list{}
	own.holders.Store(1)
	if l != nil {
		own.segments = make([]*segment, len(l.segments))
		copy(own.segments, l.segments)
		for _, s := range own.segments {
			if s != nil {
				s.holders.Add(1)
			}
		}
		l.release()
	}
	return own
}

// hold counts one more holder of l, which it returns.
func (l *list) hold() *list {
	if l != nil {
		l.holders.Add(1)
	}
	return l
}

// release gives up one hold of l.
func (l *list) release() {
	if l == nil || l.holders.Add(-1) > 0 {
		return
	}
	var g garbage
	for _, s := range l.segments {
		s.release(&g)
	}
	g.flush()
}

var zeros [chunkSize]byte

// isZero tells whether p, of at most chunkSize bytes, is all zeros.
func isZero(p []byte) bool { return bytes.Equal(p, zeros[:len(p)]) }
