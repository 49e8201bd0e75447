package vfs

import (
	"io"
	"sync"
)

// layers is the content of a regular file of an [Overlay]: blocks that were
// written, over what the lower file shows. Its size is the inode's.
type layers struct {
	overlay *Overlay

	mu     sync.RWMutex
	opens  int
	name   string // of the lower file; "" is none
	lower  Handle // open as long as the file is
	shown  int64  // how much of the lower file has not been cut off
	blocks map[int64]int64
}

// acquire counts one more handle.
func (l *layers) acquire() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.opens == 0 && l.name != "" && l.shown > 0 {
		h, err := l.overlay.lower.Open(l.name, O_RDONLY, 0)
		if err != nil {
			return err
		}
		l.lower = h
	}
	l.opens++
	return nil
}

func (l *layers) release() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.opens--; l.opens > 0 || l.lower == nil {
		return nil
	}
	h := l.lower
	l.lower = nil
	return h.Close()
}

// read fills p from off on; what nobody wrote is zero. It needs mu held, for
// reading at least.
func (l *layers) read(p []byte, off int64) error {
	for len(p) > 0 {
		i, within := off/chunkSize, off%chunkSize
		part := p[:min(int64(len(p)), chunkSize-within)]
		if block, ok := l.blocks[i]; ok {
			n, err := l.overlay.spill.file.ReadAt(part, block*chunkSize+within)
			if err != nil && err != io.EOF {
				return err
			}
			clear(part[n:])
		} else if err := l.readLower(part, off); err != nil {
			return err
		}
		p, off = p[len(part):], off+int64(len(part))
	}
	return nil
}

// readLower fills p with what the lower file shows there.
func (l *layers) readLower(p []byte, off int64) error {
	n := 0
	if l.lower != nil && off < l.shown {
		shown := p[:min(int64(len(p)), l.shown-off)]
		for n < len(shown) {
			k, err := l.lower.ReadAt(shown[n:], off+int64(n))
			if err != nil {
				return err
			}
			if k == 0 {
				break // it has shrunk, which it must not
			}
			n += k
		}
	}
	clear(p[n:])
	return nil
}

// write writes p from off on and returns how much of it. It needs mu held.
func (l *layers) write(p []byte, off int64) (done int, err error) {
	for done < len(p) {
		at := off + int64(done)
		i, within := at/chunkSize, at%chunkSize
		part := p[done:min(len(p), done+int(chunkSize-within))]
		if err := l.writeBlock(part, i, within); err != nil {
			return done, err
		}
		done += len(part)
	}
	return done, nil
}

func (l *layers) writeBlock(p []byte, i, within int64) error {
	s := &l.overlay.spill
	if block, ok := l.blocks[i]; ok {
		_, err := s.file.WriteAt(p, block*chunkSize+within)
		return err
	}
	whole := p
	if len(p) < chunkSize {
		var b [chunkSize]byte
		if err := l.readLower(b[:], i*chunkSize); err != nil {
			return err
		}
		copy(b[within:], p)
		whole = b[:]
	}
	block := s.take()
	if _, err := s.file.WriteAt(whole, block*chunkSize); err != nil {
		s.give(block)
		return err
	}
	l.blocks[i] = block
	return nil
}

// cut removes what is beyond a size, which reads as zeros if the file grows
// again. It needs mu held.
func (l *layers) cut(size int64) {
	l.shown = min(l.shown, size)
	for i, block := range l.blocks {
		if i*chunkSize >= size {
			l.overlay.spill.give(block)
			delete(l.blocks, i)
		}
	}
}

// overlayFile is an open regular file of an [Overlay].
type overlayFile struct {
	*inode
	layers *layers
}

func (f *overlayFile) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, EINVAL
	}
	f.layers.mu.RLock()
	defer f.layers.mu.RUnlock()
	size, err := f.inode.Size()
	if err != nil || off >= size {
		return 0, err
	}
	p = p[:min(int64(len(p)), size-off)]
	if err := f.layers.read(p, off); err != nil {
		return 0, err
	}
	return len(p), nil
}

func (f *overlayFile) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, EINVAL
	}
	f.layers.mu.Lock()
	defer f.layers.mu.Unlock()
	return f.writeAt(p, off)
}

func (f *overlayFile) Append(p []byte) (n int, end int64, err error) {
	f.layers.mu.Lock()
	defer f.layers.mu.Unlock()
	if end, err = f.inode.Size(); err != nil {
		return 0, 0, err
	}
	n, err = f.writeAt(p, end)
	return n, end + int64(n), err
}

// writeAt needs the layers' lock held.
func (f *overlayFile) writeAt(p []byte, off int64) (int, error) {
	size, err := f.inode.Size()
	if err != nil {
		return 0, err
	}
	if off > maxFileSize-int64(len(p)) {
		return 0, EFBIG
	}
	n, err := f.layers.write(p, off)
	if n > 0 || len(p) == 0 {
		// It also records the time.
		if e := f.inode.Truncate(max(size, off+int64(n))); err == nil {
			err = e
		}
	}
	return n, err
}

func (f *overlayFile) Truncate(size int64) error {
	f.layers.mu.Lock()
	defer f.layers.mu.Unlock()
	was, err := f.inode.Size()
	if err == nil {
		err = f.inode.Truncate(size)
	}
	if err != nil || size >= was {
		return err
	}
	f.layers.cut(size)
	if within := size % chunkSize; within > 0 {
		if _, ok := f.layers.blocks[size/chunkSize]; ok {
			return f.layers.writeBlock(zeros[within:], size/chunkSize, within)
		}
	}
	return nil
}

func (f *overlayFile) Allocate(off, n int64) error {
	f.layers.mu.Lock()
	defer f.layers.mu.Unlock()
	return f.inode.Allocate(off, n)
}

func (f *overlayFile) Close() error {
	err := f.layers.release()
	f.inode.Close()
	return err
}
