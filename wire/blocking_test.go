package wire

import (
	"errors"
	"sync"
)

// errInterrupted is what a blocking end's Read returns after interrupt.
var errInterrupted = errors.New("interrupted")

// blocking makes a Socket an io.ReadWriteCloser that waits, as the host of a backend does for its guest.
type blocking struct {
	*Socket
	mu          sync.Mutex
	change      sync.Cond
	events      int
	interrupted bool
}

func newBlocking(s *Socket) *blocking {
	b := &blocking{Socket: s}
	b.change.L = &b.mu
	s.SetNotify(b.wake)
	return b
}

func (b *blocking) wake() {
	b.mu.Lock()
	b.events++
	b.mu.Unlock()
	b.change.Broadcast()
}

// interrupt makes Read fail instead of waiting.
func (b *blocking) interrupt() {
	b.mu.Lock()
	b.interrupted = true
	b.mu.Unlock()
	b.wake()
}

// await waits until ready answers true, or for an interrupt.
func (b *blocking) await(ready func() bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for {
		seen := b.events
		b.mu.Unlock()
		ok := ready()
		b.mu.Lock()
		if ok {
			return nil
		}
		if b.interrupted {
			return errInterrupted
		}
		for b.events == seen {
			b.change.Wait()
		}
	}
}

func (b *blocking) Read(p []byte) (int, error) {
	for {
		n, err := b.Recv(p)
		if !errors.Is(err, ErrWouldBlock) {
			return n, err
		}
		if err := b.await(b.Readable); err != nil {
			return 0, err
		}
	}
}

func (b *blocking) Write(p []byte) (int, error) {
	total := 0
	for {
		n, err := b.Send(p[total:])
		total += n
		if total == len(p) || err != nil && !errors.Is(err, ErrWouldBlock) {
			return total, err
		}
		if errors.Is(err, ErrWouldBlock) {
			_ = b.await(b.Writable)
		}
	}
}
