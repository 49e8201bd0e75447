package linmem

import (
	"bytes"
	"fmt"
	"os"
	"slices"
)

// A Segment is memory that memories can share, as a file that several processes
// map. It is safe for concurrent use until Close is called.
type Segment struct {
	size   uint64
	file   *file
	common *common // instead of file, if memories are copied
}

// NewSegment makes a segment that starts with the given content, whose length
// is a multiple of PageSize, for this memory and those that are cloned from the
// same image.
func (m *Memory) NewSegment(content []byte) (*Segment, error) {
	s, err := m.newSegment(content)
	if err != nil {
		return nil, fmt.Errorf("linmem: making a shared segment of %d bytes: %w", len(content), err)
	}
	return s, nil
}

func (m *Memory) newSegment(content []byte) (*Segment, error) {
	s := &Segment{size: uint64(len(content))}
	if s.size == 0 || s.size%PageSize != 0 {
		return nil, fmt.Errorf("the size is not a multiple of %d", PageSize)
	}
	if m.copying() {
		s.common = &common{content: bytes.Clone(content), users: 1}
		return s, nil
	}
	f, err := newFile()
	if err != nil {
		return nil, err
	}
	if err = f.extend(0, s.size); err == nil {
		err = f.writeAt(content, 0)
	}
	if err != nil {
		f.close()
		return nil, err
	}
	s.file = f
	return s, nil
}

// Close gives the segment up. Memories that have mapped it keep it.
func (s *Segment) Close() {
	if s.common != nil {
		s.common.leave(nil)
	} else {
		s.file.close()
	}
}

// Map maps a segment into the memory at off, a multiple of PageSize, in place
// of what was there, which must not be shared. A memory maps a segment once. If
// it fails, the memory is good for nothing but to be closed.
func (m *Memory) Map(off uint64, s *Segment) error {
	r := Range{off, s.size}
	if off%PageSize != 0 || r.end() > m.size {
		return fmt.Errorf("linmem: mapping %d bytes at %d of %d", s.size, off, m.size)
	}
	for _, other := range m.shared {
		if r.Off < other.end() && other.Off < r.end() {
			return fmt.Errorf("linmem: mapping %d bytes at %d, where %d at %d are shared", r.Len, r.Off, other.Len, other.Off)
		}
	}
	if s.common != nil {
		m.join(s.common, r)
	} else if err := m.mapSegment(r, s.file); err != nil {
		return fmt.Errorf("linmem: mapping %d bytes at %d: %w", r.Len, r.Off, err)
	}
	m.shared = append(slices.Clip(m.shared), r)
	return nil
}

// Discard gives up what n bytes at off of a range that is shared through an image
// hold, for all who share it: they read as zeroes, and whole pages of the system
// take no memory. It reports false, and has changed nothing, where the system
// cannot do that.
func (m *Memory) Discard(off, n uint64) bool {
	page := uint64(os.Getpagesize())
	first, end := (off+page-1)&^(page-1), (off+n)&^(page-1)
	if m.image == nil || m.image.file == nil || first >= end || m.image.root().file.discard(first, end-first) != nil {
		return false
	}
	b := m.Bytes()
	clear(b[off:first])
	clear(b[end : off+n])
	return true
}

func (m *Memory) mapSegment(r Range, f *file) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.space.mapShared(r.Off, r.Len, f, 0)
}
