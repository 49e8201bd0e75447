package link

import (
	"bytes"
	"fmt"
)

// A hook is a function of the host that the linked module imports from the
// module "calf".
type hook struct {
	name            string
	params, results string // one letter per value: i = i32, j = i64
}

// hookBase marks a function index in new code as the index of a hook rather
// than a function of the artifact. No artifact has so many functions.
const hookBase = 1 << 28

var valueTypes = map[byte]byte{'i': 0x7f, 'j': 0x7e, 'f': 0x7d, 'd': 0x7c}

func signature(params, results string) funcType {
	enc := func(s string) []byte {
		var b []byte
		for i := range len(s) {
			b = append(b, valueTypes[s[i]])
		}
		return b
	}
	return funcType{enc(params), enc(results)}
}

// addImports appends function imports to m and renumbers every function that
// m defines. Calls of hookBase+i become calls of imports[i].
func (m *module) addImports(from string, hooks []hook) error {
	old, n := m.importCount(kindFunc), uint32(len(hooks))
	renumber := func(f uint32) uint32 {
		switch {
		case f >= hookBase:
			return old + f - hookBase
		case f >= old:
			return f + n
		}
		return f
	}
	for _, h := range hooks {
		m.imports = append(m.imports, imported{
			module: from, name: h.name, kind: kindFunc,
			typ: m.typeIndex(signature(h.params, h.results)),
		})
	}
	for i := range m.code {
		c, err := remap(m.code[i], renumber, nil)
		if err != nil {
			return fmt.Errorf("function %d: %w", old+uint32(i), err)
		}
		m.code[i] = c
	}
	for i := range m.exports {
		if m.exports[i].kind == kindFunc {
			m.exports[i].index = renumber(m.exports[i].index)
		}
	}
	for _, e := range m.elements {
		for i := range e.funcs {
			e.funcs[i] = renumber(e.funcs[i])
		}
	}
	for i := range m.globals {
		if m.globals[i].init[0] == opRefFunc {
			r := reader{b: m.globals[i].init, pos: 1}
			m.globals[i].init = append(appendU32([]byte{opRefFunc}, renumber(r.u32())), opEnd)
		}
	}
	if m.start >= 0 {
		m.start = int64(renumber(uint32(m.start)))
	}
	return nil
}

// addFunc appends a function without locals and returns its index.
func (m *module) addFunc(t funcType, instrs []byte) uint32 {
	m.funcs = append(m.funcs, m.typeIndex(t))
	m.code = append(m.code, append(append([]byte{0}, instrs...), opEnd))
	return m.importCount(kindFunc) + uint32(len(m.funcs)) - 1
}

// body returns the body of function f, which m must define.
func (m *module) body(f uint32) (*[]byte, error) {
	n := m.importCount(kindFunc)
	if f < n || f-n >= uint32(len(m.code)) {
		return nil, fmt.Errorf("module does not define function %d", f)
	}
	return &m.code[f-n], nil
}

// A patch replaces instructions of one function. Its bytes are checked before
// it is applied.
type patch struct {
	why  string // what changes for the guest
	fn   string // name of a function in the artifact's table
	kind patchKind
	old  []byte // replace: must occur just as often as times says; otherwise a prefix of the body
	new  []byte

	times int // 0 is once
}

type patchKind byte

const (
	replace patchKind = iota // old becomes new
	enter                    // new runs before the function's first instruction
	rebody                   // new becomes the whole body
)

func (p *patch) apply(body []byte) ([]byte, error) {
	if p.kind == replace {
		if n := bytes.Count(body, p.old); n != max(p.times, 1) {
			return nil, fmt.Errorf("bytes to patch occur %d times", n)
		}
		return bytes.ReplaceAll(body, p.old, p.new), nil
	}
	if !bytes.HasPrefix(body, p.old) {
		return nil, fmt.Errorf("function does not begin with % x", p.old)
	}
	if p.kind == rebody {
		return append(append([]byte{0}, p.new...), opEnd), nil
	}
	r := code(body)
	if r.err != nil {
		return nil, r.err
	}
	return bytes.Join([][]byte{body[:r.pos], p.new, body[r.pos:]}, nil), nil
}
