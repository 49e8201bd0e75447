package runtime

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/calfdb/calf/runtime/internal/emscripten"
)

// sessionsTimeout is how long the processes but the checkpointer have to end when
// the cluster is shut down. PostgreSQL's own fast shutdown waits for ever.
const sessionsTimeout = 10 * time.Second

var errSessions = fmt.Errorf("sessions did not end in %v, and PostgreSQL was stopped at once", sessionsTimeout)

// stop shuts down as PostgreSQL does in its fast mode: first all processes but
// the checkpointer, then that, which writes the shutdown checkpoint.
func (pm *postmaster) stop(ctx context.Context) error {
	pm.procMu.Lock()
	pm.stopping = true
	pm.procMu.Unlock()
	pm.starting.Wait()
	var checkpointer *child
	all := pm.children()
	for _, ch := range all {
		if ch.kind == bCheckpointer {
			checkpointer = ch
		} else {
			ch.terminate()
		}
	}
	limited, cancel := context.WithTimeoutCause(ctx, sessionsTimeout, errSessions)
	defer cancel()
	for _, ch := range all {
		if ch != checkpointer {
			if err := pm.await(limited, ch.done); err != nil {
				return err
			}
		}
	}
	if checkpointer == nil {
		pm.abandon()
		return errors.New("runtime: shutting down: the checkpointer is not running")
	}
	checkpointer.post(sigINT)
	if err := pm.await(ctx, pm.xlogShutdown, checkpointer.done); err != nil {
		return err
	}
	checkpointer.post(sigUSR2)
	if err := pm.await(ctx, checkpointer.done); err != nil {
		return err
	}
	_, err := pm.call("proc_exit", 0) // removes postmaster.pid
	if status, ok := emscripten.ExitStatus(err); !ok || status != 0 {
		err = fmt.Errorf("runtime: shutting down: %w", pm.c.log.failure(err))
	} else {
		err = pm.crashError()
	}
	pm.release()
	return err
}

// hangUpAfter is how long a client has to read what a session that must end has
// sent.
const hangUpAfter = 250 * time.Millisecond

// terminate tells a process to end. A backend has ended its session by then, tells
// its client why, and would wait until that has read everything.
func (ch *child) terminate() {
	ch.post(sigTERM)
	if ch.socket == nil {
		return
	}
	late := time.AfterFunc(hangUpAfter, ch.socket.HangUp)
	go func() {
		<-ch.done
		late.Stop()
	}()
}

// crashError returns why the postmaster's processes were ended, if one crashed.
func (pm *postmaster) crashError() error {
	pm.procMu.Lock()
	defer pm.procMu.Unlock()
	if pm.crash == nil {
		return nil
	}
	return pm.crash
}

// release gives up what is left when no process runs.
func (pm *postmaster) release() {
	pm.reaping.Wait()
	pm.spares.close()
	pm.proc.close()
	pm.segments.close()
}

// await waits for one of the channels. If ctx ends first, all processes are
// ended at once.
func (pm *postmaster) await(ctx context.Context, some ...<-chan struct{}) error {
	either := some[0]
	or := some[len(some)-1]
	select {
	case <-either:
	case <-or:
	case <-ctx.Done():
		pm.abandon()
		return fmt.Errorf("runtime: shutting down: %w", context.Cause(ctx))
	}
	return nil
}

// abandon ends all processes at once.
func (pm *postmaster) abandon() {
	pm.procMu.Lock()
	pm.stopping = true
	pm.procMu.Unlock()
	pm.starting.Wait()
	all := pm.children()
	for _, ch := range all {
		ch.kill9()
	}
	for _, ch := range all {
		<-ch.done
	}
	pm.release()
}
