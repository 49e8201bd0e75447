package linmem

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// An Image is what memories are cloned from. It is safe for concurrent use.
type Image struct {
	size    uint64
	shared  []Range // in order
	private []Range // what is between the shared ones

	file   *file  // the private parts
	origin *Image // whose file has the shared ranges; nil is this one

	// Instead of files, if memories are copied.
	contents [][]byte  // of private, each without the zeroes at its end
	commons  []*common // of shared

	mu   sync.Mutex
	refs int // memories and later images
}

// newImage describes an image of so many bytes. It is an error if the ranges
// are not whole pages, or overlap, or are not in it.
func newImage(size uint64, shared []Range) (*Image, error) {
	im := &Image{size: size, refs: 1}
	im.shared = slices.SortedFunc(slices.Values(shared), func(a, b Range) int { return cmp.Compare(a.Off, b.Off) })
	at := uint64(0)
	for _, r := range im.shared {
		if (r.Off|r.Len)%PageSize != 0 || r.Off < at || r.Off > size || r.Len > size-r.Off {
			return nil, fmt.Errorf("%d bytes at %d cannot be shared", r.Len, r.Off)
		}
		if r.Off > at {
			im.private = append(im.private, Range{at, r.Off - at})
		}
		at = r.end()
	}
	if at < size {
		im.private = append(im.private, Range{at, size - at})
	}
	return im, nil
}

// Freeze makes an image of the memory. From then on the ranges are shared
// between the memory and all clones, and everything else is private to each;
// clones start with what it holds now. If it fails, the memory is good for
// nothing but to be closed.
func (m *Memory) Freeze(shared []Range) (*Image, error) {
	im, err := newImage(m.size, shared)
	if err == nil {
		if m.file == nil {
			im.copyShared(m)
			im.copyPrivate(m)
		} else {
			im.file = m.file
			err = m.remap(im)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("linmem: freezing the image: %w", err)
	}
	m.file, m.image, m.shared = nil, im, slices.Clone(im.shared)
	return im, nil
}

// remap maps an image in place of what is there.
func (m *Memory) remap(im *Image) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.space.mapImage(im)
}

// Refreeze makes another image of a frozen memory, with the same shared ranges
// and with what the memory holds now. It copies what is not zero. Segments
// that the memory has mapped are not shared any more. If it fails, the memory
// stays as it was.
func (m *Memory) Refreeze() (*Image, error) {
	im, err := m.refreeze()
	if err != nil {
		return nil, fmt.Errorf("linmem: freezing the image anew: %w", err)
	}
	return im, nil
}

func (m *Memory) refreeze() (*Image, error) {
	old := m.image
	im, err := newImage(m.size, old.shared)
	if err != nil {
		return nil, err
	}
	if old.file == nil {
		m.leaveSegments()
		im.commons = old.commons
		im.copyPrivate(m)
	} else {
		if im.file, err = newFile(); err != nil {
			return nil, err
		}
		if err := im.fill(m.Bytes()); err != nil {
			im.file.close()
			return nil, err
		}
		im.origin = old.root()
		im.origin.acquire()
		if err := m.remap(im); err != nil {
			// The memory is half of each now, and they are equal.
			im.release()
			return nil, err
		}
	}
	m.image, m.shared = im, slices.Clone(im.shared)
	old.release()
	return im, nil
}

// fill writes the private parts of a memory to the file.
func (im *Image) fill(b []byte) error {
	for _, r := range im.private {
		if err := im.file.extend(r.Off, r.Len); err != nil {
			return err
		}
		for off := r.Off; off < r.end(); off += PageSize {
			if p := b[off : off+PageSize]; !bytes.Equal(p, zeroes[:]) {
				if err := im.file.writeAt(p, off); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// Clone returns a memory that starts as a copy of the image and may grow to
// limit bytes. The image lives until its last clone is closed.
func (im *Image) Clone(limit uint64) (_ *Memory, err error) {
	if !im.acquire() {
		return nil, fmt.Errorf("linmem: cloning: %w", errImageClosed)
	}
	m := &Memory{size: im.size, limit: max(limit, im.size), image: im, shared: slices.Clone(im.shared)}
	if im.file == nil {
		err = m.copyImage(im)
	} else if m.space, err = reserve(room(im.size, m.limit)); err == nil {
		err = m.space.mapImage(im)
	}
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("linmem: cloning an image of %d bytes, up to %d: %w", im.size, limit, err)
	}
	return m, nil
}

var errImageClosed = errors.New("the image is closed")

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
	if im.file != nil {
		im.file.close()
	}
	if im.origin != nil {
		im.origin.release()
	}
}
