package runtime

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
