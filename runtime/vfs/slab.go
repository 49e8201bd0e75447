package vfs

import (
	"math/bits"
	"runtime"
	"sync"
	"sync/atomic"
)

// slabPages is how many pages a slab has.
const slabPages = 128

// A slab is memory outside of Go's heap for pages of chunkSize bytes. A page
// goes back to the system when its last holder gives it up, and the slab's
// addresses when that was its last page.
//
// A slab that nobody can reach is released by Go's collector, whoever held
// pages: that is what happens to a tree that was not closed.
//
// It is safe for concurrent use; a page is its holders'.
type slab struct {
	holders [slabPages]atomic.Int32

	mu   sync.Mutex
	mem  []byte
	free [slabPages / 64]uint64 // bit by page
	left int                    // pages that are free
	lost runtime.Cleanup        // releases mem if nobody can reach the slab
}

func newSlab() (*slab, error) {
	mem, err := mapSlab(slabPages * chunkSize)
	if err != nil {
		return nil, err
	}
	s := &slab{mem: mem, left: slabPages}
	for i := range s.free {
		s.free[i] = ^uint64(0)
	}
	s.lost = runtime.AddCleanup(s, unmapSlab, mem)
	return s, nil
}

// take returns a page of zeros that has one holder, or false if there is none.
func (s *slab) take() (page uint8, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mem == nil {
		return 0, false
	}
	for i, free := range s.free {
		if free == 0 {
			continue
		}
		page = uint8(64*i + bits.TrailingZeros64(free))
		if usePages(s.bytes(page, page+1)) != nil {
			return 0, false
		}
		s.free[i] &= free - 1
		s.left--
		s.holders[page].Store(1)
		return page, true
	}
	return 0, false
}

// bytes returns the pages from the first to before the end-th.
func (s *slab) bytes(first, end uint8) []byte {
	from, to := int(first)*chunkSize, int(end)*chunkSize
	return s.mem[from:to:to]
}

// data returns the bytes of a page that somebody holds.
func (s *slab) data(page uint8) []byte { return s.bytes(page, page+1) }

// give returns pages that nobody holds to the system.
func (s *slab) give(first, end uint8) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left += int(end - first); s.left == slabPages {
		s.lost.Stop()
		unmapSlab(s.mem)
		s.mem = nil
		return
	}
	dropPages(s.bytes(first, end))
	for page := first; page < end; page++ {
		s.free[page/64] |= 1 << (page % 64)
	}
}

// room returns how many pages are free, or -1 if the slab has been released.
func (s *slab) room() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.mem == nil {
		return -1
	}
	return s.left
}

// store is where a tree takes the memory for what is written to its files. It is
// safe for concurrent use.
type store struct {
	mu      sync.Mutex
	current *slab // nil is none
	others  []*slab
	next    int // of others, the one to look at next
}

// take returns a page of zeros, or false if the system has no memory.
func (s *store) take() (*slab, uint8, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current != nil {
		if page, ok := s.current.take(); ok {
			return s.current, page, true
		}
	}
	if s.refill() != nil {
		return nil, 0, false
	}
	page, ok := s.current.take()
	return s.current, page, ok
}

// A store looks at some of its slabs before it makes another, and takes one again
// of which a quarter is free.
const (
	slabsToTry = 8
	roomToTry  = slabPages / 4
)

// refill makes another slab the current one.
func (s *store) refill() error {
	if s.current != nil && s.current.room() >= 0 {
		s.others = append(s.others, s.current)
	}
	s.current = nil
	for range min(slabsToTry, len(s.others)) {
		s.next = (s.next + 1) % len(s.others)
		one := s.others[s.next]
		room := one.room()
		if room >= 0 && room < roomToTry {
			continue
		}
		last := len(s.others) - 1
		s.others[s.next], s.others[last] = s.others[last], nil
		s.others = s.others[:last]
		if room >= roomToTry {
			s.current = one
			return nil
		}
	}
	one, err := newSlab()
	s.current = one
	return err
}

// garbage gathers pages that nobody holds any more, so that neighbours go back
// to the system together.
type garbage struct {
	slab       *slab
	first, end uint8
}

func (g *garbage) add(s *slab, page uint8) {
	if g.slab == s && g.end == page {
		g.end++
		return
	}
	g.flush()
	*g = garbage{s, page, page + 1}
}

func (g *garbage) flush() {
	if g.slab != nil {
		g.slab.give(g.first, g.end)
	}
	*g = garbage{}
}
