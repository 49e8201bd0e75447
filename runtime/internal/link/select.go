package link

// selectOf returns what stands for a select of operands of this type, or nil
// if it may stay.
//
// wazero issue 2534: on amd64, a select of floating-point numbers or vectors
// becomes a move that is jumped over, and the register allocator takes that for
// a move that always happens. Under register pressure the result is garbage if
// it is jumped over. A select of integers is a cmov, and is right. So numbers
// are selected by their bits, and vectors bit by bit.
func (s scratch) selectOf(typ byte) []byte {
	switch typ {
	case typeF32:
		return s.selectBits(s.local(typeI32, 1), opI32ReinterpretF32, opF32ReinterpretI32)
	case typeF64:
		return s.selectBits(s.local(typeI64, 1), opI64ReinterpretF64, opF64ReinterpretI64)
	case typeV128:
		// A mask of ones, if the condition is not 0.
		return cat([]byte{opI32Eqz, opI32Const, 1, opI32Sub}, vector(vI32x4Splat), vector(vBitselect))
	}
	return nil
}

func (s scratch) selectBits(second uint32, toBits, fromBits byte) []byte {
	cond := s.local(typeI32, 0)
	return cat(
		setLocal(cond), []byte{toBits}, setLocal(second), []byte{toBits},
		getLocal(second), getLocal(cond), []byte{opSelect, fromBits},
	)
}
