package link

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// legacyGuest returns an earlier program.
func legacyGuest(t testing.TB, group, name string) []byte {
	t.Helper()
	set, err := assets.OpenGroup(group)
	if errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs an earlier PostgreSQL: %v", err)
	}
	require.NoError(t, err)
	b, err := set.ReadFile(name)
	require.NoError(t, err)
	return b
}

func TestLegacyLinksTheOldGuests(t *testing.T) {
	t.Parallel()
	for group, test := range map[string]struct {
		artifact string
		facts    legacyFacts
	}{
		"legacy-16": {"postgres.wasm", postgres0217},
		"legacy-17": {"pglite.wasm", pglite046},
	} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			artifact := legacyGuest(t, group, test.artifact)
			before := decode(t, artifact)
			l, err := Legacy(artifact)
			require.NoError(t, err)
			again, err := Legacy(bytes.Clone(artifact))
			require.NoError(t, err)
			require.True(t, bytes.Equal(l.Wasm, again.Wasm))
			m := decode(t, l.Wasm)
			require.Len(t, l.Imports, len(m.imports))
			for _, im := range m.imports {
				require.EqualValues(t, kindFunc, im.kind)
			}
			for _, e := range before.exports {
				_, ok := m.export(e.kind, e.name)
				require.True(t, ok, "%s is lost", e.name)
			}
			for name := range test.facts.exports {
				require.Contains(t, l.Functions, name)
			}
			for _, name := range []string{Countdown, "__stack_pointer"} {
				_, ok := m.export(kindGlobal, name)
				require.True(t, ok, name)
			}
			if testing.Short() {
				return // the rest takes a while
			}
			ctx := context.Background()
			rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2))
			t.Cleanup(func() { require.NoError(t, rt.Close(ctx)) })
			_, err = rt.CompileModule(ctx, l.Wasm)
			require.NoError(t, err)
		})
	}
}

func TestLegacyRefusesOtherArtifacts(t *testing.T) {
	t.Parallel()
	_, err := Legacy(relocatable())
	require.ErrorContains(t, err, "no facts about an artifact with sha256")
	f := legacyFacts{memory: 1024, stack: 4096, interruptPending: "counter", stackCheck: "count"}
	_, err = f.link(relocatable())
	require.ErrorContains(t, err, "nothing checks for interrupts")
	f.interruptPending = "nothing"
	_, err = f.link(relocatable())
	require.ErrorContains(t, err, "no variable nothing")
	f.patches = []legacyPatch{{99, patch{why: "it works", fn: "f"}}}
	_, err = f.link(relocatable())
	require.ErrorContains(t, err, `patch "it works": module does not define function 99`)
}
