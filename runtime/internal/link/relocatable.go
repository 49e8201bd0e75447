package link

import (
	"errors"
	"fmt"
)

// tableBase is the table index from which a relocatable program's functions
// are placed: slot 0 is the null function pointer.
const tableBase = 1

// settle turns a relocatable program, which imports its memory, its table and
// the addresses where its parts go, into one that has them. Its data go to the
// address memory, and its shadow stack of that many bytes comes behind; what
// follows the stack is its heap. The stack pointer becomes global 0.
//
// What JavaScript computes at every start, and Emscripten's programs keep in
// imported and in mutable globals, becomes constants of the code: that is how
// the compiler likes it best.
func (m *module) settle(memory, stack uint32) error {
	d, err := parseDylink(m.dylink)
	if err != nil {
		return err
	}
	top := (memory+d.memSize+15)&^15 + stack
	s := settler{memory: memory, heap: top, known: map[uint32]uint32{}, index: map[uint32]uint32{}}
	imports, err := s.imported(m)
	if err != nil {
		return err
	}
	if err := s.run(m); err != nil {
		return fmt.Errorf("start function: %w", err)
	}
	globals, err := s.own(m)
	if err != nil {
		return err
	}
	pointer := append(appendS64([]byte{opI32Const}, int64(int32(top))), opEnd)
	m.imports = imports
	m.globals = append([]global{{[]byte{valueTypes['i'], 1}, pointer}}, globals...)
	m.exports = append(m.exports, exported{"__stack_pointer", kindGlobal, 0})
	for i := range m.code {
		if m.code[i], err = s.body(m.code[i]); err != nil {
			return fmt.Errorf("function body %d: %w", i, err)
		}
	}
	slots := uint32(0)
	for i := range m.elements {
		e := &m.elements[i]
		if e.offset, err = s.constant(e.offset); err != nil {
			return fmt.Errorf("element segment: %w", err)
		}
		slots = max(slots, tableBase+uint32(len(e.funcs)))
	}
	for i := range m.data {
		if m.data[i].offset, err = s.constant(m.data[i].offset); err != nil {
			return fmt.Errorf("data segment: %w", err)
		}
	}
	m.tables = [][]byte{appendU32([]byte{0x70, 0}, slots)}
	m.exports = append(m.exports, exported{"__indirect_function_table", kindTable, 0})
	m.start, m.dylink = -1, nil
	return nil
}

// A settler holds what is known of a module's globals, by their old indices.
type settler struct {
	memory, heap uint32
	pointer      uint32            // the stack pointer
	known        map[uint32]uint32 // what will not change
	relative     map[uint32]bool   // exported addresses, relative to memory
	index        map[uint32]uint32 // new indices of what stays
}

// imported takes the table and the globals out of the imports. Memory and
// functions stay.
func (s *settler) imported(m *module) ([]imported, error) {
	var kept []imported
	var n uint32
	pointers := 0
	for _, im := range m.imports {
		if im.kind == kindTable {
			continue
		}
		if im.kind != kindGlobal {
			kept = append(kept, im)
			continue
		}
		switch im.module + "." + im.name {
		case "env.__memory_base":
			s.known[n] = s.memory
		case "env.__table_base":
			s.known[n] = tableBase
		case "GOT.mem.__heap_base":
			s.known[n] = s.heap
		case "env.__stack_pointer":
			s.pointer = n
			s.index[n] = 0
			pointers++
		default:
			return nil, fmt.Errorf("unknown imported global %s.%s", im.module, im.name)
		}
		n++
	}
	if pointers != 1 {
		return nil, fmt.Errorf("program imports %d stack pointers", pointers)
	}
	return kept, nil
}

// run does what the start function does: it computes addresses, each from a
// known global and perhaps a constant. The function is emptied.
func (s *settler) run(m *module) error {
	if m.start < 0 {
		return nil
	}
	body, err := m.body(uint32(m.start))
	if err != nil {
		return err
	}
	r := code(*body)
	var stack [2]uint32
	depth := 0
	for ended := false; r.more() && !ended; {
		op := r.byte()
		switch {
		case op == opGlobalGet && depth < 2:
			v, ok := s.known[r.u32()]
			if !ok {
				return errors.New("computes with something unknown")
			}
			stack[depth] = v
			depth++
		case op == opI32Const && depth < 2:
			stack[depth] = uint32(r.s64())
			depth++
		case op == opI32Add && depth == 2:
			stack[0] += stack[1]
			depth--
		case op == opI32Sub && depth == 2:
			stack[0] -= stack[1]
			depth--
		case op == opGlobalSet && depth == 1:
			g := r.u32()
			if _, ok := s.known[g]; ok || g == s.pointer {
				return fmt.Errorf("sets global %d again", g)
			}
			s.known[g] = stack[0]
			depth--
		case op == opEnd && depth == 0:
			ended = true
		default:
			return fmt.Errorf("opcode %#x: it does more than to compute addresses", op)
		}
	}
	if r.err != nil || r.more() {
		return errors.New("it does not end")
	}
	*body = []byte{0, opEnd}
	return nil
}

// own returns the globals that the module keeps of its own: exported addresses,
// now absolute, and what is not known.
func (s *settler) own(m *module) ([]global, error) {
	s.relative = map[uint32]bool{}
	imports := m.importCount(kindGlobal)
	for _, e := range m.exports {
		if e.kind == kindGlobal {
			s.relative[e.index] = true
		}
	}
	var kept []global
	for i, g := range m.globals {
		at := imports + uint32(i)
		_, known := s.known[at]
		if known && s.relative[at] {
			return nil, fmt.Errorf("exported global %d is computed", at)
		}
		if known {
			continue
		}
		if s.relative[at] {
			if g.typ[1] != 0 || g.init[0] != opI32Const {
				return nil, fmt.Errorf("exported global %d is no constant", at)
			}
			r := reader{b: g.init, pos: 1}
			g.init = append(appendS64([]byte{opI32Const}, int64(int32(uint32(r.s64())+s.memory))), opEnd)
		}
		s.index[at] = 1 + uint32(len(kept))
		kept = append(kept, g)
	}
	for i := range m.exports {
		if e := &m.exports[i]; e.kind == kindGlobal {
			e.index = s.index[e.index]
		}
	}
	return kept, nil
}

// constant returns a constant expression without globals.
func (s *settler) constant(expr []byte) ([]byte, error) {
	if expr[0] != opGlobalGet {
		return nil, errors.New("does not begin at a base")
	}
	r := reader{b: expr, pos: 1}
	v, ok := s.known[r.u32()]
	if !ok {
		return nil, errors.New("begins at an unknown base")
	}
	return append(appendS64([]byte{opI32Const}, int64(int32(v))), opEnd), nil
}

// body returns a function body in which known globals are constants, and the
// others have their new indices.
func (s *settler) body(body []byte) ([]byte, error) {
	r := code(body)
	out := make([]byte, 0, len(body)+len(body)/8)
	done := 0
	for r.more() {
		at := r.pos
		op := r.instr()
		if op != opGlobalGet && op != opGlobalSet || r.err != nil {
			continue
		}
		index := reader{b: body, pos: at + 1}
		g := index.u32()
		v, known := s.known[g]
		if known && op == opGlobalSet {
			return nil, fmt.Errorf("sets global %d", g)
		}
		if s.relative[g] {
			return nil, fmt.Errorf("uses exported global %d", g)
		}
		out = append(out, body[done:at]...)
		if known {
			out = appendS64(append(out, opI32Const), int64(int32(v)))
		} else {
			out = appendU32(append(out, op), s.index[g])
		}
		done = r.pos
	}
	return append(out, body[done:]...), r.err
}
