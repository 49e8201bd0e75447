package vfs

import "slices"

// content is what a regular file in memory holds. A copy of a content shares
// everything with the original; each side must then use a new epoch.
//
// Its methods are not safe for concurrent use.
type content struct {
	size     int64
	segments []*segment // nil ones are holes, as is what is behind the end
	owner    epoch      // of the array behind segments
	present  int64      // chunks that count in the budget
}

// aliased returns a content that reads b itself. Zero chunks become holes.
func aliased(b []byte) content {
	c := content{size: int64(len(b))}
	for i := int64(0); len(b) > 0; i++ {
		n := min(len(b), chunkSize)
		if !isZero(b[:n]) {
			c.slot(i, 0).data = b[:n:n]
			c.present++
		}
		b = b[n:]
	}
	return c
}

// readAt returns less than len(p) only at the end.
func (c *content) readAt(p []byte, off int64) int {
	if off >= c.size {
		return 0
	}
	p = p[:min(int64(len(p)), c.size-off)]
	for done := 0; done < len(p); {
		at := off + int64(done)
		within := int(at % chunkSize)
		part := p[done:min(len(p), done+chunkSize-within)]
		n := 0
		if data := c.peek(at / chunkSize); within < len(data) {
			n = copy(part, data[within:])
		}
		clear(part[n:])
		done += len(part)
	}
	return len(p)
}

// writeAt returns less than len(p) with an error only.
func (c *content) writeAt(p []byte, off int64, e epoch, b *budget) (int, error) {
	if off > maxFileSize-int64(len(p)) {
		if off >= maxFileSize {
			return 0, EFBIG
		}
		n, err := c.writeAt(p[:maxFileSize-off], off, e, b)
		if err == nil {
			err = EFBIG
		}
		return n, err
	}
	done := 0
	for done < len(p) {
		at := off + int64(done)
		i, within := at/chunkSize, int(at%chunkSize)
		part := p[done:min(len(p), done+chunkSize-within)]
		if !c.writeChunk(part, i, within, e, b) {
			break
		}
		done += len(part)
	}
	if end := off + int64(done); done > 0 && end > c.size {
		c.size = end
	}
	if done < len(p) {
		return done, ENOSPC
	}
	return done, nil
}

// writeChunk writes within the i-th chunk, if there is space.
func (c *content) writeChunk(p []byte, i int64, within int, e epoch, b *budget) bool {
	if !b.limited() && c.peek(i) == nil && isZero(p) {
		return true // a hole may stay one
	}
	k := c.slot(i, e)
	if !k.present() {
		if !b.take(1) {
			return false
		}
		c.present++
		k.owner = e
	}
	k.write(p, within, e)
	return true
}

// truncate sets the size; what is beyond it is given back and reads as zeros
// if the file grows again.
func (c *content) truncate(size int64, e epoch, b *budget) error {
	if size > maxFileSize {
		return EFBIG
	}
	if size < c.size {
		c.drop((size+chunkSize-1)/chunkSize, e, b)
		if within := size % chunkSize; within > 0 && c.peek(size/chunkSize) != nil {
			c.slot(size/chunkSize, e).cut(int(within), e)
		}
	}
	c.size = size
	return nil
}

// drop gives back the chunks from the i-th on.
func (c *content) drop(i int64, e epoch, b *budget) {
	s, within := int(i/segmentChunks), int(i%segmentChunks)
	if s >= len(c.segments) {
		return
	}
	n := c.segments[s].count(within, segmentChunks)
	for _, seg := range c.segments[s+1:] {
		n += seg.count(0, segmentChunks)
	}
	c.ownSegments(e)
	keep := s
	if seg := c.segments[s]; within > 0 {
		keep++
		if seg != nil && within < len(seg.chunks) {
			c.segments[s] = seg.own(e)
			clear(c.segments[s].chunks[within:])
			c.segments[s].chunks = c.segments[s].chunks[:within]
		}
	}
	clear(c.segments[keep:])
	c.segments = c.segments[:keep]
	c.present -= n
	b.give(n)
}

// allocate reserves the chunks of n bytes at off, all or none.
func (c *content) allocate(off, n int64, e epoch, b *budget) error {
	if off > maxFileSize-n {
		return EFBIG
	}
	if b.limited() {
		first, last := off/chunkSize, (off+n-1)/chunkSize
		need := last - first + 1 - c.countPresent(first, last)
		if !b.take(need) {
			return ENOSPC
		}
		c.present += need
		for i := first; need > 0 && i <= last; i++ {
			if k := c.slot(i, e); !k.present() {
				k.owner = e
			}
		}
	}
	c.size = max(c.size, off+n)
	return nil
}

// free gives everything back.
func (c *content) free(b *budget) {
	b.give(c.present)
	*c = content{}
}

// peek returns the bytes of the i-th chunk, for reading.
func (c *content) peek(i int64) []byte {
	s := i / segmentChunks
	if s >= int64(len(c.segments)) || c.segments[s] == nil {
		return nil
	}
	chunks := c.segments[s].chunks
	if i %= segmentChunks; i < int64(len(chunks)) {
		return chunks[i].data
	}
	return nil
}

// slot returns the i-th chunk, in lists that e may change.
func (c *content) slot(i int64, e epoch) *chunk {
	c.ownSegments(e)
	s, within := int(i/segmentChunks), int(i%segmentChunks)
	if s >= len(c.segments) {
		c.segments = append(c.segments, make([]*segment, s+1-len(c.segments))...)
	}
	seg := c.segments[s].own(e)
	c.segments[s] = seg
	if within >= len(seg.chunks) {
		seg.chunks = append(seg.chunks, make([]chunk, within+1-len(seg.chunks))...)
	}
	return &seg.chunks[within]
}

func (c *content) ownSegments(e epoch) {
	if c.owner != e {
		c.segments, c.owner = slices.Clone(c.segments), e
	}
}

// countPresent counts the present chunks from the first-th to the last-th.
func (c *content) countPresent(first, last int64) (n int64) {
	for s := first / segmentChunks; s <= last/segmentChunks && s < int64(len(c.segments)); s++ {
		i := max(0, first-s*segmentChunks)
		j := min(segmentChunks, last+1-s*segmentChunks)
		n += c.segments[s].count(int(i), int(j))
	}
	return n
}
