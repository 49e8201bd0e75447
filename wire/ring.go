package wire

import (
	"io"
	"sync"
)

const (
	// ringSize is how much one direction of a connection buffers. BenchmarkStream: half of it is slower across a bridge, twice
	// as much is no faster.
	ringSize = 64 << 10

	// ringKept is how much of it a connection holds on to while it is idle: room for an ordinary query or answer.
	ringKept = 4 << 10
)

// rings holds the large buffers that no connection is using.
var rings = sync.Pool{New: func() any { return new([ringSize]byte) }}

// ring is a first-in-first-out byte buffer of at most ringSize bytes. It has no memory until it is first written to, borrows
// a large buffer while it holds more than ringKept bytes, and gives it back when it is drained. The zero value is empty and
// ready. It is not safe for concurrent use.
type ring struct {
	buf   []byte          // what is in use: nil, kept or large
	head  int             // where the first byte is in buf
	n     int             // how many bytes there are
	kept  []byte          // ringKept bytes, or nil
	large *[ringSize]byte // borrowed from rings, or nil
}

// free returns how many bytes write would take.
func (r *ring) free() int { return ringSize - r.n }

// write appends as much of p as fits and returns how much that was.
func (r *ring) write(p []byte) int {
	p = p[:min(len(p), r.free())]
	r.reserve(r.n + len(p))
	tail := r.head + r.n
	if tail >= len(r.buf) {
		tail -= len(r.buf)
	}
	copy(r.buf, p[copy(r.buf[tail:], p):])
	r.n += len(p)
	return len(p)
}

// read moves up to len(p) bytes into p and returns how many.
func (r *ring) read(p []byte) int {
	first, second := r.segments()
	n := copy(p, first)
	n += copy(p[n:], second)
	r.head += n
	if r.head >= len(r.buf) {
		r.head -= len(r.buf)
	}
	r.n -= n
	if r.n == 0 {
		r.reset()
	}
	return n
}

// writeTo writes everything to w and empties the ring, also when w fails.
func (r *ring) writeTo(w io.Writer) error {
	defer r.reset()
	first, second := r.segments()
	if _, err := w.Write(first); err != nil || len(second) == 0 {
		return err
	}
	_, err := w.Write(second)
	return err
}

// reset drops what is buffered and gives back the large buffer.
func (r *ring) reset() {
	if r.large != nil {
		rings.Put(r.large)
		r.large = nil
	}
	r.buf, r.head, r.n = r.kept, 0, 0
}

// segments returns the bytes in order, in at most two pieces.
func (r *ring) segments() (first, second []byte) {
	end := r.head + r.n
	if end <= len(r.buf) {
		return r.buf[r.head:end], nil
	}
	return r.buf[r.head:], r.buf[:end-len(r.buf)]
}

// reserve makes room for n bytes in all.
func (r *ring) reserve(n int) {
	if n <= len(r.buf) {
		return
	}
	if n <= ringKept {
		r.kept = make([]byte, ringKept)
		r.buf = r.kept
		return
	}
	large := rings.Get().(*[ringSize]byte)
	first, second := r.segments()
	copy(large[copy(large[:], first):], second)
	r.large, r.buf, r.head = large, large[:], 0
}
