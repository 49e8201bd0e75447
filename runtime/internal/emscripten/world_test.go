package emscripten

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/experimental"
)

// An engine has the test program, compiled once, and the host functions,
// instantiated once, as in production.
type engine struct {
	rt wazero.Runtime
	cm wazero.CompiledModule
}

var (
	compiler    = sync.OnceValue(func() engine { return newEngine(wazero.NewRuntimeConfig()) })
	interpreter = sync.OnceValue(func() engine { return newEngine(wazero.NewRuntimeConfigInterpreter()) })
)

func newEngine(config wazero.RuntimeConfig) (c engine) {
	ctx := context.Background()
	c.rt = wazero.NewRuntimeWithConfig(ctx, config)
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
	var err error
	c.cm, err = c.rt.CompileModule(ctx, program())
	must(err)
	b := NewBuilder(c.rt)
	var imports []link.Import
	for name, sig := range abi {
		imports = append(imports, testImport("env", name, sig))
	}
	imports = append(imports, testImport("test", "again", "i:i"))
	must(b.Imports(imports, "test"))
	b.Function(testImport("test", "again", "i:i"), func(g *Guest, stack []uint64) {
		r, err := g.Call("through_host", stack[0])
		if err != nil {
			panic(err)
		}
		stack[0] = r
	})
	must(b.Instantiate(ctx))
	return c
}

func testImport(module, name, sig string) link.Import {
	params, results, _ := strings.Cut(sig, ":")
	return link.Import{Module: module, Name: name, Params: letters(params)[1:], Results: letters(results)[1:]}
}

// A world is a running test program with a file system of its own.
type world struct {
	*Guest
	t      testing.TB
	kernel *kernel
	stderr bytes.Buffer
	// direct makes it call host functions without the engine, with garbage in
	// the upper halves of i32 parameters, as the engine is free to do.
	direct bool
}

func newWorld(t testing.TB) *world { return newWorldOn(t, compiler()) }

func newWorldOn(t testing.TB, e engine) *world {
	t.Helper()
	w := &world{t: t, kernel: &kernel{}}
	mem, err := linmem.New(maximalPages * linmem.PageSize)
	if errors.Is(err, linmem.ErrUnsupported) {
		t.Skip(err)
	}
	require.NoError(t, err)
	t.Cleanup(mem.Close)
	w.Guest = &Guest{
		Mem: mem, FS: vfs.New(vfs.Options{Stderr: &w.stderr}), Files: vfs.NewTable(), Kernel: w.kernel, Owner: w,
		Env: []string{"HOME=/home/postgres", "EMPTY=", "TZ=UTC"},
	}
	ctx := experimental.WithMemoryAllocator(t.Context(), experimental.MemoryAllocatorFunc(
		func(_, _ uint64) experimental.LinearMemory { return mem }))
	m, err := e.rt.InstantiateModule(ctx, e.cm, wazero.NewModuleConfig().WithName(""))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, m.Close(context.Background())) })
	w.Attach(m)
	for _, dev := range []string{"/dev/stdin", "/dev/stdout", "/dev/stderr"} {
		f, err := w.FS.OpenAt(nil, dev, vfs.O_RDWR, 0)
		require.NoError(t, err)
		_, err = w.Files.Open(f)
		require.NoError(t, err)
	}
	return w
}

// allWays runs a test through the engine and with direct calls.
func allWays(t *testing.T, f func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	for _, way := range []struct {
		name   string
		engine func() engine
		direct bool
	}{
		{"through wasm", compiler, false},
		{"garbage in upper halves", compiler, true},
		{"garbage in upper halves, interpreted", interpreter, true},
	} {
		t.Run(way.name, func(t *testing.T) {
			t.Parallel()
			w := newWorldOn(t, way.engine())
			w.direct = way.direct
			f(t, w)
		})
	}
}

// called are the names of the functions that some test has called.
var called sync.Map

// try calls a host function. Parameters are Go numbers or strings, which are
// copied to the guest.
func (w *world) try(name string, params ...any) (uint64, error) {
	w.t.Helper()
	called.Store(name, true)
	return w.do(name, params...)
}

func (w *world) do(name string, params ...any) (uint64, error) {
	w.t.Helper()
	types, results, ok := strings.Cut(abi[name], ":")
	require.Truef(w.t, ok, "%s is not in the table of types", name)
	require.Lenf(w.t, params, len(types), "parameters of %s", name)
	stack := make([]uint64, max(len(types), len(results)))
	for i, p := range params {
		stack[i] = w.param(types[i], p)
		if w.direct && types[i] == 'i' {
			stack[i] |= rand.Uint64() << 32
		}
	}
	var err error
	if w.direct {
		err = w.callDirectly(name, stack)
	} else {
		err = w.CallWithStack("call_"+name, stack)
	}
	if err != nil || results == "" {
		return 0, err
	}
	if results == "i" {
		return uint64(uint32(stack[0])), nil
	}
	return stack[0], nil
}

func (w *world) callDirectly(name string, stack []uint64) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case error:
			err = r
		default:
			err = fmt.Errorf("%v", r)
		}
	}()
	Lookup(name)(w.Guest, stack)
	return nil
}

func (w *world) param(typ byte, p any) uint64 {
	w.t.Helper()
	switch p := p.(type) {
	case string:
		return uint64(w.NewString(p))
	case float64:
		return math.Float64bits(p)
	case float32:
		return uint64(math.Float32bits(p))
	case uint32:
		return uint64(p)
	case int64:
		return uint64(p)
	case uint64:
		return p
	case int:
		if typ == 'i' {
			return uint64(uint32(p))
		}
		return uint64(p)
	}
	w.t.Fatalf("parameter %v of type %T", p, p)
	return 0
}

// sys calls a host function that returns at most an i32 and must not fail.
func (w *world) sys(name string, params ...any) int {
	w.t.Helper()
	r, err := w.try(name, params...)
	require.NoError(w.t, err, name)
	return int(int32(uint32(r)))
}

// fails requires that a system call returns an error number.
func (w *world) fails(want vfs.Errno, name string, params ...any) {
	w.t.Helper()
	got := vfs.Errno(w.sys(name, params...))
	if strings.HasPrefix(name, "__syscall_") || name == "_mmap_js" || name == "_setitimer_js" {
		got = -got
	}
	require.Equalf(w.t, want, got, "%s%v: %v", name, params, got)
}

// space allocates n bytes that hold no zeroes.
func (w *world) space(n int) uint32 {
	p := w.Malloc(n + 16)
	for i := range w.Bytes(p, uint32(n+16)) {
		w.Bytes(p, uint32(n+16))[i] = 0xa5
	}
	return p
}

// words allocates an array of i32.
func (w *world) words(values ...any) uint32 {
	p := w.space(4 * len(values))
	for i, v := range values {
		w.Store32(p+4*uint32(i), uint32(w.param('i', v)))
	}
	return p
}

// untouched requires that space ends where the host was to stop.
func (w *world) untouched(p uint32) {
	w.t.Helper()
	require.Equal(w.t, bytes.Repeat([]byte{0xa5}, 16), w.Bytes(p, 16), "the host wrote behind the end")
}

// open opens a file with the umask 022.
func (w *world) open(path string, flags int) int {
	w.t.Helper()
	w.SetUmask(0o022)
	fd := w.sys("__syscall_openat", vfs.AT_FDCWD, path, flags, w.words(0o666))
	require.GreaterOrEqual(w.t, fd, 0, path)
	return fd
}

// file makes a file and opens it for reading and writing.
func (w *world) newFile(path, content string) int {
	w.t.Helper()
	require.NoError(w.t, w.FS.WriteFile(path, []byte(content), 0o644))
	return w.open(path, vfs.O_RDWR)
}

func (w *world) content(path string) string {
	w.t.Helper()
	b, err := w.FS.ReadFile(path)
	require.NoError(w.t, err)
	return string(b)
}
