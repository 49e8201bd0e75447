package link

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
)

// sideOf links library after a change to it.
func sideOf(t *testing.T, change func(*module)) (*Library, error) {
	t.Helper()
	m := decode(t, library())
	change(m)
	return Side(append(m.encode(), custom("dylink.0", libraryDylink()...)...), func(string) string { return HostModule })
}

// Indices in library, which the changes below use.
const (
	importStackPointer = 2
	importMemoryBase   = 3
	importTableBase    = 4
	importGOT          = 5
	globalInternal     = 0
	globalGreeting     = 1
)

func TestSideRefuses(t *testing.T) {
	t.Parallel()
	rename := func(i int, from, name string) func(*module) {
		return func(m *module) { m.imports[i].module, m.imports[i].name = from, name }
	}
	for _, tt := range []struct {
		name, err string
		change    func(*module)
	}{
		{"an unknown global", "link: unknown imported global env.base", rename(importMemoryBase, "env", "base")},
		{
			"a global of another width", "imported global env.__memory_base is no i32",
			func(m *module) { m.imports[importMemoryBase].desc = op(0x7e, 0) },
		},
		{"two stack pointers", "two stack pointers", rename(importGOT, "env", "__stack_pointer")},
		{"code that is not understood", "function body 2: at offset", func(m *module) { m.code[2] = op(0, 0xff) }},
		{"data somewhere", "data segment does not begin at the memory base", func(m *module) { m.data[0].offset = i32x(0) }},
		{"data at the table base", "data segment does not begin at the memory base", func(m *module) { m.data[0].offset = ggetx(2) }},
		{
			"data in two segments", "data segment does not begin at the memory base",
			func(m *module) { m.data = append(m.data, m.data[0]) },
		},
		{"data without a memory base", "data segment does not begin at the memory base", rename(importMemoryBase, "GOT.mem", "x")},
		{
			"more data than memory", "65 bytes of data in 64 bytes of memory",
			func(m *module) { m.data[0].bytes = make([]byte, libMemory+1) },
		},
		{
			"too few functions for the table", "1 element segments do not fill 2 slots",
			func(m *module) { m.elements[0].funcs = m.elements[0].funcs[1:] },
		},
		{"no functions for the table", "1 element segments do not fill 2 slots", func(m *module) { m.elements = nil }},
		{
			"functions in two segments", "2 element segments do not fill 2 slots",
			func(m *module) { m.elements = append(m.elements, m.elements[0]) },
		},
		{"functions somewhere", "element segment does not begin at the table base", func(m *module) { m.elements[0].offset = i32x(1) }},
		{
			"functions at the memory base", "element segment does not begin at the table base",
			func(m *module) { m.elements[0].offset = ggetx(1) },
		},
		{
			"a start function that calls", "opcode 0x10 in the start function",
			func(m *module) { m.code[0] = cat(op(0), callf(4), op(opEnd)) },
		},
		{"an invoke function without an index", "import invoke_iii", func(m *module) { m.imports[9].typ = 0 }},
		{"a variable that it imports", "exported variable greeting is not the library's", func(m *module) { m.exports[8].index = 0 }},
		{"a variable that changes", "exported variable greeting has no constant address", func(m *module) { m.exports[8].index = 3 }},
		{
			"a variable that does not exist", "exported variable greeting is not the library's",
			func(m *module) { m.exports[8].index = 9 },
		},
		{
			"a variable without an address", "exported variable greeting has no constant address",
			func(m *module) { m.globals[globalGreeting] = global{op(0x7d, 0), op(opF32Const, 0, 0, 0, 0, opEnd)} },
		},
		{
			"a global that depends on a base", "global 6 does not start with a constant",
			func(m *module) { m.globals[globalInternal].init = ggetx(1) },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := sideOf(t, tt.change)
			require.ErrorContains(t, err, tt.err)
			require.ErrorContains(t, err, "link: ")
		})
	}
	for name, bin := range map[string][]byte{
		"not a WebAssembly 1.0 binary": nil, "no section dylink.0": wasm(), "dylink.0, part 1": wasm(custom("dylink.0", 1, 0)),
	} {
		_, err := Side(bin, provided)
		require.ErrorContains(t, err, name)
	}
}

func TestSideAccepts(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		change func(*module)
		check  func(*Library)
	}{
		{"it as it is", func(*module) {}, func(l *Library) {}},
		{"no start function", func(m *module) { m.start = -1 }, func(l *Library) {}},
		{"no data", func(m *module) { m.data, m.dataCount = nil, false }, func(l *Library) { require.Empty(t, l.Data) }},
		{"a variable of the program called like the stack pointer", func(m *module) {
			m.imports[importGOT].name = "__stack_pointer"
		}, func(l *Library) { require.Equal(t, "__stack_pointer", l.GOT[0].Symbol) }},
		{"a symbol twice", func(m *module) { m.imports[importGOT+1].name = "shared" }, func(l *Library) { require.Len(t, l.GOT, 3) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, err := sideOf(t, tt.change)
			require.NoError(t, err)
			tt.check(l)
			_, err = engine(t).CompileModule(t.Context(), l.Wasm)
			require.NoError(t, err)
		})
	}
}

// A library that uses neither its data nor the table still exports a function.
func TestSideWithoutBases(t *testing.T) {
	t.Parallel()
	l, err := Side(wasm(
		custom("dylink.0", secOf(dylinkMemInfo, op(0, 0, 0, 0))...),
		sec(secType, fn("i", "i")),
		sec(secFunction, leb(0)),
		sec(secExport, exp("triple", kindFunc, 0)),
		sec(secCode, body(get(0), i32c(3), op(0x6c))),
	), provided)
	require.NoError(t, err)
	require.EqualValues(t, 1, l.TableSize)
	require.EqualValues(t, 1, l.MemAlign)
	require.Equal(t, map[string]uint32{"triple": 0}, l.Functions)

	rt := engine(t)
	log, _ := logModule()
	goModule(t, rt, "env", log)
	p := newProcess(t, rt)
	compiled, err := rt.CompileModule(t.Context(), l.Wasm)
	require.NoError(t, err)
	i := p.bare(compiled)
	i.ExportedGlobal(TableBase).(api.MutableGlobal).Set(20)
	invoke(t, i, Init)
	require.EqualValues(t, 21, invoke(t, i, "triple", 7))
	require.Nil(t, i.ExportedGlobal(MemoryBase))
}
