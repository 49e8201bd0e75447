package linmem

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
)

// NewCopying is New for a system that cannot map memory copy-on-write: clones
// of the memory are copies, and what they share has a copy in each.
func NewCopying(limit uint64) (*Memory, error) {
	s, err := reservePlain(room(0, limit))
	if err != nil {
		return nil, fmt.Errorf("linmem: reserving %d bytes: %w", room(0, limit), err)
	}
	return &Memory{space: s, limit: limit}, nil
}

// copying tells whether clones of the memory are copies.
func (m *Memory) copying() bool { return m.file == nil && (m.image == nil || m.image.file == nil) }

// Take makes what the memory shares the latest there is, and reports whether it
// had to copy anything for that. Of memories that share something one is in use
// at a time; whoever uses one next takes it first. Where memory is mapped there
// is nothing to do.
func (m *Memory) Take() (copied bool) {
	for _, p := range m.copies {
		if p.take(m, p.r) {
			copied = true
		}
	}
	return copied
}

// A common is what several memories share without a mapping.
type common struct {
	mu      sync.Mutex
	users   int     // memories that have a copy, and a Segment
	latest  *Memory // that has the latest copy; nil is none: content is the latest
	at      uint64  // where latest has it
	content []byte
}

// A place is where a memory has its copy.
type place struct {
	*common
	r Range
}

// take copies what is latest to a range of m.
func (c *common) take(m *Memory, r Range) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest == m {
		return false
	}
	from := c.content
	if c.latest != nil {
		from = c.latest.Bytes()[c.at : c.at+r.Len]
	}
	copy(m.Bytes()[r.Off:r.end()], from)
	c.latest, c.at = m, r.Off
	return true
}

// join gives m a copy of c, which Take fills.
func (m *Memory) join(c *common, r Range) {
	c.mu.Lock()
	c.users++
	c.mu.Unlock()
	m.copies = append(m.copies, place{c, r})
	c.take(m, r)
}

// leave is told that m, or a Segment if m is nil, does not use c any more. If
// others do, it keeps what m has.
func (c *common) leave(m *Memory) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users--
	switch {
	case c.users == 0:
		c.latest, c.content = nil, nil
	case c.latest == m && m != nil:
		for _, p := range m.copies {
			if p.common == c {
				c.content = append(c.content[:0], m.Bytes()[p.r.Off:p.r.end()]...)
			}
		}
		c.latest = nil
	}
}

// leave gives up all copies of what is shared.
func (m *Memory) leave() {
	for _, p := range m.copies {
		p.leave(m)
	}
	m.copies = nil
}

// leaveSegments gives up the copies of what is not shared through the image.
func (m *Memory) leaveSegments() {
	keep := len(m.image.commons) // they come first
	for _, p := range m.copies[keep:] {
		p.leave(m)
	}
	m.copies = slices.Clip(m.copies[:keep])
}

// copyShared makes the shared ranges of an image of m common.
func (im *Image) copyShared(m *Memory) {
	for _, r := range im.shared {
		c := &common{users: 1, latest: m, at: r.Off}
		im.commons = append(im.commons, c)
		m.copies = append(m.copies, place{c, r})
	}
}

// copyPrivate copies the private parts of m to the image.
func (im *Image) copyPrivate(m *Memory) {
	for _, r := range im.private {
		b := m.Bytes()[r.Off:r.end()]
		for len(b) > 0 && bytes.Equal(b[len(b)-PageSize:], zeroes[:]) {
			b = b[:len(b)-PageSize]
		}
		im.contents = append(im.contents, bytes.Clone(b))
	}
}

// copyImage makes m a copy of an image. What is shared follows with Take.
func (m *Memory) copyImage(im *Image) (err error) {
	if m.space, err = reservePlain(room(im.size, m.limit)); err != nil {
		return err
	}
	if err := m.space.commit(0, im.size); err != nil {
		return err
	}
	for i, r := range im.private {
		copy(m.Bytes()[r.Off:], im.contents[i])
	}
	for i, r := range im.shared {
		c := im.commons[i]
		c.mu.Lock()
		c.users++
		c.mu.Unlock()
		m.copies = append(m.copies, place{c, r})
	}
	return nil
}
