package vfs

import "weak"

// EmulateUnlink makes h treat open files as it must on Windows.
func (h *Host) EmulateUnlink() { h.moveOpen = true }

// OpenFiles counts the host descriptors that h has open.
func (h *Host) OpenFiles() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.open)
}

const (
	ChunkSize   = chunkSize
	MaxFileSize = maxFileSize
)

// RemoveGraves does what OpenHost does on Windows.
func (h *Host) RemoveGraves() error { return h.removeGraves() }

// Pages counts the pages that are in use of those that m has taken for itself and
// its forks.
func (m *Memory) Pages() (n int) {
	m.store.mu.Lock()
	defer m.store.mu.Unlock()
	for _, s := range append(m.store.others[:len(m.store.others):len(m.store.others)], m.store.current) {
		if s != nil && s.room() >= 0 {
			n += slabPages - s.room()
		}
	}
	return n
}

// Reachable returns a function that tells whether somebody holds the memory that
// m takes pages from.
func (m *Memory) Reachable() func() bool {
	p := weak.Make(m.store.current)
	return func() bool { return p.Value() != nil }
}
