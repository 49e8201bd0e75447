package vfstest

import (
	"sync"

	"github.com/calfdb/calf/runtime/vfs"
)

// Power is a volume that can be switched off. From then on every operation
// fails with EIO, and changes nothing. Methods are safe for concurrent use.
type Power struct {
	vfs.Volume

	mu    sync.Mutex
	left  int // changes and syncs until it fails; less than 0 is never
	off   bool
	total int
	trace []Op
}

// NewPower returns v with the power on.
func NewPower(v vfs.Volume) *Power {
	p := &Power{left: -1}
	p.Volume = Wrap(v, p.do)
	return p
}

// CutAfter switches the power off after n more operations of the kinds Changes
// and Syncs, unless it is off.
func (p *Power) CutAfter(n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.left = n
	p.off = p.off || n == 0
}

// Off tells whether the power is off.
func (p *Power) Off() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.off
}

// Ops returns how many changes and syncs there were.
func (p *Power) Ops() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.total
}

// traceLength is how many operations Trace remembers.
const traceLength = 40

// Trace returns the last changes and syncs before the power failed.
func (p *Power) Trace() []Op {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]Op(nil), p.trace...)
}

func (p *Power) do(op *Op, do func() error) error {
	p.mu.Lock()
	if !p.off && op.Kind&(Changes|Syncs) != 0 {
		p.total++
		if len(p.trace) == traceLength {
			p.trace = append(p.trace[:0], p.trace[1:]...)
		}
		p.trace = append(p.trace, *op)
		if p.left > 0 {
			p.left--
			defer p.cut()
		}
	}
	off := p.off
	p.mu.Unlock()
	if off {
		return vfs.EIO
	}
	return do()
}

// cut switches off when the last operation is done.
func (p *Power) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.off = p.off || p.left == 0
}
