package runtime

import (
	"slices"
	"sync"
	"time"
)

// A process runs for one to two ticks while another wants to: it is told that
// its slice is over at the second tick that it sees.
const (
	shortTick = 2 * time.Millisecond
	// longTick is for where a switch to another process copies memory, which
	// takes 1.2 ms per 16 MiB.
	longTick = 5 * time.Millisecond
)

// A scheduler decides which process of a cluster runs. One runs at a time:
// the guest's atomics are plain loads and stores, so processes that share
// memory must not run in parallel. Processes wait their turn in order.
//
// A process gives way where it waits, also for the disk, and at the points
// where PostgreSQL handles interrupts, which the scheduler makes it reach by setting
// InterruptPending when its slice is over. That happens also when nobody
// waits: compiled guest code cannot be preempted by Go, and a query that never
// came back to Go would hold up garbage collection.
type scheduler struct {
	mu      sync.Mutex
	running *process
	queue   []*process
	locked  []*process // wait for LWLocks; what they wait for is flags in shared memory
	turns   uint64     // counts changes of running
	period  time.Duration
	ticker  *time.Ticker
	stop    chan struct{}
	done    sync.WaitGroup
}

func newScheduler(tick time.Duration) *scheduler {
	return &scheduler{period: tick, stop: make(chan struct{})}
}

// acquire waits until it is p's turn.
func (s *scheduler) acquire(p *process) { s.enter(p, false) }

// enter waits until it is p's turn, as the next one if p comes first.
func (s *scheduler) enter(p *process, first bool) {
	s.mu.Lock()
	if s.running == nil {
		s.run(p)
		s.mu.Unlock()
		s.begin(p)
		return
	}
	if first {
		s.queue = slices.Insert(s.queue, 0, p)
	} else {
		s.queue = append(s.queue, p)
	}
	s.mu.Unlock()
	<-p.turn
	s.begin(p)
}

// begin begins p's turn: p sees shared memory as it is. Where that takes
// copying, p's slice begins afterwards: it is not the process's work, and may
// take longer than a tick.
func (s *scheduler) begin(p *process) {
	if !p.guest.Mem.Take() {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.turns++
	p.sliceOver = false
}

// release ends p's turn.
func (s *scheduler) release(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next(p)
}

// next ends p's turn, with s.mu held.
func (s *scheduler) next(p *process) {
	if s.running != p {
		panic("BUG: a process gives away what is not its turn")
	}
	s.unlock()
	if len(s.queue) == 0 {
		s.running = nil
		return
	}
	next := s.queue[0]
	s.queue = append(s.queue[:0], s.queue[1:]...)
	s.run(next)
	next.turn <- struct{}{}
}

// waitForLock gives way until another process has cleared p.lockFlag, or p has
// been sent a signal.
func (s *scheduler) waitForLock(p *process) {
	s.mu.Lock()
	s.locked = append(s.locked, p)
	s.next(p)
	s.mu.Unlock()
	<-p.turn
	s.begin(p)
}

// unlock puts the processes into the queue that have got their LWLock. It is
// called with s.mu held by the running process, which sees shared memory as it
// is, and is not about to change it.
func (s *scheduler) unlock() {
	s.locked = slices.DeleteFunc(s.locked, func(p *process) bool {
		if s.running.guest.Bytes(p.lockFlag, 1)[0] != 0 && !p.signalled() {
			return false
		}
		s.queue = append(s.queue, p)
		return true
	})
}

// outside runs f, which waits for the world outside the cluster, while others
// have their turn. Then p is the next to run: it may hold a lock that everybody
// is waiting for.
func (s *scheduler) outside(p *process, f func()) {
	s.release(p)
	defer s.enter(p, true)
	f()
}

// yield lets the others run, if p's slice is over and there are others.
func (s *scheduler) yield(p *process) {
	s.mu.Lock()
	s.unlock()
	over := p.sliceOver && len(s.queue) > 0
	p.sliceOver = false
	s.mu.Unlock()
	if over {
		s.release(p)
		s.acquire(p)
	}
}

// run makes p the running process. It is called with s.mu held.
func (s *scheduler) run(p *process) {
	s.running = p
	s.turns++
	p.sliceOver = false
	if s.ticker == nil {
		s.ticker = time.NewTicker(s.period)
		s.done.Add(1)
		go s.tick()
	}
}

// idleTicks is after how many ticks without work the ticker stops.
const idleTicks = 50

// tick interrupts the process that has been running since the tick before.
func (s *scheduler) tick() {
	defer s.done.Done()
	idle, last := 0, uint64(0)
	for {
		select {
		case <-s.stop:
			return
		case <-s.ticker.C:
		}
		s.mu.Lock()
		switch {
		case s.running == nil && last == s.turns:
			if idle++; idle >= idleTicks {
				s.ticker.Stop()
				s.ticker = nil
				s.mu.Unlock()
				return
			}
		case s.running != nil && last == s.turns:
			idle = 0
			s.running.sliceOver = true
			s.running.interrupt()
		default:
			idle = 0
		}
		last = s.turns
		s.mu.Unlock()
	}
}

// interrupt makes p, which was sent a signal, reach a point where it handles
// interrupts, if it runs or waits for an LWLock.
func (s *scheduler) interrupt(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.running == p:
		p.interrupt()
	case s.running == nil && slices.Contains(s.locked, p):
		s.locked = slices.DeleteFunc(s.locked, func(q *process) bool { return q == p })
		s.run(p)
		p.turn <- struct{}{}
	}
}

// close stops the ticker. No process may be running.
func (s *scheduler) close() {
	close(s.stop)
	s.done.Wait()
}
