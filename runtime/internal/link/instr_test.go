package link

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// instructions has one instruction of every form.
var instructions = map[string][]byte{
	"unreachable":         op(opUnreachable),
	"nop":                 op(0x01),
	"block":               op(opBlock, 0x40),
	"block of a type":     op(opBlock, 0x81, 0x01),
	"loop":                op(opLoop, 0x7f),
	"if":                  op(opIf, 0x40),
	"else":                op(0x05),
	"end":                 op(opEnd),
	"br":                  op(opBr, 0x80, 0x01),
	"br_if":               op(opBrIf, 0),
	"br_table":            op(opBrTable, 2, 0, 1, 2),
	"br_table of one":     op(opBrTable, 0, 0x80, 0x01),
	"return":              op(opReturn),
	"call":                op(opCall, 0x80, 0x02),
	"call_indirect":       op(opCallIndirect, 0x80, 0x01, 0),
	"drop":                op(opDrop),
	"select":              op(0x1b),
	"select of a type":    op(opSelectT, 1, 0x7f),
	"local.get":           op(opLocalGet, 0x80, 0x01),
	"local.set":           op(opLocalSet, 1),
	"local.tee":           op(opLocalTee, 1),
	"global.get":          op(opGlobalGet, 0x80, 0x01),
	"global.set":          op(opGlobalSet, 1),
	"table.get":           op(0x25, 0),
	"table.set":           op(0x26, 0),
	"i32.load":            op(opI32Load, 2, 0x80, 0x80, 0x04),
	"i64.store32":         op(opI64Store32, 0, 0),
	"memory.size":         op(opMemorySize, 0),
	"memory.grow":         op(opMemoryGrow, 0),
	"i32.const":           op(opI32Const, 0x80, 0x80, 0x80, 0x80, 0x78),
	"i64.const":           op(opI64Const, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f),
	"f32.const":           op(opF32Const, opEnd, opCall, opEnd, opCall),
	"f64.const":           op(opF64Const, opCall, opCall, opCall, opCall, opCall, opCall, opCall, opCall),
	"i32.eqz":             op(opI32Eqz),
	"i64.extend32_s":      op(opI64Extend32S),
	"ref.null":            op(opRefNull, 0x70),
	"ref.is_null":         op(opRefIsNull),
	"ref.func":            op(opRefFunc, 0x80, 0x02),
	"i32.trunc_sat_f32_s": op(opPrefixFC, 0),
	"i64.trunc_sat_f64_u": op(opPrefixFC, 7),
	"memory.init":         op(opPrefixFC, 8, 0x80, 0x01, 0),
	"data.drop":           op(opPrefixFC, 9, 0x80, 0x01),
	"memory.copy":         op(opPrefixFC, 10, 0, 0),
	"memory.fill":         op(opPrefixFC, 11, 0),
	"table.init":          op(opPrefixFC, 12, 0x80, 0x01, 0),
	"elem.drop":           op(opPrefixFC, 13, 0),
	"table.copy":          op(opPrefixFC, 14, 0, 0),
	"table.grow":          op(opPrefixFC, 15, 0),
	"table.size":          op(opPrefixFC, 16, 0),
	"table.fill":          op(opPrefixFC, 17, 0),
	"a padded table.fill": op(opPrefixFC, 0x91, 0x00, 0),
	"v128.load":           op(opPrefixFD, 0, 4, 0x80, 0x01),
	"v128.store":          op(opPrefixFD, 11, 4, 0x80, 0x01),
	"v128.const":          append(op(opPrefixFD, 12), make([]byte, 16)...),
	"i8x16.shuffle":       append(op(opPrefixFD, 13), make([]byte, 16)...),
	"i32x4.extract_lane":  op(opPrefixFD, 27, 3),
	"f64x2.replace_lane":  op(opPrefixFD, 34, 1),
	"v128.load8_lane":     op(opPrefixFD, 84, 0, 0x80, 0x01, 15),
	"v128.store64_lane":   op(opPrefixFD, 91, 3, 0, 1),
	"i32x4.add":           op(opPrefixFD, 0xae, 0x01),
}

func TestInstrReadsOneInstruction(t *testing.T) {
	t.Parallel()
	for name, in := range instructions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := reader{b: cat(in, op(opEnd))}
			require.Equal(t, in[0], r.instr())
			require.NoError(t, r.err)
			require.Equal(t, len(in), r.pos)
			for n := range in {
				r := reader{b: in[:n]}
				r.instr()
				require.Errorf(t, r.err, "truncated to %d bytes", n)
			}
		})
	}
}

func TestInstrRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range [][]byte{
		{0x06, 0x40}, {0x12, 0}, {0x1f, 0}, {0x27}, {0xc5}, {0xd3}, // exceptions, tail calls, unassigned, garbage collection
		{opPrefixFC, 18}, {opPrefixFD, 0x9a, 0x01}, {opPrefixFD, 0x80, 0x02}, {0xfe, 0}, {0xff}, // unassigned, relaxed SIMD, threads
	} {
		r := reader{b: append(in, 0, 0, 0, 0)}
		r.instr()
		require.ErrorContainsf(t, r.err, "opcode", "% x", in)
	}
}

func TestRemap(t *testing.T) {
	t.Parallel()
	for name, in := range instructions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// Whatever the instruction is, its neighbours are found.
			before, after := cat(op(1, 3, 0x7f), callf(5), gget(6)), cat(gset(7), op(opRefFunc, 8, opEnd))
			same := func(f uint32) uint32 { return f }
			out, err := remap(cat(before, in, after), nil, nil)
			require.NoError(t, err)
			require.Equal(t, cat(before, in, after), out)
			out, err = remap(cat(before, in, after), same, same)
			require.NoError(t, err)
			require.Equal(t, cat(before, in, after), out)

			want := in
			switch in[0] {
			case opCall, opRefFunc:
				want = cat(op(in[0]), leb(256+100))
			case opGlobalGet:
				want = gget(128 + 1000)
			case opGlobalSet:
				want = gset(1 + 1000)
			}
			out, err = remap(cat(before, in, after),
				func(f uint32) uint32 { return f + 100 }, func(g uint32) uint32 { return g + 1000 })
			require.NoError(t, err)
			require.Equal(t, cat(op(1, 3, 0x7f), callf(105), gget(1006), want, gset(1007), op(opRefFunc, 108, opEnd)), out)
		})
	}
}

func TestRemapFails(t *testing.T) {
	t.Parallel()
	for name, in := range map[string][]byte{
		"nothing":             nil,
		"locals without type": op(1, 3),
		"too many locals":     op(0xff, 0xff, 0xff, 0xff, 0x0f, 1, 0x7f),
		"a truncated call":    op(0, opCall, 0x80),
		"an unknown opcode":   op(0, 0xff),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			called := func(f uint32) uint32 { t.Error("there is no index"); return f }
			_, err := remap(in, called, called)
			require.Error(t, err)
		})
	}
}

func TestMentions(t *testing.T) {
	t.Parallel()
	b := cat(op(1, 1, 0x7f), i32c(-1), i32c(2796912), op(opI64Const, 77, opF64Const, opI32Const, 5, 0, 0, 0, 0, 0, 0, opEnd))
	require.True(t, mentions(b, 2796912))
	require.True(t, mentions(b, 0xffffffff))
	require.False(t, mentions(b, 77), "that is 64 bits wide")
	require.False(t, mentions(b, 5), "that is part of another number")
	require.False(t, mentions(cat(b, op(0xff), i32c(9)), 9), "nothing is found behind what is not understood")
}
