// Package emscripten implements what programs that Emscripten compiled import:
// system calls, time, memory growth, setjmp and exit.
//
// One [Guest] holds the state of one running program. All guests of a Go
// process share one set of host functions, which find their guest through the
// context of the call. The functions follow the ABI of Emscripten's generated
// JavaScript: errors are WASI numbers, structures are laid out as in musl for
// wasm32.
package emscripten

import (
	"bytes"
	"context"
	"math"
	"time"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/tetratelabs/wazero/api"
)

// A Guest is the state of one program that the host functions serve. It is
// used by one goroutine at a time.
//
// A Guest is the context of all calls into its module, so that a host function
// finds it without a search; as a context it is never cancelled.
type Guest struct {
	// Mem is the linear memory of Module.
	Mem *linmem.Memory
	// FS is what paths mean, and Files the open descriptors.
	FS    *vfs.FS
	Files *vfs.Table
	// Env are the environment variables, as KEY=value.
	Env []string
	// Kernel does what involves other processes.
	Kernel Kernel
	// Names knows the names of hosts; nil knows none.
	Names Names
	// Owner is whatever the caller wants to find from its own host functions.
	Owner any

	module api.Module
	sp     api.MutableGlobal
	umask  uint32
	calls  map[string]*pool

	libraries []api.Module
	errno     uint32 // address of errno
}

// Kernel is what a guest asks of its host beyond files and memory.
type Kernel interface {
	// SetTimer arms or, with 0, disarms the real-time interval timer.
	SetTimer(d time.Duration)
	// Opened is told of each file that was opened for writing, by the path that
	// the guest used.
	Opened(path string)
	// Cut is told by how many bytes a file has been shortened.
	Cut(n int64)
	// Outside runs a function that may wait for the host's disk.
	Outside(f func())
	// Sleep waits for d or until a signal comes. It reports what is left of d.
	Sleep(d time.Duration) time.Duration
	// DlOpen loads the library that a handle describes. It reports success;
	// it has set the guest's dlerror otherwise.
	DlOpen(handle uint32) bool
	// DlSym returns the address (or table index) of a symbol.
	DlSym(handle uint32, name string) (uint32, bool)
	// Mapped is told of each range that a file has been mapped to for writing
	// and for others to see; the range has a copy of the file's content. Both
	// ends of the range are multiples of 64 KiB.
	Mapped(f *vfs.File, addr, length uint32) error
}

// Attach gives the guest its module. It must be called before the first call
// into the module.
func (g *Guest) Attach(m api.Module) {
	g.module = m
	g.umask = 0o077
	g.calls = map[string]*pool{}
	g.sp, _ = m.ExportedGlobal("__stack_pointer").(api.MutableGlobal)
}

// Module returns the attached module.
func (g *Guest) Module() api.Module { return g.module }

// StackPointer returns the guest's shadow stack pointer.
func (g *Guest) StackPointer() uint32 { return uint32(g.sp.Get()) }

// SetStackPointer sets the guest's shadow stack pointer.
func (g *Guest) SetStackPointer(sp uint32) { g.sp.Set(uint64(sp)) }

// Umask returns the file mode creation mask.
func (g *Guest) Umask() uint32 { return g.umask }

// SetUmask sets the file mode creation mask.
func (g *Guest) SetUmask(mask uint32) { g.umask = mask & 0o777 }

// Address returns the value of an exported constant, which for C variables is
// their address, or 0 if there is no such export.
func (g *Guest) Address(name string) uint32 {
	v := g.module.ExportedGlobal(name)
	if v == nil {
		return 0
	}
	return uint32(v.Get())
}

// Call calls an exported function by name, with at most 8 parameters. It may
// be called from within a host function, while a call of the same function is
// running.
func (g *Guest) Call(name string, args ...uint64) (uint64, error) {
	var stack [8]uint64
	copy(stack[:], args)
	err := g.CallWithStack(name, stack[:])
	return stack[0], err
}

// CallWithStack is Call with a slice that holds the parameters before and the
// result afterwards.
func (g *Guest) CallWithStack(name string, stack []uint64) error {
	p := g.calls[name]
	if p == nil {
		p = &pool{name: name}
		g.calls[name] = p
	}
	return p.call(g, stack)
}

// A pool calls one exported function. It keeps the function objects that are
// not in use: each has a stack of its own, and calls nest.
type pool struct {
	name string
	idle []api.Function
}

func (p *pool) call(g *Guest, stack []uint64) error {
	var f api.Function
	if n := len(p.idle); n > 0 {
		f = p.idle[n-1]
		p.idle = p.idle[:n-1]
	} else if f = g.exportedFunction(p.name); f == nil {
		panic("BUG: the guest does not export " + p.name)
	}
	err := f.CallWithStack(g, stack)
	p.idle = append(p.idle, f)
	return err
}

func (g *Guest) exportedFunction(name string) api.Function {
	if f := g.module.ExportedFunction(name); f != nil {
		return f
	}
	for _, m := range g.libraries {
		if f := m.ExportedFunction(name); f != nil {
			return f
		}
	}
	return nil
}

// AddLibrary makes the functions of a loaded library callable by name, after
// those of the module.
func (g *Guest) AddLibrary(m api.Module) { g.libraries = append(g.libraries, m) }

// Malloc allocates n bytes of guest memory. It panics, which ends the guest's
// program, when there is no memory.
func (g *Guest) Malloc(n int) uint32 {
	p, err := g.Call("malloc", uint64(n))
	if err != nil {
		panic(err)
	}
	if uint32(p) == 0 {
		panic(errNoMemory)
	}
	return uint32(p)
}

// NewString allocates a C string in the guest.
func (g *Guest) NewString(s string) uint32 {
	p := g.Malloc(len(s) + 1)
	b := g.Bytes(p, uint32(len(s)+1))
	copy(b, s)
	b[len(s)] = 0
	return p
}

// Bytes returns n bytes of memory. Like all accessors it panics if the range
// is outside the memory: what is a segmentation fault in C ends the program.
func (g *Guest) Bytes(p, n uint32) []byte {
	b := g.Mem.Bytes()
	return b[p : uint64(p)+uint64(n) : uint64(p)+uint64(n)]
}

// CString returns the string at p.
func (g *Guest) CString(p uint32) string {
	b := g.Mem.Bytes()[p:]
	return string(b[:bytes.IndexByte(b, 0)])
}

// Load32 reads a 32-bit word.
func (g *Guest) Load32(p uint32) uint32 { return le.Uint32(g.Mem.Bytes()[p:]) }

// Store32 writes a 32-bit word.
func (g *Guest) Store32(p, v uint32) { le.PutUint32(g.Mem.Bytes()[p:], v) }

// Load64 reads a 64-bit word.
func (g *Guest) Load64(p uint32) uint64 { return le.Uint64(g.Mem.Bytes()[p:]) }

// Store64 writes a 64-bit word.
func (g *Guest) Store64(p uint32, v uint64) { le.PutUint64(g.Mem.Bytes()[p:], v) }

// SetErrno sets the guest's errno.
func (g *Guest) SetErrno(e vfs.Errno) {
	if g.errno == 0 {
		p, err := g.Call("__errno_location")
		if err != nil {
			panic(err)
		}
		g.errno = uint32(p)
	}
	g.Store32(g.errno, uint32(e))
}

// The methods of context.Context.

// Deadline reports that there is none.
func (g *Guest) Deadline() (time.Time, bool) { return time.Time{}, false }

// Done returns nil: a guest is never cancelled through its context.
func (g *Guest) Done() <-chan struct{} { return nil }

// Err returns nil.
func (g *Guest) Err() error { return nil }

// Value returns nil.
func (g *Guest) Value(any) any { return nil }

var _ context.Context = (*Guest)(nil)

// args are the parameters of a host function, and the place of its result.
// The upper half of a slot that holds an i32 is undefined.
type args []uint64

func (a args) u32(i int) uint32  { return uint32(a[i]) }
func (a args) i32(i int) int32   { return int32(uint32(a[i])) }
func (a args) i64(i int) int64   { return int64(a[i]) }
func (a args) f64(i int) float64 { return math.Float64frombits(a[i]) }

func (a args) setF64(v float64) { a[0] = math.Float64bits(v) }
func (a args) set(v uint32)     { a[0] = uint64(v) }
