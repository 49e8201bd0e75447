package backup

import (
	"context"
	"io"
)

// A Progress tells how far a backup is, in bytes. Total is what is known so far.
type Progress struct {
	Phase       string
	Done, Total int64
}

// A meter is a writer that counts, and that fails when a context ends.
type meter struct {
	ctx    context.Context
	w      io.Writer
	report func(Progress) // or nil
	at     Progress
}

// begin begins a phase, in which so many bytes more are to be written.
func (m *meter) begin(phase string, more int64) {
	m.at.Phase = phase
	m.at.Total += more
	m.tell()
}

func (m *meter) Write(p []byte) (int, error) {
	if m.ctx.Err() != nil {
		return 0, context.Cause(m.ctx)
	}
	n, err := m.w.Write(p)
	m.at.Done += int64(n)
	m.at.Total = max(m.at.Total, m.at.Done)
	m.tell()
	return n, err
}

func (m *meter) tell() {
	if m.report != nil {
		m.report(m.at)
	}
}
