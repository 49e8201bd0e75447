package runtime

import "time"

// Layout of CheckpointerShmemStruct (PostgreSQL 18, checkpointer.c) up to the
// flags, and the flags of a request (xlog.h).
const (
	ckptPID     = 0
	ckptStarted = 8
	ckptDone    = 12
	ckptFailed  = 16
	ckptFlags   = 20

	checkpointWait      = 0x20
	checkpointRequested = 0x40
	checkpointCauseXlog = 0x80
)

// requestCheckpoint is RequestCheckpoint, whose body PGlite replaced by a call
// of CreateCheckPoint: it asks the checkpointer and, if the flags say so, waits
// until the checkpoint is done. It returns 0 where there is no checkpointer to
// ask, in a stand-alone backend.
func (p *process) requestCheckpoint(flags uint32) uint64 {
	if p.kind == bInvalid {
		return 0
	}
	g := p.guest
	shmem := g.Load32(g.Address("CheckpointerShmem"))
	var c *process
	for c == nil || g.Load32(shmem+ckptPID) == 0 { // it is just starting
		p.wait(time.Millisecond)
		c = p.host.checkpointer()
	}
	failed, started := g.Load32(shmem+ckptFailed), g.Load32(shmem+ckptStarted)
	g.Store32(shmem+ckptFlags, g.Load32(shmem+ckptFlags)|flags|checkpointRequested)
	p.setLatch(c)
	if flags&checkpointWait == 0 {
		return 1
	}
	// The counters wrap around.
	for g.Load32(shmem+ckptStarted) == started {
		p.wait(checkpointPoll)
	}
	started = g.Load32(shmem + ckptStarted)
	for int32(g.Load32(shmem+ckptDone)-started) < 0 {
		p.wait(checkpointPoll)
	}
	p.host.checkpointed(p)
	if g.Load32(shmem+ckptFailed) != failed {
		p.ereport(report{
			level: levelError, code: "XX000",
			message: "checkpoint request failed",
			hint:    "Consult recent messages in the server log for details.",
		})
	}
	return 1
}

// checkpointPoll is how often a process that waits for a checkpoint looks.
const checkpointPoll = time.Millisecond

// wait waits for d and handles interrupts, as CHECK_FOR_INTERRUPTS does.
func (p *process) wait(d time.Duration) {
	p.park(d)
	p.deliver()
	if p.guest.Load32(p.interruptPending) == 0 {
		return
	}
	if _, err := p.guest.Call("ProcessInterrupts"); err != nil {
		panic(err)
	}
}

// Offsets of the latch in PGPROC (proc.h), and of its parts (latch.h).
const (
	procLatch  = 20
	latchIsSet = 0
)

// setLatch sets the latch of another process, which must have its PGPROC. That
// is in shared memory, which p sees as it is: p has the turn.
func (p *process) setLatch(of *process) {
	proc := of.guest.Load32(of.guest.Address("MyProc"))
	if proc == 0 {
		return
	}
	p.guest.Store32(proc+procLatch+latchIsSet, 1)
	of.post(sigURG)
}
