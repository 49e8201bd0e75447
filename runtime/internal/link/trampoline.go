package link

import (
	"fmt"
	"strings"
)

// DynCall is the prefix of the exported functions that call a function of the
// table by its index: dynCall_vi(f, a) calls table[f](a). There is one for
// each signature with which the module imports an invoke_ function, so that
// the host needs one function object per signature and not one per callee.
const DynCall = "dynCall_"

// addDynCalls adds and exports the dynCall_ functions.
func (m *module) addDynCalls() error {
	for _, im := range m.imports {
		sig, ok := strings.CutPrefix(im.name, "invoke_")
		if !ok || im.kind != kindFunc {
			continue
		}
		if _, ok := m.export(kindFunc, DynCall+sig); ok { // imported twice
			continue
		}
		t := m.types[im.typ]
		f, err := m.dynCall(t)
		if err != nil {
			return fmt.Errorf("import %s: %w", im.name, err)
		}
		m.exports = append(m.exports, exported{DynCall + sig, kindFunc, f})
	}
	return nil
}

// dynCall adds a function of type t, whose first parameter is the index in
// table 0 of a function that takes the others.
func (m *module) dynCall(t funcType) (uint32, error) {
	if len(t.params) == 0 || t.params[0] != valueTypes['i'] {
		return 0, fmt.Errorf("first parameter is no table index")
	}
	callee := m.typeIndex(funcType{t.params[1:], t.results})
	var b []byte
	for i := 1; i < len(t.params); i++ {
		b = appendU32(append(b, opLocalGet), uint32(i))
	}
	b = append(b, opLocalGet, 0, opCallIndirect)
	return m.addFunc(t, append(appendU32(b, callee), 0)), nil
}
