package link

import (
	"bytes"
	"fmt"
	"slices"
)

// stackPad is how many bytes of the shadow stack every level of a recursion
// takes, beside what its functions take by themselves. With max_stack_depth =
// 2MB, PostgreSQL's default, it bounds a recursion to 8192 levels, and with
// the largest value, about 7 MB, to some 29 000. The compiled code's own stack
// ends at 50 MB.
const stackPad = 256

// padStack makes functions that guard against deep recursion take at least
// stackPad bytes of the shadow stack.
//
// PostgreSQL measures the depth of a recursion by addresses of local variables
// (check_stack_depth). In WebAssembly most local variables have no address:
// they live on the stack of the compiled code, which the guest cannot see, so
// that a recursion could use that up before PostgreSQL notices. Each function
// that calls one of checks, or calls one as the bytes of pointer say, becomes a
// small function that lowers the shadow stack pointer (global 0) around a call
// of the original. It returns how often the pointer was found.
func (m *module) padStack(checks []uint32, pointer []byte) (pointers int, err error) {
	imports := m.importCount(kindFunc)
	for i, n := 0, len(m.code); i < n; i++ {
		calls, err := callsFunction(m.code[i], checks)
		if err != nil {
			return 0, fmt.Errorf("function %d: %w", imports+uint32(i), err)
		}
		if len(pointer) > 0 {
			found := bytes.Count(m.code[i], pointer)
			pointers += found
			calls = calls || found > 0
		}
		if !calls {
			continue
		}
		t := m.types[m.funcs[i]]
		m.funcs = append(m.funcs, m.funcs[i])
		m.code = append(m.code, m.code[i])
		inner := imports + uint32(len(m.code)) - 1
		body := append([]byte{0}, addToStackPointer(-stackPad)...)
		for p := range t.params {
			body = appendU32(append(body, opLocalGet), uint32(p))
		}
		body = append(body, call(inner)...)
		body = append(body, addToStackPointer(stackPad)...)
		m.code[i] = append(body, opEnd)
	}
	return pointers, nil
}

// addToStackPointer encodes __stack_pointer += n.
func addToStackPointer(n int64) []byte {
	b := appendS64([]byte{opGlobalGet, 0, opI32Const}, n)
	return append(b, opI32Add, opGlobalSet, 0)
}

// callsFunction reports whether a body calls one of the functions.
func callsFunction(body []byte, functions []uint32) (bool, error) {
	r := code(body)
	for r.more() {
		at := r.pos + 1
		if r.instr() == opCall && r.err == nil {
			index := reader{b: body, pos: at}
			if slices.Contains(functions, index.u32()) {
				return true, nil
			}
		}
	}
	return false, r.err
}
