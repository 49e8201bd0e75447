package link

import (
	"errors"
	"fmt"
)

// ownMemory makes m define and export the one memory that it imports. Code
// that reaches memory through an import is slower: every access goes through
// one more pointer.
func (m *module) ownMemory() error {
	for i := range m.imports {
		if m.imports[i].kind != kindMemory {
			continue
		}
		m.memories = append(m.memories, m.imports[i].desc)
		m.imports = append(m.imports[:i:i], m.imports[i+1:]...)
		m.exports = append(m.exports, exported{"memory", kindMemory, 0})
		return nil
	}
	return errors.New("module imports no memory")
}

// shrinkMemory makes the memory that m owns begin with nothing behind the stack
// and the data: the heap grows when it is used. Emscripten begins with what
// PGlite's build asks for, 128 MiB, which every process would have to have.
func (m *module) shrinkMemory() error {
	heap, err := m.constantExport("__heap_base")
	if err != nil {
		return err
	}
	limits := reader{b: m.memories[0]}
	bounded := limits.byte()
	least := limits.u32()
	const page = 1 << 16
	pages := (heap + page - 1) / page
	if limits.err != nil || bounded != 1 || pages > least {
		return fmt.Errorf("memory of %d pages with a heap at %d", least, heap)
	}
	m.memories[0] = cat(appendU32([]byte{bounded}, pages), m.memories[0][limits.pos:])
	return nil
}

// constantExport returns the value of an exported global, an i32 constant.
func (m *module) constantExport(name string) (uint32, error) {
	imported := m.importCount(kindGlobal)
	for _, e := range m.exports {
		if e.kind != kindGlobal || e.name != name || e.index < imported {
			continue
		}
		init := m.globals[e.index-imported].init
		if len(init) > 0 && init[0] == opI32Const {
			r := reader{b: init, pos: 1}
			return uint32(r.s64()), r.err
		}
	}
	return 0, fmt.Errorf("no constant %s", name)
}

// maxData bounds the initial data of a module: the guest's is 3 MB.
const maxData = 64 << 20

// liftData takes the data segments out of m and returns what they make of a
// zero memory, from address 0. An instance whose memory comes from an image
// does not need them, and one that starts afresh gets them in a single copy.
// The start function goes too.
func (m *module) liftData() ([]byte, error) {
	var mem []byte
	for _, s := range m.data {
		if s.offset[0] != opI32Const {
			return nil, errors.New("data segment without a constant address")
		}
		r := reader{b: s.offset, pos: 1}
		at := int64(uint32(r.s64()))
		end := at + int64(len(s.bytes))
		if end > maxData {
			return nil, fmt.Errorf("data segment ends at %d", end)
		}
		if int64(len(mem)) < end {
			mem = append(mem, make([]byte, end-int64(len(mem)))...)
		}
		copy(mem[at:], s.bytes)
	}
	m.data, m.dataCount = nil, false
	return mem, nil
}
