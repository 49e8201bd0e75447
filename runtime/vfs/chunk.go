package vfs

import (
	"bytes"
	"slices"
	"sync/atomic"
)

const (
	// chunkSize is PostgreSQL's page size: a page written to a fork copies
	// nothing but itself, and mostly not even that, being overwritten whole.
	chunkSize = 8 << 10
	// segmentChunks limits what the first write to a large shared file copies
	// of its chunk list.
	segmentChunks = 128
	// maxFileSize bounds the chunk lists that a guest can make the host
	// allocate by writing far behind the end of a file.
	maxFileSize = 64 << 30
)

// An epoch names a span in the life of one tree. What a tree allocates bears
// the tree's epoch, and only what bears it may be changed in place. Fork gives
// both sides new epochs, which makes all they have read-only at no cost.
type epoch uint64

var lastEpoch atomic.Uint64

func newEpoch() epoch { return epoch(lastEpoch.Add(1)) }

// chunk is chunkSize bytes of a file.
//
//	data nil, owner 0:  a hole
//	data nil, owner set: zeros whose space is reserved
//	data set:           its bytes; zeros behind len(data)
type chunk struct {
	data  []byte
	owner epoch
}

// present tells whether the chunk counts in the budget.
func (c *chunk) present() bool { return c.data != nil || c.owner != 0 }

// write puts p at off into a present chunk, in place if e owns it.
func (c *chunk) write(p []byte, off int, e epoch) {
	switch {
	case c.data != nil && c.owner == e:
		copy(c.data[off:], p)
	case c.data == nil && isZero(p):
		// Stays a reservation. PostgreSQL fills new WAL segments with zeros.
	case len(p) == chunkSize:
		c.data, c.owner = bytes.Clone(p), e
	default:
		own := make([]byte, chunkSize)
		copy(own, c.data)
		copy(own[off:], p)
		c.data, c.owner = own, e
	}
}

// cut makes the bytes from off on read as zeros.
func (c *chunk) cut(off int, e epoch) {
	switch {
	case off >= len(c.data):
	case c.owner == e:
		clear(c.data[off:])
	default:
		c.data = c.data[:off:off]
	}
}

// segment is a run of chunks; those behind its end are holes.
type segment struct {
	chunks []chunk
	owner  epoch
}

// own returns s, or a copy that e may change.
func (s *segment) own(e epoch) *segment {
	switch {
	case s == nil:
		return &segment{owner: e}
	case s.owner == e:
		return s
	}
	return &segment{chunks: slices.Clone(s.chunks), owner: e}
}

// count counts the present chunks from the i-th to before the j-th.
func (s *segment) count(i, j int) (n int64) {
	if s == nil || i >= len(s.chunks) {
		return 0
	}
	for k := range s.chunks[i:min(j, len(s.chunks))] {
		if s.chunks[i+k].present() {
			n++
		}
	}
	return n
}

var zeros [chunkSize]byte

// isZero tells whether p, of at most chunkSize bytes, is all zeros.
func isZero(p []byte) bool { return bytes.Equal(p, zeros[:len(p)]) }
