package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"
	"syscall"

	"github.com/calfdb/calf/pglite"
)

// serverSignals are what an administrator tells a server, as PostgreSQL's
// postmaster understands it.
var serverSignals = []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGQUIT, syscall.SIGHUP}

// A serverControl obeys the signals for a server.
type serverControl struct {
	db        *pglite.DB
	log       *slog.Logger
	listeners []net.Listener
	drain     chan struct{}      // closed for a smart shutdown
	draining  bool               // it is closed
	stop      context.CancelFunc // for a fast one
}

// obey begins to do what the signals say. ctx is what stop ends. The function
// that it returns makes an end of it.
func (s *serverControl) obey(ctx context.Context) (end func()) {
	signals, release := takeSignals(ctx, serverSignals...)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			select {
			case signal := <-signals:
				s.signalled(ctx, signal)
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
		release()
	}
}

func (s *serverControl) signalled(ctx context.Context, signal os.Signal) {
	stopping := ctx.Err() != nil
	switch signal {
	case syscall.SIGHUP:
		if err := s.db.Reload(ctx); err != nil {
			s.log.Error("could not reload configuration files", "error", err)
		}
	case syscall.SIGTERM:
		if !stopping && !s.draining {
			s.draining = true
			s.log.Info("received smart shutdown request: waiting for the sessions to end; SIGINT ends them")
			close(s.drain)
		}
	case os.Interrupt:
		if stopping {
			s.quit(exitFailed, "interrupted twice")
		}
		s.log.Info("received fast shutdown request")
		s.stop()
	case syscall.SIGQUIT:
		s.quit(exitOK, "received immediate shutdown request")
	}
}

// quit ends the program at once.
func (s *serverControl) quit(status int, why string) {
	for _, l := range s.listeners {
		l.Close() // removes sockets
	}
	fmt.Fprintf(os.Stderr, "calf: %s; what is open will be recovered when it is opened again\n", why)
	os.Exit(status)
}
