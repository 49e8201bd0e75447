package link

import (
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero/api"
)

// everything uses each part of a module that the linker knows.
func everything() []byte {
	return wasm(
		custom("before", 1, 2, 3),
		sec(secType, fn("", ""), fn("i", "i"), fn("ii", "i")),
		sec(secImport,
			imp("env", "log", kindFunc, 1),
			imp("env", "base", kindGlobal, 0x7f, 0),
		),
		sec(secFunction, leb(1), leb(0), leb(2)),
		sec(secTable, op(0x70, 0, 10)),
		sec(secMemory, op(1, 1, 3)),
		sec(secGlobal,
			glob(0x7f, 1, i32x(-5)),
			glob(0x7e, 0, op(opI64Const, 0x80, 0x01, opEnd)),
			glob(0x7d, 0, op(opF32Const, 0, 0, 0x80, 0x3f, opEnd)),
			glob(0x7c, 0, op(opF64Const, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, opEnd)),
			glob(0x7f, 0, ggetx(0)),
			glob(0x70, 0, op(opRefFunc, 1, opEnd)),
			glob(0x6f, 0, op(opRefNull, 0x6f, opEnd)),
		),
		sec(secExport,
			exp("twice", kindFunc, 1), exp("sum", kindFunc, 3), exp("log", kindFunc, 0),
			exp("table", kindTable, 0), exp("memory", kindMemory, 0), exp("started", kindGlobal, 1),
		),
		secOf(secStart, leb(2)),
		sec(secElement, elem(i32x(1), 1, 3), elem(i32x(7), 0)),
		secOf(secDataCount, leb(2)),
		sec(secCode,
			body(get(0), callf(0), i32c(2), op(0x6c)),
			body(i32c(42), gset(1)),
			body(get(0), get(1), op(opI32Add)),
		),
		sec(secData, dat(i32x(16), "hello"), dat(ggetx(0), "x")),
		custom("name", 0, 2, 1, 'm'), // the module is called m
	)
}

func TestParse(t *testing.T) {
	t.Parallel()
	m := decode(t, everything())
	require.Len(t, m.types, 3)
	require.True(t, m.types[2].equal(signature("ii", "i")))
	require.Len(t, m.imports, 2)
	require.Equal(t, "log", m.imports[0].name)
	require.Equal(t, []byte{0x7f, 0}, m.imports[1].desc)
	require.Equal(t, []uint32{1, 0, 2}, m.funcs)
	require.Equal(t, [][]byte{{0x70, 0, 10}}, m.tables)
	require.Equal(t, [][]byte{{1, 1, 3}}, m.memories)
	require.Len(t, m.globals, 7)
	require.Equal(t, global{[]byte{0x7f, 1}, i32x(-5)}, m.globals[0])
	require.Len(t, m.exports, 6)
	require.EqualValues(t, 2, m.start)
	require.Equal(t, []element{{i32x(1), []uint32{1, 3}}, {i32x(7), []uint32{0}}}, m.elements)
	require.True(t, m.dataCount)
	require.Len(t, m.code, 3)
	require.Equal(t, segment{i32x(16), []byte("hello")}, m.data[0])
	require.Nil(t, m.dylink)

	require.EqualValues(t, 1, m.importCount(kindFunc))
	require.EqualValues(t, 1, m.importCount(kindGlobal))
	require.Zero(t, m.importCount(kindMemory))
	f, ok := m.export(kindFunc, "sum")
	require.True(t, ok)
	require.EqualValues(t, 3, f)
	_, ok = m.export(kindGlobal, "sum")
	require.False(t, ok, "the kind counts")
	for f, want := range []funcType{signature("i", "i"), signature("i", "i"), signature("", ""), signature("ii", "i")} {
		got, err := m.funcType(uint32(f))
		require.NoError(t, err)
		require.True(t, want.equal(got))
	}
	_, err := m.funcType(4)
	require.EqualError(t, err, "no function 4")
	for _, f := range []uint32{0, 4, 1 << 31} {
		_, err = m.body(f)
		require.Error(t, err)
	}
}

func TestTypeIndexReusesTypes(t *testing.T) {
	t.Parallel()
	m := decode(t, everything())
	require.EqualValues(t, 2, m.typeIndex(signature("ii", "i")))
	require.EqualValues(t, 3, m.typeIndex(signature("ii", "j")))
	require.EqualValues(t, 3, m.typeIndex(signature("ii", "j")))
	require.Len(t, m.types, 4)
}

func TestParseKeepsDylink(t *testing.T) {
	t.Parallel()
	m := decode(t, wasm(custom("dylink.0", 9, 8, 7)))
	require.Equal(t, []byte{9, 8, 7}, m.dylink)
	m = decode(t, wasm(custom("dylink.0")))
	require.NotNil(t, m.dylink, "an empty section is one too")
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	type1, func1 := sec(secType, fn("", "")), sec(secFunction, leb(0))
	for _, tt := range []struct {
		name, err string
		bin       []byte
	}{
		{"nothing", "not a WebAssembly 1.0 binary", nil},
		{"another version", "not a WebAssembly 1.0 binary", []byte("\x00asm\x0d\x00\x01\x00")},
		{"text", "not a WebAssembly 1.0 binary", []byte("(module)")},
		{"a section without a size", "unexpected end", wasm(op(1))},
		{"a section that ends late", "unexpected end", wasm(op(1, 5, 0))},
		{"a section that ends early", "trailing bytes", wasm(secOf(secType, op(0, 0)))},
		{"an unknown section", "unknown section 13", wasm(secOf(13, nil))},
		{"a custom section without a name", "section 0 at offset 9", wasm(secOf(0, op(4, 'a')))},
		{"a type that is no function", "not a function type", wasm(sec(secType, op(0x5f, 0, 0)))},
		{"an unknown kind of import", "import kind 4", wasm(sec(secImport, imp("m", "n", 4, 0, 0)))},
		{"an import without its type", "unexpected end", wasm(sec(secImport, imp("m", "n", kindGlobal, 0x7f)))},
		{"a shared memory", "unsupported limits", wasm(sec(secMemory, op(3, 1, 1)))},
		{"a 64-bit memory", "unsupported limits", wasm(sec(secMemory, op(4, 1)))},
		{"an extended constant", "more than one instruction", wasm(sec(secGlobal, glob(0x7f, 0, append(i32c(1), i32x(2)...))))},
		{"an instruction that is no constant", "opcode 0x6a in a constant", wasm(sec(secGlobal, glob(0x7f, 0, op(0x6a, opEnd))))},
		{"a passive element segment", "not an active list", wasm(sec(secElement, op(1, 0, 0)))},
		{"a passive data segment", "not active in memory 0", wasm(sec(secData, op(1, 0)))},
		{"a function without a body", "1 functions but 0 bodies", wasm(type1, func1)},
		{"a body without a function", "0 functions but 1 bodies", wasm(sec(secCode, body()))},
		{"a function of an unknown type", "no type 0", wasm(func1, sec(secCode, body()))},
		{"an import of an unknown type", "no type 7", wasm(type1, sec(secImport, imp("m", "n", kindFunc, 7)))},
		{"more items than bytes", "unexpected end", wasm(secOf(secFunction, leb(1<<31)))},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := parse(tt.bin)
			require.ErrorContains(t, err, tt.err)
		})
	}
}

func TestParseTruncated(t *testing.T) {
	t.Parallel()
	bin := everything()
	whole := decode(t, bin)
	for n := range bin {
		m, err := parse(bin[:n])
		if err == nil { // it ended between two sections
			require.LessOrEqual(t, len(m.code), len(whole.code))
			require.Equal(t, len(m.funcs), len(m.code))
		}
	}
}

func TestParseDoesNotChangeItsInput(t *testing.T) {
	t.Parallel()
	bin := everything()
	m := decode(t, bin)
	require.NoError(t, m.addImports("calf", []hook{{"h", "i", "i"}}))
	m.addFunc(signature("", ""), nil)
	_, err := m.fillTable()
	require.NoError(t, err)
	m.encode()
	require.Equal(t, everything(), bin)
}

// logModule counts the calls of env.log, which returns its parameter plus one.
func logModule() (map[string]hostFunc, *[]uint64) {
	calls := &[]uint64{}
	return map[string]hostFunc{"log": {"i", "i", func(_ api.Module, args []uint64) uint64 {
		*calls = append(*calls, uint64(uint32(args[0])))
		return args[0] + 1
	}}}, calls
}
