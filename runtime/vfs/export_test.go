package vfs

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
