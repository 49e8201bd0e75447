package vfstest

import (
	"sync"

	"github.com/calfdb/calf/runtime/vfs"
)

// A Fault says which operations fail and how.
type Fault struct {
	// Ops are the kinds of operations that count.
	Ops Kind
	// Name chooses among them by name; nil means all. Of Link and Rename
	// either name will do.
	Name func(name string) bool
	// After is how many of them succeed first, and Times how many fail then; 0
	// means all.
	After, Times int
	// Err is what they fail with.
	Err vfs.Errno
	// Short makes the first write that fails write half of what it should, as
	// a full disk does.
	Short bool
	// Lose makes a Sync that fails lose what it should have made durable, as
	// Linux does: programs still see it, but the disk of a [Disk] will not have
	// it unless it is written again, and the next Sync succeeds.
	Lose bool
}

// Faults is a volume of which operations fail at a test's will. At first none
// does. Methods are safe for concurrent use.
type Faults struct {
	vfs.Volume

	mu    sync.Mutex
	fault Fault
	seen  int // operations that counted
	first *Op // that failed
}

// NewFaults returns v with a switch.
func NewFaults(v vfs.Volume) *Faults {
	f := &Faults{}
	f.Volume = Wrap(v, f.do)
	return f
}

// Set replaces the fault and begins to count.
func (f *Faults) Set(fault Fault) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault, f.seen, f.first = fault, 0, nil
}

// Heal ends all faults. What Seen and First return stays.
func (f *Faults) Heal() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault = Fault{}
}

// Seen returns how many operations have counted since Set.
func (f *Faults) Seen() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.seen
}

// First returns the first operation that failed since Set, or nil.
func (f *Faults) First() *Op {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.first
}

func (f *Faults) do(op *Op, do func() error) error {
	fault, failing := f.next(op)
	if !failing {
		return do()
	}
	switch {
	case fault.Short && op.Kind&(WriteAt|Append) != 0:
		op.Len /= 2
		if err := do(); err != nil {
			return err
		}
	case fault.Lose && op.Kind == Sync:
		if l, ok := op.handle.(loser); ok {
			l.loseUnsynced()
		}
	}
	return fault.Err
}

// next counts an operation and decides whether it fails.
func (f *Faults) next(op *Op) (Fault, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	fault := f.fault
	if op.Kind&fault.Ops == 0 {
		return fault, false
	}
	if fault.Name != nil && !fault.Name(op.Name) && (op.To == "" || !fault.Name(op.To)) {
		return fault, false
	}
	f.seen++
	n := f.seen - fault.After
	if n <= 0 || fault.Times > 0 && n > fault.Times {
		return fault, false
	}
	if f.first == nil {
		f.first = op
	} else {
		fault.Short = false
	}
	return fault, true
}

// A loser is a handle whose unsynced content can be lost.
type loser interface{ loseUnsynced() }
