// Package linmem provides the linear memories of guest processes.
//
// A memory reserves address space once and commits it as it grows. The first
// memory of a cluster is the one in which the postmaster boots: it is backed
// by an anonymous file. [Memory.Freeze] turns that file into an [Image], from
// which further memories are cloned copy-on-write, in a few system calls and
// without copying a byte. Ranges that the processes share, such as
// PostgreSQL's shared memory, stay one memory for all clones.
//
// It is what mmap(2) after fork(2) would give to C programs.
package linmem

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
)

// PageSize is the size of a WebAssembly page, and the granularity of growth
// and of shared ranges' starts.
const PageSize = 65536

// ErrUnsupported reports that this platform cannot map memory copy-on-write.
var ErrUnsupported = errors.New("copy-on-write memory is not supported on this platform")

// A Range is a part of a memory: an offset and a length in bytes.
type Range struct{ Off, Len uint64 }

// A Memory is one linear memory. Its methods are called by the one goroutine
// that runs the guest; Close may be called by another once the guest stopped.
type Memory struct {
	base  []byte // the reservation; its length is the limit
	size  uint64 // committed bytes
	file  *file  // what an unfrozen memory is backed by
	image *Image // what a clone was cloned from
	once  sync.Once
}

// New reserves a memory that may grow to limit bytes and that can be frozen.
func New(limit uint64) (*Memory, error) {
	f, err := newFile()
	if err != nil {
		return nil, fmt.Errorf("linmem: creating the image: %w", err)
	}
	m := &Memory{file: f}
	if m.base, err = reserve(limit); err != nil {
		f.close()
		return nil, fmt.Errorf("linmem: reserving %d bytes: %w", limit, err)
	}
	return m, nil
}

// Bytes returns the committed memory. The slice is invalid after the next
// growth only in its length, and wholly after Close.
func (m *Memory) Bytes() []byte { return m.base[:m.size:m.size] }

// Reallocate grows the memory to at least size bytes and returns it all, or
// returns nil if the limit or the machine does not allow it. It implements
// the allocator interface of wazero, which expects nil to mean that
// memory.grow fails.
func (m *Memory) Reallocate(size uint64) []byte {
	if size > uint64(len(m.base)) {
		return nil
	}
	if size > m.size {
		var err error
		if m.file != nil {
			err = m.file.grow(m.base, m.size, size)
		} else {
			err = commit(m.base[m.size:size])
		}
		if err != nil {
			return nil
		}
		m.size = size
	}
	return m.Bytes()
}

// Zero clears n bytes at off. In a memory that is not frozen it does not touch
// them, so that clearing much costs nothing and takes no memory.
func (m *Memory) Zero(off, n uint64) {
	b := m.Bytes()[off : off+n]
	if m.file == nil {
		clear(b)
		return
	}
	first := (off + PageSize - 1) &^ (PageSize - 1)
	last := (off + n) &^ (PageSize - 1)
	if first >= last || m.file.punch(first, last-first) != nil {
		clear(b)
		return
	}
	clear(b[:first-off])
	clear(b[last-off:])
}

// Free does nothing. wazero calls it when any of the modules that see the
// memory is closed, which may be too early; the owner calls Close.
func (m *Memory) Free() {}

// Close unmaps the memory. It is idempotent.
func (m *Memory) Close() {
	m.once.Do(func() {
		release(m.base)
		m.base, m.size = nil, 0
		if m.file != nil {
			m.file.close()
		}
		if m.image != nil {
			m.image.release()
		}
	})
}

// A Segment is memory that any memories can share, as a file that several
// processes map. It is safe for concurrent use.
type Segment struct {
	file *file
	size uint64
}

// NewSegment makes a segment that starts with the given content.
func NewSegment(content []byte) (*Segment, error) {
	f, err := newFile()
	if err == nil {
		if err = f.writeAt(content, 0); err != nil {
			f.close()
		}
	}
	if err != nil {
		return nil, fmt.Errorf("linmem: making a shared segment: %w", err)
	}
	return &Segment{f, uint64(len(content))}, nil
}

// Close gives the segment up. Memories that have mapped it keep it.
func (s *Segment) Close() { s.file.close() }

// Map maps a segment into the memory at off, a multiple of PageSize, in place
// of what was there.
func (m *Memory) Map(off uint64, s *Segment) error {
	if off%PageSize != 0 || off+s.size > m.size {
		return fmt.Errorf("linmem: mapping %d bytes at %d of %d", s.size, off, m.size)
	}
	return s.file.mapShared(m.base[off:off+s.size], 0)
}

// An Image is what memories are cloned from. It is safe for concurrent use.
type Image struct {
	file   *file // the private parts
	size   uint64
	shared []Range
	origin *Image // whose file has the shared ranges; nil is this one

	mu   sync.Mutex
	refs int // memories and later images
}

// Freeze makes an image of the memory. From then on the ranges are shared
// between the memory and all clones, and everything else is private to each;
// clones start with what it holds now. Offsets of ranges are multiples of
// PageSize, lengths of the system's page size.
func (m *Memory) Freeze(shared []Range) (*Image, error) {
	im := &Image{file: m.file, size: m.size, shared: shared, refs: 1}
	if err := im.mapInto(m.base); err != nil {
		return nil, fmt.Errorf("linmem: freezing the image: %w", err)
	}
	m.file, m.image = nil, im
	return im, nil
}

// Refreeze makes another image of a frozen memory, with the same shared ranges
// and with what the memory holds now. It copies what is not zero.
func (m *Memory) Refreeze() (*Image, error) {
	im, err := m.refreeze()
	if err != nil {
		return nil, fmt.Errorf("linmem: freezing the image anew: %w", err)
	}
	return im, nil
}

func (m *Memory) refreeze() (*Image, error) {
	f, err := newFile()
	if err != nil {
		return nil, err
	}
	old := m.image
	im := &Image{file: f, size: m.size, shared: old.shared, origin: old.root(), refs: 1}
	if err := im.fill(m.Bytes()); err != nil {
		f.close()
		return nil, err
	}
	im.origin.acquire()
	if err := im.mapInto(m.base); err != nil {
		// The memory is half of each now, and they are equal.
		im.release()
		return nil, err
	}
	m.image = im
	old.release()
	return im, nil
}

// fill writes the private parts of a memory to the file.
func (im *Image) fill(b []byte) error {
	if err := im.file.truncate(im.size); err != nil {
		return err
	}
	zero := make([]byte, PageSize)
	for off := uint64(0); off < im.size; off += PageSize {
		if r := im.sharedAt(off); r != nil { // all of its whole pages
			if skip := r.Len &^ (PageSize - 1); off < r.Off+skip {
				off = r.Off + skip - PageSize
				continue
			}
		}
		if p := b[off : off+PageSize]; !bytes.Equal(p, zero) {
			if err := im.file.writeAt(p, off); err != nil {
				return err
			}
		}
	}
	return nil
}

// sharedAt returns the shared range that has an offset.
func (im *Image) sharedAt(off uint64) *Range {
	for i := range im.shared {
		if r := &im.shared[i]; off >= r.Off && off < r.Off+r.Len {
			return r
		}
	}
	return nil
}

// Clone returns a memory that starts as a copy of the image and may grow to
// limit bytes. The image lives until its last clone is closed.
func (im *Image) Clone(limit uint64) (*Memory, error) {
	if !im.acquire() {
		return nil, errors.New("linmem: cloning: the image is closed")
	}
	base, err := reserve(max(limit, im.size))
	if err != nil {
		im.release()
		return nil, fmt.Errorf("linmem: reserving %d bytes: %w", limit, err)
	}
	if err := im.mapInto(base); err != nil {
		release(base)
		im.release()
		return nil, fmt.Errorf("linmem: mapping the image: %w", err)
	}
	return &Memory{base: base, size: im.size, image: im}, nil
}

// mapInto maps the image to the start of a reservation.
func (im *Image) mapInto(base []byte) error {
	if err := im.file.mapPrivate(base[:im.size]); err != nil {
		return err
	}
	for _, r := range im.shared {
		if err := im.root().file.mapShared(base[r.Off:r.Off+r.Len], r.Off); err != nil {
			return err
		}
	}
	return nil
}

// root returns the image whose file has the shared ranges.
func (im *Image) root() *Image {
	if im.origin != nil {
		return im.origin
	}
	return im
}

// acquire adds a reference, unless the last one is gone.
func (im *Image) acquire() bool {
	im.mu.Lock()
	defer im.mu.Unlock()
	if im.refs == 0 {
		return false
	}
	im.refs++
	return true
}

func (im *Image) release() {
	im.mu.Lock()
	im.refs--
	last := im.refs == 0
	im.mu.Unlock()
	if !last {
		return
	}
	im.file.close()
	if im.origin != nil {
		im.origin.release()
	}
}
