package link

import (
	"fmt"
	"slices"
)

// defend rewrites what wazero is known to compile wrongly, so that it does not
// get to see it: selects of floating-point numbers and vectors (select.go),
// and remainders of integers (remainder.go). It must come last, over everything
// that the module has.
//
// RATIONALE.md ("Why is code rewritten that wazero would compile wrongly?")
// lists the faults, also those that need no defence.
func (m *module) defend() error {
	s := m.space()
	for i := range m.code {
		body, err := s.defended(m.types[m.funcs[i]], m.code[i])
		if err != nil {
			return fmt.Errorf("function %d: %w", m.importCount(kindFunc)+uint32(i), err)
		}
		m.code[i] = body
	}
	return nil
}

// defended returns the body of a function of type t.
func (s *space) defended(t funcType, body []byte) ([]byte, error) {
	selects, remainders, err := s.mayHave(t, body)
	if err != nil || !selects && !remainders {
		return body, err
	}
	o, err := s.operands(t, body)
	if err != nil {
		return nil, err
	}
	scratch := scratch{uint32(len(o.locals))}
	var out []byte
	done := 0
	var divisor []byte // the instruction before
	r := code(body)
	for r.more() {
		at := r.pos
		op := r.instr()
		instr := body[at:r.pos]
		var by []byte
		if selects {
			selected, err := o.step(op, &reader{b: instr, pos: 1})
			if err != nil {
				return nil, fmt.Errorf("instruction at offset %d: %w", at, err)
			}
			by = scratch.selectOf(selected)
		}
		if isRemainder(op) {
			by = scratch.remainder(op, divisor)
		}
		if by != nil {
			out = append(append(out, body[done:at]...), by...)
			done = r.pos
		}
		divisor = instr
	}
	if r.err != nil || done == 0 {
		return body, r.err
	}
	return scratch.declare(append(out, body[done:]...)), nil
}

// mayHave reports whether a function has remainders, and whether it may have
// selects of other than integers: it has selects, and other values than integers.
// It saves going through most functions with all their types.
func (s *space) mayHave(t funcType, body []byte) (selects, remainders bool, err error) {
	others := hasOthers(t.params)
	locals := reader{b: body}
	for n := locals.u32(); n > 0 && locals.err == nil; n-- {
		locals.u32()
		others = others || isOther(locals.byte())
	}
	r := code(body)
	for r.more() {
		at := r.pos
		op := r.instr()
		switch {
		case op == opSelect, op == opSelectT:
			selects = true
		case isRemainder(op):
			remainders = true
		case others:
		case op == opCall, op == opCallIndirect:
			t, err := s.calledType(op, &reader{b: body, pos: at + 1})
			if err != nil {
				return false, false, err
			}
			others = hasOthers(t.results)
		case op == opGlobalGet:
			t, err := s.globalType((&reader{b: body, pos: at + 1}).u32())
			if err != nil {
				return false, false, err
			}
			others = isOther(t)
		default:
			others = op == opPrefixFD || isOther(effects[op].pushes)
		}
	}
	return selects && others, remainders, r.err
}

// isOther reports whether a type is that of numbers or vectors that are no
// integers.
func isOther(typ byte) bool { return typ == typeF32 || typ == typeF64 || typ == typeV128 }

func hasOthers(types []byte) bool { return slices.ContainsFunc(types, isOther) }
