package emscripten

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// frequent are calls that PostgreSQL makes thousands of times in a query.
func frequent(w *world) map[string][]any {
	fd := w.newFile("/tmp/x", strings.Repeat("x", 1<<20))
	iov, _ := w.iovec(0, 3, 4)
	out := w.space(8)
	return map[string][]any{
		"fd_read":             {fd, iov, 3, out},
		"fd_write":            {fd, iov, 3, out},
		"fd_pread":            {fd, iov, 3, int64(100), out},
		"fd_pwrite":           {fd, iov, 3, int64(100), out},
		"fd_seek":             {fd, int64(0), 0, out},
		"clock_time_get":      {1, int64(0), out},
		"emscripten_date_now": {},
		"emscripten_get_now":  {},
		"invoke_vi":           {slotStore, 5},
		"invoke_iii":          {slotAddI, 1, 2},
		"invoke_dijfd":        {slotMixed, 1, int64(2), float32(3), 4.0},
	}
}

// params are the parameters of a call of a host function, for which stack is.
func (w *world) params(name string, params []any, stack []uint64) {
	types, _, _ := strings.Cut(abi[name], ":")
	for i, p := range params {
		stack[i] = w.param(types[i], p)
	}
}

func TestFrequentCallsDoNotAllocate(t *testing.T) {
	w := newWorld(t)
	for name, params := range frequent(w) {
		called.Store(name, true)
		var stack [8]uint64
		slice := stack[:]
		f := Lookup(name)
		direct := testing.AllocsPerRun(100, func() {
			w.params(name, params, slice)
			f(w.Guest, slice)
		})
		export := "call_" + name
		throughWasm := testing.AllocsPerRun(100, func() {
			w.params(name, params, slice)
			if err := w.CallWithStack(export, slice); err != nil {
				t.Fatal(err)
			}
		})
		t.Logf("%-20s %v allocations, %v through wasm", name, direct, throughWasm)
		require.Zero(t, direct, name)
		require.Zero(t, throughWasm, name)
	}
}

func BenchmarkFrequentCalls(b *testing.B) {
	w := newWorld(b)
	for name, params := range frequent(w) {
		b.Run(name, func(b *testing.B) {
			stack := make([]uint64, 8)
			export := "call_" + name
			b.ReportAllocs()
			for b.Loop() {
				w.params(name, params, stack)
				if err := w.CallWithStack(export, stack); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
