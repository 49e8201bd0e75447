package link

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
)

// waiting is a module whose functions (i) -> i have these bodies, each with
// two locals, with memory and the hooks' import.
func waiting(t *testing.T, bodies ...[]byte) *module {
	t.Helper()
	var funcs, exports, code [][]byte
	for i, b := range bodies {
		b = cat(op(1, 2, 0x7f), b, op(opEnd))
		funcs = append(funcs, leb(0))
		exports = append(exports, exp(string(rune('a'+i)), kindFunc, i))
		code = append(code, append(leb(len(b)), b...))
	}
	return decode(t, wasm(
		sec(secType, fn("i", "i")), sec(secFunction, funcs...), sec(secMemory, op(0, 1)),
		sec(secExport, exports...), sec(secCode, code...),
	))
}

func TestWaitForSemaphores(t *testing.T) {
	t.Parallel()
	m := waiting(t, cat(semaphoreWait(), get(1)), cat(semaphoreWait(), semaphoreWait(), get(1)), get(0))
	require.Equal(t, 3, m.waitForSemaphores())
	require.Zero(t, m.waitForSemaphores(), "nothing is left to find")
	require.NoError(t, m.addImports(Hooks, hooks))

	const proc = 100
	rt := engine(t)
	host, waits := hookModule()
	host["sem_wait"] = hostFunc{"i", "", func(m api.Module, args []uint64) uint64 {
		require.EqualValues(t, proc+semaphoreFlag, uint32(args[0]))
		*waits = append(*waits, "wait")
		if len(*waits)%3 == 0 { // the lock comes with the third wakeup
			m.Memory().WriteByte(proc+semaphoreFlag, 0)
		}
		return 0
	}}
	goModule(t, rt, Hooks, host)
	i := instantiate(t, rt, m.encode())
	i.Memory().WriteByte(proc+semaphoreFlag, 1)
	require.EqualValues(t, 3, invoke(t, i, "a", proc), "it waited three times, and counted")
	require.Len(t, *waits, 3)
	i.Memory().WriteByte(proc+semaphoreFlag, 1)
	require.EqualValues(t, 4, invoke(t, i, "b", proc))
	require.EqualValues(t, 7, invoke(t, i, "c", 7))
	require.Len(t, *waits, 7)
}

func TestWaitForSemaphoresLeavesOtherCodeAlone(t *testing.T) {
	t.Parallel()
	load := op(opI32Load, 2, 12, opDrop)
	count := cat(get(1), op(opLocalTee, 2), i32c(1), op(opI32Add, opLocalSet, 1))
	for name, b := range map[string][]byte{
		"no loop":            cat(get(0), load, count),
		"a block":            cat(op(opBlock, 0x40), get(0), load, count, op(opEnd)),
		"another offset":     cat(op(opLoop, 0x40), get(0), op(opI32Load, 2, 8, opDrop), count, op(opEnd)),
		"a load that counts": cat(op(opLoop, 0x40), get(0), op(opI32Load, 2, 12, opLocalSet, 2), count, op(opEnd)),
		"no count":           cat(op(opLoop, 0x40), get(0), load, get(1), op(opLocalSet, 2, opEnd)),
		"no flag":            cat(op(opLoop, 0x40), get(0), load, count, get(0), op(opI32Load, 2, 0, opBrIf, 0, opEnd)),
		"a call":             cat(op(opLoop, 0x40), get(0), load, count, callf(0), op(opI32Load8U, 0, 74, opBrIf, 0, opEnd)),
		"counting by two":    cat(op(opLoop, 0x40), get(0), load, get(1), op(opLocalTee, 2), i32c(2), op(opI32Add, opLocalSet, 1, opEnd)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := waiting(t, cat(b, get(1)))
			before := m.encode()
			require.Zero(t, m.waitForSemaphores())
			require.Equal(t, before, m.encode())
		})
	}
	// At the very start and end of a body there is no room for a loop.
	m := &module{code: [][]byte{cat(load, get(1)), cat(op(0, opLoop, 0x40), get(0), load, get(1))}}
	require.Zero(t, m.waitForSemaphores())
}
