package link

// isRemainder reports whether op is a remainder of integers.
func isRemainder(op byte) bool {
	switch op {
	case opI32RemS, opI32RemU, opI64RemS, opI64RemU:
		return true
	}
	return false
}

// remainder returns what stands for a remainder of integers. divisor is the
// instruction before it.
//
// wazero pull request 2508 (and issue 2516): on arm64, the quotient from which
// the remainder is computed is in the register of the result, and under register
// pressure is reloaded from where the result has not been stored yet. What
// computes it from a division has a register for each.
//
// It is done on all machines, as linked files may be made on another.
func (s scratch) remainder(op byte, divisor []byte) []byte {
	typ, div, mul, sub := byte(typeI32), byte(opI32DivU), byte(opI32Mul), byte(opI32Sub)
	if op == opI64RemS || op == opI64RemU {
		typ, div, mul, sub = typeI64, opI64DivU, opI64Mul, opI64Sub
	}
	x, y := s.local(typ, 0), s.local(typ, 1)
	var by []byte
	if op == opI32RemS || op == opI64RemS {
		div-- // of signed integers
		if !isConstant(divisor) || isMinusOne(divisor) {
			by = orOne(typ, y)
		}
	}
	return cat(by, setLocal(y),
		// x - x/y*y
		setLocal(x), getLocal(x), getLocal(x), getLocal(y), []byte{div}, getLocal(y), []byte{mul, sub})
}

// orOne makes 1 of -1. The remainder is the same, and what cannot be divided by
// -1 can be divided by 1.
func orOne(typ byte, y uint32) []byte {
	constant, eq := byte(opI32Const), byte(opI32Eq)
	if typ == typeI64 {
		constant, eq = opI64Const, opI64Eq
	}
	return cat(setLocal(y), []byte{constant, 1}, getLocal(y), getLocal(y), []byte{constant, 0x7f, eq, opSelect})
}

func isConstant(instr []byte) bool {
	return len(instr) > 0 && (instr[0] == opI32Const || instr[0] == opI64Const)
}

func isMinusOne(constant []byte) bool {
	r := reader{b: constant, pos: 1}
	return r.s64() == -1
}
