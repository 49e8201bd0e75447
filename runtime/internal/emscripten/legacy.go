package emscripten

import (
	"time"

	"github.com/calfdb/calf/runtime/vfs"
)

// Functions that only the builds of earlier PGlites import, which Emscripten
// 3.1.74 made.

func init() {
	define("__syscall_pipe", func(g *Guest, a args) { a.set(g.pipe(a.u32(0))) })
	define("__syscall__newselect", func(g *Guest, a args) { a.set(g.selectFiles(a)) })
	define("_emscripten_memcpy_js", func(g *Guest, a args) {
		to, from, n := a.u32(0), a.u32(1), a.u32(2)
		copy(g.Bytes(to, n), g.Bytes(from, n))
	})
	define("_emscripten_system", func(g *Guest, a args) {
		if a.u32(0) == 0 {
			a.set(0) // "is there a shell?"
			return
		}
		a.set(neg(vfs.ENOSYS))
	})
	define("emscripten_force_exit", func(g *Guest, a args) { Exit(int(a.i32(0))) })
	// The program runs in no browser: it may prepare for one by running
	// JavaScript, but not be driven by one.
	define("is_web_env", func(g *Guest, a args) { a.set(0) })
	define("emscripten_asm_const_int", func(g *Guest, a args) { a.set(0) })
	define("emscripten_set_main_loop", func(*Guest, args) { panic(&AbortError{"the program wants a browser's main loop"}) })
	for name, e := range map[string]vfs.Errno{"getsockname": eNotSock, "getsockopt": eNotSock} {
		define("__syscall_"+name, func(g *Guest, a args) { a.set(neg(e)) })
	}
}

// selectFiles is select(2) without files, which is how PostgreSQL sleeps.
func (g *Guest) selectFiles(a args) uint32 {
	for i := range 4 {
		if a.u32(i) != 0 {
			return neg(vfs.ENOSYS)
		}
	}
	var d time.Duration
	if p := a.u32(4); p != 0 { // struct timeval: 64-bit seconds, 32-bit microseconds
		d = time.Duration(g.Load64(p))*time.Second + time.Duration(g.Load32(p+8))*time.Microsecond
	}
	g.Kernel.Sleep(d)
	return 0
}
