package emscripten

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tetratelabs/wazero/sys"
)

var le = binary.LittleEndian

var errNoMemory = errors.New("out of memory")

// ExitStatus returns the status with which the guest's program ended, if err,
// the error of a call, says that it called exit.
func ExitStatus(err error) (int, bool) {
	var e *sys.ExitError
	if errors.As(err, &e) && e != longjmp {
		return int(int32(e.ExitCode())), true
	}
	return 0, false
}

// Exit unwinds the running call, which then fails with an error for which
// ExitStatus is status. A panic with an ExitError is the cheapest way through
// wazero: it collects no text of a stack trace.
func Exit(status int) { panic(sys.NewExitError(uint32(status))) }

// An AbortError says that the program called abort or failed an assertion.
type AbortError struct{ Reason string }

func (e *AbortError) Error() string { return e.Reason }

func init() {
	define("exit", func(g *Guest, a args) { Exit(int(a.i32(0))) })
	define("proc_exit", func(g *Guest, a args) { Exit(int(a.i32(0))) })
	define("_abort_js", func(g *Guest, a args) { panic(&AbortError{"abort() was called"}) })
	define("__assert_fail", func(g *Guest, a args) {
		panic(&AbortError{fmt.Sprintf("assertion failed: %s, at %s:%d, in %s",
			g.CString(a.u32(0)), g.CString(a.u32(1)), a.i32(2), g.CString(a.u32(3)))})
	})
	// Whether the JavaScript runtime outlives main is nothing to calf.
	define("_emscripten_runtime_keepalive_clear", func(*Guest, args) {})
}
