package link

import "fmt"

// Opcodes that the linker reads or writes (WebAssembly core specification, 5.4).
const (
	opUnreachable  = 0x00
	opBlock        = 0x02
	opLoop         = 0x03
	opIf           = 0x04
	opElse         = 0x05
	opEnd          = 0x0b
	opBr           = 0x0c
	opBrIf         = 0x0d
	opBrTable      = 0x0e
	opReturn       = 0x0f
	opCall         = 0x10
	opCallIndirect = 0x11
	opDrop         = 0x1a
	opSelect       = 0x1b
	opSelectT      = 0x1c
	opLocalGet     = 0x20
	opLocalSet     = 0x21
	opLocalTee     = 0x22
	opGlobalGet    = 0x23
	opGlobalSet    = 0x24
	opI32Load      = 0x28
	opI32Load8U    = 0x2d
	opI32Store     = 0x36
	opI64Store32   = 0x3e
	opMemorySize   = 0x3f
	opMemoryGrow   = 0x40
	opI32Const     = 0x41
	opI64Const     = 0x42
	opF32Const     = 0x43
	opF64Const     = 0x44
	opI32Eqz       = 0x45
	opI32Eq        = 0x46
	opI32Ne        = 0x47
	opI32LtS       = 0x48
	opI64Eq        = 0x51
	opI32Add       = 0x6a
	opI32Sub       = 0x6b
	opI32Mul       = 0x6c
	opI32DivU      = 0x6e
	opI32RemS      = 0x6f
	opI32RemU      = 0x70
	opI32And       = 0x71
	opI32Or        = 0x72
	opI64Sub       = 0x7d
	opI64Mul       = 0x7e
	opI64DivU      = 0x80
	opI64RemS      = 0x81
	opI64RemU      = 0x82
	opI64Extend32S = 0xc4
	opRefNull      = 0xd0
	opRefIsNull    = 0xd1
	opRefFunc      = 0xd2
	opPrefixFC     = 0xfc
	opPrefixFD     = 0xfd

	opI32ReinterpretF32 = 0xbc
	opI64ReinterpretF64 = 0xbd
	opF32ReinterpretI32 = 0xbe
	opF64ReinterpretI64 = 0xbf

	vI32x4Splat = 17 // behind opPrefixFD
	vBitselect  = 82
)

// code returns a reader over the instructions of a function body, past its
// declarations of locals.
func code(body []byte) *reader {
	r := &reader{b: body}
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		r.u32()
		r.byte()
	}
	return r
}

// instr reads one instruction and returns its opcode.
func (r *reader) instr() byte {
	op := r.byte()
	switch {
	case op >= opLocalGet && op <= 0x26: // local.*, global.*, table.get, table.set
		r.u32()
	case op >= opI32Eqz && op <= opI64Extend32S: // computations
	case op == opCall, op == opRefFunc:
		r.u32()
	case op >= opBlock && op <= opIf:
		r.s64()
	case op == opBr, op == opBrIf:
		r.u32()
	case op == opBrTable:
		for n := r.count() + 1; n > 0 && r.err == nil; n-- {
			r.u32()
		}
	case op == opCallIndirect:
		r.u32()
		r.u32()
	case op == opSelectT:
		r.bytes(r.u32())
	case op >= opI32Load && op <= opI64Store32:
		r.u32()
		r.u32()
	case op == opMemorySize, op == opMemoryGrow, op == opRefNull:
		r.byte()
	case op == opI32Const, op == opI64Const:
		r.s64()
	case op == opF32Const:
		r.bytes(4)
	case op == opF64Const:
		r.bytes(8)
	case op == opPrefixFC:
		switch sub := r.u32(); {
		case sub <= 7: // saturating truncation
		case sub == 8, sub == 10, sub == 12, sub == 14: // memory.init, memory.copy, table.init, table.copy
			r.u32()
			r.u32()
		case sub <= 17: // data.drop, memory.fill, elem.drop, table.grow, table.size, table.fill
			r.u32()
		default:
			r.fail(fmt.Errorf("opcode 0xfc %d", sub))
		}
	case op == opPrefixFD:
		sub := r.u32()
		form := vectorForm(sub)
		if form == vectorUnknown {
			r.fail(fmt.Errorf("opcode 0xfd %d", sub))
			break
		}
		r.vectorImmediates(form)
	case op <= 0x01, op == opElse, op == opEnd, op == opReturn, op == opDrop, op == opSelect, op == opRefIsNull: // control, parametric
	default:
		r.fail(fmt.Errorf("opcode %#x", op))
	}
	return op
}

// remap returns body with every index of a function and of a global replaced.
// A nil map leaves its kind as it is.
func remap(body []byte, funcs, globals func(uint32) uint32) ([]byte, error) {
	r := code(body)
	out := make([]byte, 0, len(body)+len(body)/64)
	done := 0
	for r.more() {
		at := r.pos + 1
		f := funcs
		switch r.instr() {
		case opCall, opRefFunc:
		case opGlobalGet, opGlobalSet:
			f = globals
		default:
			continue
		}
		if f == nil || r.err != nil {
			continue
		}
		index := reader{b: body, pos: at}
		out = append(out, body[done:at]...)
		out = appendU32(out, f(index.u32()))
		done = r.pos
	}
	return append(out, body[done:]...), r.err
}

// mentions reports whether body holds an i32.const of the value v.
func mentions(body []byte, v uint32) bool {
	for r := code(body); r.more(); {
		start := r.pos
		if r.instr() != opI32Const {
			continue
		}
		c := reader{b: body[start+1 : r.pos]}
		if uint32(c.s64()) == v {
			return true
		}
	}
	return false
}
