package emscripten

import (
	"context"
	"testing"

	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

func newRuntime(t *testing.T) wazero.Runtime {
	t.Helper()
	rt := wazero.NewRuntime(t.Context())
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	return rt
}

func TestLookup(t *testing.T) {
	t.Parallel()
	require.NotNil(t, Lookup("fd_read"))
	require.NotNil(t, Lookup("invoke_vijiiidjiiiiii"), "there is one for each signature")
	require.Nil(t, Lookup("invoke"))
	require.Nil(t, Lookup("nothing"))
	require.PanicsWithValue(t, "BUG: fd_read is defined twice", func() { define("fd_read", nil) })
}

func TestImportsRefusesWhatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	b := NewBuilder(newRuntime(t))
	imports := []link.Import{testImport("env", "fd_read", "iiii:i"), testImport("calf", "poll", ":"), testImport("env", "nothing", ":")}
	require.EqualError(t, b.Imports(imports), "emscripten: unknown import calf.poll")
	require.EqualError(t, b.Imports(imports, "calf"), "emscripten: unknown import env.nothing")
	require.NoError(t, b.Imports(imports, "calf", "env"))
}

func TestBuilder(t *testing.T) {
	t.Parallel()
	rt := newRuntime(t)
	b := NewBuilder(rt)
	require.NoError(t, b.Imports([]link.Import{
		testImport("env", "fd_read", "iiii:i"), testImport("wasi_snapshot_preview1", "fd_read", "iiii:i"),
	}))
	b.Function(testImport("env", "fd_read", ":"), func(*Guest, []uint64) {})
	require.NoError(t, b.Instantiate(t.Context()))
	for _, module := range []string{"env", "wasi_snapshot_preview1"} {
		f := rt.Module(module).ExportedFunctionDefinitions()["fd_read"]
		require.Len(t, f.ParamTypes(), 4, "the first definition counts")
	}
	require.ErrorContains(t, b.Instantiate(t.Context()), "emscripten: instantiating host module")
	require.NoError(t, NewBuilder(rt).Instantiate(t.Context()), "there may be none")
}
