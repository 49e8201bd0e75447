package link

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
)

// A fault is something that wazero compiles wrongly.
type fault struct {
	goarch   string      // where
	wasm     []byte      // exports f
	calls    [][3]uint64 // of f
	needless string      // what to do when it is mended
}

const needless = "wazero compiles this rightly by now: remove %s, this case, and what RATIONALE.md says of it"

// selects is a module with a function f(x, y, condition), which returns the
// bits of what is selected. All registers are spilled by a call; then x is
// needed in the register in which the result is wanted.
func selects(typ byte, fromBits, toBits []byte) []byte {
	locals := op(1, 2, typ)
	code := cat(locals,
		get(0), fromBits, setLocal(3), get(1), fromBits, setLocal(4),
		get(3), get(4), callf(1), op(opDrop),
		get(3), get(4), get(2), op(opSelectT, 1, typ), get(3), callf(1),
		toBits, op(opEnd))
	return wasm(
		sec(secType, fn("jji", "j"), op(0x60, 2, typ, typ, 1, typ)), sec(secFunction, leb(0), leb(1)),
		sec(secExport, exp("f", kindFunc, 0)), sec(secCode, append(leb(len(code)), code...), body(get(0))),
	)
}

// vectorSelects is a module with a function f(x, y, condition), which returns
// three times what selects: in a loop that calls a function, upon which all is
// spilled, and in which x has the register that is free then.
func vectorSelects() []byte {
	const x, y, rounds, sum = 3, 4, 5, 6
	code := cat(op(3, 2, typeV128, 1, typeI32, 1, typeI64),
		get(0), vector(18), setLocal(x), get(1), vector(18), setLocal(y),
		op(opBlock, 0x40, opLoop, 0x40),
		get(rounds), i32c(3), op(0x4e, opBrIf, 1), get(rounds), i32c(1), op(opI32Add), setLocal(rounds),
		callf(1),
		get(x), get(y), get(2), op(opSelect), vector(29), op(0), get(sum), op(0x7c), setLocal(sum),
		op(opBr, 0, opEnd, opEnd), get(sum), op(opEnd))
	return wasm(
		sec(secType, fn("jji", "j"), fn("", "")), sec(secFunction, leb(0), leb(1)),
		sec(secExport, exp("f", kindFunc, 0)), sec(secCode, append(leb(len(code)), code...), body()),
	)
}

// remainders is a module with a function f(x, y, _), which returns the remainder
// of x and y and needs more registers than there are.
func remainders(rem byte) []byte {
	const values = 30
	code := op(1, values+1, typeI64)
	for i := range values {
		code = cat(code, get(0), op(opI64Const, byte(i)), op(0x7c), setLocal(uint32(3+i)))
	}
	code = cat(code, get(0), get(1), op(rem), setLocal(3+values), op(opI64Const, 0))
	for i := range values {
		code = cat(code, get(3+i), op(0x85)) // xor
	}
	// The xor of all others, twice, is nothing.
	for i := range values {
		code = cat(code, get(3+i), op(0x85))
	}
	code = cat(code, get(3+values), op(0x85, opEnd))
	return wasm(
		sec(secType, fn("jji", "j")), sec(secFunction, leb(0)),
		sec(secExport, exp("f", kindFunc, 0)), sec(secCode, append(leb(len(code)), code...)),
	)
}

func faults() map[string]fault {
	selected := [][3]uint64{{3, 4, 0}, {5, 6, 1}, {1 << 31, 77, 0}, {1 << 20, 1 << 30, 0}}
	divided := [][3]uint64{{1000007, 37, 0}, {86399, 60, 0}, {1 << 40, 1000, 0}}
	return map[string]fault{
		"issue 2534, select of f32":    {"amd64", selects(typeF32, op(0xa7, opF32ReinterpretI32), op(opI32ReinterpretF32, 0xad)), selected, "select.go"},
		"issue 2534, select of f64":    {"amd64", selects(typeF64, op(opF64ReinterpretI64), op(opI64ReinterpretF64)), selected, "select.go"},
		"issue 2534, select of v128":   {"amd64", vectorSelects(), selected, "select.go"},
		"pull request 2508, i64.rem_s": {"arm64", remainders(opI64RemS), divided, "remainder.go"},
		"pull request 2508, i64.rem_u": {"arm64", remainders(opI64RemU), divided, "remainder.go"},
	}
}

// TestFaultsAreDefendedAgainst tells when a defence is needless, too.
func TestFaultsAreDefendedAgainst(t *testing.T) {
	t.Parallel()
	for name, f := range faults() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			compiler, interpreter := engine(t), interpreter(t)
			results := func(rt wazero.Runtime, bin []byte) (list []uint64) {
				m := instantiate(t, rt, bin)
				for _, c := range f.calls {
					list = append(list, invoke(t, m, "f", c[:]...))
				}
				return list
			}
			want := results(interpreter, f.wasm)
			out := defended(t, f.wasm)
			require.Equal(t, want, results(interpreter, out))
			require.Equal(t, want, results(compiler, out), "the defence does not help")
			if runtime.GOARCH == f.goarch {
				require.NotEqualf(t, want, results(compiler, f.wasm), needless, f.needless)
			}
		})
	}
}
