package link

import "bytes"

// finish is the end of all linking: it returns the module as it is compiled, and
// the functions that it imports.
func (m *module) finish() (wasm []byte, imports []Import, err error) {
	if !m.undefended {
		if err := m.defend(); err != nil {
			return nil, nil, err
		}
	}
	return m.encode(), m.functionImports(), nil
}

// encode is the inverse of parse, custom sections left out: names and debug
// information cost time at every load and calf reads none of it.
func (m *module) encode() []byte {
	size := 1 << 12
	for _, c := range m.code {
		size += len(c) + 5
	}
	for i := range m.data {
		size += len(m.data[i].bytes) + 16
	}
	out := append(make([]byte, 0, size), magic...)
	out = appendSection(out, secType, len(m.types), func(b []byte) []byte {
		for _, t := range m.types {
			b = append(b, 0x60)
			b = append(appendU32(b, uint32(len(t.params))), t.params...)
			b = append(appendU32(b, uint32(len(t.results))), t.results...)
		}
		return b
	})
	out = appendSection(out, secImport, len(m.imports), func(b []byte) []byte {
		for i := range m.imports {
			im := &m.imports[i]
			b = append(appendName(appendName(b, im.module), im.name), im.kind)
			if im.kind == kindFunc {
				b = appendU32(b, im.typ)
			} else {
				b = append(b, im.desc...)
			}
		}
		return b
	})
	out = appendSection(out, secFunction, len(m.funcs), func(b []byte) []byte {
		for _, t := range m.funcs {
			b = appendU32(b, t)
		}
		return b
	})
	out = appendSection(out, secTable, len(m.tables), func(b []byte) []byte {
		return append(b, bytes.Join(m.tables, nil)...)
	})
	out = appendSection(out, secMemory, len(m.memories), func(b []byte) []byte {
		return append(b, bytes.Join(m.memories, nil)...)
	})
	out = appendSection(out, secGlobal, len(m.globals), func(b []byte) []byte {
		for _, g := range m.globals {
			b = append(append(b, g.typ...), g.init...)
		}
		return b
	})
	out = appendSection(out, secExport, len(m.exports), func(b []byte) []byte {
		for _, e := range m.exports {
			b = appendU32(append(appendName(b, e.name), e.kind), e.index)
		}
		return b
	})
	if m.start >= 0 {
		body := appendU32(nil, uint32(m.start))
		out = append(appendU32(append(out, secStart), uint32(len(body))), body...)
	}
	out = appendSection(out, secElement, len(m.elements), func(b []byte) []byte {
		for _, e := range m.elements {
			if e.offset == nil {
				b = append(b, 1, 0) // passive, of functions
			} else {
				b = append(append(b, 0), e.offset...)
			}
			b = appendU32(b, uint32(len(e.funcs)))
			for _, f := range e.funcs {
				b = appendU32(b, f)
			}
		}
		return b
	})
	if m.dataCount {
		body := appendU32(nil, uint32(len(m.data)))
		out = append(appendU32(append(out, secDataCount), uint32(len(body))), body...)
	}
	out = appendSection(out, secCode, len(m.code), func(b []byte) []byte {
		for _, c := range m.code {
			b = append(appendU32(b, uint32(len(c))), c...)
		}
		return b
	})
	return appendSection(out, secData, len(m.data), func(b []byte) []byte {
		for i := range m.data {
			b = append(appendU32(b, 0), m.data[i].offset...)
			b = append(appendU32(b, uint32(len(m.data[i].bytes))), m.data[i].bytes...)
		}
		return b
	})
}

// appendSection appends a section that holds a vector of n items.
func appendSection(out []byte, id byte, n int, items func([]byte) []byte) []byte {
	if n == 0 {
		return out
	}
	body := items(appendU32(nil, uint32(n)))
	return append(appendU32(append(out, id), uint32(len(body))), body...)
}
