package runtime

import "sync"

// spares are processes that have been forked before they are needed: most of
// the time that a connection takes is that of making an instance. One is kept
// ready once there have been connections at all.
type spares struct {
	mu     sync.Mutex
	ready  *process
	image  *image // that ready was forked from
	closed bool
}

// take returns a process that was forked from the current image.
func (s *spares) take(pm *postmaster) (*process, error) {
	s.mu.Lock()
	p, im := s.ready, s.image
	s.ready, s.image = nil, nil
	s.mu.Unlock()
	if p != nil && im == pm.image.Load() {
		return p, nil
	}
	if p != nil {
		p.close()
	}
	p, _, err := pm.fork()
	return p, err
}

// refill forks a process if none is ready. A failure does not matter: whoever
// needs a process forks it then.
func (s *spares) refill(pm *postmaster) {
	s.mu.Lock()
	needed := s.ready == nil && !s.closed
	s.mu.Unlock()
	if !needed {
		return
	}
	p, im, err := pm.fork()
	if err != nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready != nil || s.closed {
		p.close()
		return
	}
	s.ready, s.image = p, im
}

// close gives the spare up and keeps no more.
func (s *spares) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ready != nil {
		s.ready.close()
	}
	s.ready, s.closed = nil, true
}
