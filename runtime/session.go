package runtime

import (
	"context"
	"errors"
	"fmt"
)

// ErrTooManyClients is returned by Connect when there are as many sessions as
// max_connections allows.
var ErrTooManyClients = errors.New("sorry, too many clients already")

// Connect runs a backend for the client at the other end of s, whose first
// bytes are its startup packet, and returns when the session has ended. The
// caller closes s then. When ctx is cancelled, the session is terminated, without
// waiting long for a client that does not read.
//
// The error is nil however the session ended, unless its backend crashed or
// could not be started. If there are too many sessions it is ErrTooManyClients,
// and nothing was received. PostgreSQL itself decides which of the last places
// are only for superusers.
func (c *Cluster) Connect(ctx context.Context, s Socket) error {
	return c.serve(ctx, s, (*postmaster).startSession)
}

// DeadEnd runs a dead-end backend, with which PostgreSQL answers a client for
// whom there is no place: it obeys a cancel request, and refuses everything else
// with SQLSTATE 53300. There can always be one more. Otherwise it is as Connect.
func (c *Cluster) DeadEnd(ctx context.Context, s Socket) error {
	return c.serve(ctx, s, func(pm *postmaster, s Socket) (*child, error) { return pm.start(bDeadEndBackend, s) })
}

// serve starts a process for a client, and waits until it has ended.
func (c *Cluster) serve(ctx context.Context, s Socket, start starter) error {
	ch, err := c.startFor(ctx, s, start)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, ch.terminate)
	<-ch.done
	stop()
	if ch.err != nil {
		return ch.err
	}
	return nil
}

// A starter starts a process for a client.
type starter func(*postmaster, Socket) (*child, error)

// startFor starts a process for a client. If it has to wait for the recovery after
// a crash, it does.
func (c *Cluster) startFor(ctx context.Context, s Socket, start starter) (*child, error) {
	for {
		pm, err := c.postmaster(ctx)
		if err != nil {
			return nil, err
		}
		ch, err := start(pm, s)
		if err == nil {
			return ch, nil
		}
		if !errors.Is(err, errStopping) {
			return nil, fmt.Errorf("runtime: starting a backend: %w", err)
		}
		c.mu.Lock()
		crashing := c.pm == pm && !c.closed
		c.mu.Unlock()
		if crashing {
			<-pm.left
		}
	}
}

// startSession starts a backend, unless all places are taken. PostgreSQL would
// find out by itself, but a process costs more than it takes to look.
func (pm *postmaster) startSession(s Socket) (*child, error) {
	if !pm.beginSession() {
		return nil, ErrTooManyClients
	}
	defer func() {
		pm.procMu.Lock()
		defer pm.procMu.Unlock()
		pm.sessions--
	}()
	return pm.start(bBackend, s)
}

// beginSession counts a session that is about to start, unless there are
// max_connections. Those whose client has left do not count: they are about to
// end, and if they do not, PostgreSQL refuses the new one.
func (pm *postmaster) beginSession() bool {
	pm.procMu.Lock()
	defer pm.procMu.Unlock()
	n := pm.sessions
	for _, ch := range pm.procs {
		if ch.kind == bBackend && !ch.socket.HungUp() {
			n++
		}
	}
	if n >= pm.maxConnections {
		return false
	}
	pm.sessions++
	return true
}
