package link

import (
	"bytes"
	"errors"
	"fmt"
)

// Kinds of imports and exports (WebAssembly core specification, 5.5.5).
const (
	kindFunc   = 0
	kindTable  = 1
	kindMemory = 2
	kindGlobal = 3
)

// Section numbers (WebAssembly core specification, 5.5.2).
const (
	secCustom = iota
	secType
	secImport
	secFunction
	secTable
	secMemory
	secGlobal
	secExport
	secStart
	secElement
	secCode
	secData
	secDataCount
)

var magic = []byte{0, 'a', 's', 'm', 1, 0, 0, 0}

// A module is a decoded WebAssembly module. Parts that no rewrite touches
// stay in their encoded form.
type module struct {
	types     []funcType
	imports   []imported
	funcs     []uint32 // type index of each defined function
	tables    [][]byte // encoded table types
	memories  [][]byte // encoded limits
	globals   []global
	exports   []exported
	start     int64 // function index, or -1
	elements  []element
	dataCount bool
	code      [][]byte // body of each defined function: locals, then instructions
	data      []segment
	dylink    []byte // payload of the custom section dylink.0, if any

	undefended bool // see Undefended
}

type funcType struct{ params, results []byte }

func (t funcType) equal(o funcType) bool {
	return bytes.Equal(t.params, o.params) && bytes.Equal(t.results, o.results)
}

type imported struct {
	module, name string
	kind         byte
	typ          uint32 // type index, for functions
	desc         []byte // encoded type, for the other kinds
}

type exported struct {
	name  string
	kind  byte
	index uint32
}

type global struct {
	typ  []byte // value type and mutability
	init []byte // constant expression with its end
}

// An element fills table 0 with functions, from offset on; one without an
// offset is passive. Other kinds of element segments do not occur in the guest
// and are refused.
type element struct {
	offset []byte // constant expression with its end
	funcs  []uint32
}

// A segment is an active data segment of memory 0.
type segment struct {
	offset []byte // constant expression with its end
	bytes  []byte
}

// importCount returns how many functions, tables, memories or globals m imports.
func (m *module) importCount(kind byte) uint32 {
	var n uint32
	for i := range m.imports {
		if m.imports[i].kind == kind {
			n++
		}
	}
	return n
}

// typeIndex returns the index of t, adding it if m does not have it.
func (m *module) typeIndex(t funcType) uint32 {
	for i := range m.types {
		if m.types[i].equal(t) {
			return uint32(i)
		}
	}
	m.types = append(m.types, t)
	return uint32(len(m.types) - 1)
}

// funcType returns the type of function index f.
func (m *module) funcType(f uint32) (funcType, error) {
	n := uint32(0)
	for i := range m.imports {
		if m.imports[i].kind != kindFunc {
			continue
		}
		if n == f {
			return m.types[m.imports[i].typ], nil
		}
		n++
	}
	if f-n < uint32(len(m.funcs)) {
		return m.types[m.funcs[f-n]], nil
	}
	return funcType{}, fmt.Errorf("no function %d", f)
}

// export returns the index of the export with this kind and name.
func (m *module) export(kind byte, name string) (uint32, bool) {
	for i := range m.exports {
		if m.exports[i].kind == kind && m.exports[i].name == name {
			return m.exports[i].index, true
		}
	}
	return 0, false
}

// parse decodes a module. It never panics, whatever b holds.
func parse(b []byte) (*module, error) {
	if !bytes.HasPrefix(b, magic) {
		return nil, errors.New("not a WebAssembly 1.0 binary")
	}
	m := &module{start: -1}
	r := &reader{b: b, pos: len(magic)}
	for r.more() {
		id := r.byte()
		base := r.pos
		body := r.bytes(r.u32())
		if r.err != nil {
			break
		}
		s := &reader{b: body}
		m.section(id, s)
		if s.err == nil && s.pos != len(body) {
			s.err = errors.New("trailing bytes")
		}
		if s.err != nil {
			return nil, fmt.Errorf("section %d at offset %d: %w", id, base, s.err)
		}
	}
	if r.err != nil {
		return nil, r.err
	}
	return m, m.check()
}

func (m *module) section(id byte, r *reader) {
	switch id {
	case secCustom:
		if r.name() == "dylink.0" {
			m.dylink = r.b[r.pos:]
		}
		r.pos = len(r.b)
	case secType:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			if r.byte() != 0x60 {
				r.fail(errors.New("not a function type"))
			}
			m.types = append(m.types, funcType{r.bytes(r.u32()), r.bytes(r.u32())})
		}
	case secImport:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			im := imported{module: r.name(), name: r.name(), kind: r.byte()}
			start := r.pos
			switch im.kind {
			case kindFunc:
				im.typ = r.u32()
			case kindTable:
				r.byte()
				r.limits()
			case kindMemory:
				r.limits()
			case kindGlobal:
				r.bytes(2)
			default:
				r.fail(fmt.Errorf("import kind %d", im.kind))
			}
			if r.err == nil && im.kind != kindFunc {
				im.desc = r.b[start:r.pos]
			}
			m.imports = append(m.imports, im)
		}
	case secFunction:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			m.funcs = append(m.funcs, r.u32())
		}
	case secTable:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			start := r.pos
			r.byte()
			r.limits()
			if r.err == nil {
				m.tables = append(m.tables, r.b[start:r.pos])
			}
		}
	case secMemory:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			start := r.pos
			r.limits()
			if r.err == nil {
				m.memories = append(m.memories, r.b[start:r.pos])
			}
		}
	case secGlobal:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			m.globals = append(m.globals, global{r.bytes(2), r.constExpr()})
		}
	case secExport:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			m.exports = append(m.exports, exported{r.name(), r.byte(), r.u32()})
		}
	case secStart:
		m.start = int64(r.u32())
	case secElement:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			if r.u32() != 0 {
				r.fail(errors.New("element segment is not an active list of functions"))
				return
			}
			e := element{offset: r.constExpr()}
			for k := r.count(); k > 0 && r.err == nil; k-- {
				e.funcs = append(e.funcs, r.u32())
			}
			m.elements = append(m.elements, e)
		}
	case secCode:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			m.code = append(m.code, r.bytes(r.u32()))
		}
	case secData:
		for n := r.count(); n > 0 && r.err == nil; n-- {
			if r.u32() != 0 {
				r.fail(errors.New("data segment is not active in memory 0"))
				return
			}
			m.data = append(m.data, segment{r.constExpr(), r.bytes(r.u32())})
		}
	case secDataCount:
		m.dataCount = true
		r.u32()
	default:
		r.fail(fmt.Errorf("unknown section %d", id))
	}
}

func (r *reader) limits() {
	switch r.byte() {
	case 0:
		r.u32()
	case 1:
		r.u32()
		r.u32()
	default:
		r.fail(errors.New("unsupported limits"))
	}
}

// constExpr reads one constant instruction and its end.
func (r *reader) constExpr() []byte {
	start := r.pos
	switch op := r.byte(); op {
	case opI32Const, opI64Const:
		r.s64()
	case opF32Const:
		r.bytes(4)
	case opF64Const:
		r.bytes(8)
	case opGlobalGet, opRefFunc:
		r.u32()
	case opRefNull:
		r.byte()
	default:
		r.fail(fmt.Errorf("opcode %#x in a constant expression", op))
	}
	if r.byte() != opEnd && r.err == nil {
		r.fail(errors.New("constant expression has more than one instruction"))
	}
	if r.err != nil {
		return nil
	}
	return r.b[start:r.pos]
}

// check verifies the cross references that the rewrites rely on.
func (m *module) check() error {
	if len(m.funcs) != len(m.code) {
		return fmt.Errorf("%d functions but %d bodies", len(m.funcs), len(m.code))
	}
	for _, t := range m.funcs {
		if int(t) >= len(m.types) {
			return fmt.Errorf("no type %d", t)
		}
	}
	for i := range m.imports {
		if m.imports[i].kind == kindFunc && int(m.imports[i].typ) >= len(m.types) {
			return fmt.Errorf("no type %d", m.imports[i].typ)
		}
	}
	return nil
}
