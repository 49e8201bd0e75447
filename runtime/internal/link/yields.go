package link

import "fmt"

// yieldEvery is after how many rounds of loops a tool comes back to the host:
// rarely enough to cost nothing, and more often than every millisecond, unless
// each round does a lot.
const yieldEvery = 100_000

// addYields makes a program call a hook after every yieldEvery rounds of its
// loops, all taken together. Go cannot preempt compiled guest code: without
// this, a loop that calls nothing of the host could neither be ended nor
// stopped for garbage collection until it ends by itself.
func (m *module) addYields(yield uint32) error {
	counter := m.importCount(kindGlobal) + uint32(len(m.globals))
	m.globals = append(m.globals, global{[]byte{valueTypes['i'], 1}, constant(yieldEvery)})
	get, set := appendU32([]byte{opGlobalGet}, counter), appendU32([]byte{opGlobalSet}, counter)
	round := cat(
		get, []byte{opI32Const, 1, opI32Sub}, set, get, []byte{opI32Eqz, opIf, 0x40},
		appendS64([]byte{opI32Const}, yieldEvery), set, call(yield), []byte{opEnd},
	)
	for i, body := range m.code {
		r := code(body)
		var out []byte
		done := 0
		for r.more() {
			if r.instr() == opLoop && r.err == nil {
				out = append(append(out, body[done:r.pos]...), round...)
				done = r.pos
			}
		}
		if r.err != nil {
			return fmt.Errorf("function body %d: %w", i, r.err)
		}
		if done > 0 {
			m.code[i] = append(out, body[done:]...)
		}
	}
	return nil
}
