package link

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
)

// toolHost provides what tool imports. It counts the calls of yield.
func toolHost(t *testing.T, linked []byte) (m api.Module, yields *int) {
	t.Helper()
	yields = new(int)
	rt := engine(t)
	goModule(t, rt, Hooks, map[string]hostFunc{
		"recv":  {"iiii", "i", func(_ api.Module, args []uint64) uint64 { return args[0] + args[1] + args[2] }},
		"send":  {"iiii", "i", func(_ api.Module, args []uint64) uint64 { return args[2] - args[3] }},
		"yield": {"", "", func(api.Module, []uint64) uint64 { *yields++; return 0 }},
	})
	goModule(t, rt, "env", map[string]hostFunc{
		"invoke_ii": {"ii", "i", nil}, "exit": {"i", "i", nil},
	})
	return instantiate(t, rt, linked), yields
}

func TestTool(t *testing.T) {
	t.Parallel()
	linked, imports, err := Tool(tool())
	require.NoError(t, err)
	require.Len(t, imports, 2+len(toolHooks))
	m, _ := toolHost(t, linked)

	require.EqualValues(t, toolStack, m.ExportedGlobal("__stack_pointer").Get(), "the stack lies below the data")
	invoke(t, m, "__wasm_apply_data_relocs")
	text := uint32(invoke(t, m, "text"))
	require.EqualValues(t, toolStack+toolText, text)
	hello, _ := m.Memory().Read(text, 6)
	require.Equal(t, "hello\x00", string(hello))
	require.GreaterOrEqual(t, invoke(t, m, "heap"), uint64(toolStack+toolMemory), "the heap lies above the data")
	require.EqualValues(t, toolStack, invoke(t, m, "own"), "a constant that depends on the place")
	require.EqualValues(t, 6, invoke(t, m, "pgl_recv", 1, 2, 3, 4))
	require.EqualValues(t, 5, invoke(t, m, "pgl_send", 1, 2, 9, 4))
	require.EqualValues(t, 1, invoke(t, m, "count", 3), "no function is at 0")

	again, _, err := Tool(tool())
	require.NoError(t, err)
	require.True(t, bytes.Equal(linked, again), "it is deterministic")
}

func TestToolYields(t *testing.T) {
	t.Parallel()
	linked, _, err := Tool(tool())
	require.NoError(t, err)
	m, yields := toolHost(t, linked)
	invoke(t, m, "count", yieldEvery/2)
	require.Zero(t, *yields)
	invoke(t, m, "count", yieldEvery/2)
	require.Equal(t, 1, *yields, "loops count together")
	invoke(t, m, "count", 10*yieldEvery)
	require.Equal(t, 11, *yields)
}

func TestToolRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, err string
		change    func(*module)
	}{
		{"no dylink.0", "link: not a shared library", func(m *module) { m.dylink = nil }},
		{"an unknown global", "link: unknown imported global env.x", func(m *module) { m.imports[2].name = "x" }},
		{"a global of another type", "link: unknown imported global env.__memory_base", func(m *module) { m.imports[3].desc[0] = 0x7e }},
		{"no memory", "link: module imports no memory", func(m *module) { m.imports = m.imports[1:] }},
		{"no table", "link: module imports no table", func(m *module) { m.imports = append(m.imports[:1], m.imports[2:]...) }},
		{"no pgl_recv", "link: program does not export pgl_recv", func(m *module) { m.exports[1].name = "x" }},
		{"an imported pgl_send", "link: pgl_send: module does not define function 1", func(m *module) { m.exports[2].index = 1 }},
		{"pgl_send of another type", "link: pgl_send has an unexpected type", func(m *module) { m.exports[2].index = 6 }},
		{"code that is not understood", "link: function body 7", func(m *module) { m.code[7] = op(0, 0xff) }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := decode(t, tool())
			dylink := m.dylink
			tt.change(m)
			bin := m.encode()
			if m.dylink != nil { // encode leaves custom sections out
				bin = append(bin, custom("dylink.0", dylink...)...)
			}
			_, _, err := Tool(bin)
			require.ErrorContains(t, err, tt.err)
		})
	}
	_, _, err := Tool(nil)
	require.EqualError(t, err, "link: not a WebAssembly 1.0 binary")
}

func TestToolLinksPgDump(t *testing.T) {
	t.Parallel()
	artifact, err := guest(t).ReadFile("pg_dump.wasm")
	require.NoError(t, err)
	before, err := parse(artifact)
	require.NoError(t, err)
	linked, imports, err := Tool(artifact)
	require.NoError(t, err)
	m, err := parse(linked)
	require.NoError(t, err)
	require.Len(t, imports, len(m.imports), "it imports functions only")
	require.Len(t, m.memories, 1)
	require.Len(t, m.tables, 1)
	for _, e := range before.exports {
		_, ok := m.export(e.kind, e.name)
		require.True(t, ok, "%s is lost", e.name)
	}
}

func FuzzTool(f *testing.F) {
	truncations(f, tool())
	f.Fuzz(func(t *testing.T, b []byte) {
		linked, _, err := Tool(b)
		if err != nil {
			return
		}
		_, err = parse(linked)
		require.NoError(t, err)
	})
}
