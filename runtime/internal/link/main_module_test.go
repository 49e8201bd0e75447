package link

import (
	"bytes"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
)

// linkArtifact links the sample.
func linkArtifact(t testing.TB) *Linked {
	t.Helper()
	f := artifactFacts()
	l, err := f.link(artifact(), false)
	require.NoError(t, err)
	return l
}

// runArtifact instantiates the linked sample as a process of its own. The
// import invoke_ii does what the host does: it calls through dynCall_ii.
func runArtifact(t *testing.T) (m api.Module, slots map[string]uint32, hooked *[]string, logged *[]uint64) {
	t.Helper()
	l := linkArtifact(t)
	rt := engine(t)
	env, logged := logModule()
	env["invoke_ii"] = hostFunc{"ii", "i", func(m api.Module, args []uint64) uint64 {
		return invoke(t, m, "dynCall_ii", args...)
	}}
	goModule(t, rt, "env", env)
	host, hooked := hookModule()
	host["getpid"] = hostFunc{"", "i", func(api.Module, []uint64) uint64 { return 1000 }}
	goModule(t, rt, Hooks, host)
	m = instantiate(t, rt, l.Wasm)
	require.True(t, m.Memory().Write(0, l.Data))
	return m, l.Functions, hooked, logged
}

func TestLinkedArtifactRuns(t *testing.T) {
	t.Parallel()
	m, _, hooked, logged := runArtifact(t)
	// main calls log(named() + 5), where named is 1000 instead of 42, plus
	// what callee counts.
	require.EqualValues(t, 1000+1+5+1, invoke(t, m, "__main_argc_argv", 5))
	require.EqualValues(t, 1000+2+5+1, invoke(t, m, "__main_argc_argv", 5))
	require.Equal(t, []uint64{1006, 1007}, *logged)
	require.Equal(t, []string{"interrupts", "interrupts"}, *hooked)
	require.EqualValues(t, 1003, invoke(t, m, "named"), "internal functions are exported")
	require.EqualValues(t, 14, invoke(t, m, "double", 7))
	require.Equal(t, []string{"interrupts", "interrupts", "interrupts", "system"}, *hooked, "the host doubles")
	invoke(t, m, "lock", 512)
	require.Equal(t, "sem_wait", (*hooked)[4])

	require.EqualValues(t, 4096-3*stackPad, invoke(t, m, "deep", 2), "recursion takes space on the stack")
	require.NotNil(t, m.ExportedMemory("memory"))
	require.EqualValues(t, 2<<16, m.Memory().Size(), "the heap is empty")
	require.EqualValues(t, artCounter, m.ExportedGlobal("counter").Get())
	require.EqualValues(t, artTable, m.ExportedGlobal("kinds").Get())
	require.EqualValues(t, 4096, m.ExportedGlobal("__stack_pointer").Get())
	n, _ := m.Memory().ReadUint32Le(artCounter)
	require.EqualValues(t, 3, n)
}

func TestLinkedArtifactStartsOnZeroes(t *testing.T) {
	t.Parallel()
	l := linkArtifact(t)
	m := decode(t, l.Wasm)
	require.EqualValues(t, -1, m.start)
	require.Empty(t, m.data)
	require.Empty(t, m.dylink)
	require.Equal(t, "a named\x00", string(l.Data[artName:artName+8]))
	require.Len(t, l.Data, artTable+16+6)
	require.Len(t, l.Imports, len(m.imports))
	for i, im := range m.imports {
		require.Equal(t, im.module+"."+im.name, l.Imports[i].Module+"."+l.Imports[i].Name)
		require.True(t, m.types[im.typ].equal(funcType{l.Imports[i].Params, l.Imports[i].Results}))
		require.EqualValues(t, kindFunc, im.kind)
		require.Contains(t, []string{"env", Hooks}, im.module)
	}
	for _, h := range hooks {
		require.True(t, slices.ContainsFunc(m.imports, func(im imported) bool { return im.module == Hooks && im.name == h.name }), h.name)
	}
}

func TestLinkedArtifactHasASlotForEveryFunction(t *testing.T) {
	t.Parallel()
	m, slots, hooked, logged := runArtifact(t)
	require.Len(t, slots, 9)
	require.EqualValues(t, 1, slots["double"], "it has been there")
	seen := map[uint32]string{}
	for name, slot := range slots {
		require.Emptyf(t, seen[slot], "slot %d of %s", slot, name)
		require.NotZero(t, slot)
		seen[slot] = name
	}
	// dynCall_ii reaches the functions of that type through their slots.
	require.EqualValues(t, 6, invoke(t, m, "dynCall_ii", uint64(slots["double"]), 3))
	require.EqualValues(t, 4, invoke(t, m, "dynCall_ii", uint64(slots["log"]), 3))
	require.Equal(t, []uint64{3}, *logged)
	invoke(t, m, "dynCall_ii", uint64(slots["lock"]), 512)
	require.Equal(t, []string{"system", "sem_wait"}, *hooked)
	_, err := m.ExportedFunction("dynCall_ii").Call(t.Context(), 4+7, 0)
	require.Error(t, err, "the table ends there")
}

func TestGrowTable(t *testing.T) {
	t.Parallel()
	m, slots, _, _ := runArtifact(t)
	size := uint64(4)
	for _, slot := range slots {
		size = max(size, uint64(slot)+1)
	}
	for range 3 {
		require.Equal(t, size, invoke(t, m, GrowTable, 10))
		size += 10
	}
	require.Equal(t, size, invoke(t, m, GrowTable, 0))
	require.EqualValues(t, api.EncodeI32(-1), invoke(t, m, GrowTable, api.EncodeI32(-1)))
	_, err := m.ExportedFunction("dynCall_ii").Call(t.Context(), size-1, 0)
	require.Error(t, err, "new slots are null")
	_, err = m.ExportedFunction("dynCall_ii").Call(t.Context(), size, 0)
	require.Error(t, err)
}

func TestLinkIsDeterministic(t *testing.T) {
	t.Parallel()
	first := linkArtifact(t)
	for range 10 {
		again := linkArtifact(t)
		require.True(t, bytes.Equal(first.Wasm, again.Wasm))
		require.Equal(t, first.Data, again.Data)
		require.Equal(t, first.Functions, again.Functions)
		require.Equal(t, first.Imports, again.Imports)
	}
}

func TestFillTable(t *testing.T) {
	t.Parallel()
	table := func(tables ...[]byte) *module {
		return decode(t, wasm(
			sec(secType, fn("", "")), sec(secFunction, leb(0), leb(0)), sec(secTable, tables...),
			sec(secExport, exp("a", kindFunc, 0), exp("also a", kindFunc, 0), exp("b", kindFunc, 1), exp("t", kindTable, 0)),
			sec(secElement, elem(i32x(3), 1)),
			sec(secCode, body(), body()),
		))
	}
	m := table(op(0x70, 0, 10))
	slots, err := m.fillTable()
	require.NoError(t, err)
	require.Equal(t, map[string]uint32{"a": 10, "also a": 10, "b": 3}, slots)
	require.Equal(t, [][]byte{{0x70, 0, 11}}, m.tables)
	instantiate(t, engine(t), m.encode())

	for name, tables := range map[string][][]byte{
		"no table": {}, "two tables": {op(0x70, 0, 1), op(0x70, 0, 1)},
		"a maximum": {op(0x70, 1, 1, 2)}, "a table of others": {op(0x6f, 0, 1)},
	} {
		_, err := table(tables...).fillTable()
		require.EqualErrorf(t, err, "module does not define one table of functions without a maximum", name)
	}
}

func TestMainRefusesUnknownArtifacts(t *testing.T) {
	t.Parallel()
	_, err := Main([]byte("what is this?"))
	require.EqualError(t, err, "link: no facts about an artifact with sha256 "+
		"d7ceda28c0edf7893fa8fa621ec515b2db5618599961df08026f167793b14fd8")
	_, err = Main(nil)
	require.ErrorContains(t, err, "no facts about an artifact with sha256 e3b0c442")
	_, err = Main(artifact())
	require.ErrorContains(t, err, "no facts")
}
