package link

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// The tests write modules with functions that are named after the parts of the
// binary format. They share no code with the encoder, so that it is checked
// against something.

// wasm makes a module of sections.
func wasm(sections ...[]byte) []byte {
	return append([]byte("\x00asm\x01\x00\x00\x00"), cat(sections...)...)
}

// sec is a section that is a vector of items.
func sec(id byte, items ...[]byte) []byte {
	return secOf(id, cat(leb(len(items)), cat(items...)))
}

// secOf is a section with any payload.
func secOf(id byte, payload []byte) []byte {
	return cat([]byte{id}, leb(len(payload)), payload)
}

// custom is a custom section.
func custom(name string, payload ...byte) []byte {
	return secOf(secCustom, append(str(name), payload...))
}

// leb is an unsigned LEB128.
func leb(n int) []byte {
	var b []byte
	for ; n >= 0x80; n >>= 7 {
		b = append(b, byte(n)|0x80)
	}
	return append(b, byte(n))
}

// sleb is a signed LEB128.
func sleb(n int) []byte {
	var b []byte
	for ; n < -64 || n > 63; n >>= 7 {
		b = append(b, byte(n)&0x7f|0x80)
	}
	return append(b, byte(n)&0x7f)
}

func str(s string) []byte { return append(leb(len(s)), s...) }

// fn is a function type, with one letter per value as in signature.
func fn(params, results string) []byte {
	enc := func(s string) []byte {
		b := leb(len(s))
		for i := range len(s) {
			b = append(b, map[byte]byte{'i': 0x7f, 'j': 0x7e, 'f': 0x7d, 'd': 0x7c}[s[i]])
		}
		return b
	}
	return cat([]byte{0x60}, enc(params), enc(results))
}

func imp(module, name string, kind byte, desc ...byte) []byte {
	return cat(str(module), str(name), []byte{kind}, desc)
}

func exp(name string, kind byte, index int) []byte {
	return cat(str(name), []byte{kind}, leb(index))
}

// glob is a global; mutable is 0 or 1.
func glob(typ, mutable byte, init []byte) []byte {
	return cat([]byte{typ, mutable}, init)
}

// body is a function body without locals.
func body(instrs ...[]byte) []byte {
	b := cat([]byte{0}, cat(instrs...), []byte{opEnd})
	return append(leb(len(b)), b...)
}

// elem is an active element segment of table 0.
func elem(offset []byte, funcs ...int) []byte {
	b := cat([]byte{0}, offset, leb(len(funcs)))
	for _, f := range funcs {
		b = append(b, leb(f)...)
	}
	return b
}

// dat is an active data segment of memory 0.
func dat(offset []byte, data string) []byte {
	return cat([]byte{0}, offset, str(data))
}

func op(b ...byte) []byte { return b }

func i32c(n int) []byte     { return append(op(opI32Const), sleb(n)...) }
func i32x(n int) []byte     { return append(i32c(n), opEnd) }
func get(n int) []byte      { return append(op(opLocalGet), leb(n)...) }
func gget(n int) []byte     { return append(op(opGlobalGet), leb(n)...) }
func ggetx(n int) []byte    { return append(gget(n), opEnd) }
func gset(n int) []byte     { return append(op(opGlobalSet), leb(n)...) }
func callf(n int) []byte    { return append(op(opCall), leb(n)...) }
func callType(n int) []byte { return append(append(op(opCallIndirect), leb(n)...), 0) }

// engine is a wazero runtime.
func engine(t testing.TB) wazero.Runtime {
	t.Helper()
	rt := wazero.NewRuntime(t.Context())
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	return rt
}

// goModule provides host functions under a module name. Each is called with
// its parameters and returns its result.
func goModule(t testing.TB, rt wazero.Runtime, name string, funcs map[string]hostFunc) {
	t.Helper()
	b := rt.NewHostModuleBuilder(name)
	for name, f := range funcs {
		types := func(s string) (ts []api.ValueType) {
			for i := range len(s) {
				ts = append(ts, valueTypes[s[i]])
			}
			return ts
		}
		b.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(func(_ context.Context, m api.Module, stack []uint64) {
			if r := f.do(m, stack); f.results != "" {
				stack[0] = r
			}
		}), types(f.params), types(f.results)).Export(name)
	}
	_, err := b.Instantiate(t.Context())
	require.NoError(t, err)
}

type hostFunc struct {
	params, results string
	do              func(m api.Module, args []uint64) uint64
}

// instantiate instantiates an anonymous module.
func instantiate(t testing.TB, rt wazero.Runtime, bin []byte) api.Module {
	t.Helper()
	m, err := rt.InstantiateWithConfig(t.Context(), bin, wazero.NewModuleConfig().WithName(""))
	require.NoError(t, err)
	return m
}

// invoke calls an exported function that returns at most one value.
func invoke(t testing.TB, m api.Module, name string, args ...uint64) uint64 {
	t.Helper()
	f := m.ExportedFunction(name)
	require.NotNilf(t, f, "no export %s", name)
	r, err := f.Call(t.Context(), args...)
	require.NoErrorf(t, err, "calling %s", name)
	if len(r) == 0 {
		return 0
	}
	return r[0]
}

// decode parses what must parse.
func decode(t testing.TB, bin []byte) *module {
	t.Helper()
	m, err := parse(bin)
	require.NoError(t, err)
	return m
}

// hookModule provides all hooks. They note their names and return their first
// parameter, doubled.
func hookModule() (map[string]hostFunc, *[]string) {
	calls := &[]string{}
	funcs := map[string]hostFunc{}
	for _, h := range hooks {
		funcs[h.name] = hostFunc{h.params, h.results, func(_ api.Module, args []uint64) uint64 {
			*calls = append(*calls, h.name)
			if len(args) == 0 {
				return 0
			}
			return 2 * args[0]
		}}
	}
	return funcs, calls
}
