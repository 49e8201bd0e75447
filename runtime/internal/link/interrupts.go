package link

import "bytes"

// Countdown is an exported global of the linked module: how many checks for
// interrupts it makes until it calls the hook interrupts in any case. The hook
// sets it anew.
const Countdown = "calf.countdown"

// CheckInterrupts is the exported function that returns InterruptPending and
// counts.
const CheckInterrupts = "calf.check_interrupts"

// CountdownStart is what the host sets Countdown to: so many checks take some
// ten microseconds at least, and hardly ever a millisecond.
const CountdownStart = 1000

// countInterrupts makes a process come back to the host from time to time,
// whatever it computes. Go cannot preempt compiled guest code. If it waited for
// another goroutine to set InterruptPending, and every processor that Go uses
// ran guest code, then no goroutine would ever run again.
//
// PostgreSQL checks for interrupts in every loop that may take long, by reading
// InterruptPending. Each such read becomes a call of a function that returns
// the same, or 1 at every CountdownStart-th call, upon which PostgreSQL calls
// ProcessInterrupts and that the hook. It returns how many there are.
func (m *module) countInterrupts(interruptPending uint32) int {
	counter := m.importCount(kindGlobal) + uint32(len(m.globals))
	start := append(appendS64([]byte{opI32Const}, CountdownStart), opEnd)
	m.globals = append(m.globals, global{[]byte{valueTypes['i'], 1}, start})
	m.exports = append(m.exports, exported{Countdown, kindGlobal, counter})

	read := load(interruptPending)
	get := appendU32([]byte{opGlobalGet}, counter)
	set := appendU32([]byte{opGlobalSet}, counter)
	check := m.addFunc(signature("", "i"), cat(
		get, []byte{opI32Const, 1, opI32Sub}, set,
		read, get, []byte{opI32Const, 0, opI32LtS, opI32Or},
	))
	m.exports = append(m.exports, exported{CheckInterrupts, kindFunc, check})
	return m.replaceReads(read, call(check), len(m.code)-1)
}

// replaceReads replaces an instruction sequence, which begins with the opcode
// that it has first, in the first n functions. It returns how many there were.
func (m *module) replaceReads(old, by []byte, n int) int {
	sites := 0
	for i := range n {
		body := m.code[i]
		var out []byte
		done := 0
		for r := code(body); r.more(); {
			at := r.pos
			if r.instr() != old[0] || !bytes.HasPrefix(body[at:], old) {
				continue
			}
			out = append(append(out, body[done:at]...), by...)
			done = at + len(old)
			r.pos = done
			sites++
		}
		if done > 0 {
			m.code[i] = append(out, body[done:]...)
		}
	}
	return sites
}

// countInterrupts makes a library check for interrupts as the program does.
// The library reads InterruptPending at the address in its GOT.
func (l *Library) countInterrupts(m *module) error {
	for _, e := range l.GOT {
		if e.Symbol != "InterruptPending" || e.Function {
			continue
		}
		index, ok := m.export(kindGlobal, e.Global)
		if !ok {
			return nil
		}
		read := append(appendU32([]byte{opGlobalGet}, index), opI32Load, 2, 0)
		if m.replaceReads(read, call(hookBase), len(m.code)) > 0 {
			return m.addImports(MainModule, []hook{{CheckInterrupts, "", "i"}})
		}
	}
	return nil
}
