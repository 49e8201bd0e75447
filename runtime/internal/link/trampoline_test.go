package link

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
)

func TestDynCall(t *testing.T) {
	t.Parallel()
	none := func(api.Module, []uint64) uint64 { return 0 }
	// Each function of the table returns a parameter, or adds two.
	bin := wasm(
		sec(secType, fn("", "i"), fn("ii", "i"), fn("jj", "j"), fn("ff", "f"), fn("dd", "d"), fn("ijfd", "d"), fn("i", ""),
			fn("i", "i"), fn("iii", "i"), fn("ijj", "j"), fn("iff", "f"), fn("idd", "d"), fn("iijfd", "d"), fn("ii", "")),
		sec(secImport,
			imp("env", "invoke_i", kindFunc, 7), imp("env", "invoke_iii", kindFunc, 8), imp("env", "invoke_jjj", kindFunc, 9),
			imp("env", "invoke_fff", kindFunc, 10), imp("env", "invoke_ddd", kindFunc, 11), imp("env", "invoke_dijfd", kindFunc, 12),
			imp("env", "invoke_vi", kindFunc, 13), imp("env", "not_invoke_i", kindFunc, 7),
		),
		sec(secFunction, leb(0), leb(1), leb(2), leb(3), leb(4), leb(5), leb(6)),
		sec(secTable, op(0x70, 0, 8)),
		sec(secGlobal, glob(0x7f, 1, i32x(0))),
		sec(secExport, exp("stored", kindGlobal, 0)),
		sec(secElement, elem(i32x(1), 8, 9, 10, 11, 12, 13, 14)),
		sec(secCode,
			body(i32c(-7)),
			body(get(0), get(1), op(opI32Add)),
			body(get(0), get(1), op(0x7c)),
			body(get(0), get(1), op(0x92)),
			body(get(0), get(1), op(0xa0)),
			body(get(0), op(0xb7), get(1), op(0xb9, 0xa0), get(2), op(0xbb, 0xa0), get(3), op(0xa0)),
			body(get(0), gset(0)),
		),
	)
	m := decode(t, bin)
	require.NoError(t, m.addDynCalls())

	rt := engine(t)
	host := map[string]hostFunc{"not_invoke_i": {"i", "i", none}}
	for name, sig := range map[string][2]string{
		"i": {"i", "i"}, "iii": {"iii", "i"}, "jjj": {"ijj", "j"}, "fff": {"iff", "f"},
		"ddd": {"idd", "d"}, "dijfd": {"iijfd", "d"}, "vi": {"ii", ""},
	} {
		host["invoke_"+name] = hostFunc{sig[0], sig[1], none}
	}
	goModule(t, rt, "env", host)
	i := instantiate(t, rt, m.encode())

	require.Equal(t, int32(-7), api.DecodeI32(invoke(t, i, "dynCall_i", 1)))
	require.EqualValues(t, 5, invoke(t, i, "dynCall_iii", 2, 2, 3))
	require.EqualValues(t, 1<<40+1, invoke(t, i, "dynCall_jjj", 3, 1<<40, 1))
	f32, f64 := func(v float32) uint64 { return api.EncodeF32(v) }, math.Float64bits
	require.Equal(t, f32(3.75), invoke(t, i, "dynCall_fff", 4, f32(1.5), f32(2.25)))
	require.Equal(t, f64(-0.5), invoke(t, i, "dynCall_ddd", 5, f64(-1), f64(0.5)))
	require.Equal(t, f64(1+2+0.5+0.25), invoke(t, i, "dynCall_dijfd", 6, 1, 2, f32(0.5), f64(0.25)))
	invoke(t, i, "dynCall_vi", 7, 99)
	require.EqualValues(t, 99, i.ExportedGlobal("stored").Get())

	require.Len(t, m.exports, 1+7, "there is none for other imports")
	for name, index := range map[string]uint64{"the null slot": 0, "behind the table": 8, "another type": 2} {
		_, err := i.ExportedFunction("dynCall_i").Call(t.Context(), index)
		require.Error(t, err, name)
	}
}

func TestDynCallNeedsAnIndex(t *testing.T) {
	t.Parallel()
	for name, typ := range map[string][]byte{"invoke_v": fn("", ""), "invoke_vj": fn("j", "")} {
		m := decode(t, wasm(sec(secType, typ), sec(secImport, imp("env", name, kindFunc, 0))))
		require.EqualError(t, m.addDynCalls(), "import "+name+": first parameter is no table index")
	}
	m := decode(t, wasm(sec(secImport, imp("env", "invoke_v", kindGlobal, 0x7f, 0))))
	require.NoError(t, m.addDynCalls())
	require.Empty(t, m.exports, "that is no function")
}

func TestDynCallOfAFunctionImportedTwice(t *testing.T) {
	t.Parallel()
	m := decode(t, wasm(
		sec(secType, fn("i", "i")),
		sec(secImport, imp("env", "invoke_i", kindFunc, 0), imp("other", "invoke_i", kindFunc, 0)),
		sec(secTable, op(0x70, 0, 1)),
	))
	require.NoError(t, m.addDynCalls())
	_, err := engine(t).CompileModule(t.Context(), m.encode())
	require.NoError(t, err)
	require.Len(t, m.exports, 1)
}
