package crash

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// How much the tests do.

// number returns the number that an environment variable holds, or n.
func number(tb testing.TB, name string, n int) int {
	tb.Helper()
	text := os.Getenv(name)
	if text == "" {
		return n
	}
	n, err := strconv.Atoi(text)
	require.NoError(tb, err, name)
	return n
}

// seeds returns the first and the last seed of a test: as many as n or as
// CALF_CRASH_SEEDS says, or the one that CALF_CRASH_SEED names.
func seeds(tb testing.TB, n int) (first, last uint64) {
	tb.Helper()
	if seed := number(tb, "CALF_CRASH_SEED", 0); seed > 0 {
		return uint64(seed), uint64(seed)
	}
	return 1, uint64(number(tb, "CALF_CRASH_SEEDS", n))
}

// fewer returns how many of n things to do: less with the race detector, with
// which calls of the guest take several times as long, and with -short.
func fewer(n int) int {
	if raced || testing.Short() {
		return max(1, n/10)
	}
	return n
}

// alone skips a test with the race detector, if that has nothing to see in it
// that it does not see in another test.
func alone(tb testing.TB) {
	tb.Helper()
	if raced {
		tb.Skip("runs without the race detector")
	}
}

// runTimeout is how long a run may take. It takes about a second.
const runTimeout = 2 * time.Minute

// limited returns a context that ends when a run has taken too long. The cause
// tells what all goroutines were doing.
func limited() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.Background())
	timer := time.AfterFunc(runTimeout, func() {
		stacks := make([]byte, 1<<20)
		cancel(fmt.Errorf("it hangs: %s", stacks[:runtime.Stack(stacks, true)]))
	})
	return ctx, func() {
		timer.Stop()
		cancel(nil)
	}
}
