package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// steps tells what a long operation is doing, a line per step.
type steps struct {
	w     io.Writer
	start time.Time

	mu    sync.Mutex
	quiet bool   // still waiting for whether it takes long
	last  string // step of what was not told yet
	timer *time.Timer
}

// newSteps returns steps that are told from the start.
func newSteps(w io.Writer) *steps { return &steps{w: w, start: time.Now()} }

// patience is how long an operation may take before it has to be explained.
const patience = 2 * time.Second

// newQuietSteps returns steps that are told if they take long. They must be
// stopped.
func newQuietSteps(w io.Writer) *steps {
	s := &steps{w: w, start: time.Now(), quiet: true}
	s.timer = time.AfterFunc(patience, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.quiet {
			s.quiet = false
			if s.last != "" {
				s.print(s.last)
			}
		}
	})
	return s
}

// step begins the next step.
func (s *steps) step(doing string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.last = doing; !s.quiet {
		s.print(doing)
	}
}

// stop ends the last step.
func (s *steps) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet, s.last = false, ""
	if s.timer != nil {
		s.timer.Stop()
	}
}

func (s *steps) print(doing string) {
	fmt.Fprintf(s.w, "%6.1fs  %s\n", time.Since(s.start).Seconds(), doing)
}
