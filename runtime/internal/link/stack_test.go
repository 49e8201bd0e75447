package link

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
)

func TestPadStack(t *testing.T) {
	t.Parallel()
	// Function 0 is the check. Functions 2 to 4 call it, 1 does not.
	bin := wasm(
		sec(secType, fn("", ""), fn("i", "i"), fn("ijd", "d")),
		sec(secImport, imp("env", "check", kindFunc, 0)),
		sec(secFunction, leb(1), leb(1), leb(2), leb(0)),
		sec(secGlobal, glob(0x7f, 1, i32x(100_000))),
		sec(secExport, exp("sp", kindGlobal, 0), exp("plain", kindFunc, 1), exp("deep", kindFunc, 2),
			exp("sum", kindFunc, 3), exp("nothing", kindFunc, 4)),
		sec(secCode,
			body(gget(0)),
			body(callf(0), get(0), op(opIf, 0x7f), get(0), i32c(-1), op(opI32Add), callf(2), op(0x05), gget(0), op(opEnd)),
			body(callf(0), callf(0), get(0), op(0xb7), get(1), op(0xb9, 0xa0), get(2), op(0xa0)),
			body(callf(0)),
		),
	)
	m := decode(t, bin)
	pointers, err := m.padStack([]uint32{0}, nil)
	require.NoError(t, err)
	require.Zero(t, pointers)
	require.Len(t, m.code, 4+3)

	rt := engine(t)
	var sp []uint64
	goModule(t, rt, "env", map[string]hostFunc{"check": {"", "", func(m api.Module, _ []uint64) uint64 {
		sp = append(sp, 100_000-m.ExportedGlobal("sp").Get())
		return 0
	}}})
	i := instantiate(t, rt, m.encode())
	require.EqualValues(t, 100_000, invoke(t, i, "plain", 1), "functions without the check stay as they are")
	require.EqualValues(t, 100_000-3*stackPad, invoke(t, i, "deep", 2))
	require.Equal(t, []uint64{stackPad, 2 * stackPad, 3 * stackPad}, sp)
	require.Equal(t, api.EncodeF64(1+2+0.5), invoke(t, i, "sum", 1, 2, api.EncodeF64(0.5)))
	invoke(t, i, "nothing")
	require.EqualValues(t, 100_000, i.ExportedGlobal("sp").Get(), "what was taken is given back")
}

// TestPadStackByPointer pads what calls the check through a structure of functions, as the regular expression engine does.
func TestPadStackByPointer(t *testing.T) {
	t.Parallel()
	pointer := op(opI32Load, 2, 28, opI32Load, 2, 4, opCallIndirect, 0, 0)
	one := cat(op(0), i32c(8), pointer, op(opDrop, opEnd))
	two := cat(op(0), i32c(8), pointer, op(opDrop), i32c(8), pointer, op(opDrop, opEnd))
	none := cat(op(0), i32c(8), op(opI32Load, 2, 28, opI32Load, 2, 0, opCallIndirect, 0, 0), op(opDrop, opEnd))
	m := &module{types: []funcType{{}}, funcs: []uint32{0, 0, 0}, code: [][]byte{one, two, none}}
	pointers, err := m.padStack(nil, pointer)
	require.NoError(t, err)
	require.Equal(t, 3, pointers)
	require.Len(t, m.code, 3+2)
	require.Equal(t, [][]byte{none, one, two}, m.code[2:], "the originals come after; what has no check stays")
	require.Contains(t, string(m.code[0]), string(addToStackPointer(-stackPad)))
	require.Contains(t, string(m.code[1]), string(addToStackPointer(-stackPad)))
}

func TestCallsFunction(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		body []byte
		want bool
	}{
		{"a call", cat(op(0), callf(300), op(opEnd)), true},
		{"a call of another", cat(op(0), callf(301), op(opEnd)), false},
		{"a number", cat(op(0), i32c(300), op(opDrop, opEnd)), false},
		{"a reference", cat(op(0, opRefFunc), leb(300), op(opDrop, opEnd)), false},
		{"bytes of a number", cat(op(0, opF64Const), callf(300), op(0, 0, 0, 0, 0, opDrop, opEnd)), false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := callsFunction(tt.body, []uint32{5, 300})
			require.NoError(t, err)
			require.Equal(t, tt.want, got)
		})
	}
	_, err := callsFunction(op(0, 0xff), []uint32{300})
	require.ErrorContains(t, err, "opcode 0xff")
	m := &module{code: [][]byte{op(0, opEnd), op(0, opCall, 0x80)}}
	_, err = m.padStack([]uint32{300}, nil)
	require.ErrorContains(t, err, "function 1: ")
}
