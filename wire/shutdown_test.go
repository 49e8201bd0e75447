package wire

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestShutdownSmart(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", func(_ *Server, c *scripted) { c.waiting = make(chan struct{}) })
	c, err := s.connect(t, "sslmode=disable")
	require.NoError(t, err)
	silent := s.dial(t)

	ctx, cancel := context.WithCancelCause(t.Context())
	impatient := errors.New("impatient")
	cancel(impatient)
	require.ErrorIs(t, s.Shutdown(ctx, Smart), impatient)
	requireAlive(t, c)
	_, err = s.connect(t, "sslmode=disable")
	requireFatal(t, "57P03", err)

	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := c.Exec(t.Context(), "wait")
		assert.Equal(t, "57014", sqlState(err))
	})
	<-s.cluster.waiting
	require.NoError(t, c.PgConn().CancelRequest(t.Context()))
	wg.Wait()

	require.NoError(t, c.Close(t.Context()))
	require.NoError(t, s.Shutdown(t.Context(), Smart))
	_, err = silent.Read(make([]byte, 1))
	require.Error(t, err, "a client that has not begun a session will not")
	_, err = net.Dial("tcp", s.ln.Addr().String())
	require.Error(t, err)
}

func TestShutdownFast(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", func(_ *Server, c *scripted) { c.waiting = make(chan struct{}) })
	idle, err := s.connect(t, "sslmode=disable")
	require.NoError(t, err)
	busy, err := s.connect(t, "sslmode=disable")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := busy.Exec(t.Context(), "wait")
		assert.Equal(t, "57P01", sqlState(err))
	})
	<-s.cluster.waiting
	require.NoError(t, s.Shutdown(t.Context(), Fast))
	wg.Wait()
	requireTerminated(t, idle)
}

func TestShutdownImmediate(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", nil)
	c, err := s.connect(t, "sslmode=disable")
	require.NoError(t, err)
	// A second, faster shutdown hastens the first.
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, s.Shutdown(context.Background(), Smart)) })
	require.NoError(t, s.Shutdown(t.Context(), Immediate))
	wg.Wait()
	_, err = c.Exec(t.Context(), "select 1")
	require.Error(t, err)
}

func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	reason := errors.New("reason")
	ctx, cancel := context.WithCancelCause(t.Context())
	s := &served{Server: &Server{Cluster: &scripted{}}}
	var err error
	s.ln, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	result := make(chan error)
	go func() { result <- s.Serve(ctx, s.ln) }()
	c, err := s.connect(t, "sslmode=disable")
	require.NoError(t, err)
	cancel(reason)
	require.ErrorIs(t, <-result, reason)
	requireTerminated(t, c)

	require.NoError(t, s.Shutdown(t.Context(), Smart), "nothing is left to shut down")
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, s.Serve(t.Context(), ln), "a server that is down stays down")
	_, err = ln.Accept()
	require.ErrorIs(t, err, net.ErrClosed)
}

func TestServerSharesLimitsAmongListeners(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", func(s *Server, _ *scripted) { s.MaxConnections = 1 })
	other := &served{Server: s.Server, cluster: s.cluster}
	var err error
	other.ln, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() { assert.NoError(t, s.Serve(context.Background(), other.ln)) })
	c, err := s.connect(t, "sslmode=disable")
	require.NoError(t, err)
	_, err = other.connect(t, "sslmode=disable")
	requireFatal(t, "53300", err)
	leave(t, c)
	c, err = other.connect(t, "sslmode=disable")
	require.NoError(t, err)
	requireAlive(t, c)
	require.NoError(t, s.Shutdown(t.Context(), Fast))
	wg.Wait()
}

// A session that gets ready when it is too late to begin is told so.
func TestShutdownWhileASessionBegins(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", func(s *Server, c *scripted) { s.Cluster = &late{scripted: c, server: s} })
	_, err := s.connect(t, "sslmode=disable")
	requireFatal(t, "57P03", err)
}

// late is a Cluster that does not get round to a session before its server shuts down.
type late struct {
	*scripted
	server *Server
}

func (l *late) Connect(ctx context.Context, _ *Socket) error {
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	_ = l.server.Shutdown(stopped, Fast)
	<-ctx.Done()
	return ctx.Err()
}

func TestShutdownRefusesNewSessions(t *testing.T) {
	t.Parallel()
	client, conn := net.Pipe()
	defer client.Close()
	s := &Server{Cluster: &scripted{}}
	v, err := s.open(t.Context(), newMemListener())
	require.NoError(t, err)
	v.stop(Smart)
	place, _ := s.lobby.enter(conn)
	require.Equal(t, errShuttingDown, v.promote(conn, place))
	s.close(v)
}

// TestHammerServer starts and stops servers while clients come and go.
func TestHammerServer(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		ln := newMemListener()
		s := &Server{Cluster: &scripted{}, MaxConnections: 5}
		var wg sync.WaitGroup
		wg.Go(func() { assert.NoError(t, s.Serve(context.Background(), ln)) })
		begun := make(chan struct{}, 100)
		for range 10 {
			wg.Go(func() {
				for {
					c, err := ln.dial()
					if err != nil {
						return
					}
					_, _ = c.Write(startupPacket(t, nil))
					_, _ = c.Read(make([]byte, 1024))
					select {
					case begun <- struct{}{}:
					default:
					}
					_ = c.Close()
				}
			})
		}
		for range 20 {
			<-begun
		}
		assert.NoError(t, s.Shutdown(context.Background(), ShutdownMode(round%3)))
		wg.Wait()
	}
}
