package link

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// starting is a module whose start function has these instructions.
func starting(instrs ...[]byte) []byte {
	return wasm(
		sec(secType, fn("", "")),
		sec(secFunction, leb(0), leb(0)),
		sec(secMemory, op(0, 1)),
		sec(secGlobal, glob(0x7f, 1, i32x(0)), glob(0x7f, 1, i32x(0))),
		secOf(secStart, leb(1)),
		sec(secCode, body(), body(instrs...)),
	)
}

func TestTakeStart(t *testing.T) {
	t.Parallel()
	fill := op(opPrefixFC, 11, 0)
	i64c := op(opI64Const, 0)
	for _, tt := range []struct {
		name   string
		instrs []byte
		want   []byte // what is left
	}{
		{"nothing", nil, nil},
		{"fill", cat(i32c(2775536), i32c(0), i32c(198704), fill), nil},
		{"fill from a global", cat(gget(0), i32c(0), i32c(8), fill), nil},
		{"fill from behind a global", cat(gget(0), i32c(16), op(opI32Add), i32c(0), i32c(8), fill), nil},
		{"stores", cat(i32c(8), i32c(0), op(opI32Store, 2, 0), gget(0), i32c(0), op(0x3a, 0, 5),
			gget(0), i32c(4), op(opI32Add), i64c, op(0x37, 3, 0)), nil},
		{"a global", cat(gget(0), i32c(16), op(opI32Add), gset(1)), cat(gget(0), i32c(16), op(opI32Add), gset(1))},
		{"both", cat(gget(0), gset(1), gget(0), i32c(0), i32c(8), fill, i32c(5), gset(0)), cat(gget(0), gset(1), i32c(5), gset(0))},
		{"a clear while something waits", cat(gget(0), i32c(8), i32c(0), op(opI32Store, 2, 0), gset(1)), cat(gget(0), gset(1))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := decode(t, starting(tt.instrs))
			left, err := m.takeStart()
			require.NoError(t, err)
			require.Equal(t, string(tt.want), string(left))
			require.EqualValues(t, -1, m.start)
		})
	}
}

func TestTakeStartWithoutStart(t *testing.T) {
	t.Parallel()
	left, err := decode(t, wasm()).takeStart()
	require.NoError(t, err)
	require.Nil(t, left)
}

func TestTakeStartRefuses(t *testing.T) {
	t.Parallel()
	fill := op(opPrefixFC, 11, 0)
	for _, tt := range []struct {
		name, err string
		instrs    []byte
	}{
		{"a fill with something", "opcode 0xfc", cat(i32c(8), i32c(1), i32c(8), fill)},
		{"a fill of unknown length", "opcode 0xfc", cat(i32c(8), i32c(0), gget(0), fill)},
		{"a fill of nothing", "opcode 0xfc", fill},
		{"a fill without an address", "opcode 0xfc", cat(i32c(0), i32c(8), fill)},
		{"a fill at a computed address", "opcode 0xfc", cat(gget(0), gget(1), op(opI32Add), i32c(0), i32c(8), fill)},
		{"a store of something", "opcode 0x36", cat(i32c(8), i32c(1), op(opI32Store, 2, 0))},
		{"a store of a global", "opcode 0x36", cat(i32c(8), gget(0), op(opI32Store, 2, 0))},
		{"a store at a computed address", "opcode 0x36", cat(gget(0), gget(1), op(opI32Add), i32c(0), op(opI32Store, 2, 0))},
		{"a store whose address is a sum of constants", "opcode 0x36", cat(i32c(8), i32c(8), op(opI32Add), i32c(0), op(opI32Store, 2, 0))},
		{"a copy", "opcode 0xfc", cat(i32c(8), i32c(0), i32c(8), op(opPrefixFC, 10, 0, 0))},
		{"a call", "opcode 0x10", callf(0)},
		{"a loop", "opcode 0x3", op(opLoop, 0x40, opEnd)},
		{"a load", "opcode 0x28", cat(i32c(8), op(opI32Load, 2, 0, opDrop))},
		{"64 bits", "computes with 64 bits", op(opI64Const, 0)},
		{"no instructions", "opcode 0xff", op(0xff)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := decode(t, starting(tt.instrs)).takeStart()
			require.ErrorContains(t, err, tt.err)
		})
	}
	m := decode(t, starting())
	m.code[1] = op(0, opI32Const, 0x80)
	_, err := m.takeStart()
	require.ErrorIs(t, err, errTruncated)
	m = decode(t, starting())
	m.start = 2
	_, err = m.takeStart()
	require.EqualError(t, err, "module does not define function 2")
}
