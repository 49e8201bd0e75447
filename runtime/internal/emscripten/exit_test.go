package emscripten

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestExit(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		for _, name := range []string{"exit", "proc_exit"} {
			for _, status := range []int{0, 1, 99, 255, -1, math.MinInt32, math.MaxInt32} {
				_, err := w.try(name, status)
				got, ok := ExitStatus(err)
				require.True(t, ok, "%v", err)
				require.Equal(t, status, got)
				got, ok = ExitStatus(fmt.Errorf("running main: %w", err))
				require.True(t, ok)
				require.Equal(t, status, got)
			}
		}
		r, err := w.Call("add", 1, 2)
		require.NoError(t, err, "the instance stays usable")
		require.EqualValues(t, 3, r)
	})
}

func TestExitStatusOfOtherErrors(t *testing.T) {
	t.Parallel()
	for _, err := range []error{nil, errors.New("x"), &AbortError{"x"}, longjmp, fmt.Errorf("call: %w", longjmp)} {
		_, ok := ExitStatus(err)
		require.False(t, ok, "%v", err)
	}
}

func TestAbort(t *testing.T) {
	allWays(t, func(t *testing.T, w *world) {
		_, err := w.try("_abort_js")
		var abort *AbortError
		require.ErrorAs(t, err, &abort)
		require.Equal(t, "abort() was called", abort.Reason)
		_, err = w.try("__assert_fail", "n > 0", "file.c", 17, "function")
		require.ErrorAs(t, err, &abort)
		require.Equal(t, "assertion failed: n > 0, at file.c:17, in function", abort.Reason)
		_, ok := ExitStatus(err)
		require.False(t, ok)
	})
}
