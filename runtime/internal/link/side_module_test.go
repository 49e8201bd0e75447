package link

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// provided says that the program has log and the host invoke_iii.
func provided(function string) string {
	switch {
	case function == "log":
		return MainModule
	case strings.HasPrefix(function, "invoke_"):
		return HostModule
	}
	return ""
}

func linkLibrary(t testing.TB) *Library {
	t.Helper()
	l, err := Side(library(), func(f string) string {
		if f == "missing" {
			return HostModule
		}
		return provided(f)
	})
	require.NoError(t, err)
	return l
}

func TestSide(t *testing.T) {
	t.Parallel()
	l, err := Side(library(), provided)
	require.NoError(t, err)
	require.Equal(t, []string{"missing"}, l.Undefined)
	require.EqualValues(t, libMemory, l.MemSize)
	require.EqualValues(t, 32, l.MemAlign)
	require.EqualValues(t, 2+8, l.TableSize, "its own slots, and one for each exported function")
	require.Equal(t, []string{"libother.so"}, l.Needed)
	require.Equal(t, "hi!\x00", string(l.Data))
	require.Equal(t, []GOTEntry{
		{Symbol: "shared", Global: "calf.got.0"},
		{Symbol: "maybe", Global: "calf.got.1", Weak: true},
		{Symbol: "callback", Global: "calf.got.2", Function: true},
	}, l.GOT)
	require.Equal(t, map[string]uint32{"greeting": 0, "buffer": libBSS}, l.Variables)
	require.Len(t, l.Functions, 8)
	seen := map[uint32]bool{}
	for name, slot := range l.Functions {
		require.Falsef(t, seen[slot], name)
		require.Lessf(t, slot, l.TableSize, name)
		require.GreaterOrEqualf(t, slot, uint32(2), name)
		seen[slot] = true
	}
	require.Equal(t, []string{"main.log", "env.invoke_iii", ".missing"}, []string{
		l.Imports[0].Module + "." + l.Imports[0].Name, l.Imports[1].Module + "." + l.Imports[1].Name,
		l.Imports[2].Module + "." + l.Imports[2].Name,
	})
}

func TestSideIsDeterministic(t *testing.T) {
	t.Parallel()
	first := linkLibrary(t)
	for range 10 {
		require.Equal(t, first, linkLibrary(t))
	}
}

// programModule is what a library is loaded into: two pages of memory, a table
// with two functions, which add 1 and 10 to their parameter, and log.
func programModule() []byte {
	return wasm(
		sec(secType, fn("i", "i")),
		sec(secImport, imp("env", "log", kindFunc, 0)),
		sec(secFunction, leb(0), leb(0)),
		sec(secTable, op(0x70, 0, 100)),
		sec(secMemory, op(0, 2)),
		sec(secGlobal, glob(0x7f, 1, i32x(0x8000))),
		sec(secExport, exp("memory", kindMemory, 0), exp("__indirect_function_table", kindTable, 0),
			exp("__stack_pointer", kindGlobal, 0), exp("log", kindFunc, 0)),
		sec(secElement, elem(i32x(1), 1, 2)),
		sec(secCode, body(get(0), i32c(1), op(opI32Add)), body(get(0), i32c(10), op(opI32Add))),
	)
}

// process is an instance of the program.
type process struct {
	t    *testing.T
	rt   wazero.Runtime
	main api.Module
}

func newProcess(t *testing.T, rt wazero.Runtime) *process {
	t.Helper()
	main, err := rt.InstantiateWithConfig(t.Context(), programModule(), wazero.NewModuleConfig().WithName(""))
	require.NoError(t, err)
	return &process{t: t, rt: rt, main: main}
}

// bare makes an instance of a library without setting anything.
func (p *process) bare(compiled wazero.CompiledModule) api.Module {
	p.t.Helper()
	ctx := experimental.WithImportResolver(context.Background(), func(name string) api.Module {
		if name == MainModule {
			return p.main
		}
		return nil
	})
	i, err := p.rt.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(""))
	require.NoError(p.t, err)
	return i
}

// instantiate makes an instance of the library, as the loader does, but leaves
// memory alone.
func (p *process) instantiate(l *Library, compiled wazero.CompiledModule, memBase, tableBase uint32, got ...uint32) api.Module {
	p.t.Helper()
	i := p.bare(compiled)
	set := func(name string, v uint32) { i.ExportedGlobal(name).(api.MutableGlobal).Set(uint64(v)) }
	set(MemoryBase, memBase)
	set(TableBase, tableBase)
	for k, e := range l.GOT {
		set(e.Global, got[k])
	}
	invoke(p.t, i, Init)
	return i
}

// load is instantiate with what happens to memory.
func (p *process) load(l *Library, compiled wazero.CompiledModule, memBase, tableBase uint32, got ...uint32) api.Module {
	p.t.Helper()
	require.True(p.t, p.main.Memory().Write(memBase, append(append([]byte{}, l.Data...), make([]byte, int(l.MemSize)-len(l.Data))...)))
	i := p.instantiate(l, compiled, memBase, tableBase, got...)
	invoke(p.t, i, "__wasm_apply_data_relocs")
	return i
}

func TestLibraryRunsAtAnyBase(t *testing.T) {
	t.Parallel()
	rt := engine(t)
	log, _ := logModule()
	log["missing"] = hostFunc{"", "", func(api.Module, []uint64) uint64 { return 0 }}
	log["invoke_iii"] = hostFunc{"iii", "i", func(api.Module, []uint64) uint64 { return 0 }}
	goModule(t, rt, HostModule, log)
	l := linkLibrary(t)
	compiled, err := rt.CompileModule(t.Context(), l.Wasm)
	require.NoError(t, err)

	// Two processes load the library to different places; the second one also
	// has a second copy.
	const sharedAddr = 0x400
	a, b := newProcess(t, rt), newProcess(t, rt)
	libs := []struct {
		name               string
		p                  *process
		memBase, tableBase uint32
		callback           uint32
		i                  api.Module
	}{
		{name: "a", p: a, memBase: 0x1000, tableBase: 10, callback: 1},
		{name: "b", p: b, memBase: 0x2020, tableBase: 50, callback: 2},
		{name: "b again", p: b, memBase: 0x3000, tableBase: 70, callback: 1},
	}
	for k := range libs {
		lib := &libs[k]
		lib.i = lib.p.load(l, compiled, lib.memBase, lib.tableBase, sharedAddr, 0, lib.callback)
	}
	a.main.Memory().WriteUint32Le(sharedAddr, 111)
	b.main.Memory().WriteUint32Le(sharedAddr, 222)
	for _, lib := range libs {
		mem, i := lib.p.main.Memory(), lib.i
		require.EqualValues(t, lib.memBase, invoke(t, i, "message"), lib.name)
		text, _ := mem.Read(lib.memBase, 4)
		require.Equal(t, "hi!\x00", string(text))
		require.EqualValues(t, lib.memBase+libInternal, invoke(t, i, "internal"), "what the start function set")
		pointer, _ := mem.ReadUint32Le(lib.memBase + libPointer)
		require.Equal(t, lib.tableBase, pointer)
		require.EqualValues(t, 12, invoke(t, i, "through_pointer", 5, 7))
		require.EqualValues(t, map[*process]uint64{a: 111, b: 222}[lib.p], invoke(t, i, "load_shared"))
		require.EqualValues(t, map[uint32]uint64{1: 6, 2: 15}[lib.callback], invoke(t, i, "call_back", 5))
		require.Zero(t, invoke(t, i, "address_of_maybe"))
		// The program reaches the library's functions through the table.
		slot := uint64(lib.tableBase + l.Functions["add"])
		require.EqualValues(t, 42, invoke(t, i, "dynCall_iii", slot, 40, 2), "there is a dynCall_ for each of its invoke_ functions")
	}
}

func TestLibraryOfACloneKeepsItsMemory(t *testing.T) {
	t.Parallel()
	rt := engine(t)
	log, _ := logModule()
	log["missing"] = hostFunc{"", "", func(api.Module, []uint64) uint64 { return 0 }}
	log["invoke_iii"] = hostFunc{"iii", "i", func(api.Module, []uint64) uint64 { return 0 }}
	goModule(t, rt, HostModule, log)
	l := linkLibrary(t)
	compiled, err := rt.CompileModule(t.Context(), l.Wasm)
	require.NoError(t, err)

	p := newProcess(t, rt)
	memory := make([]byte, libMemory)
	for i := range memory {
		memory[i] = byte(i) + 1
	}
	require.True(t, p.main.Memory().Write(0x1000, memory))
	i := p.instantiate(l, compiled, 0x1000, 10, 0, 0, 1)
	got, _ := p.main.Memory().Read(0x1000, libMemory)
	require.Equal(t, memory, got)
	require.EqualValues(t, 0x1000+libInternal, invoke(t, i, "internal"), "globals are not in memory")
}
