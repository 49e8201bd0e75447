package link_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime/internal/emscripten"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

func guest(t *testing.T) *assets.Set {
	t.Helper()
	set, err := assets.Open()
	if errors.Is(err, assets.ErrAssetsMissing) {
		t.Skip(err)
	}
	require.NoError(t, err)
	return set
}

func linkMain(t *testing.T, set *assets.Set) *link.Linked {
	t.Helper()
	artifact, err := set.ReadFile("pglite.wasm")
	require.NoError(t, err)
	l, err := link.Main(artifact)
	require.NoError(t, err)
	return l
}

// undefined reads which libraries lack which functions: a line each.
func undefined(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile("testdata/undefined.txt")
	require.NoError(t, err)
	lack := map[string][]string{}
	for line := range strings.Lines(string(b)) {
		if name, symbols, ok := strings.Cut(strings.TrimSpace(line), ": "); ok {
			lack[name] = strings.Fields(symbols)
		}
	}
	return lack
}

func TestSideLinksAllLibraries(t *testing.T) {
	t.Parallel()
	set := guest(t)
	main := linkMain(t, set)
	provider := func(f string) string {
		if _, ok := main.Functions[f]; ok {
			return link.MainModule
		}
		if emscripten.Lookup(f) != nil {
			return link.HostModule
		}
		return ""
	}
	ctx := experimental.WithCompilationWorkers(context.Background(), runtime.GOMAXPROCS(0))
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2))
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	files, err := set.Files()
	require.NoError(t, err)
	want, seen := undefined(t), 0
	for _, f := range files {
		if !strings.HasSuffix(f.Path, ".so") {
			continue
		}
		seen++
		t.Run(path.Base(f.Path), func(t *testing.T) {
			l, err := link.Side(f.Content, provider)
			require.NoError(t, err)
			slices.Sort(l.Undefined)
			require.Equal(t, want[path.Base(f.Path)], l.Undefined)
			require.Empty(t, l.Needed)
			require.NotEmpty(t, l.Functions)
			require.NotZero(t, l.Functions["Pg_magic_func"])
			for name, slot := range l.Functions {
				require.True(t, slot < l.TableSize, name)
			}
			for name, off := range l.Variables {
				require.True(t, off < l.MemSize, name)
			}
			again, err := link.Side(bytes.Clone(f.Content), provider)
			require.NoError(t, err)
			require.True(t, bytes.Equal(l.Wasm, again.Wasm))
			if len(l.Undefined) > 0 || testing.Short() {
				return // nobody is to instantiate it, or it takes a while
			}
			cm, err := rt.CompileModule(ctx, l.Wasm)
			require.NoError(t, err)
			defer cm.Close(ctx)
			require.Len(t, l.Imports, len(cm.ImportedFunctions()))
			_, ok := cm.ExportedFunctions()[link.Init]
			require.True(t, ok)
		})
	}
	require.Greater(t, seen, len(want))
}

// The linked program is a valid module. The interpreter tells in less time
// than the compiler.
func TestLinkedGuestIsValid(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	t.Parallel()
	main := linkMain(t, guest(t))
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2))
	t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
	cm, err := rt.CompileModule(ctx, main.Wasm)
	require.NoError(t, err)
	require.Len(t, main.Imports, len(cm.ImportedFunctions()))
}
