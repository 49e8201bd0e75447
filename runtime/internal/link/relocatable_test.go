package link

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
)

// Offsets in the data of relocatable.
const (
	relocText    = 0
	relocCounter = 16
	relocMemory  = 64
)

// relocatable is a small program that imports where its parts go. The start
// function sets the globals text, of memory and of the table.
func relocatable(start ...[]byte) []byte {
	const memBase, sp, tableBase, heapBase, text, slot, absolute = 0, 1, 2, 3, 4, 5, 6
	if start == nil {
		start = [][]byte{
			gget(memBase), gset(text),
			gget(tableBase), i32c(-1), op(opI32Sub), gset(slot),
		}
	}
	return wasm(
		custom("dylink.0", secOf(dylinkMemInfo, op(relocMemory, 4, 3, 0))...),
		sec(secType, fn("", ""), fn("", "i"), fn("i", "i")),
		sec(secImport,
			imp("env", "memory", kindMemory, 1, 2, 4),
			imp("env", "log", kindFunc, 2),
			imp("env", "__memory_base", kindGlobal, 0x7f, 0),
			imp("env", "__stack_pointer", kindGlobal, 0x7f, 1),
			imp("env", "__table_base", kindGlobal, 0x7f, 0),
			imp("env", "__indirect_function_table", kindTable, 0x70, 0, 3),
			imp("GOT.mem", "__heap_base", kindGlobal, 0x7f, 1),
		),
		sec(secFunction, leb(0), leb(1), leb(1), leb(1), leb(1), leb(2)),
		sec(secGlobal, glob(0x7f, 1, i32x(0)), glob(0x7f, 1, i32x(0)), glob(0x7f, 1, i32x(7)), glob(0x7f, 0, i32x(relocCounter))),
		sec(secExport,
			exp("first", kindFunc, 2), exp("through", kindFunc, 3), exp("heap", kindFunc, 4), exp("count", kindFunc, 5),
			exp("push", kindFunc, 6), exp("counter", kindGlobal, 7),
		),
		secOf(secStart, leb(1)),
		sec(secElement, elem(ggetx(tableBase), 2, 5)),
		sec(secCode,
			body(start...),
			// first: the first byte of the text
			body(gget(text), op(0x2d, 0, 0)),
			// through: calls slot 2 of the table, which is count
			body(gget(slot), callType(1)),
			body(gget(heapBase)),
			// count: ++counter, plus a global that does not move
			body(gget(memBase), gget(memBase), op(opI32Load, 2, relocCounter), i32c(1), op(opI32Add, opI32Store, 2, relocCounter),
				gget(memBase), op(opI32Load, 2, relocCounter), gget(absolute), op(opI32Add)),
			// push: __stack_pointer -= n
			body(gget(sp), get(0), op(opI32Sub), gset(sp), gget(sp)),
		),
		sec(secData, dat(ggetx(memBase), "text")),
	)
}

func TestSettle(t *testing.T) {
	t.Parallel()
	m := decode(t, relocatable())
	require.NoError(t, m.settle(1024, 4096))
	require.NoError(t, m.ownMemory())
	settled := decode(t, m.encode())
	require.EqualValues(t, -1, settled.start)
	require.Zero(t, settled.importCount(kindGlobal)+settled.importCount(kindTable)+settled.importCount(kindMemory))
	require.Len(t, settled.globals, 3, "what is known is no global any more")

	rt := engine(t)
	goModule(t, rt, "env", map[string]hostFunc{"log": {"i", "i", func(api.Module, []uint64) uint64 { return 0 }}})
	inst := instantiate(t, rt, m.encode())
	require.EqualValues(t, 't', invoke(t, inst, "first"))
	require.EqualValues(t, 1+7, invoke(t, inst, "through"))
	require.EqualValues(t, 2+7, invoke(t, inst, "count"))
	require.EqualValues(t, 1024+relocCounter, inst.ExportedGlobal("counter").Get())
	n, _ := inst.Memory().ReadUint32Le(1024 + relocCounter)
	require.EqualValues(t, 2, n)
	const top = 1024 + relocMemory + 4096
	require.EqualValues(t, top, invoke(t, inst, "heap"))
	require.EqualValues(t, top, inst.ExportedGlobal("__stack_pointer").Get())
	require.EqualValues(t, top-16, invoke(t, inst, "push", 16))
	require.EqualValues(t, top-16, inst.ExportedGlobal("__stack_pointer").Get())
}

func TestSettleRefuses(t *testing.T) {
	t.Parallel()
	const memBase, sp, text, counter = 0, 1, 4, 7
	for name, test := range map[string]struct {
		bin  []byte
		want string
	}{
		"no dylink":               {wasm(sec(secType, fn("", ""))), "not a shared library"},
		"another global":          {relocatableWith("env", "other"), "unknown imported global env.other"},
		"no stack pointer":        {wasm(custom("dylink.0"), sec(secType, fn("", ""))), "imports 0 stack pointers"},
		"a call at the start":     {relocatable(callf(0)), "does more than to compute addresses"},
		"an unknown global":       {relocatable(gget(sp), gset(text)), "computes with something unknown"},
		"a global set twice":      {relocatable(gget(memBase), gset(text), gget(memBase), gset(text)), "sets global 4 again"},
		"the stack pointer set":   {relocatable(gget(memBase), gset(sp)), "sets global 1 again"},
		"an exported address set": {relocatable(gget(memBase), gset(counter)), "exported global 7 is computed"},
		"a value left":            {relocatable(gget(memBase)), "does more than to compute addresses"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			require.ErrorContains(t, decode(t, test.bin).settle(1024, 4096), test.want)
		})
	}
}

// relocatableWith imports one global.
func relocatableWith(module, name string) []byte {
	return wasm(custom("dylink.0"), sec(secImport, imp(module, name, kindGlobal, 0x7f, 0)))
}

// A program that changes what it was told at its start would not run as it
// should.
func TestSettleRefusesCodeThatSetsAnAddress(t *testing.T) {
	t.Parallel()
	m := decode(t, relocatable())
	m.code[1] = cat(op(0), gget(0), gset(4), i32c(0), op(opEnd))
	require.ErrorContains(t, m.settle(1024, 4096), "function body 1: sets global 4")
	m = decode(t, relocatable())
	m.code[1] = cat(op(0), gget(7), op(opEnd))
	require.ErrorContains(t, m.settle(1024, 4096), "function body 1: uses exported global 7")
}
