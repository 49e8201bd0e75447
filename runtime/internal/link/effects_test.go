package link

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// A validator asks wazero what is valid.
type validator struct {
	t  *testing.T
	rt wazero.Runtime
}

// valid reports whether a function body is, in a module that has one of all.
func (v validator) valid(body ...[]byte) bool {
	code := cat(body...)
	cm, err := v.rt.CompileModule(context.Background(), wasm(
		sec(secType, fn("", "")), sec(secFunction, leb(0)), sec(secTable, op(0x70, 0, 1)), sec(secMemory, op(0, 1)),
		sec(secGlobal, glob(typeI32, 1, i32x(0))), sec(secElement, elem(i32x(0), 0)), secOf(secDataCount, leb(1)),
		sec(secCode, append(leb(len(code)), code...)), sec(secData, dat(i32x(0), "x")),
	))
	if err == nil {
		require.NoError(v.t, cm.Close(context.Background()))
	}
	return err == nil
}

// leaves reports whether an instruction leaves a value of a type, or, with 0,
// none. It is written where nothing gets to, so that it has its operands.
func (v validator) leaves(instr []byte, typ byte) bool {
	if typ == 0 {
		return v.valid(op(1, 1, typeI32, opUnreachable), instr, op(opUnreachable, opEnd))
	}
	return v.valid(op(1, 1, typ, opUnreachable), instr, setLocal(0), op(opEnd))
}

// takes reports whether an instruction can do with n operands.
func (v validator) takes(instr []byte, n int, leaves bool) bool {
	types := []byte{typeI32, typeI64, typeF32, typeF64, typeV128, typeFuncref}
	end := op(opEnd)
	if leaves {
		end = op(opDrop, opEnd)
	}
	declared := op(byte(len(types)))
	combinations := 1
	for _, typ := range types {
		declared = append(declared, 1, typ)
	}
	for range n {
		combinations *= len(types)
	}
	for k := range combinations {
		var operands []byte
		for range n {
			operands = append(operands, getLocal(uint32(k%len(types)))...)
			k /= len(types)
		}
		if v.valid(declared, operands, instr, end) {
			return true
		}
	}
	return false
}

// What the tables say of an instruction is what wazero finds when it validates.
func TestEffectsAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	v := validator{t, wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter().WithCoreFeatures(api.CoreFeaturesV2))}
	t.Cleanup(func() { require.NoError(t, v.rt.Close(context.Background())) })
	var opcodes [][]byte
	for o := range 256 {
		switch {
		case o <= opCallIndirect && o != opBrIf, o == opSelect, o == opSelectT, o >= opLocalGet && o <= opGlobalGet && o != opLocalSet:
			// step knows them.
		case o == opPrefixFC || o == opPrefixFD:
			for sub := range 300 {
				opcodes = append(opcodes, appendU32(op(byte(o)), uint32(sub)))
			}
		default:
			opcodes = append(opcodes, op(byte(o)))
		}
	}
	known := 0
	for _, opcode := range opcodes {
		r := reader{b: append(opcode, make([]byte, 32)...)}
		if opcode[0] == opRefNull {
			r.b[1] = typeFuncref
		}
		if r.instr(); r.err != nil {
			require.Falsef(t, v.leaves(r.b, 0), "% x is not known", opcode)
			continue
		}
		known++
		instr := r.b[:r.pos]
		e := effectOf(instr[0], &reader{b: instr, pos: 1})
		require.Truef(t, v.leaves(instr, e.pushes), "% x leaves %#x", opcode, e.pushes)
		require.Truef(t, v.takes(instr, int(e.pops), e.pushes != 0), "% x takes %d", opcode, e.pops)
		require.Falsef(t, e.pops > 0 && v.takes(instr, int(e.pops)-1, e.pushes != 0), "% x takes %d", opcode, e.pops)
	}
	require.Greater(t, known, 400)
}
