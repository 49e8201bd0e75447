package emscripten

import (
	"crypto/rand"

	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/vfs"
)

func init() {
	define("environ_sizes_get", func(g *Guest, a args) {
		n := 0
		for _, e := range g.Env {
			n += len(e) + 1
		}
		g.Store32(a.u32(0), uint32(len(g.Env)))
		g.Store32(a.u32(1), uint32(n))
		a.set(0)
	})
	define("environ_get", func(g *Guest, a args) {
		ptrs, buf := a.u32(0), a.u32(1)
		for _, e := range g.Env {
			g.Store32(ptrs, buf)
			g.putString(buf, uint32(len(e)+1), e)
			ptrs, buf = ptrs+4, buf+uint32(len(e)+1)
		}
		a.set(0)
	})
	define("random_get", func(g *Guest, a args) {
		_, _ = rand.Read(g.Bytes(a.u32(0), a.u32(1))) // never fails
		a.set(0)
	})
	define("__syscall_umask", func(g *Guest, a args) {
		old := g.umask
		g.SetUmask(a.u32(0))
		a.set(old)
	})
	// PostgreSQL asks PGlite's own pgl_getuid, which says 123; these are for
	// the C library, whose user is the one that owns every file.
	for _, name := range []string{"getuid32", "geteuid32", "getgid32", "getegid32"} {
		define("__syscall_"+name, func(g *Guest, a args) { a.set(0) })
	}
	define("_dlopen_js", func(g *Guest, a args) {
		ok := g.Kernel.DlOpen(a.u32(0))
		a.set(0)
		if ok {
			a.set(1)
		}
	})
	define("_dlsym_js", func(g *Guest, a args) {
		addr, ok := g.Kernel.DlSym(a.u32(0), g.CString(a.u32(1)))
		if !ok {
			addr = 0
		}
		a.set(addr)
	})
	define("__call_sighandler", func(g *Guest, a args) {
		if _, err := g.Call(link.DynCall+"vi", uint64(a.u32(0)), uint64(a.u32(1))); err != nil {
			panic(err)
		}
	})
	// A multi-value return's second half; the side modules that import these
	// expect JavaScript to keep it.
	define("setTempRet0", func(g *Guest, a args) {
		if _, err := g.Call("_emscripten_tempret_set", uint64(a.u32(0))); err != nil {
			panic(err)
		}
	})
	define("getTempRet0", func(g *Guest, a args) {
		v, err := g.Call("_emscripten_tempret_get")
		if err != nil {
			panic(err)
		}
		a[0] = v
	})
}

// neg returns the result of a failed __syscall_ function.
func neg(e vfs.Errno) uint32 { return uint32(-int32(e)) }

// ret returns the result of a __syscall_ function that returns 0 or an error.
func ret(err error) uint32 {
	if err == nil {
		return 0
	}
	return neg(errno(err))
}

// wasi returns the result of a WASI function.
func wasi(err error) uint32 {
	if err == nil {
		return 0
	}
	return uint32(errno(err))
}

// errno returns the guest's number of an error. Emscripten has WASI's numbers
// except for ENOTSUP, which it does not tell from EOPNOTSUPP.
func errno(err error) vfs.Errno {
	if e := vfs.ErrnoOf(err); e != vfs.ENOTSUP {
		return e
	}
	return eOpNotSupp
}

const eOpNotSupp vfs.Errno = 138
