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
