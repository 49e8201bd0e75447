package runtime

import "fmt"

// A CrashError says that a PostgreSQL process ended as no process should: by a
// trap of WebAssembly, a PANIC or without cleaning up. All sessions of the
// cluster end with it and the cluster recovers from its files, so that nothing
// that was committed is lost.
type CrashError struct {
	// PID is the process ID, Process its kind, such as "client backend".
	PID     int
	Process string
	// Log are the last lines of the server log.
	Log []string

	err error
}

func (e *CrashError) Error() string {
	return fmt.Sprintf("runtime: %s process %d crashed: %v", e.Process, e.PID, e.err)
}

// Unwrap returns the cause.
func (e *CrashError) Unwrap() error { return e.err }

func (pm *postmaster) newCrash(ch *child, err error) *CrashError {
	return &CrashError{PID: int(ch.pid), Process: ch.kind.String(), Log: pm.c.log.lines(), err: err}
}
