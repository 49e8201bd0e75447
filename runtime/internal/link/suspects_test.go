package link

import (
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// suspects counts what defend rewrites, by the type of the select or the opcode
// of the remainder.
func suspects(t testing.TB, bin []byte) map[byte]int {
	t.Helper()
	m := decode(t, bin)
	n := map[byte]int{}
	s := m.space()
	for i := range m.code {
		o, err := s.operands(m.types[m.funcs[i]], m.code[i])
		require.NoError(t, err)
		r := code(m.code[i])
		for r.more() {
			at := r.pos
			op := r.instr()
			selected, err := o.step(op, &reader{b: m.code[i][at:r.pos], pos: 1})
			if err != nil { // there are too many instructions for require
				t.Fatalf("function body %d: %v", i, err)
			}
			n[selected]++
			if isRemainder(op) {
				n[op]++
			}
		}
		require.NoError(t, r.err)
		require.Empty(t, o.frames)
	}
	for _, harmless := range []byte{typeUnknown, typeI32, typeI64} {
		delete(n, harmless)
	}
	return n
}

// withoutElements cuts out what parse does not read in a linked library.
func withoutElements(t testing.TB, bin []byte) []byte {
	t.Helper()
	out := append([]byte(nil), magic...)
	r := reader{b: bin, pos: len(magic)}
	for r.more() {
		at := r.pos
		id := r.byte()
		r.bytes(r.u32())
		if id != secElement {
			out = append(out, bin[at:r.pos]...)
		}
	}
	require.NoError(t, r.err)
	return out
}

// Whatever is linked, and in whichever way, has nothing that wazero compiles
// wrongly.
func TestNothingSuspectIsLeft(t *testing.T) {
	t.Parallel()
	linkers := map[string]func([]byte) ([]byte, error){
		"main": func(b []byte) ([]byte, error) {
			l, err := Main(b)
			if err != nil {
				return nil, err
			}
			return l.Wasm, nil
		},
		"legacy": func(b []byte) ([]byte, error) {
			l, err := Legacy(b)
			if err != nil {
				return nil, err
			}
			return l.Wasm, nil
		},
		"program": func(b []byte) ([]byte, error) { w, _, err := Program(b, ""); return w, err },
		"tool":    func(b []byte) ([]byte, error) { w, _, err := Tool(b); return w, err },
		"side": func(b []byte) ([]byte, error) {
			l, err := Side(b, func(string) string { return HostModule })
			if err != nil {
				return nil, err
			}
			return l.Wasm, nil
		},
	}
	clean := func(t *testing.T, linker string, artifact []byte) (before int) {
		for _, n := range suspects(t, artifact) {
			before += n
		}
		linked, err := linkers[linker](artifact)
		require.NoError(t, err)
		require.Empty(t, suspects(t, withoutElements(t, linked)))
		return before
	}
	set := guest(t)
	for name, linker := range map[string]string{"pglite.wasm": "main", "initdb.wasm": "program", "pg_dump.wasm": "tool"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			artifact, err := set.ReadFile(name)
			require.NoError(t, err)
			require.NotZero(t, clean(t, linker, artifact))
		})
	}
	t.Run("libraries", func(t *testing.T) {
		t.Parallel()
		files, err := set.Files()
		require.NoError(t, err)
		before := 0
		for _, f := range files {
			if path.Ext(f.Path) == ".so" {
				before += clean(t, "side", f.Content)
			}
		}
		require.NotZero(t, before)
	})
	for group, name := range map[string]string{"legacy-16": "postgres.wasm", "legacy-17": "pglite.wasm"} {
		t.Run(group, func(t *testing.T) {
			t.Parallel()
			require.NotZero(t, clean(t, "legacy", legacyGuest(t, group, name)))
		})
	}
}

func TestDefendRefuses(t *testing.T) {
	t.Parallel()
	number := op(opF32Const, 0, 0, 0, 0, opDrop) // otherwise nobody looks at types
	for name, test := range map[string]struct {
		body []byte
		why  string
	}{
		"too few operands":   {cat(op(0), number, op(opI32Const, 0, opSelect, opDrop, opEnd)), "operands"},
		"too many operands":  {cat(op(0), number, op(opI32Const, 0, opI32Const, 0, opI32Const, 0, opSelect, opEnd)), "operands"},
		"an unknown local":   {cat(op(0), number, op(opLocalGet, 9, opSelect, opEnd)), "no local 9"},
		"an unknown global":  {cat(op(0), number, op(opGlobalGet, 9, opSelect, opEnd)), "no global 9"},
		"an unknown callee":  {cat(op(0), number, op(opCall, 9, opSelect, opEnd)), "no function 9"},
		"an unknown type":    {cat(op(0), number, op(opI32Const, 0, opCallIndirect, 9, 0, opSelect, opEnd)), "no type 9"},
		"a block of no type": {cat(op(0), number, op(opBlock, 9, opEnd, opSelect, opEnd)), "no type 9"},
		"a select of two":    {cat(op(0), number, op(opUnreachable, opSelectT, 2, typeI32, typeI32, opEnd)), "operands"},
		"more than the end":  {cat(op(0), number, op(opUnreachable, opSelect, opDrop, opEnd, opEnd)), "after its end"},
		"too many locals":    {cat(op(1, 0xff, 0xff, 0xff, 0xff, 0x0f, typeI32), number, op(opUnreachable, opSelect, opEnd)), "too many locals"},
		"an unknown opcode":  {cat(op(0), number, op(opUnreachable, opSelect, 0xff, opEnd)), "opcode 0xff"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := decode(t, wasm(sec(secType, fn("", "")), sec(secFunction, leb(0)), sec(secCode, append(leb(len(test.body)), test.body...))))
			_, _, err := m.finish()
			require.ErrorContains(t, err, test.why)
			require.True(t, strings.HasPrefix(err.Error(), "function 0: "), err)
		})
	}
}
