package wire

import (
	"net"
	"sync"
	"time"
)

// gate is the lock of one direction of a connection, and where the client's side of it waits, with a deadline.
type gate struct {
	mu      sync.Mutex
	changed sync.Cond // something a waiter may care about has changed; its L is &mu
	expired bool      // the deadline has passed
	shut    bool      // the client has closed this direction
	at      time.Time // the deadline; zero is none
	timer   *time.Timer
}

func (g *gate) init() { g.changed.L = &g.mu }

// setDeadline replaces the deadline; zero is none. Waiters see one that has passed at once.
func (g *gate) setDeadline(t time.Time) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut {
		return net.ErrClosed
	}
	g.stopTimer()
	g.at, g.expired = t, false
	if !t.IsZero() {
		g.check()
	}
	return nil
}

// close wakes all waiters, who will see shut, and forgets the deadline. The caller holds mu.
func (g *gate) close() {
	g.shut = true
	g.stopTimer()
	g.changed.Broadcast()
}

func (g *gate) stopTimer() {
	g.at = time.Time{}
	if g.timer != nil {
		g.timer.Stop()
	}
}

// check marks the gate expired if its deadline has passed, and otherwise asks to be called when it has. The caller holds mu.
func (g *gate) check() {
	left := time.Until(g.at)
	switch {
	case left <= 0:
		g.expired = true
		g.changed.Broadcast()
	case g.timer == nil:
		g.timer = time.AfterFunc(left, g.ring)
	default:
		g.timer.Reset(left)
	}
}

// ring is what the timer calls, perhaps for a deadline that has been replaced since.
func (g *gate) ring() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.at.IsZero() && !g.expired {
		g.check()
	}
}
