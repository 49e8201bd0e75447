package link

import (
	"errors"
	"fmt"
	"strings"
)

// Modules from which a linked library imports.
const (
	// MainModule is the program that loads the library: its memory, table,
	// stack pointer and functions.
	MainModule = "main"
	// HostModule is the host's, as for the program itself.
	HostModule = "env"
)

// Exports that Side adds to a library. The loader sets the globals, which
// stand for what Emscripten's loader provides as imports, and then calls Init,
// which sets up what an instance has outside of its memory.
const (
	MemoryBase = "calf.memory_base"
	TableBase  = "calf.table_base"
	Init       = "calf.init"
)

// A Library is a linked shared library.
type Library struct {
	// Wasm is the rewritten module.
	Wasm []byte
	// Data is what memory must hold from the library's memory base on.
	Data []byte
	// MemSize and MemAlign are the bytes of memory that it needs, and their
	// alignment in bytes; TableSize is the number of slots in the table.
	MemSize, MemAlign, TableSize uint32
	// Needed names libraries that must be loaded before.
	Needed []string
	// GOT are the addresses that the loader fills in.
	GOT []GOTEntry
	// Functions are the exported functions, as slots from the table base.
	Functions map[string]uint32
	// Variables are the exported variables, as offsets from the memory base.
	Variables map[string]uint32
	// Undefined are functions that nobody provides. A library that has some
	// must not be instantiated.
	Undefined []string
	// Imports are the functions that the library imports.
	Imports []Import
}

// A GOTEntry is a mutable global of a library that holds the address of a
// symbol.
type GOTEntry struct {
	// Symbol is the symbol's name, Global the name of the exported global.
	Symbol, Global string
	// Function tells that the address is an index of the table.
	Function bool
	// Weak tells that a missing symbol has address 0.
	Weak bool
}

// Side links a shared library for loading. provider names the module that
// exports a function (MainModule or HostModule), or "" if there is none.
func Side(library []byte, provider func(function string) string) (*Library, error) {
	m, err := parse(library)
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	d, err := parseDylink(m.dylink)
	if err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	l := &Library{
		MemSize: d.memSize, MemAlign: 1 << d.memAlign, TableSize: d.tableSize, Needed: d.needed,
		Functions: map[string]uint32{}, Variables: map[string]uint32{},
	}
	if err := l.link(m, d, provider); err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	if l.Wasm, l.Imports, err = m.finish(); err != nil {
		return nil, fmt.Errorf("link: %w", err)
	}
	return l, nil
}

func (l *Library) link(m *module, d *dylink, provider func(string) string) error {
	bases, err := l.ownGlobals(m, d)
	if err != nil {
		return err
	}
	if l.Data, err = liftRelative(m, bases.memory, l.MemSize); err != nil {
		return err
	}
	if m.importCount(kindTable) == 0 { // a library may only export to the table
		m.imports = append(m.imports, imported{
			module: "env", name: "__indirect_function_table", kind: kindTable, desc: []byte{0x70, 0, 0},
		})
	}
	l.redirect(m, provider)
	if err := l.countInterrupts(m); err != nil {
		return err
	}
	if err := l.exportSymbols(m); err != nil {
		return err
	}
	if err := m.addDynCalls(); err != nil { // for signatures that the program lacks
		return err
	}
	start, err := m.takeStart()
	if err != nil {
		return err
	}
	return l.addInit(m, bases.table, start)
}

// bases are the indices of the globals that hold the bases. A library need not
// import them; without data it has no use for a memory base.
type bases struct{ memory, table uint32 }

const noGlobal = ^uint32(0)

// ownGlobals replaces the imported globals, whose values differ from load to
// load, by mutable globals of the library itself, which the loader sets. A
// library's binary then never varies, so that it is compiled once.
func (l *Library) ownGlobals(m *module, d *dylink) (bases, error) {
	var kept []imported
	var own []global
	index := map[uint32]uint32{} // old global index to new, for imports
	b := bases{noGlobal, noGlobal}
	var n, stackPointers uint32
	for _, im := range m.imports {
		if im.kind == kindGlobal && im.module == "env" && im.name == "__stack_pointer" {
			stackPointers++
		}
	}
	for _, im := range m.imports {
		if im.kind != kindGlobal {
			kept = append(kept, im)
			continue
		}
		if len(im.desc) != 2 || im.desc[0] != valueTypes['i'] {
			return b, fmt.Errorf("imported global %s.%s is no i32", im.module, im.name)
		}
		old := n
		n++
		if im.name == "__stack_pointer" && im.module == "env" {
			index[old] = 0
			kept = append(kept, im)
			continue
		}
		at := stackPointers + uint32(len(own))
		index[old] = at
		name := fmt.Sprintf("calf.got.%d", len(l.GOT))
		switch {
		case im.module == "env" && im.name == "__memory_base":
			b.memory, name = at, MemoryBase
		case im.module == "env" && im.name == "__table_base":
			b.table, name = at, TableBase
		case im.module == "GOT.mem" || im.module == "GOT.func":
			l.GOT = append(l.GOT, GOTEntry{im.name, name, im.module == "GOT.func", d.weak[im.name]})
		default:
			return b, fmt.Errorf("unknown imported global %s.%s", im.module, im.name)
		}
		own = append(own, global{[]byte{valueTypes['i'], 1}, []byte{opI32Const, 0, opEnd}})
		m.exports = append(m.exports, exported{name, kindGlobal, at})
	}
	if stackPointers > 1 {
		return b, errors.New("library imports two stack pointers")
	}
	renumber := func(g uint32) uint32 {
		if to, ok := index[g]; ok {
			return to
		}
		return g // defined globals follow all imports, as before
	}
	for i := range m.globals {
		if m.globals[i].init[0] == opGlobalGet { // its value is not known yet
			return b, fmt.Errorf("global %d does not start with a constant", n+uint32(i))
		}
	}
	m.imports, m.globals = kept, append(own, m.globals...)
	if b.table == noGlobal { // Init needs it
		b.table = stackPointers + uint32(len(m.globals))
		m.globals = append(m.globals, global{[]byte{valueTypes['i'], 1}, []byte{opI32Const, 0, opEnd}})
		m.exports = append(m.exports, exported{TableBase, kindGlobal, b.table})
	}
	for i := range m.exports {
		e := &m.exports[i]
		if e.kind == kindGlobal && !strings.HasPrefix(e.name, "calf.") {
			e.index = renumber(e.index)
		}
	}
	for i := range m.code {
		c, err := remap(m.code[i], nil, renumber)
		if err != nil {
			return b, fmt.Errorf("function body %d: %w", i, err)
		}
		m.code[i] = c
	}
	for i := range m.elements {
		m.elements[i].offset = remapInit(m.elements[i].offset, renumber)
	}
	for i := range m.data {
		m.data[i].offset = remapInit(m.data[i].offset, renumber)
	}
	return b, nil
}

// remapInit renumbers the global of a constant expression.
func remapInit(expr []byte, globals func(uint32) uint32) []byte {
	if expr[0] != opGlobalGet {
		return expr
	}
	r := reader{b: expr, pos: 1}
	return append(appendU32([]byte{opGlobalGet}, globals(r.u32())), opEnd)
}

// isGlobal reports whether a constant expression is the value of a global.
func isGlobal(expr []byte, index uint32) bool {
	return string(expr) == string(append(appendU32([]byte{opGlobalGet}, index), opEnd))
}

// liftRelative takes the data out of a library. All of it must begin at the
// memory base.
func liftRelative(m *module, base, size uint32) ([]byte, error) {
	var data []byte
	for _, s := range m.data {
		if !isGlobal(s.offset, base) || data != nil {
			return nil, errors.New("data segment does not begin at the memory base")
		}
		data = s.bytes
	}
	if uint64(len(data)) > uint64(size) {
		return nil, fmt.Errorf("%d bytes of data in %d bytes of memory", len(data), size)
	}
	m.data, m.dataCount = nil, false
	return data, nil
}

// redirect makes every import name the module that provides it.
func (l *Library) redirect(m *module, provider func(string) string) {
	for i := range m.imports {
		im := &m.imports[i]
		if im.kind != kindFunc {
			im.module = MainModule
			continue
		}
		if im.module = provider(im.name); im.module == "" {
			l.Undefined = append(l.Undefined, im.name)
		}
	}
}

// exportSymbols records the library's symbols. Functions get slots of the
// table behind those that the library asked for.
func (l *Library) exportSymbols(m *module) error {
	imports := m.importCount(kindGlobal)
	var funcs []uint32
	for _, e := range m.exports {
		switch {
		case e.kind == kindFunc:
			l.Functions[e.name] = l.TableSize + uint32(len(funcs))
			funcs = append(funcs, e.index)
		case e.kind == kindGlobal && !strings.HasPrefix(e.name, "calf."):
			if e.index < imports || e.index-imports >= uint32(len(m.globals)) {
				return fmt.Errorf("exported variable %s is not the library's", e.name)
			}
			g := m.globals[e.index-imports]
			if g.init[0] != opI32Const || g.typ[1] != 0 {
				return fmt.Errorf("exported variable %s has no constant address", e.name)
			}
			r := reader{b: g.init, pos: 1}
			l.Variables[e.name] = uint32(r.s64())
		}
	}
	if len(m.elements) == 0 {
		m.elements = []element{{}}
	}
	e := &m.elements[0]
	if len(m.elements) > 1 || uint32(len(e.funcs)) != l.TableSize {
		return fmt.Errorf("%d element segments do not fill %d slots", len(m.elements), l.TableSize)
	}
	e.funcs = append(e.funcs, funcs...)
	l.TableSize += uint32(len(funcs))
	return nil
}

// addInit makes the element segment passive and exports a function that
// writes it to the table at the table base, which instantiation could not
// know, after it has done what the start function did.
func (l *Library) addInit(m *module, base uint32, start []byte) error {
	e := &m.elements[0]
	if e.offset != nil && !isGlobal(e.offset, base) {
		return errors.New("element segment does not begin at the table base")
	}
	e.offset = nil
	b := appendU32(append(start, opGlobalGet), base)
	b = append(b, opI32Const, 0)
	b = appendS64(append(b, opI32Const), int64(len(e.funcs)))
	b = append(b, opPrefixFC, 12, 0, 0) // table.init
	m.exports = append(m.exports, exported{Init, kindFunc, m.addFunc(funcType{}, b)})
	return nil
}
