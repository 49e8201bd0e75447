package runtime

import (
	"context"
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/tetratelabs/wazero/api"
)

// A process is one PostgreSQL process: an instance of the module with its own
// memory, which shares PostgreSQL's shared memory with the other processes of
// its cluster.
type process struct {
	sched *scheduler
	guest *emscripten.Guest
	pid   int32
	kind  backendType
	host  processHost

	socket   Socket // the client's connection, of a backend
	clientFD int32  // the descriptor that stands for it

	turn      chan struct{} // it is this process's turn
	sliceOver bool          // guarded by sched.mu
	wake      chan struct{} // something may have happened that it waits for
	lockFlag  uint32        // address of what it waits for in scheduler.waitForLock

	signals atomic.Uint32 // bit n is signal n
	killed  atomic.Bool
	timer   *time.Timer // the interval timer

	// Addresses of words of the guest that the host looks at often.
	interruptPending, holdoff, crit uint32
	countdown                       api.MutableGlobal

	shell *shell // what system(3) and popen(3) run; nil is none

	libraries []loadedLibrary
	modules   []api.Module
}

// processHost is what a process asks of its cluster.
type processHost interface {
	// module returns what the process is an instance of.
	module() *Module
	// signal sends a signal to a process, in the name of one that has the turn.
	signal(from *process, pid, sig int32) error
	// checkpointer returns the checkpointer, or nil if none is running.
	checkpointer() *process
	// mapped is told of ranges that files were mapped to.
	mapped(p *process, f *vfs.File, r linmem.Range) error
	// walSegment is told that a process opened a segment of the WAL to write.
	walSegment(p *process, name string)
	// checkpointed is told that a checkpoint is done that a process waited for.
	checkpointed(p *process)
}

// background is the context of what ends by itself.
var background = context.Background()

// forever is a wait without a timeout.
const forever = time.Duration(math.MaxInt64)

// newProcess makes a process of PostgreSQL with the given memory. It owns mem
// from then on.
func newProcess(h processHost, sched *scheduler, pid int32, mem *linmem.Memory) (*process, error) {
	p := newGuestProcess(h, sched, pid, mem)
	inst, err := h.module().instantiate(mem)
	if err != nil {
		mem.Close()
		return nil, fmt.Errorf("instantiating a process: %w", err)
	}
	p.attach(inst)
	return p, nil
}

// newGuestProcess makes a process without a module.
func newGuestProcess(h processHost, sched *scheduler, pid int32, mem *linmem.Memory) *process {
	p := &process{
		host: h, sched: sched, pid: pid, clientFD: -1,
		turn: make(chan struct{}, 1),
		wake: make(chan struct{}, 1),
	}
	p.guest = &emscripten.Guest{Mem: mem, Kernel: p, Owner: p}
	return p
}

// attach gives the process its module.
func (p *process) attach(inst api.Module) {
	p.modules = []api.Module{inst}
	g := p.guest
	g.Attach(inst)
	p.interruptPending = g.Address("InterruptPending")
	p.countdown, _ = inst.ExportedGlobal(link.Countdown).(api.MutableGlobal)
	p.holdoff, p.crit = g.Address("InterruptHoldoffCount"), g.Address("CritSectionCount")
}

// close ends a process that does not run any more.
func (p *process) close() {
	p.leave()
	for _, m := range p.modules {
		_ = m.Close(background)
	}
	p.guest.Mem.Close()
}

// leave gives up what a process has but its instance.
func (p *process) leave() {
	if p.timer != nil {
		p.timer.Stop()
	}
	if p.guest.Files != nil {
		p.guest.Files.CloseAll()
	}
}

// retire is close for a process that has exited as it should: its instance may
// serve another, unless libraries have added to its table.
func (p *process) retire() {
	if len(p.modules) > 1 {
		p.close()
		return
	}
	p.leave()
	p.host.module().vessels.put(vessel{p.modules[0], p.guest.Mem})
}

// interrupt makes the process reach the interrupts hook soon. It is called
// with the scheduler's lock held while the process runs.
func (p *process) interrupt() {
	if p.interruptPending != 0 { // initdb has no such thing
		p.guest.Mem.StoreUint32(uint64(p.interruptPending), 1)
	}
}

// notify wakes the process if it waits.
func (p *process) notify() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// post sends the process a signal.
func (p *process) post(sig int32) {
	p.signals.Or(1 << sig)
	p.notify()
	p.sched.interrupt(p)
}

// kill9 ends the process at the next hook that it reaches, whatever it does.
func (p *process) kill9() {
	p.killed.Store(true)
	p.notify()
	p.sched.interrupt(p)
}

// signalled reports whether deliver would do anything.
func (p *process) signalled() bool { return p.killed.Load() || p.signals.Load() != 0 }

// deliver runs the handlers of the signals that have come. It reports whether
// there were any.
func (p *process) deliver() bool {
	if p.killed.Load() {
		emscripten.Exit(128 + sigKILL)
	}
	pending := p.signals.Swap(0)
	if pending == 0 {
		return false
	}
	for sig := int32(1); sig < 32; sig++ {
		if pending&(1<<sig) == 0 {
			continue
		}
		var err error
		if sig == sigALRM {
			now := float64(p.guest.Monotonic()) / 1e6
			_, err = p.guest.Call("_emscripten_timeout", 0, math.Float64bits(now))
		} else {
			_, err = p.guest.Call("raise", uint64(sig))
		}
		if err != nil {
			panic(err) // the handler ended the process or jumped out
		}
	}
	return true
}

// park gives way to others until the process is woken or d has passed.
func (p *process) park(d time.Duration) {
	p.sched.release(p)
	defer p.sched.acquire(p)
	if d == forever {
		<-p.wake
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.wake:
	case <-t.C:
	}
}

// interrupts is the hook at the entry of ProcessInterrupts.
func (p *process) interrupts() {
	p.countdown.Set(link.CountdownStart)
	p.deliver()
	if p.guest.Load32(p.holdoff) == 0 && p.guest.Load32(p.crit) == 0 {
		p.sched.yield(p)
	}
}

// semWait is the hook where a process waits for an LWLock, until the byte at
// flag is 0. The guest looks again afterwards, so waking too early does no
// harm. A lock is held by a process that does not run only while that waits
// for the disk.
func (p *process) semWait(flag uint32) {
	if p.guest.Bytes(flag, 1)[0] == 0 {
		return
	}
	p.lockFlag = flag
	p.sched.waitForLock(p)
	p.deliver()
}

// kill is the kill(2) hook.
func (p *process) kill(pid, sig int32) uint64 {
	if pid < 0 {
		pid = -pid // a process is its own group
	}
	if pid == p.pid {
		if sig != 0 {
			p.signals.Or(1 << sig)
			p.deliver()
		}
		return 0
	}
	if p.host.signal(p, pid, sig) != nil {
		return p.fail(eSRCH)
	}
	return 0
}

// The methods of emscripten.Kernel.

// Sleep waits for d or until a signal comes.
func (p *process) Sleep(d time.Duration) time.Duration {
	end := p.guest.Monotonic() + d
	for {
		left := end - p.guest.Monotonic()
		if left <= 0 {
			return 0
		}
		if p.deliver() {
			return left
		}
		p.park(left)
	}
}

// Outside runs f, which waits for the disk, while other processes have their
// turn.
func (p *process) Outside(f func()) { p.sched.outside(p, f) }

// SetTimer arms the interval timer, which sends SIGALRM.
func (p *process) SetTimer(d time.Duration) {
	if p.timer != nil {
		p.timer.Stop()
		p.timer = nil
	}
	if d > 0 {
		p.timer = time.AfterFunc(d, func() { p.post(sigALRM) })
	}
}

// Mapped is told of ranges that files were mapped to.
func (p *process) Mapped(f *vfs.File, addr, length uint32) error {
	return p.host.mapped(p, f, linmem.Range{Off: uint64(addr), Len: uint64(length)})
}

// Opened is told of files that were opened for writing.
func (p *process) Opened(path string) {
	if name, ok := walName(path); ok {
		p.host.walSegment(p, name)
	}
}

// callTable calls function f of the table; sig is its signature.
func (p *process) callTable(sig string, f uint32, args ...uint64) error {
	stack := append([]uint64{uint64(f)}, args...)
	return p.guest.CallWithStack(link.DynCall+sig, stack)
}
