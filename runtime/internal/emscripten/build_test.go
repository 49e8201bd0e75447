package emscripten

import (
	"encoding/binary"
	"maps"
	"slices"
	"strings"

	"github.com/calfdb/calf/runtime/internal/link"
)

// Fixed addresses in the memory of the test program.
const (
	errnoAddr     = 512
	threwAddr     = 520 // the parameters of the last setThrew
	threwCount    = 528 // how often it was called
	initialStack  = 0x8000
	initialPages  = 8
	maximalPages  = 32768
	constantValue = 4321
)

// Slots of the table of the test program. What the functions there do is in
// their names; those that fail lower the stack pointer first.
const (
	slotAddI = iota + 1
	slotAddJ
	slotAddF
	slotAddD
	slotMixed
	slotStore     // stores its parameter at 600
	slotTrap      // (i)
	slotJump      // (i) _emscripten_throw_longjmp
	slotExit      // (i) exit(parameter)
	slotDescend   // (i) n ? invoke_vi(slotDescend, n-1) : _emscripten_throw_longjmp()
	slotPropagate // (i) n ? invoke_vi(slotPropagate, n-1) : unreachable
	slotLeave     // (i) n ? invoke_vi(slotLeave, n-1) : exit(7)
	slotJumpI     // longjmp in functions with results
	slotJumpJ
	slotJumpF
	slotJumpD
	slotMemory // (i) -> i the address where it found the stack pointer
	slots
)

var valueTypes = map[byte]byte{'i': 0x7f, 'j': 0x7e, 'f': 0x7d, 'd': 0x7c}

// A testModule is put together by adding functions.
type testModule struct {
	types   []string
	funcs   []string // signature of each function, imports first
	imports [][]byte
	exports [][]byte
	code    [][]byte
}

func leb(n int) []byte { return binary.AppendUvarint(nil, uint64(n)) }

func sleb(n int) []byte {
	var b []byte
	for ; n < -64 || n > 63; n >>= 7 {
		b = append(b, byte(n)&0x7f|0x80)
	}
	return append(b, byte(n)&0x7f)
}

func str(s string) []byte           { return append(leb(len(s)), s...) }
func cat(parts ...[]byte) []byte    { return slices.Concat(parts...) }
func op(b ...byte) []byte           { return b }
func i32c(n int) []byte             { return append(op(0x41), sleb(n)...) }
func get(n int) []byte              { return append(op(0x20), leb(n)...) }
func vector(items ...[]byte) []byte { return append(leb(len(items)), cat(items...)...) }

func section(id byte, payload []byte) []byte { return cat(op(id), leb(len(payload)), payload) }

// typeIndex takes a signature such as "ij:d".
func (m *testModule) typeIndex(sig string) []byte {
	i := slices.Index(m.types, sig)
	if i < 0 {
		i = len(m.types)
		m.types = append(m.types, sig)
	}
	return leb(i)
}

func (m *testModule) index(name string) int {
	for i, f := range m.imports {
		if strings.Contains(string(f), string(str(name))) {
			return i
		}
	}
	panic(name)
}

func (m *testModule) add(name, sig string, locals int, instrs ...[]byte) int {
	m.funcs = append(m.funcs, sig)
	b := cat(op(1), leb(locals), op(0x7f), cat(instrs...), op(0x0b))
	m.code = append(m.code, append(leb(len(b)), b...))
	i := len(m.funcs) - 1
	if name != "" {
		m.exports = append(m.exports, cat(str(name), op(0), leb(i)))
	}
	return i
}

// addImports imports everything in abi, and a function of the test's own.
func (m *testModule) addImports() (names []string) {
	names = slices.Sorted(maps.Keys(abi))
	add := func(module, name, sig string) {
		m.imports = append(m.imports, cat(str(module), str(name), op(0), m.typeIndex(sig)))
		m.funcs = append(m.funcs, sig)
	}
	for _, name := range names {
		add("env", name, abi[name])
	}
	add("test", "again", "i:i")
	return names
}

// program is a module that imports everything in abi, exports each import as
// call_<name>, and has what Emscripten's C library exports.
func program() []byte {
	m := &testModule{}
	names := m.addImports()
	for i, name := range names {
		params, _, _ := strings.Cut(abi[name], ":")
		var b []byte
		for p := range len(params) {
			b = append(b, get(p)...)
		}
		m.add("call_"+name, abi[name], 0, b, op(0x10), leb(i))
		if sig, ok := strings.CutPrefix(name, "invoke_"); ok {
			m.addDynCall(sig, abi[name])
		}
	}
	m.addLibc()
	table := m.addSlots()
	// Table functions begin at slot 1, globals are the stack pointer, the
	// heap's end, the second half of a result and a constant.
	var elements, types, funcs [][]byte
	for _, f := range table {
		elements = append(elements, leb(f))
	}
	for _, t := range m.types {
		params, results, _ := strings.Cut(t, ":")
		types = append(types, cat(op(0x60), letters(params), letters(results)))
	}
	for _, sig := range m.funcs[len(m.imports):] {
		funcs = append(funcs, m.typeIndex(sig))
	}
	global := func(mutable byte, v int) []byte { return cat(op(0x7f, mutable), i32c(v), op(0x0b)) }
	exports := append(m.exports,
		cat(str("memory"), op(2, 0)), cat(str("__stack_pointer"), op(3, 0)), cat(str("a_variable"), op(3, 3)))
	return cat([]byte("\x00asm\x01\x00\x00\x00"),
		section(1, vector(types...)), section(2, vector(m.imports...)), section(3, vector(funcs...)),
		section(4, vector(cat(op(0x70, 0), leb(slots)))),
		section(5, vector(cat(op(1), leb(initialPages), leb(maximalPages)))),
		section(6, vector(global(1, initialStack), global(1, 65536), global(1, 0), global(0, constantValue))),
		section(7, vector(exports...)),
		section(9, vector(cat(op(0), i32c(1), op(0x0b), vector(elements...)))),
		section(10, vector(m.code...)),
	)
}

func letters(s string) []byte {
	b := leb(len(s))
	for i := range len(s) {
		b = append(b, valueTypes[s[i]])
	}
	return b
}

// addDynCall adds what the linker adds for each invoke_ function.
func (m *testModule) addDynCall(sig, typ string) {
	params, results, _ := strings.Cut(typ, ":")
	var b []byte
	for p := 1; p < len(params); p++ {
		b = append(b, get(p)...)
	}
	m.add(link.DynCall+sig, typ, 0, b, get(0), op(0x11), m.typeIndex(params[1:]+":"+results), op(0))
}

// addLibc adds an allocator that frees nothing and what else the host calls.
func (m *testModule) addLibc() {
	const a, n, p, need = 0, 1, 2, 3
	memalign := m.add("emscripten_builtin_memalign", "ii:i", 2,
		get(n), i32c(1<<30), op(0x4b, 0x04, 0x40), i32c(0), op(0x0f, 0x0b), // if n > 1 GiB: return 0
		op(0x23, 1), get(a), op(0x6a), i32c(1), op(0x6b), i32c(0), get(a), op(0x6b, 0x71), op(0x21, p), // p = align(heap)
		get(p), get(n), op(0x6a, 0x3f, 0), i32c(16), op(0x74, 0x6b, 0x22, need), i32c(0), op(0x4a, 0x04, 0x40), // if need > 0
		get(need), i32c(65535), op(0x6a), i32c(16), op(0x76, 0x40, 0), i32c(-1), op(0x46, 0x04, 0x40), // if !grow
		i32c(0), op(0x0f, 0x0b, 0x0b),
		get(p), get(n), op(0x6a, 0x24, 1), get(p),
	)
	m.add("malloc", "i:i", 0, i32c(16), get(0), op(0x10), leb(memalign))
	m.add("__errno_location", ":i", 0, i32c(errnoAddr))
	m.add("setThrew", "ii:", 0,
		i32c(threwAddr), get(0), op(0x36, 2, 0), i32c(threwAddr), get(1), op(0x36, 2, 4),
		i32c(threwCount), i32c(threwCount), op(0x28, 2, 0), i32c(1), op(0x6a, 0x36, 2, 0))
	m.add("_emscripten_tempret_set", "i:", 0, get(0), op(0x24, 2))
	m.add("_emscripten_tempret_get", ":i", 0, op(0x23, 2))
	m.add("add", "ii:i", 0, get(0), get(1), op(0x6a))
	m.add("unreachable", ":", 0, op(0x00))
	// through_host: n ? again(n - 1) + 1 : 0
	m.add("through_host", "i:i", 0, get(0), op(0x04, 0x7f),
		get(0), i32c(-1), op(0x6a, 0x10), leb(m.index("again")), i32c(1), op(0x6a),
		op(0x05), i32c(0), op(0x0b))
}

// addSlots adds the functions of the table and returns their indices.
func (m *testModule) addSlots() []int {
	lower := cat(op(0x23, 0), i32c(64), op(0x6b, 0x24, 0)) // __stack_pointer -= 64
	jump := cat(lower, op(0x10), leb(m.index("_emscripten_throw_longjmp")))
	// nested is n ? invoke_vi(slot, n-1) : instrs
	nested := func(slot int, instrs []byte) []byte {
		return cat(lower, get(0), op(0x04, 0x40), i32c(slot), get(0), i32c(-1), op(0x6a, 0x10), leb(m.index("invoke_vi")),
			op(0x23, 0), i32c(64), op(0x6a, 0x24, 0), op(0x05), instrs, op(0x0b))
	}
	exit := func(status []byte) []byte { return cat(status, op(0x10), leb(m.index("exit"))) }
	return []int{
		m.add("", "ii:i", 0, get(0), get(1), op(0x6a)),
		m.add("", "jj:j", 0, get(0), get(1), op(0x7c)),
		m.add("", "ff:f", 0, get(0), get(1), op(0x92)),
		m.add("", "dd:d", 0, get(0), get(1), op(0xa0)),
		m.add("", "ijfd:d", 0, get(0), op(0xb7), get(1), op(0xb9, 0xa0), get(2), op(0xbb, 0xa0), get(3), op(0xa0)),
		m.add("", "i:", 0, i32c(600), get(0), op(0x36, 2, 0)),
		m.add("", "i:", 0, lower, op(0x00)),
		m.add("", "i:", 0, jump),
		m.add("", "i:", 0, lower, exit(get(0))),
		m.add("", "i:", 0, nested(slotDescend, jump)),
		m.add("", "i:", 0, nested(slotPropagate, op(0x00))),
		m.add("", "i:", 0, nested(slotLeave, exit(i32c(7)))),
		m.add("", "ii:i", 0, jump, op(0x00)),
		m.add("", "jj:j", 0, jump, op(0x00)),
		m.add("", "ff:f", 0, jump, op(0x00)),
		m.add("", "dd:d", 0, jump, op(0x00)),
		m.add("", "i:i", 0, op(0x23, 0)),
	}
}
