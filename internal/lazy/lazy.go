// Package lazy makes things when they are first asked for.
package lazy

import (
	"context"
	"sync"
)

// A Map makes one value for each key. Its zero value is empty. It is safe for concurrent use.
type Map[K comparable, V any] struct {
	mu    sync.Mutex
	slots map[K]*slot[V]
}

type slot[V any] struct {
	turn  chan struct{} // holds a token while nobody makes the value
	made  bool
	value V
}

// Get returns the value of a key, which make makes if there is none. While somebody makes one, those who want the same
// wait, until their ctx ends. Failures are not remembered: the next one tries again.
func (m *Map[K, V]) Get(ctx context.Context, key K, make func() (V, error)) (V, error) {
	s := m.slot(key)
	select {
	case <-s.turn:
	case <-ctx.Done():
		var none V
		return none, context.Cause(ctx)
	}
	defer func() { s.turn <- struct{}{} }()
	if s.made {
		return s.value, nil
	}
	v, err := make()
	if err == nil {
		s.value, s.made = v, true
	}
	return v, err
}

func (m *Map[K, V]) slot(key K) *slot[V] {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.slots[key]
	if s == nil {
		s = &slot[V]{turn: make(chan struct{}, 1)}
		s.turn <- struct{}{}
		if m.slots == nil {
			m.slots = map[K]*slot[V]{}
		}
		m.slots[key] = s
	}
	return s
}
