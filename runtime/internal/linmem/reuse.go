package linmem

import (
	"errors"
	"fmt"
	"slices"
)

// Vacate gives up what a clone holds but keeps its addresses, so that whoever
// knows them can go on with what Reuse puts there. Until then nobody may use the
// memory, except that StoreUint32 does nothing. It reports false, and has changed
// nothing, where that is not possible: where memories are copied, on Windows, and
// for a memory that is no clone. Nor does it keep the addresses of one that has
// grown a lot.
func (m *Memory) Vacate() bool {
	if m.image == nil || m.copying() || m.size > m.image.size+headroom {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.space.base == nil || m.vacant || m.space.hide(m.size) != nil {
		return false
	}
	m.vacant = true
	m.image.release()
	m.image, m.shared = nil, nil
	return true
}

// Reuse makes a vacated memory a clone of an image. It has the size of the image
// or, if that is larger, the size that it had, with zeroes behind the image. If
// it fails, the memory is good for nothing but to be closed.
func (m *Memory) Reuse(im *Image) error {
	err := m.reuse(im)
	if err != nil {
		return fmt.Errorf("linmem: reusing %d bytes for an image of %d: %w", m.size, im.size, err)
	}
	return nil
}

func (m *Memory) reuse(im *Image) error {
	if im.size > uint64(len(m.space.base)) || im.file == nil {
		return errors.New("it does not fit")
	}
	if !im.acquire() {
		return errImageClosed
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.image, m.shared = im, slices.Clone(im.shared)
	if err := m.space.mapImage(im); err != nil {
		return err
	}
	if m.size > im.size {
		if err := m.space.commit(im.size, m.size-im.size); err != nil {
			return err
		}
	}
	m.size, m.vacant = max(m.size, im.size), false
	return nil
}
