package main

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/calfdb/calf/pglite/dump"
)

// A progress tells a terminal how far a long operation is, in one line that
// disappears at the end. Elsewhere it tells nothing. It is safe for concurrent
// use.
type progress struct {
	w       io.Writer
	visible bool
	start   time.Time

	mu    sync.Mutex
	last  time.Time // when the line was written
	phase string
	at    dump.Progress
}

func (p *program) progress() *progress {
	return &progress{w: p.stderr, visible: isTerminal(p.stderr), start: time.Now()}
}

// interval is how often the line changes: as often as an eye can follow.
const interval = 100 * time.Millisecond

// report tells how far it is.
func (g *progress) report(at dump.Progress) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.visible && (at.Phase != g.phase || time.Since(g.last) >= interval) {
		g.phase, g.last = at.Phase, time.Now()
		fmt.Fprintf(g.w, "\r\x1b[K%s", g.line(at))
	}
	g.at = at
}

// line is the text for people.
func (g *progress) line(at dump.Progress) string {
	text := at.Phase
	if at.Done > 0 {
		text += "  " + size(at.Done)
		if at.Total > 0 {
			text += fmt.Sprintf(" of %s, %d%%", size(at.Total), 100*at.Done/max(at.Total, at.Done))
		}
		text += "  " + rate(at.Done, time.Since(g.start))
	}
	return text
}

// done removes the line and says what was done.
func (g *progress) done(what string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.visible {
		took := time.Since(g.start)
		fmt.Fprintf(g.w, "\r\x1b[K%s: %s in %.1f s, %s\n", what, size(g.at.Done), took.Seconds(), rate(g.at.Done, took))
	}
}

// failed removes the line.
func (g *progress) failed() {
	if g.visible {
		fmt.Fprint(g.w, "\r\x1b[K")
	}
}

func rate(n int64, d time.Duration) string {
	return fmt.Sprintf("%.0f MiB/s", float64(n)/(1<<20)/max(d.Seconds(), 1e-3))
}

// A countedReader reports what was read of it.
type countedReader struct {
	io.Reader
	report func(n int)
}

func (c countedReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.report(n)
	return n, err
}
