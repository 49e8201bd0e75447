package link

import (
	"bytes"
	"errors"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/stretchr/testify/require"
)

// guest returns the installed guest.
func guest(t testing.TB) *assets.Set {
	t.Helper()
	set, err := assets.Open()
	if errors.Is(err, assets.ErrAssetsMissing) {
		t.Skip(err)
	}
	require.NoError(t, err)
	return set
}

func TestMainLinksTheGuest(t *testing.T) {
	t.Parallel()
	artifact, err := guest(t).ReadFile("pglite.wasm")
	require.NoError(t, err)
	before, err := parse(artifact)
	require.NoError(t, err)
	l, err := Main(artifact)
	require.NoError(t, err)
	m, err := parse(l.Wasm)
	require.NoError(t, err)

	require.EqualValues(t, -1, m.start)
	require.Empty(t, m.data)
	require.Len(t, m.memories, 1)
	require.EqualValues(t, 0, before.importCount(kindTable)+before.importCount(kindGlobal))
	var fromHost []string
	for _, im := range m.imports {
		require.EqualValues(t, kindFunc, im.kind, im.name)
		require.Contains(t, []string{"env", "wasi_snapshot_preview1", Hooks}, im.module)
		if im.module == Hooks {
			fromHost = append(fromHost, im.name)
		}
	}
	for i, h := range hooks {
		require.Equal(t, h.name, fromHost[i])
	}
	require.Len(t, fromHost, len(hooks))
	require.Len(t, l.Imports, len(m.imports))

	exports := map[string]byte{}
	for _, e := range m.exports {
		_, twice := exports[e.name]
		require.False(t, twice, e.name)
		exports[e.name] = e.kind
	}
	for _, e := range before.exports {
		kind, ok := exports[e.name]
		require.True(t, ok && kind == e.kind, "%s is lost", e.name)
	}
	require.EqualValues(t, kindMemory, exports["memory"])
	require.Contains(t, exports, GrowTable)
	for _, fn := range pglite0516.functions {
		require.True(t, !fn.export || exports[fn.name] == kindFunc, fn.name)
	}
	for _, v := range pglite0516.variables {
		require.EqualValues(t, kindGlobal, exports[v.name], v.name)
	}
	for _, im := range before.imports {
		if sig, ok := bytes.CutPrefix([]byte(im.name), []byte("invoke_")); ok {
			require.Contains(t, exports, DynCall+string(sig))
		}
	}

	table := map[uint32]uint32{} // what the element segments make of it
	for _, e := range m.elements {
		at := reader{b: e.offset, pos: 1}
		for base, i := uint32(at.s64()), 0; i < len(e.funcs); i++ {
			_, taken := table[base+uint32(i)]
			require.False(t, taken, "segments overlap")
			table[base+uint32(i)] = e.funcs[i]
		}
	}
	for name, slot := range l.Functions {
		f, ok := m.export(kindFunc, name)
		require.True(t, ok, name)
		in, ok := table[slot]
		require.True(t, ok && slot != 0 && in == f, name)
	}
	require.Less(t, len(l.Data), 4<<20)
	require.True(t, bytes.Contains(l.Data, []byte("PostgreSQL stand-alone backend")))

	again, err := Main(bytes.Clone(artifact))
	require.NoError(t, err)
	require.True(t, bytes.Equal(l.Wasm, again.Wasm), "it is deterministic")
	require.True(t, bytes.Equal(l.Data, again.Data))
	require.Equal(t, l.Functions, again.Functions)
}

func TestMainRefusesAnAlteredGuest(t *testing.T) {
	t.Parallel()
	artifact, err := guest(t).ReadFile("pglite.wasm")
	require.NoError(t, err)
	artifact = bytes.Clone(artifact)
	artifact[len(artifact)-1] ^= 1
	_, err = Main(artifact)
	require.ErrorContains(t, err, "no facts about an artifact with sha256")
}

func TestProgramLinksInitdb(t *testing.T) {
	t.Parallel()
	artifact, err := guest(t).ReadFile("initdb.wasm")
	require.NoError(t, err)
	linked, imports, err := Program(artifact, ":initdb")
	require.NoError(t, err)
	m, err := parse(linked)
	require.NoError(t, err)
	require.Len(t, imports, len(m.imports))
	for _, im := range m.imports {
		require.Contains(t, []string{"env:initdb", "wasi_snapshot_preview1:initdb", Hooks}, im.module)
	}
	for _, name := range []string{"pgl_system", "pgl_popen", "pgl_pclose"} {
		f, ok := m.export(kindFunc, name)
		require.True(t, ok)
		body, err := m.body(f)
		require.NoError(t, err)
		require.Less(t, len(*body), 16, "it forwards to the host")
	}
	again, _, err := Program(artifact, ":initdb")
	require.NoError(t, err)
	require.True(t, bytes.Equal(linked, again))
}
