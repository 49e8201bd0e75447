package emscripten

import (
	"errors"
	"strings"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime/internal/link"
	"github.com/stretchr/testify/require"
)

// TestGuestImportsWhatIsHere compares the functions of this package with what
// the guest's programs and libraries import.
func TestGuestImportsWhatIsHere(t *testing.T) {
	t.Parallel()
	set, err := assets.Open()
	if errors.Is(err, assets.ErrAssetsMissing) {
		t.Skip(err)
	}
	require.NoError(t, err)
	read := func(name string) []byte {
		b, err := set.ReadFile(name)
		require.NoError(t, err)
		return b
	}
	main, err := link.Main(read("pglite.wasm"))
	require.NoError(t, err)
	_, initdb, err := link.Program(read("initdb.wasm"), "")
	require.NoError(t, err)
	imports := append(main.Imports, initdb...)
	files, err := set.Files()
	require.NoError(t, err)
	for _, f := range files {
		if !strings.HasSuffix(f.Path, ".so") {
			continue
		}
		lib, err := link.Side(f.Content, func(name string) string {
			if _, ok := main.Functions[name]; ok {
				return link.MainModule
			}
			return link.HostModule
		})
		require.NoError(t, err)
		for _, im := range lib.Imports {
			if im.Module == link.HostModule && Lookup(im.Name) != nil {
				imports = append(imports, im)
			}
		}
	}

	used := map[string]bool{}
	for _, im := range imports {
		if im.Module == link.Hooks {
			continue
		}
		require.NotNil(t, Lookup(im.Name), im.Name)
		used[im.Name] = true
		sig, known := abi[im.Name]
		if !known {
			require.True(t, strings.HasPrefix(im.Name, "invoke_"), im.Name)
			sig = invokeType(strings.TrimPrefix(im.Name, "invoke_"))
		}
		want := testImport(im.Module, im.Name, sig)
		require.Equal(t, string(want.Params), string(im.Params), im.Name)
		require.Equal(t, string(want.Results), string(im.Results), im.Name)
	}
	legacy := legacyImports(t)
	for name := range functions {
		require.True(t, used[name] || legacy == nil || legacy[name], "nobody imports %s", name)
	}
}

// legacyABI has the types that differ in Emscripten 3.1.74: functions that had
// no result.
var legacyABI = map[string]string{"_gmtime_js": "ji:", "_localtime_js": "ji:"}

// legacyImports returns what earlier programs import, or nil if they are not
// installed.
func legacyImports(t *testing.T) map[string]bool {
	t.Helper()
	used := map[string]bool{}
	for group, name := range map[string]string{"legacy-16": "postgres.wasm", "legacy-17": "pglite.wasm"} {
		set, err := assets.OpenGroup(group)
		if errors.Is(err, assets.ErrAssetsMissing) {
			return nil
		}
		require.NoError(t, err)
		artifact, err := set.ReadFile(name)
		require.NoError(t, err)
		linked, err := link.Legacy(artifact)
		require.NoError(t, err)
		for _, im := range linked.Imports {
			sig, known := abi[im.Name]
			if im.Module == link.Hooks || !known {
				continue
			}
			used[im.Name] = true
			if old, differs := legacyABI[im.Name]; differs {
				sig = old
			}
			want := testImport(im.Module, im.Name, sig)
			require.Equal(t, string(want.Params), string(im.Params), im.Name)
			require.Equal(t, string(want.Results), string(im.Results), im.Name)
		}
		for _, im := range linked.Imports {
			require.True(t, im.Module == link.Hooks || Lookup(im.Name) != nil, im.Name)
		}
	}
	return used
}

// invokeType returns the type of invoke_sig: the result's letter comes first
// in sig, and the function's index is the first parameter.
func invokeType(sig string) string {
	return "i" + sig[1:] + ":" + strings.TrimPrefix(sig[:1], "v")
}
