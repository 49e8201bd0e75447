package runtime

import (
	"fmt"
	"sync"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/tetratelabs/wazero/api"
)

// A vessel is an instance of main and its memory, without a process. Making one
// takes a millisecond of a processor, most of it for the 7000 entries of the
// function table, and leaves 40,000 objects to the garbage collector; putting
// another memory into one that has served takes some microseconds.
//
// What a process leaves behind outside of its memory is in globals: the stack
// pointer and the countdown, which every process sets when it starts, and the
// result of setjmp, which is written before it is read.
type vessel struct {
	inst api.Module
	mem  *linmem.Memory // vacated
}

// vessels are those that wait for their next process. It is safe for concurrent
// use.
type vessels struct {
	mu     sync.Mutex
	idle   []vessel
	closed bool
}

// maxVessels bounds how many wait. An empty one takes 0.7 MB. A new cluster has
// six processes.
const maxVessels = 8

// take returns a vessel whose memory is a clone of an image that may grow to
// limit bytes; false means that there is none.
func (v *vessels) take(im *linmem.Image, limit uint64) (vessel, bool) {
	for {
		one, ok := v.pop()
		if !ok {
			return vessel{}, false
		}
		if one.mem.Limit() == limit && one.occupy(im) == nil {
			return one, true
		}
		one.close()
	}
}

func (v *vessels) pop() (one vessel, ok bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if n := len(v.idle); n > 0 {
		one, v.idle = v.idle[n-1], v.idle[:n-1]
		return one, true
	}
	return one, false
}

// occupy gives the instance a clone of an image for a memory.
func (v vessel) occupy(im *linmem.Image) error {
	if err := v.mem.Reuse(im); err != nil {
		return err
	}
	// wazero has to learn of a larger size.
	seen, size := uint64(v.inst.Memory().Size()), uint64(len(v.mem.Bytes()))
	if seen < size {
		if _, ok := v.inst.Memory().Grow(uint32((size - seen) / linmem.PageSize)); !ok {
			return fmt.Errorf("runtime: BUG: a memory of %d bytes cannot be %d", seen, size)
		}
	}
	return nil
}

// put keeps a vessel, or closes it if there are enough.
func (v *vessels) put(one vessel) {
	if !one.mem.Vacate() || !v.push(one) {
		one.close()
	}
}

func (v *vessels) push(one vessel) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.closed || len(v.idle) >= maxVessels {
		return false
	}
	v.idle = append(v.idle, one)
	return true
}

func (v vessel) close() {
	_ = v.inst.Close(background)
	v.mem.Close()
}

// close closes those that wait, and all that come later.
func (v *vessels) close() {
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, one := range v.idle {
		one.close()
	}
	v.idle, v.closed = nil, true
}
