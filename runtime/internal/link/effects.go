package link

// An effect is what an instruction does to the operand stack: how many operands
// it takes, and the type of the one that it leaves, or 0.
type effect struct {
	pops   byte
	pushes byte
}

// effects are those of the instructions of one byte whose types do not depend
// on where they stand (WebAssembly core specification, 5.4).
var effects = func() (t [256]effect) {
	set := func(from, to int, pops, pushes byte) {
		for op := from; op <= to; op++ {
			t[op] = effect{pops, pushes}
		}
	}
	set(opBrIf, opBrIf, 1, 0)
	set(opDrop, opDrop, 1, 0)
	set(opLocalSet, opLocalSet, 1, 0)
	set(opGlobalSet, opGlobalSet, 1, 0)
	set(0x25, 0x25, 1, typeFuncref) // table.get
	set(0x26, 0x26, 2, 0)           // table.set
	set(0x28, 0x28, 1, typeI32)     // loads
	set(0x29, 0x29, 1, typeI64)
	set(0x2a, 0x2a, 1, typeF32)
	set(0x2b, 0x2b, 1, typeF64)
	set(0x2c, 0x2f, 1, typeI32)
	set(0x30, 0x35, 1, typeI64)
	set(opI32Store, opI64Store32, 2, 0)
	set(opMemorySize, opMemorySize, 0, typeI32)
	set(opMemoryGrow, opMemoryGrow, 1, typeI32)
	set(opI32Const, opI32Const, 0, typeI32)
	set(opI64Const, opI64Const, 0, typeI64)
	set(opF32Const, opF32Const, 0, typeF32)
	set(opF64Const, opF64Const, 0, typeF64)
	set(0x45, 0x45, 1, typeI32) // i32.eqz
	set(0x46, 0x4f, 2, typeI32)
	set(0x50, 0x50, 1, typeI32) // i64.eqz
	set(0x51, 0x66, 2, typeI32) // comparisons of i64, f32, f64
	set(0x67, 0x69, 1, typeI32) // i32: clz, ctz, popcnt
	set(0x6a, 0x78, 2, typeI32)
	set(0x79, 0x7b, 1, typeI64)
	set(0x7c, 0x8a, 2, typeI64)
	set(0x8b, 0x91, 1, typeF32) // f32: abs to sqrt
	set(0x92, 0x98, 2, typeF32)
	set(0x99, 0x9f, 1, typeF64)
	set(0xa0, 0xa6, 2, typeF64)
	set(0xa7, 0xab, 1, typeI32) // conversions
	set(0xac, 0xb1, 1, typeI64)
	set(0xb2, 0xb6, 1, typeF32)
	set(0xb7, 0xbb, 1, typeF64)
	set(opI32ReinterpretF32, opI32ReinterpretF32, 1, typeI32)
	set(opI64ReinterpretF64, opI64ReinterpretF64, 1, typeI64)
	set(opF32ReinterpretI32, opF32ReinterpretI32, 1, typeF32)
	set(opF64ReinterpretI64, opF64ReinterpretI64, 1, typeF64)
	set(0xc0, 0xc1, 1, typeI32) // sign extensions
	set(0xc2, 0xc4, 1, typeI64)
	set(opRefNull, opRefNull, 0, typeFuncref) // or another reference, which does not matter here
	set(opRefIsNull, opRefIsNull, 1, typeI32)
	set(opRefFunc, opRefFunc, 0, typeFuncref)
	return t
}()

// effectOf returns the effect of an instruction with a fixed one. imm is at
// what follows the opcode.
func effectOf(op byte, imm *reader) effect {
	switch op {
	case opPrefixFC:
		return effectFC(imm.u32())
	case opPrefixFD:
		return effectFD(imm.u32())
	}
	return effects[op]
}

func effectFC(sub uint32) effect {
	switch {
	case sub <= 3: // saturating truncations
		return effect{1, typeI32}
	case sub <= 7:
		return effect{1, typeI64}
	case sub == 9, sub == 13: // data.drop, elem.drop
		return effect{}
	case sub == 15: // table.grow
		return effect{2, typeI32}
	case sub == 16: // table.size
		return effect{0, typeI32}
	}
	return effect{3, 0} // what initialises, copies and fills
}

// effectFD is that of a vector instruction.
func effectFD(sub uint32) effect {
	switch vectorForm(sub) {
	case vectorLoad, vectorUnary, vectorSplat:
		return effect{1, typeV128}
	case vectorStore, vectorStoreLane:
		return effect{2, 0}
	case vectorConst:
		return effect{0, typeV128}
	case vectorTest:
		return effect{1, typeI32}
	case vectorTernary:
		return effect{3, typeV128}
	case vectorExtract:
		switch {
		case sub <= 27:
			return effect{1, typeI32}
		case sub == 29:
			return effect{1, typeI64}
		case sub == 31:
			return effect{1, typeF32}
		}
		return effect{1, typeF64}
	}
	return effect{2, typeV128}
}
