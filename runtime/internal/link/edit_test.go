package link

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
)

// referring refers to functions in every way: function 1 by a call, 2 by an
// export, 3 by an element, 4 by ref.func in code, 5 by one in a global, and 6
// as the start function. Each returns its number, except the last, which
// stores it.
func referring() []byte {
	number := func(n int) []byte { return body(i32c(n)) }
	return wasm(
		sec(secType, fn("", "i"), fn("", "")),
		sec(secImport, imp("env", "f", kindFunc, 0)),
		sec(secFunction, leb(0), leb(0), leb(0), leb(0), leb(0), leb(1), leb(0), leb(0), leb(0)),
		sec(secTable, op(0x70, 0, 4)),
		sec(secGlobal, glob(0x7f, 1, i32x(0)), glob(0x70, 0, op(opRefFunc, 5, opEnd))),
		sec(secExport, exp("number", kindFunc, 2), exp("started", kindGlobal, 0),
			exp("call", kindFunc, 7), exp("indirect", kindFunc, 8), exp("set", kindFunc, 9)),
		secOf(secStart, leb(6)),
		sec(secElement, elem(i32x(0), 0, 3, 4)),
		sec(secCode,
			number(1), number(2), number(3), number(4), number(5), body(i32c(6), gset(0)),
			// call: 10 * f() + function 1
			body(callf(0), i32c(10), op(0x6c), callf(1), op(opI32Add)),
			// indirect: 100 * table[0]() + 10 * table[1]() + table[3](), which set or ref.func put there
			body(i32c(0), callType(0), i32c(100), op(0x6c),
				i32c(1), callType(0), i32c(10), op(0x6c, opI32Add),
				i32c(3), callType(0), op(opI32Add)),
			// set: table[3] = function 4; returns whether it was null
			body(i32c(3), op(0x25, 0, opRefIsNull), i32c(3), op(opRefFunc, 4, 0x26, 0)),
		),
	)
}

func TestAddImportsRenumbers(t *testing.T) {
	t.Parallel()
	for name, hooks := range map[string][]hook{
		"nothing": nil,
		"one":     {{"a", "", ""}},
		"many":    manyHooks(200), // function indices take two bytes
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := decode(t, referring())
			require.NoError(t, m.addImports("calf", hooks))
			rt := engine(t)
			goModule(t, rt, "env", map[string]hostFunc{"f": {"", "i", func(api.Module, []uint64) uint64 { return 7 }}})
			host := map[string]hostFunc{}
			for _, h := range hooks {
				host[h.name] = hostFunc{h.params, h.results, func(api.Module, []uint64) uint64 {
					t.Errorf("hook %s was called", h.name)
					return 0
				}}
			}
			goModule(t, rt, "calf", host)
			i := instantiate(t, rt, m.encode())
			require.EqualValues(t, 6, i.ExportedGlobal("started").Get())
			require.EqualValues(t, 2, invoke(t, i, "number"))
			require.EqualValues(t, 71, invoke(t, i, "call"))
			require.EqualValues(t, 1, invoke(t, i, "set"))
			require.EqualValues(t, 734, invoke(t, i, "indirect"))
		})
	}
}

func manyHooks(n int) (hooks []hook) {
	for i := range n {
		hooks = append(hooks, hook{string(rune('a'+i%26)) + string(rune('a'+i/26)), "ij", "i"})
	}
	return hooks
}

func TestAddImportsConnectsHooks(t *testing.T) {
	t.Parallel()
	m := decode(t, wasm(
		sec(secType, fn("i", "i")),
		sec(secImport, imp("env", "log", kindFunc, 0)),
		sec(secFunction, leb(0)),
		sec(secExport, exp("run", kindFunc, 1)),
		// run: second(first(n), n) + log(n)
		sec(secCode, body(
			get(0), call(hookBase), op(0xac), get(0), call(hookBase+1), get(0), callf(0), op(opI32Add))),
	))
	require.NoError(t, m.addImports("calf", []hook{{"first", "i", "i"}, {"second", "ji", "i"}}))
	require.Len(t, m.types, 2, "the first hook has a type that was there")
	rt := engine(t)
	log, logged := logModule()
	goModule(t, rt, "env", log)
	goModule(t, rt, "calf", map[string]hostFunc{
		"first":  {"i", "i", func(_ api.Module, a []uint64) uint64 { return a[0] * 2 }},
		"second": {"ji", "i", func(_ api.Module, a []uint64) uint64 { return a[0]*100 + a[1] }},
	})
	i := instantiate(t, rt, m.encode())
	require.EqualValues(t, 5*2*100+5+6, invoke(t, i, "run", 5))
	require.Equal(t, []uint64{5}, *logged)
}

func TestAddImportsReportsUnreadableCode(t *testing.T) {
	t.Parallel()
	m := decode(t, wasm(sec(secType, fn("", "")), sec(secFunction, leb(0)), sec(secCode, body(op(0xff)))))
	require.ErrorContains(t, m.addImports("calf", nil), "function 0: at offset")
}

func TestAddFunc(t *testing.T) {
	t.Parallel()
	m := decode(t, everything())
	f := m.addFunc(signature("ii", "j"), cat(get(0), get(1), op(opI32Add, 0xad)))
	require.EqualValues(t, 4, f)
	m.exports = append(m.exports, exported{"wide", kindFunc, f})
	rt, _ := withEnv(t)
	require.EqualValues(t, 5, invoke(t, instantiate(t, rt, m.encode()), "wide", 2, 3))
}
