package runtime

// A Signal is what a process of a cluster can be sent.
type Signal int32

// Signals that mean something to a backend.
const (
	// SIGINT cancels the statement that runs.
	SIGINT Signal = sigINT
	// SIGTERM ends the session.
	SIGTERM Signal = sigTERM
	// SIGKILL ends the process as a crash does, and with it every session.
	SIGKILL Signal = sigKILL
	// SIGHUP has the configuration read again.
	SIGHUP Signal = sigHUP
)

// Signal numbers of the guest (musl's, which are Linux's).
const (
	sigHUP  = 1
	sigINT  = 2
	sigQUIT = 3
	sigABRT = 6
	sigKILL = 9
	sigUSR1 = 10
	sigUSR2 = 12
	sigALRM = 14
	sigTERM = 15
	sigURG  = 23
)
