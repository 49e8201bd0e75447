package link

import (
	"bytes"
	"errors"
	"fmt"
)

// takeStart takes the start function out of m and returns what is left of its
// instructions without those that clear memory: fresh memory is zero, and the
// memory of a clone must stay as it is. What is left may only set globals.
func (m *module) takeStart() ([]byte, error) {
	if m.start < 0 {
		return nil, nil
	}
	body, err := m.body(uint32(m.start))
	if err != nil {
		return nil, err
	}
	m.start = -1
	r := code(*body)
	var kept [][]byte // instructions
	for r.more() {
		at := r.pos
		op := r.instr()
		instr := (*body)[at:r.pos]
		operands := -1
		switch {
		case op == opEnd && !r.more():
			continue
		case op >= opI32Store && op <= opI64Store32:
			operands = clears(kept, 1)
		case bytes.Equal(instr, []byte{opPrefixFC, 11, 0}): // memory.fill
			operands = clears(kept, 2)
		case op == opGlobalGet, op == opI32Const, op == opI64Const, op == opI32Add, op == opGlobalSet:
			kept = append(kept, instr)
			continue
		}
		if operands < 0 {
			return nil, fmt.Errorf("opcode %#x in the start function", op)
		}
		kept = kept[:len(kept)-operands]
	}
	for _, i := range kept {
		if i[0] == opI64Const {
			return nil, errors.New("start function computes with 64 bits")
		}
	}
	return bytes.Join(kept, nil), r.err
}

// clears returns how many of the last instructions are the operands of one
// that clears memory, or -1: an address, which may be relative to a global,
// a zero and, for memory.fill, a length.
func clears(kept [][]byte, constants int) int {
	n := len(kept)
	op := func(back int) byte {
		if back > n {
			return opUnreachable
		}
		return kept[n-back][0]
	}
	value := constants // how far back the value is
	if constants == 2 && op(1) != opI32Const ||
		op(value) != opI32Const && op(value) != opI64Const || kept[n-value][1] != 0 {
		return -1
	}
	switch at := constants + 1; {
	case op(at) == opI32Const, op(at) == opGlobalGet:
		return at
	case op(at) == opI32Add && op(at+1) == opI32Const && op(at+2) == opGlobalGet:
		return at + 2
	}
	return -1
}
