package link

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
)

// Hooks is the name of the module from which linked modules import the
// host's hooks, beside env and wasi_snapshot_preview1.
const Hooks = "calf"

// Linked is a module that owns its memory.
type Linked struct {
	// Wasm is the rewritten module. Its memory starts as zeroes.
	Wasm []byte
	// Data is what the memory of a fresh instance must hold, from address 0.
	Data []byte
	// Functions are the slots in the table of the exported functions, for
	// libraries that take their addresses.
	Functions map[string]uint32
	// Imports are the functions that the module imports.
	Imports []Import
}

// An Import is a function that a module imports. Params and Results are value
// types as in the binary format.
type Import struct {
	Module, Name    string
	Params, Results []byte
}

// functionImports returns the functions that m imports. wazero could tell,
// but takes long over it.
func (m *module) functionImports() []Import {
	var list []Import
	for _, im := range m.imports {
		if im.kind == kindFunc {
			t := m.types[im.typ]
			list = append(list, Import{im.module, im.name, t.params, t.results})
		}
	}
	return list
}

// GrowTable is the exported function that adds n slots to the table and
// returns the first, or -1.
const GrowTable = "calf.table_grow"

// facts are what calf knows about one artifact.
type facts struct {
	name      string
	sha256    string
	functions []function
	variables []variable
	tables    []pointerTable
	patches   []patch
	semWaits  int // wait loops of LWLocks, see waitForSemaphores

	interruptPending uint32 // address of the variable
	interruptChecks  int    // how often it is read, see countInterrupts

	// What recursive functions call, see padStack: functions, and the bytes of a call by pointer with how often it occurs.
	stackChecks   []string
	stackPointer  []byte
	stackPointers int
}

// A function of the artifact, by index. It is recognised by its export name
// or by a string that its code mentions, which is also how to find it in the
// next artifact.
type function struct {
	name     string
	index    uint32
	mentions string // a string constant (without its NUL), or "" if name is an export
	via      string // or: the name of a function that calls it or takes its address
	export   bool   // the linked module exports it
}

// A variable of the artifact, by address. The linked module exports it as an
// immutable global that holds the address, as it does for PGlite's own exports.
type variable struct {
	name    string
	address uint32
	in      string // a function of the table that mentions the address
}

// A pointerTable is an array of structs in the artifact's data, or one struct,
// known by the string that its first field points to. It is exported as a
// variable.
type pointerTable struct {
	name    string
	address uint32
	first   string
}

// Main links the PostgreSQL module of PGlite. It refuses an artifact whose
// SHA-256 it does not know.
func Main(artifact []byte) (*Linked, error) { return linkMain(artifact, false) }

// Undefended is Main with what wazero compiles wrongly. It serves to show that
// tests notice.
func Undefended(artifact []byte) (*Linked, error) { return linkMain(artifact, true) }

func linkMain(artifact []byte, undefended bool) (*Linked, error) {
	sum := sha256.Sum256(artifact)
	digest := hex.EncodeToString(sum[:])
	for i := range artifacts {
		if artifacts[i].sha256 != digest {
			continue
		}
		l, err := artifacts[i].link(artifact, undefended)
		if err != nil {
			return nil, fmt.Errorf("link: %s: %w", artifacts[i].name, err)
		}
		return l, nil
	}
	return nil, fmt.Errorf("link: no facts about an artifact with sha256 %s", digest)
}

func (f *facts) link(artifact []byte, undefended bool) (*Linked, error) {
	m, err := parse(artifact)
	if err != nil {
		return nil, err
	}
	m.undefended = undefended
	data, err := m.liftData()
	if err != nil {
		return nil, err
	}
	start, err := m.takeStart()
	if err != nil {
		return nil, err
	}
	if len(start) > 0 {
		return nil, errors.New("start function does more than clear memory")
	}
	if err := m.ownMemory(); err != nil {
		return nil, err
	}
	if err := m.shrinkMemory(); err != nil {
		return nil, err
	}
	index, err := f.locate(m, data)
	if err != nil {
		return nil, err
	}
	for i := range f.patches {
		p := &f.patches[i]
		body, err := m.body(index[p.fn])
		if err != nil {
			return nil, fmt.Errorf("patch %q: %w", p.why, err)
		}
		if *body, err = p.apply(*body); err != nil {
			return nil, fmt.Errorf("patch %q in %s: %w", p.why, p.fn, err)
		}
	}
	if n := m.waitForSemaphores(); n != f.semWaits {
		return nil, fmt.Errorf("found %d semaphore waits, not %d", n, f.semWaits)
	}
	var checks []uint32
	for _, name := range f.stackChecks {
		check, ok := index[name]
		if !ok {
			return nil, fmt.Errorf("stack check: no function %q", name)
		}
		checks = append(checks, check)
	}
	if n := m.countInterrupts(f.interruptPending); n != f.interruptChecks {
		return nil, fmt.Errorf("found %d checks for interrupts, not %d", n, f.interruptChecks)
	}
	switch n, err := m.padStack(checks, f.stackPointer); {
	case err != nil:
		return nil, err
	case n != f.stackPointers:
		return nil, fmt.Errorf("found %d stack checks by pointer, not %d", n, f.stackPointers)
	}
	for _, fn := range f.functions {
		if fn.export {
			m.exports = append(m.exports, exported{fn.name, kindFunc, fn.index})
		}
	}
	for _, v := range f.variables {
		m.exportAddress(v.name, v.address)
	}
	for _, t := range f.tables {
		m.exportAddress(t.name, t.address)
	}
	return m.linked(data)
}

// linked is the end of linking: what the host calls, and is called by, is added,
// and the module written.
func (m *module) linked(data []byte) (*Linked, error) {
	if err := m.addImports(Hooks, hooks); err != nil {
		return nil, err
	}
	if err := m.addDynCalls(); err != nil {
		return nil, err
	}
	slots, err := m.fillTable()
	if err != nil {
		return nil, err
	}
	grow := m.addFunc(signature("i", "i"), []byte{opRefNull, 0x70, opLocalGet, 0, opPrefixFC, 15, 0})
	m.exports = append(m.exports, exported{GrowTable, kindFunc, grow})
	wasm, imports, err := m.finish()
	if err != nil {
		return nil, err
	}
	return &Linked{wasm, data, slots, imports}, nil
}

// fillTable gives every exported function a slot in the table and returns the
// slots by name.
func (m *module) fillTable() (map[string]uint32, error) {
	if len(m.tables) != 1 || m.tables[0][0] != 0x70 || m.tables[0][1] != 0 {
		return nil, errors.New("module does not define one table of functions without a maximum")
	}
	limits := reader{b: m.tables[0], pos: 2}
	size := limits.u32()
	known := map[uint32]uint32{}
	for _, e := range m.elements {
		at := reader{b: e.offset, pos: 1}
		for base, i := uint32(at.s64()), 0; i < len(e.funcs); i++ {
			known[e.funcs[i]] = base + uint32(i)
		}
	}
	slots := map[string]uint32{}
	var added []uint32
	for _, e := range m.exports {
		if e.kind != kindFunc {
			continue
		}
		slot, ok := known[e.index]
		if !ok {
			slot = size + uint32(len(added))
			known[e.index] = slot
			added = append(added, e.index)
		}
		slots[e.name] = slot
	}
	offset := append(appendS64([]byte{opI32Const}, int64(size)), opEnd)
	m.elements = append(m.elements, element{offset, added})
	m.tables[0] = appendU32([]byte{0x70, 0}, size+uint32(len(added)))
	return slots, nil
}

// locate checks that every function and variable of the table is what the
// table says, and returns the functions' indices by name.
func (f *facts) locate(m *module, data []byte) (map[string]uint32, error) {
	index := make(map[string]uint32, len(f.functions))
	for _, fn := range f.functions {
		index[fn.name] = fn.index
		if err := fn.check(m, data, index); err != nil {
			return nil, fmt.Errorf("function %s: %w", fn.name, err)
		}
	}
	for _, v := range f.variables {
		body, err := m.body(index[v.in])
		if err != nil {
			return nil, fmt.Errorf("variable %s: %w", v.name, err)
		}
		if !mentions(*body, v.address) {
			return nil, fmt.Errorf("variable %s: %s does not mention address %d", v.name, v.in, v.address)
		}
	}
	for _, t := range f.tables {
		if err := t.check(data); err != nil {
			return nil, fmt.Errorf("table %s: %w", t.name, err)
		}
	}
	return index, nil
}

// exportAddress adds and exports an immutable global of this value.
func (m *module) exportAddress(name string, address uint32) {
	init := append(appendS64([]byte{opI32Const}, int64(int32(address))), opEnd)
	m.globals = append(m.globals, global{[]byte{valueTypes['i'], 0}, init})
	m.exports = append(m.exports, exported{name, kindGlobal, m.importCount(kindGlobal) + uint32(len(m.globals)) - 1})
}

func (t *pointerTable) check(data []byte) error {
	if int(t.address)+4 > len(data) {
		return fmt.Errorf("address %d is outside the data", t.address)
	}
	first := binary.LittleEndian.Uint32(data[t.address:])
	if int(first) >= len(data) || !bytes.HasPrefix(data[first:], append([]byte(t.first), 0)) {
		return fmt.Errorf("nothing at address %d points to %q", t.address, t.first)
	}
	return nil
}

func (fn *function) check(m *module, data []byte, index map[string]uint32) error {
	body, err := m.body(fn.index)
	if err != nil {
		return err
	}
	switch {
	case fn.via != "":
		caller, err := m.body(index[fn.via])
		if err != nil {
			return err
		}
		if bytes.Contains(*caller, call(fn.index)) {
			return nil
		}
		if slot, ok := m.tableSlot(fn.index); ok && mentions(*caller, slot) {
			return nil
		}
		return fmt.Errorf("%s does not use function %d", fn.via, fn.index)
	case fn.mentions != "":
		for at := 0; ; {
			i := bytes.Index(data[at:], append([]byte(fn.mentions), 0))
			if i < 0 {
				return fmt.Errorf("function %d does not mention %q", fn.index, fn.mentions)
			}
			if at += i; mentions(*body, uint32(at)) {
				return nil
			}
			at++
		}
	default:
		if i, ok := m.export(kindFunc, fn.name); !ok || i != fn.index {
			return fmt.Errorf("function %d is not exported under this name", fn.index)
		}
	}
	return nil
}

// tableSlot returns the index in table 0 at which m places function f.
func (m *module) tableSlot(f uint32) (uint32, bool) {
	for _, e := range m.elements {
		if e.offset[0] != opI32Const {
			continue
		}
		r := reader{b: e.offset, pos: 1}
		base := uint32(r.s64())
		if i := slices.Index(e.funcs, f); i >= 0 {
			return base + uint32(i), true
		}
	}
	return 0, false
}
