package emscripten

import (
	"errors"
	"math"

	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/tetratelabs/wazero/sys"
)

// Emscripten's setjmp and longjmp: a function that calls setjmp makes its
// calls through invoke_* imports, which call a function of the table and come
// back also when it is unwound by _emscripten_throw_longjmp. The guest then
// finds in __THREW__ that it has been unwound, and whether the jump is its own.

// longjmp is what unwinds. It is one of wazero's exit errors because these
// pass through it without a stack trace being written.
var longjmp = sys.NewExitError(math.MaxUint32)

func init() {
	define("_emscripten_throw_longjmp", func(*Guest, args) { panic(longjmp) })
}

// invoke returns the host function invoke_sig.
func invoke(sig string) func(*Guest, args) {
	name := link.DynCall + sig
	i32s := []int{0} // the parameters that the engine may give garbage in their upper halves
	for i := 1; i < len(sig); i++ {
		if sig[i] == 'i' {
			i32s = append(i32s, i)
		}
	}
	return func(g *Guest, stack args) {
		for _, i := range i32s {
			stack[i] = uint64(stack.u32(i))
		}
		sp := g.sp.Get()
		err := g.CallWithStack(name, stack)
		if err == nil {
			return
		}
		// errors.Is would take exit(-1) for it.
		if e := (*sys.ExitError)(nil); !errors.As(err, &e) || e != longjmp {
			panic(err)
		}
		g.sp.Set(sp)
		if _, err := g.Call("setThrew", 1, 0); err != nil {
			panic(err)
		}
		if len(stack) > 0 {
			stack[0] = 0
		}
	}
}
