package vfs

// content is what a regular file in memory holds. Contents share what they have
// in common: see fork.
//
// Its methods are not safe for concurrent use.
type content struct {
	size    int64
	list    *list
	present int64 // chunks that count in the budget
}

// fork returns a copy that shares everything with c.
func (c *content) fork() content {
	return content{size: c.size, list: c.list.hold(), present: c.present}
}

// aliased returns a content that reads b itself. Zero chunks become holes.
func aliased(b []byte) content {
	c := content{size: int64(len(b))}
	for i := int64(0); len(b) > 0; i++ {
		n := min(len(b), chunkSize)
		if !isZero(b[:n]) {
			c.slot(i).data = b[:n:n]
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
func (c *content) writeAt(p []byte, off int64, m *store, b *budget) (int, error) {
	if off > maxFileSize-int64(len(p)) {
		if off >= maxFileSize {
			return 0, EFBIG
		}
		n, err := c.writeAt(p[:maxFileSize-off], off, m, b)
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
		if !c.writeChunk(part, i, within, m, b) {
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
func (c *content) writeChunk(p []byte, i int64, within int, m *store, b *budget) bool {
	if !b.limited() && c.peek(i) == nil && isZero(p) {
		return true // a hole may stay one
	}
	k := c.slot(i)
	if !k.present() {
		if !b.take(1) {
			return false
		}
		c.present++
		k.reserved = true
	}
	return k.write(p, within, m)
}

// truncate sets the size; what is beyond it is given back and reads as zeros
// if the file grows again.
func (c *content) truncate(size int64, b *budget) error {
	if size > maxFileSize {
		return EFBIG
	}
	if size < c.size {
		c.drop((size+chunkSize-1)/chunkSize, b)
		if within := size % chunkSize; within > 0 && c.peek(size/chunkSize) != nil {
			c.slot(size / chunkSize).cut(int(within))
		}
	}
	c.size = size
	return nil
}

// drop gives back the chunks from the i-th on.
func (c *content) drop(i int64, b *budget) {
	s, within := int(i/segmentChunks), int(i%segmentChunks)
	if c.list == nil || s >= len(c.list.segments) {
		return
	}
	n := c.list.segments[s].count(within, segmentChunks)
	for _, seg := range c.list.segments[s+1:] {
		n += seg.count(0, segmentChunks)
	}
	c.list = c.list.own()
	segments := c.list.segments
	var g garbage
	keep := s
	if seg := segments[s]; within > 0 {
		keep++
		if seg != nil && within < len(seg.chunks) {
			seg = seg.own()
			for k := range seg.chunks[within:] {
				seg.chunks[within+k].release(&g)
			}
			seg.chunks = seg.chunks[:within]
			segments[s] = seg
		}
	}
	for _, seg := range segments[keep:] {
		seg.release(&g)
	}
	g.flush()
	clear(segments[keep:])
	c.list.segments = segments[:keep]
	c.present -= n
	b.give(n)
}

// punch makes holes of the present chunks from the i-th to before the j-th.
func (c *content) punch(i, j int64, b *budget) {
	was := c.present
	var g garbage
	for j = min(j, (c.size+chunkSize-1)/chunkSize); i < j; i++ {
		if c.countPresent(i, i) > 0 {
			c.slot(i).release(&g)
			c.present--
		}
	}
	g.flush()
	b.give(was - c.present)
}

// allocate reserves the chunks of n bytes at off, all or none.
func (c *content) allocate(off, n int64, b *budget) error {
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
			if k := c.slot(i); !k.present() {
				k.reserved = true
			}
		}
	}
	c.size = max(c.size, off+n)
	return nil
}

// free gives everything back.
func (c *content) free(b *budget) {
	b.give(c.present)
	c.list.release()
	*c = content{}
}

// peek returns the bytes of the i-th chunk, for reading.
func (c *content) peek(i int64) []byte {
	s := i / segmentChunks
	if c.list == nil || s >= int64(len(c.list.segments)) || c.list.segments[s] == nil {
		return nil
	}
	chunks := c.list.segments[s].chunks
	if i %= segmentChunks; i < int64(len(chunks)) {
		return chunks[i].data
	}
	return nil
}

// slot returns the i-th chunk, in lists that are c's alone.
func (c *content) slot(i int64) *chunk {
	c.list = c.list.own()
	l, s, within := c.list, int(i/segmentChunks), int(i%segmentChunks)
	if s >= len(l.segments) {
		l.segments = append(l.segments, make([]*segment, s+1-len(l.segments))...)
	}
	seg := l.segments[s].own()
	l.segments[s] = seg
	if within >= len(seg.chunks) {
		seg.chunks = append(seg.chunks, make([]chunk, within+1-len(seg.chunks))...)
	}
	return &seg.chunks[within]
}

// countPresent counts the present chunks from the first-th to the last-th.
func (c *content) countPresent(first, last int64) (n int64) {
	for s := first / segmentChunks; c.list != nil && s <= last/segmentChunks && s < int64(len(c.list.segments)); s++ {
		i := max(0, first-s*segmentChunks)
		j := min(segmentChunks, last+1-s*segmentChunks)
		n += c.list.segments[s].count(int(i), int(j))
	}
	return n
}
