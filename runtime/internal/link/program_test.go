package link

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
)

func TestProgram(t *testing.T) {
	t.Parallel()
	linked, imports, err := Program(program(), ":initdb")
	require.NoError(t, err)

	rt := engine(t)
	host, hooked := hookModule()
	goModule(t, rt, Hooks, host)
	goModule(t, rt, "env:initdb", map[string]hostFunc{"invoke_vid": {"iid", "", nil}})
	goModule(t, rt, "wasi_snapshot_preview1:initdb", map[string]hostFunc{
		"fd_close": {"i", "i", func(_ api.Module, args []uint64) uint64 { return 0 }},
	})
	m := instantiate(t, rt, linked)
	require.EqualValues(t, 4*7+2*7, invoke(t, m, "run", 7), "popen, system and pclose double")
	require.Equal(t, []string{"popen", "system", "pclose"}, *hooked)
	require.NotNil(t, m.ExportedFunction("dynCall_vid"))
	require.Len(t, imports, 2+len(hooks))
	require.Equal(t, Import{"env:initdb", "invoke_vid", []byte{0x7f, 0x7f, 0x7c}, []byte{}}, imports[0])
	require.Equal(t, Import{Hooks, "fork_point", nil, nil}, imports[2])
	data, _ := m.Memory().Read(8, 4)
	require.Equal(t, "data", string(data), "a program keeps its data")

	for range 10 {
		again, _, err := Program(program(), ":initdb")
		require.NoError(t, err)
		require.True(t, bytes.Equal(linked, again))
	}
}

func TestProgramRefuses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, err string
		change    func(*module)
	}{
		{"no pgl_system", "link: program does not export pgl_system", func(m *module) { m.exports[0].name = "x" }},
		{"no pgl_popen", "link: program does not export pgl_popen", func(m *module) { m.exports[1].kind = kindGlobal }},
		{"no pgl_pclose", "link: program does not export pgl_pclose", func(m *module) { m.exports[2].name = "x" }},
		{"nothing that it expects", "link: program does not export pgl_system", func(m *module) { m.exports = nil }},
		{"pgl_system of another type", "link: pgl_system has an unexpected type", func(m *module) { m.exports[0].index = 3 }},
		{"pgl_popen of another type", "link: pgl_popen has an unexpected type", func(m *module) { m.exports[1].index = 5 }},
		{"one function of two names", "link: pgl_system and pgl_pclose are one function", func(m *module) { m.exports[2].index = 2 }},
		{"an imported pgl_system", "link: pgl_system: module does not define function 1", func(m *module) { m.exports[0].index = 1 }},
		{"code that is not understood", "link: function 5: at offset", func(m *module) { m.code[3] = op(0, 0xff) }},
		{
			"an invoke function without an index", "link: import invoke_vid: first parameter",
			func(m *module) { m.imports[0].typ = m.typeIndex(signature("d", "")) },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := decode(t, program())
			tt.change(m)
			bin := m.encode()
			for range 10 { // always for the same reason
				_, _, err := Program(bin, "")
				require.ErrorContains(t, err, tt.err)
			}
		})
	}
	_, _, err := Program(nil, "")
	require.EqualError(t, err, "link: not a WebAssembly 1.0 binary")
}
