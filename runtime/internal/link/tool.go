package link

import (
	"errors"
	"fmt"
)

// The hooks of a tool, in the order in which it imports them.
const (
	toolRecv = hookBase + iota
	toolSend
	toolYield
)

var toolHooks = []hook{
	{"recv", "iiii", "i"}, // recv(2) on the connection to the server
	{"send", "iiii", "i"}, // send(2) on the connection to the server
	{"yield", "", ""},     // see addYields
}

// toolStack is the size of a tool's stack. Emscripten's default, with which
// PGlite runs the tools, is 64 KiB. The stack lies below the data and grows
// down, so that one that is too deep leaves the memory, which is a trap, and
// overwrites nothing.
const toolStack = 1 << 20

// Tool links a client program of PGlite's, such as pg_dump: a program that was
// linked as a shared library, so that it can be placed anywhere. What it sends
// to a server and receives goes to the hooks, and it comes back to the host
// from time to time, see addYields.
func Tool(artifact []byte) (wasm []byte, imports []Import, err error) {
	m, err := parse(artifact)
	if err != nil {
		return nil, nil, fmt.Errorf("link: %w", err)
	}
	if err := m.linkTool(); err != nil {
		return nil, nil, fmt.Errorf("link: %w", err)
	}
	if wasm, imports, err = m.finish(); err != nil {
		return nil, nil, fmt.Errorf("link: %w", err)
	}
	return wasm, imports, nil
}

func (m *module) linkTool() error {
	d, err := parseDylink(m.dylink)
	if err != nil {
		return err
	}
	if err := m.place(d); err != nil {
		return err
	}
	if err := m.ownMemory(); err != nil {
		return err
	}
	if err := m.ownTable(1 + d.tableSize); err != nil {
		return err
	}
	for _, seam := range []struct {
		name string
		hook uint32
	}{{"pgl_recv", toolRecv}, {"pgl_send", toolSend}} {
		if err := m.replaceExport(seam.name, seam.hook, toolHooks[seam.hook-hookBase]); err != nil {
			return err
		}
	}
	if err := m.addYields(toolYield); err != nil {
		return err
	}
	if err := m.addImports(Hooks, toolHooks); err != nil {
		return err
	}
	return m.addDynCalls()
}

// place gives a relocatable program its place: the stack, the data and the
// heap, one above the other, and the functions in the table from 1 on, as 0 is
// the null pointer. The globals that it imports to learn of this become its
// own; as imports come first, no global changes its number.
func (m *module) place(d *dylink) error {
	const align = 1<<maxAlign - 1
	base := uint32(toolStack)
	heap := (base + d.memSize + align) &^ align
	value := map[string]uint32{
		"env.__stack_pointer": base, "env.__memory_base": base, "env.__table_base": 1, "GOT.mem.__heap_base": heap,
	}
	var kept []imported
	var own []global
	var values []uint32
	for _, im := range m.imports {
		if im.kind != kindGlobal {
			kept = append(kept, im)
			continue
		}
		name := im.module + "." + im.name
		v, ok := value[name]
		if !ok || len(im.desc) != 2 || im.desc[0] != valueTypes['i'] {
			return fmt.Errorf("unknown imported global %s", name)
		}
		if im.name == "__stack_pointer" {
			m.exports = append(m.exports, exported{im.name, kindGlobal, uint32(len(own))})
		}
		own = append(own, global{im.desc, constant(v)})
		values = append(values, v)
	}
	for i := range m.globals {
		m.globals[i].init = evaluated(m.globals[i].init, values)
	}
	for i := range m.elements {
		m.elements[i].offset = evaluated(m.elements[i].offset, values)
	}
	for i := range m.data {
		m.data[i].offset = evaluated(m.data[i].offset, values)
	}
	m.imports, m.globals = kept, append(own, m.globals...)
	return nil
}

// constant is a constant expression.
func constant(v uint32) []byte {
	return append(appendS64([]byte{opI32Const}, int64(int32(v))), opEnd)
}

// evaluated returns the constant expression for one that may be the value of
// one of the first globals.
func evaluated(expr []byte, values []uint32) []byte {
	if expr[0] != opGlobalGet {
		return expr
	}
	r := reader{b: expr, pos: 1}
	if i := r.u32(); i < uint32(len(values)) {
		return constant(values[i])
	}
	return expr
}

// ownTable makes m define the one table that it imports, with n slots.
func (m *module) ownTable(n uint32) error {
	for i := range m.imports {
		if m.imports[i].kind != kindTable {
			continue
		}
		m.imports = append(m.imports[:i:i], m.imports[i+1:]...)
		m.tables = append(m.tables, appendU32([]byte{0x70, 0}, n))
		return nil
	}
	return errors.New("module imports no table")
}

// replaceExport makes an exported function call a hook with the parameters
// that it has.
func (m *module) replaceExport(name string, f uint32, h hook) error {
	index, ok := m.export(kindFunc, name)
	if !ok {
		return fmt.Errorf("program does not export %s", name)
	}
	body, err := m.body(index)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	t, err := m.funcType(index)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	if !t.equal(signature(h.params, h.results)) {
		return fmt.Errorf("%s has an unexpected type", name)
	}
	*body = append(append([]byte{0}, forward(f, byte(len(t.params)))...), opEnd)
	return nil
}
