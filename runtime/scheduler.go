package runtime

import (
	"sync"
	"time"
)

// slice is how long a process runs while another wants to.
const slice = 5 * time.Millisecond

// A scheduler decides which process of a cluster runs. One runs at a time:
// the guest's atomics are plain loads and stores, so processes that share
// memory must not run in parallel. Processes wait their turn in order.
//
// A process gives way where it waits, and at the points where PostgreSQL
// handles interrupts, which the scheduler makes it reach by setting
// InterruptPending when its slice is over. That happens also when nobody
// waits: compiled guest code cannot be preempted by Go, and a query that never
// came back to Go would hold up garbage collection.
type scheduler struct {
	mu      sync.Mutex
	running *process
	queue   []*process
	turns   uint64 // counts changes of running
	ticker  *time.Ticker
	stop    chan struct{}
	done    sync.WaitGroup
}

func newScheduler() *scheduler { return &scheduler{stop: make(chan struct{})} }

// acquire waits until it is p's turn.
func (s *scheduler) acquire(p *process) {
	s.mu.Lock()
	if s.running == nil {
		s.run(p)
		s.mu.Unlock()
		return
	}
	s.queue = append(s.queue, p)
	s.mu.Unlock()
	<-p.turn
}

// release ends p's turn.
func (s *scheduler) release(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running != p {
		panic("BUG: a process gives away what is not its turn")
	}
	if len(s.queue) == 0 {
		s.running = nil
		return
	}
	next := s.queue[0]
	s.queue = append(s.queue[:0], s.queue[1:]...)
	s.run(next)
	next.turn <- struct{}{}
}

// yield lets the others run, if p's slice is over and there are others.
func (s *scheduler) yield(p *process) {
	s.mu.Lock()
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
		s.ticker = time.NewTicker(slice)
		s.done.Add(1)
		go s.tick()
	}
}

// idleTicks is after how many ticks without work the ticker stops.
const idleTicks = 20

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

// interrupt makes p reach a point where it handles interrupts, if it runs.
func (s *scheduler) interrupt(p *process) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.running == p {
		p.interrupt()
	}
}

// close stops the ticker. No process may be running.
func (s *scheduler) close() {
	close(s.stop)
	s.done.Wait()
}
