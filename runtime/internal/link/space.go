package link

import "fmt"

// A space holds what instructions refer to by an index: the types of all
// functions and globals, imported ones first.
type space struct {
	types   []funcType
	funcs   []funcType
	globals []byte
}

func (m *module) space() *space {
	s := &space{types: m.types}
	for i := range m.imports {
		switch im := &m.imports[i]; im.kind {
		case kindFunc:
			s.funcs = append(s.funcs, m.types[im.typ])
		case kindGlobal:
			s.globals = append(s.globals, im.desc[0])
		}
	}
	for _, t := range m.funcs {
		s.funcs = append(s.funcs, m.types[t])
	}
	for _, g := range m.globals {
		s.globals = append(s.globals, g.typ[0])
	}
	return s
}

// blockType returns the type of a block that is encoded as n.
func (s *space) blockType(n int64) (funcType, error) {
	switch {
	case n == 0x40-0x80: // one byte, of which bit 6 is the sign
		return funcType{}, nil
	case n < 0:
		return funcType{results: []byte{byte(n) & 0x7f}}, nil
	case n < int64(len(s.types)):
		return s.types[n], nil
	}
	return funcType{}, fmt.Errorf("no type %d", n)
}

// calledType returns the type of the function that an instruction calls, with
// the table's index for call_indirect. imm is at what follows the opcode.
func (s *space) calledType(op byte, imm *reader) (funcType, error) {
	i := imm.u32()
	if op == opCall {
		if uint64(i) >= uint64(len(s.funcs)) {
			return funcType{}, fmt.Errorf("no function %d", i)
		}
		return s.funcs[i], nil
	}
	if uint64(i) >= uint64(len(s.types)) {
		return funcType{}, fmt.Errorf("no type %d", i)
	}
	t := s.types[i]
	return funcType{append(t.params[:len(t.params):len(t.params)], typeI32), t.results}, nil
}

// globalType returns the type of a global.
func (s *space) globalType(g uint32) (byte, error) {
	if uint64(g) >= uint64(len(s.globals)) {
		return 0, fmt.Errorf("no global %d", g)
	}
	return s.globals[g], nil
}
