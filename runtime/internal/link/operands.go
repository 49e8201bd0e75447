package link

import (
	"errors"
	"fmt"
)

// Value types (WebAssembly core specification, 5.3.1 to 5.3.4).
const (
	typeI32     = 0x7f
	typeI64     = 0x7e
	typeF32     = 0x7d
	typeF64     = 0x7c
	typeV128    = 0x7b
	typeFuncref = 0x70

	// typeUnknown is the type of what is popped where no code gets to.
	typeUnknown = 0
)

// maxLocals bounds the parameters and locals of a function, as wazero does.
const maxLocals = 50_000

// operands are the types of the operand stack as one goes through the
// instructions of a function. What is not valid is noticed only where it leaves
// a type in doubt: the engine validates what it compiles.
type operands struct {
	space  *space
	locals []byte // parameters first
	types  []byte
	frames []frame
}

// A frame is a block that has not ended. The function itself is the first.
type frame struct {
	params, results []byte
	height          int  // of the stack below its parameters
	dead            bool // code from here to its end or else is not reached
}

// operands returns the state before the first instruction of a function of
// type t.
func (s *space) operands(t funcType, body []byte) (*operands, error) {
	o := &operands{space: s, locals: append([]byte(nil), t.params...), frames: []frame{{results: t.results}}}
	r := reader{b: body}
	for n := r.u32(); n > 0 && r.err == nil; n-- {
		count, typ := r.u32(), r.byte()
		if uint64(len(o.locals))+uint64(count) > maxLocals {
			return nil, errors.New("too many locals")
		}
		for range count {
			o.locals = append(o.locals, typ)
		}
	}
	return o, r.err
}

var errOperands = errors.New("too few or too many operands")

func (o *operands) push(types ...byte) { o.types = append(o.types, types...) }

func (o *operands) pop() (byte, error) {
	f := &o.frames[len(o.frames)-1]
	if n := len(o.types); n > f.height {
		t := o.types[n-1]
		o.types = o.types[:n-1]
		return t, nil
	}
	if f.dead {
		return typeUnknown, nil
	}
	return 0, errOperands
}

func (o *operands) popN(n int) error {
	for ; n > 0; n-- {
		if _, err := o.pop(); err != nil {
			return err
		}
	}
	return nil
}

// enter begins a block of this type.
func (o *operands) enter(t funcType) error {
	if err := o.popN(len(t.params)); err != nil {
		return err
	}
	o.frames = append(o.frames, frame{params: t.params, results: t.results, height: len(o.types)})
	o.push(t.params...)
	return nil
}

// die notes that what follows in the block is not reached.
func (o *operands) die() {
	f := &o.frames[len(o.frames)-1]
	f.dead = true
	o.types = o.types[:f.height]
}

// step does what one instruction does to the stack. imm is at what follows the
// opcode. For a select it returns the type of what it selects, which may be
// typeUnknown where no code gets to.
func (o *operands) step(op byte, imm *reader) (selects byte, err error) {
	if len(o.frames) == 0 {
		return 0, errors.New("function goes on after its end")
	}
	switch {
	case op == opUnreachable, op == opBr, op == opBrTable, op == opReturn:
		o.die() // what they take is gone with the rest
	case op == opIf:
		if _, err := o.pop(); err != nil {
			return 0, err
		}
		fallthrough
	case op == opBlock, op == opLoop:
		t, err := o.space.blockType(imm.s64())
		if err != nil {
			return 0, err
		}
		return 0, o.enter(t)
	case op == opElse:
		f := &o.frames[len(o.frames)-1]
		f.dead = false
		o.types = append(o.types[:f.height], f.params...)
	case op == opEnd:
		f := o.frames[len(o.frames)-1]
		if !f.dead && len(o.types) != f.height+len(f.results) {
			return 0, errOperands
		}
		o.frames = o.frames[:len(o.frames)-1]
		o.types = append(o.types[:f.height], f.results...)
	case op == opCall, op == opCallIndirect:
		t, err := o.space.calledType(op, imm)
		if err != nil {
			return 0, err
		}
		if err := o.popN(len(t.params)); err != nil {
			return 0, err
		}
		o.push(t.results...)
	case op == opSelect:
		return o.selected()
	case op == opSelectT:
		t := imm.bytes(imm.u32())
		if err := o.popN(3); err != nil || len(t) != 1 {
			return 0, errOperands
		}
		o.push(t...)
		return t[0], nil
	case op == opLocalGet, op == opLocalTee:
		i := imm.u32()
		if uint64(i) >= uint64(len(o.locals)) {
			return 0, fmt.Errorf("no local %d", i)
		}
		if op == opLocalTee {
			if _, err := o.pop(); err != nil {
				return 0, err
			}
		}
		o.push(o.locals[i])
	case op == opGlobalGet:
		t, err := o.space.globalType(imm.u32())
		o.push(t)
		return 0, err
	default:
		e := effectOf(op, imm)
		if err := o.popN(int(e.pops)); err != nil {
			return 0, err
		}
		if e.pushes != 0 {
			o.push(e.pushes)
		}
	}
	return 0, imm.err
}

func (o *operands) selected() (byte, error) {
	var t [3]byte // the condition, and the two to select from
	for i := range t {
		var err error
		if t[i], err = o.pop(); err != nil {
			return 0, err
		}
	}
	typ := max(t[1], t[2]) // one may be unknown
	o.push(typ)
	return typ, nil
}
