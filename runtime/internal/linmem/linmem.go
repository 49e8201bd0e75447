// Package linmem provides the linear memories of guest processes.
//
// A memory reserves address space and commits it as it grows. Where the system
// can move mapped memory, it reserves little, and moves when it outgrows that;
// elsewhere it reserves all that it may need. The first memory of a cluster is the one in which the postmaster boots: it is backed
// by an anonymous file. [Memory.Freeze] turns that file into an [Image], from
// which further memories are cloned copy-on-write, in a few system calls and
// without copying a byte. Ranges that the processes share, such as
// PostgreSQL's shared memory, stay one memory for all clones.
//
// It is what mmap(2) after fork(2) would give to C programs.
//
// Where the system cannot map memory so (see [CopyOnWrite]), memories are
// copied. What is shared then has a copy in each memory, and whoever runs next
// gets the latest: [Memory.Take].
package linmem

import (
	"bytes"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"unsafe"
)

// PageSize is the size of a WebAssembly page. Memories grow by it, and shared
// ranges consist of such pages: it is a multiple of the page size of every
// system, and what Windows aligns mappings to.
const PageSize = 65536

// A Range is a part of a memory: an offset and a length in bytes, which are
// multiples of PageSize.
type Range struct{ Off, Len uint64 }

func (r Range) end() uint64 { return r.Off + r.Len }

// A Memory is one linear memory. Its methods are called by the one goroutine
// that runs the guest; StoreUint32 may be called by any, and Close by another
// once the guest stopped.
//
// While Zero, Map, Freeze, Refreeze and Reallocate run, nothing else may access
// the memory: parts of it are unmapped for a moment, or it moves. StoreUint32
// waits.
type Memory struct {
	mu    sync.Mutex // held while memory that is in use is mapped anew
	space space      // the reservation
	limit uint64     // how large it may become
	size  uint64     // committed bytes
	file  *file      // what an unfrozen memory is backed by; nil if it is to be copied
	image *Image     // what a clone was cloned from

	vacant bool // its addresses cannot be accessed; guarded by mu

	shared []Range // what is shared with other memories
	copies []place // where they are, if they are copies
	once   sync.Once
}

// New reserves a memory that may grow to limit bytes and that can be frozen.
func New(limit uint64) (*Memory, error) {
	switch err := CopyOnWrite(); {
	case errors.Is(err, ErrUnsupported):
		return NewCopying(limit)
	case err != nil:
		return nil, fmt.Errorf("linmem: trying to map memory: %w", err)
	}
	return newMapped(limit)
}

func newMapped(limit uint64) (*Memory, error) {
	f, err := newFile()
	if err != nil {
		return nil, fmt.Errorf("linmem: creating the image: %w", err)
	}
	m := &Memory{file: f, limit: limit}
	if m.space, err = reserve(room(0, limit)); err != nil {
		f.close()
		return nil, fmt.Errorf("linmem: reserving %d bytes: %w", room(0, limit), err)
	}
	return m, nil
}

// headroom is how much a memory can grow before it has to move, where it can:
// more than most backends need beyond what their image has.
var headroom uint64 = 8 << 20 // tests change it

// room returns how much address space a new memory of size bytes reserves.
func room(size, limit uint64) uint64 {
	if !movable {
		return limit
	}
	return min(limit, size+headroom)
}

// Limit returns how large the memory can become, in bytes.
func (m *Memory) Limit() uint64 { return m.limit }

// Bytes returns the committed memory. The slice is invalid after the next
// growth, for which the memory may move, and after Close.
func (m *Memory) Bytes() []byte { return m.space.base[:m.size:m.size] }

// Reallocate grows the memory to at least size bytes and returns it all, or
// returns nil if the limit or the machine does not allow it. It implements
// the allocator interface of wazero, which expects nil to mean that
// memory.grow fails, and which looks for the address again after it.
func (m *Memory) Reallocate(size uint64) []byte {
	if size > m.limit || size > m.size && m.resize(size) != nil {
		return nil
	}
	return m.Bytes()
}

// resize grows the memory to size bytes.
func (m *Memory) resize(size uint64) error {
	if size > uint64(len(m.space.base)) {
		if err := m.move(size); err != nil {
			return err
		}
	}
	if err := m.grow(size - m.size); err != nil {
		return err
	}
	m.size = size
	return nil
}

// move finds room for size bytes, and for a quarter more, so that a memory that
// goes on growing rarely moves.
func (m *Memory) move(size uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.space.move(m.size, min(m.limit, size+size/4)); err == nil {
		return nil
	}
	return m.space.move(m.size, size)
}

// grow makes n more bytes accessible.
func (m *Memory) grow(n uint64) error {
	if m.file == nil {
		return m.space.commit(m.size, n)
	}
	if err := m.file.extend(m.size, n); err != nil {
		return err
	}
	return m.space.mapShared(m.size, n, m.file, m.size)
}

// Zero clears n bytes at off. It does not write to pages that are clear, so
// that clearing fresh memory takes none; in a memory that is not frozen it does
// not even read them, if the system allows that.
func (m *Memory) Zero(off, n uint64) {
	b := m.Bytes()[off : off+n]
	first := (off + PageSize - 1) &^ (PageSize - 1)
	last := (off + n) &^ (PageSize - 1)
	if m.file == nil || first >= last || m.punch(first, last-first) != nil {
		clearPages(b)
		return
	}
	clear(b[:first-off])
	clear(b[last-off:])
}

func (m *Memory) punch(off, n uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.file.punch(&m.space, off, n)
}

// zeroes is a page of them.
var zeroes [PageSize]byte

// clearPages clears b, but does not write to pages that are clear.
func clearPages(b []byte) {
	for len(b) > 0 {
		p := b[:min(len(b), PageSize)]
		if !bytes.Equal(p, zeroes[:len(p)]) {
			clear(p)
		}
		b = b[len(p):]
	}
}

// StoreUint32 stores a word atomically, at an offset that is a multiple of 4
// and below the size. Any goroutine may call it at any time. It does nothing
// when the memory is closed or vacated.
func (m *Memory) StoreUint32(off uint64, v uint32) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if base := m.space.base; base != nil && !m.vacant {
		atomic.StoreUint32((*uint32)(unsafe.Pointer(&base[off])), v)
	}
}

// Free does nothing. wazero calls it when any of the modules that see the
// memory is closed, which may be too early; the owner calls Close.
func (m *Memory) Free() {}

// Close unmaps the memory. It is idempotent.
func (m *Memory) Close() {
	m.once.Do(func() {
		m.leave()
		m.mu.Lock()
		m.space.release()
		m.space, m.size = space{}, 0
		m.mu.Unlock()
		if m.file != nil {
			m.file.close()
		}
		if m.image != nil {
			m.image.release()
		}
	})
}
