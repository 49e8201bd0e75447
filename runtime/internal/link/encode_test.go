package link

import (
	"bytes"
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

// withEnv is an engine with what everything imports.
func withEnv(t *testing.T) (wazero.Runtime, *[]uint64) {
	t.Helper()
	rt := engine(t)
	log, calls := logModule()
	goModule(t, rt, "host", log)
	// Host modules have no globals, so env is a module that passes log on.
	env := wasm(
		sec(secType, fn("i", "i")),
		sec(secImport, imp("host", "log", kindFunc, 0)),
		sec(secGlobal, glob(0x7f, 0, i32x(64))),
		sec(secExport, exp("log", kindFunc, 0), exp("base", kindGlobal, 0)),
	)
	_, err := rt.InstantiateWithConfig(t.Context(), env, wazero.NewModuleConfig().WithName("env"))
	require.NoError(t, err)
	return rt, calls
}

func TestEncodedModuleBehavesTheSame(t *testing.T) {
	t.Parallel()
	for name, bin := range map[string][]byte{
		"as it was":     everything(),
		"encoded again": decode(t, everything()).encode(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rt, calls := withEnv(t)
			m := instantiate(t, rt, bin)
			require.EqualValues(t, 42, m.ExportedGlobal("started").Get(), "start ran")
			require.EqualValues(t, 16, invoke(t, m, "twice", 7))
			require.Equal(t, []uint64{7}, *calls)
			require.EqualValues(t, 12, invoke(t, m, "sum", 5, 7))
			mem, ok := m.Memory().Read(16, 5)
			require.True(t, ok)
			require.Equal(t, "hello", string(mem))
			mem, _ = m.Memory().Read(64, 1)
			require.Equal(t, "x", string(mem))
			_, ok = m.Memory().Grow(2)
			require.True(t, ok)
			_, ok = m.Memory().Grow(1)
			require.False(t, ok, "the maximum is kept")
		})
	}
}

func TestEncodeDropsCustomSections(t *testing.T) {
	t.Parallel()
	out := decode(t, everything()).encode()
	require.False(t, bytes.Contains(out, []byte("before")))
	require.False(t, bytes.Contains(out, []byte("name")))
	rt := engine(t)
	cm, err := rt.CompileModule(context.Background(), decode(t, wasm(
		custom("dylink.0", 1), custom("producers", 2), sec(secMemory, op(0, 1)), custom("target_features", 3),
	)).encode())
	require.NoError(t, err)
	require.Empty(t, cm.CustomSections())
}

func TestEncodeIsTheInverseOfParse(t *testing.T) {
	t.Parallel()
	for name, bin := range samples() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requireStable(t, decode(t, bin))
		})
	}
}

// requireStable requires that what m is encoded to is m, and has one form.
func requireStable(t *testing.T, m *module) {
	t.Helper()
	out := m.encode()
	again, err := parse(out)
	require.NoError(t, err)
	want := *m
	want.dylink = nil
	require.Equal(t, &want, again)
	require.Equal(t, out, again.encode())
}

// samples are modules of all kinds that parse accepts.
func samples() map[string][]byte {
	return map[string][]byte{
		"empty":      wasm(),
		"everything": everything(),
		"artifact":   artifact(),
		"library":    library(),
		"program":    program(),
		"padded numbers": wasm(
			sec(secType, op(0x60, 0x81, 0x00, 0x7f, 0)),
			sec(secImport, imp("m", "f", kindFunc, 0x80, 0x00), imp("m", "m", kindMemory, 0, 0x81, 0x00)),
			sec(secExport, cat(str("f"), op(kindFunc, 0x80, 0x80, 0x00))),
		),
		"sections twice": wasm(
			sec(secType, fn("", "")), sec(secType, fn("i", "")),
			sec(secFunction, leb(1)), sec(secCode, body()),
		),
		"sections out of order": wasm(
			sec(secCode, body()), sec(secFunction, leb(0)), sec(secType, fn("", "")),
		),
	}
}
