package link

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

// A randomFunction writes the body of a valid function of many locals, which
// are all alive to its end, so that registers are short.
//
// What NaN a computation gives is not specified, so that nothing looks at the
// bits of a number: a NaN is a NaN.
type randomFunction struct {
	*rand.Rand
	vectors bool
	locals  []byte // types
	b       []byte
	fuel    int // instructions that may still be written
	labels  int
}

var (
	numberTypes = []byte{typeI32, typeI64, typeF32, typeF64}
	localTypes  = append(numberTypes[:4:4], typeV128)
)

func (f *randomFunction) emit(b ...byte) { f.b = append(f.b, b...); f.fuel-- }

func pick[T any](f *randomFunction, list []T) T { return list[f.IntN(len(list))] }

func (f *randomFunction) typ() byte {
	if f.vectors && f.IntN(4) == 0 {
		return typeV128
	}
	return pick(f, numberTypes)
}

// local returns a local of this type.
func (f *randomFunction) local(typ byte) uint32 {
	for {
		if i := f.IntN(len(f.locals)); f.locals[i] == typ {
			return uint32(i)
		}
	}
}

// Operations by type: of one and of two operands of it.
var (
	unaryOps  = map[byte][]byte{typeI32: {0x67, 0x68, 0x69, 0xc0, 0xc1}, typeI64: {0x79, 0x7a, 0x7b, 0xc2, 0xc3, 0xc4}, typeF32: {0x8b, 0x8c, 0x8d, 0x8e, 0x8f, 0x90, 0x91}, typeF64: {0x99, 0x9a, 0x9b, 0x9c, 0x9d, 0x9e, 0x9f}}
	binaryOps = map[byte][]byte{
		typeI32: {0x6a, 0x6b, 0x6c, 0x71, 0x72, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78},
		typeI64: {0x7c, 0x7d, 0x7e, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a},
		typeF32: {0x92, 0x93, 0x94, 0x95, 0x96, 0x97}, typeF64: {0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5},
	}
	divisions   = map[byte][]byte{typeI32: {0x6d, 0x6e, 0x6f, 0x70, 0x6f, 0x70}, typeI64: {0x7f, 0x80, 0x81, 0x82, 0x81, 0x82}}
	comparisons = map[byte][]byte{
		typeI32: {0x46, 0x47, 0x48, 0x49, 0x4a, 0x4b, 0x4c, 0x4d, 0x4e, 0x4f}, typeI64: {0x51, 0x52, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59, 0x5a},
		typeF32: {0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60}, typeF64: {0x61, 0x62, 0x63, 0x64, 0x65, 0x66},
	}
	// Of vectors, integers only.
	vectorOps = []byte{78, 79, 80, 81, 110, 113, 142, 145, 149, 174, 177, 181, 206, 209, 213, 55, 57, 118, 121, 182, 185}
)

// A conversion makes one type of another.
type conversion struct {
	from byte
	code []byte
}

var conversions = map[byte][]conversion{
	typeI32:  {{typeI64, op(0xa7)}, {typeF32, op(0xfc, 0)}, {typeF32, op(0xfc, 1)}, {typeF64, op(0xfc, 2)}, {typeF64, op(0xfc, 3)}},
	typeI64:  {{typeI32, op(0xac)}, {typeI32, op(0xad)}, {typeF32, op(0xfc, 4)}, {typeF32, op(0xfc, 5)}, {typeF64, op(0xfc, 6)}, {typeF64, op(0xfc, 7)}},
	typeF32:  {{typeI32, op(0xb2)}, {typeI32, op(0xb3)}, {typeI64, op(0xb4)}, {typeI64, op(0xb5)}, {typeF64, op(0xb6)}},
	typeF64:  {{typeI32, op(0xb7)}, {typeI32, op(0xb8)}, {typeI64, op(0xb9)}, {typeI64, op(0xba)}, {typeF32, op(0xbb)}},
	typeV128: {{typeI32, op(0xfd, 15)}, {typeI32, op(0xfd, 17)}, {typeI64, op(0xfd, 18)}},
}

func (f *randomFunction) constant(typ byte) {
	small := []int{0, 1, -1, 2, 3, 7, 10, 60, 64, 1000}
	switch typ {
	case typeI32:
		f.emit(appendS64(op(opI32Const), int64(pick(f, append(small, math.MinInt32, math.MaxInt32, int(int32(f.Uint32()))))))...)
	case typeI64:
		f.emit(appendS64(op(opI64Const), int64(pick(f, append(small, math.MinInt64, math.MaxInt64, int(f.Uint64())))))...)
	case typeF32:
		f.emit(binary.LittleEndian.AppendUint32(op(opF32Const), math.Float32bits(float32(f.number())))...)
	case typeF64:
		f.emit(binary.LittleEndian.AppendUint64(op(opF64Const), math.Float64bits(f.number()))...)
	case typeV128:
		f.emit(cat(vector(12), binary.LittleEndian.AppendUint64(nil, f.Uint64()), binary.LittleEndian.AppendUint64(nil, f.Uint64()))...)
	}
}

func (f *randomFunction) number() float64 {
	return pick(f, []float64{0, math.Copysign(0, -1), 1, -1, 0.5, 1e10, -1e300, math.Inf(1), math.Inf(-1), math.NaN(), f.NormFloat64(), 100 * f.NormFloat64()})
}

// value writes what leaves a value of this type.
func (f *randomFunction) value(typ byte, depth int) {
	if depth <= 0 || f.fuel <= 0 {
		if f.IntN(4) == 0 {
			f.constant(typ)
		} else {
			f.emit(getLocal(f.local(typ))...)
		}
		return
	}
	depth--
	switch f.IntN(11) {
	case 0:
		f.constant(typ)
	case 10:
		f.call(typ, depth)
	case 1, 2:
		f.sel(typ, depth)
	case 3:
		if ops := divisions[typ]; ops != nil {
			f.value(typ, depth)
			f.divisor(typ, depth)
			f.emit(pick(f, ops))
			return
		}
		f.sel(typ, depth)
	case 4:
		c := pick(f, conversions[typ])
		f.value(c.from, depth)
		f.emit(c.code...)
	case 5:
		f.value(typeI32, depth)
		f.emit(opIf, typ)
		f.labels++
		f.value(typ, depth)
		f.emit(opElse)
		f.value(typ, depth)
		f.labels--
		f.emit(opEnd)
	case 6:
		f.emit(opBlock, typ)
		f.labels++
		f.value(typ, depth)
		if f.IntN(8) == 0 {
			f.emit(opBr, 0)
			f.unreached(typ)
		} else {
			f.value(typeI32, depth)
			f.emit(opBrIf, 0)
		}
		f.labels--
		f.emit(opEnd)
	case 7:
		if typ == typeI32 {
			of := pick(f, numberTypes)
			f.value(of, depth)
			f.value(of, depth)
			f.emit(pick(f, comparisons[of]))
			return
		}
		fallthrough
	default:
		if ops := unaryOps[typ]; ops != nil && f.IntN(4) == 0 {
			f.value(typ, depth)
			f.emit(pick(f, ops))
			return
		}
		f.value(typ, depth)
		f.value(typ, depth)
		if typ == typeV128 {
			f.emit(vector(uint32(pick(f, vectorOps)))...)
		} else {
			f.emit(pick(f, binaryOps[typ]))
		}
	}
}

// call calls the function that returns the first of its two parameters.
func (f *randomFunction) call(typ byte, depth int) {
	f.value(typ, depth)
	f.value(typ, depth)
	f.emit(opCall, 1+byte(slices.Index(localTypes, typ)))
}

func (f *randomFunction) sel(typ byte, depth int) {
	f.value(typ, depth)
	f.value(typ, depth)
	if f.IntN(2) == 0 {
		of := pick(f, numberTypes)
		f.value(of, 1)
		f.value(of, 1)
		f.emit(pick(f, comparisons[of]))
	} else {
		f.value(typeI32, depth)
	}
	if f.IntN(2) == 0 {
		f.emit(opSelect)
	} else {
		f.emit(opSelectT, 1, typ)
	}
}

// divisor writes what is seldom 0.
func (f *randomFunction) divisor(typ byte, depth int) {
	or, one := byte(opI32Or), i32c(1)
	if typ == typeI64 {
		or, one = 0x84, op(opI64Const, 1)
	}
	switch f.IntN(20) {
	case 0:
		f.value(typ, depth)
	case 1, 2, 3, 4:
		f.constant(typ)
	default:
		f.value(typ, depth)
		f.emit(one...)
		f.emit(or)
	}
}

// unreached writes code that is valid where nothing gets to, and leaves a value.
func (f *randomFunction) unreached(typ byte) {
	switch f.IntN(5) {
	case 0:
		f.emit(opSelect) // of three unknown operands
	case 1:
		f.value(typ, 1)
		f.value(typeI32, 1)
		f.emit(opSelect) // of an unknown and a known one
	case 2:
		f.emit(opSelectT, 1, typ)
	case 3:
		if ops := divisions[typ]; ops != nil {
			f.emit(pick(f, ops))
			return
		}
		fallthrough
	default:
		f.value(typ, 1)
	}
}

// statement assigns locals.
func (f *randomFunction) statement(depth int) {
	switch f.IntN(8) {
	case 0:
		if f.labels >= 3 || depth == 0 {
			break
		}
		// A loop of a few rounds: local 0 counts.
		f.emit(opLoop, 0x40)
		f.labels++
		f.statements(1+f.IntN(3), depth-1)
		f.emit(cat(getLocal(0), i32c(1), op(opI32Add, opLocalTee, 0), i32c(12), op(opI32LtS, opBrIf, 0, opEnd))...)
		f.labels--
		return
	case 1:
		if depth == 0 {
			break
		}
		f.value(typeI32, 2)
		f.emit(opIf, 0x40)
		f.labels++
		f.statements(1+f.IntN(3), depth-1)
		if f.IntN(6) == 0 {
			f.emit(opUnreachable)
			f.unreached(typeF64)
			f.emit(opDrop)
		}
		f.labels--
		f.emit(opEnd)
		return
	}
	typ := f.typ()
	f.value(typ, 1+f.IntN(4))
	to := f.local(typ)
	if to == 0 { // it counts
		f.emit(opDrop)
		return
	}
	f.emit(setLocal(to)...)
}

func (f *randomFunction) statements(n, depth int) {
	for range n {
		f.statement(depth)
	}
}

// randomParams are the parameters of random functions. The first is set to 0,
// to count the rounds of loops.
const randomParams = "iiijjjffffdddddddd"

// randomModule is a module with a function f, which returns what its locals are
// in the end: numbers, as vectors may not leave a module.
func randomModule(seed uint64, vectors bool, size int) []byte {
	f := &randomFunction{Rand: rand.New(rand.NewPCG(seed, 0)), vectors: vectors, fuel: 40 * size}
	for i := range len(randomParams) {
		f.locals = append(f.locals, valueTypes[randomParams[i]])
	}
	var declared []byte
	for _, typ := range localTypes {
		n := 1 + f.IntN(8)
		declared = append(declared, byte(n), typ)
		for range n {
			f.locals = append(f.locals, typ)
		}
	}
	f.emit(cat(i32c(0), setLocal(0))...)
	f.statements(size, 2)
	var results []byte
	for i, typ := range f.locals {
		if typ == typeV128 {
			f.emit(cat(getLocal(uint32(i)), vector(29), op(0), getLocal(uint32(i)), vector(29), op(1))...)
			results = append(results, typeI64, typeI64)
			continue
		}
		f.emit(getLocal(uint32(i))...)
		results = append(results, typ)
	}
	code := cat(leb(len(declared)/2), declared, f.b, op(opEnd))
	params := f.locals[:len(randomParams)]
	types := [][]byte{cat(op(0x60), leb(len(params)), params, leb(len(results)), results)}
	funcs, bodies := [][]byte{leb(0)}, [][]byte{append(leb(len(code)), code...)}
	for i, typ := range localTypes {
		types = append(types, op(0x60, 2, typ, typ, 1, typ))
		funcs, bodies = append(funcs, leb(1+i)), append(bodies, body(get(0)))
	}
	return wasm(
		sec(secType, types...), sec(secFunction, funcs...), sec(secExport, exp("f", kindFunc, 0)), sec(secCode, bodies...),
	)
}

// randomArgs are arguments for randomParams.
func randomArgs(r *rand.Rand) []uint64 {
	f := randomFunction{Rand: r}
	args := make([]uint64, len(randomParams))
	for i := range args {
		switch randomParams[i] {
		case 'i':
			args[i] = uint64(uint32(pick(&f, []int32{0, 1, -1, 5, 100, math.MinInt32, int32(r.Uint32())})))
		case 'j':
			args[i] = uint64(pick(&f, []int64{0, 1, -1, 5, 100, math.MinInt64, int64(r.Uint64())}))
		case 'f':
			args[i] = uint64(math.Float32bits(float32(f.number())))
		case 'd':
			args[i] = math.Float64bits(f.number())
		}
	}
	return args
}

// An outcome is what a call gives: its results, a NaN as one and the same, or
// what it traps with.
type outcome struct {
	results []uint64
	trap    string
}

// outcomes calls f of a module with a few arguments.
func outcomes(t testing.TB, rt wazero.Runtime, bin []byte, seed uint64) []outcome {
	t.Helper()
	m := instantiate(t, rt, bin)
	defer m.Close(context.Background())
	f := m.ExportedFunction("f")
	r := rand.New(rand.NewPCG(seed, 1))
	var all []outcome
	for range 4 {
		results, err := f.Call(t.Context(), randomArgs(r)...)
		var o outcome
		if err != nil {
			for errors.Unwrap(err) != nil {
				err = errors.Unwrap(err)
			}
			o.trap = err.Error()
		}
		for i, typ := range f.Definition().ResultTypes() {
			if err != nil {
				break
			}
			v := results[i]
			if typ == api.ValueTypeF32 && math.IsNaN(float64(math.Float32frombits(uint32(v)))) ||
				typ == api.ValueTypeF64 && math.IsNaN(math.Float64frombits(v)) {
				v = 0x7ff8 << 48
			}
			if typ == api.ValueTypeI32 || typ == api.ValueTypeF32 {
				v = uint64(uint32(v))
			}
			o.results = append(o.results, v)
		}
		all = append(all, o)
	}
	return all
}

// interpreter is a wazero runtime that does not compile.
func interpreter(t testing.TB) wazero.Runtime {
	t.Helper()
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	t.Cleanup(func() { require.NoError(t, rt.Close(context.Background())) })
	return rt
}

// defended is a module as it is compiled.
func defended(t testing.TB, bin []byte) []byte {
	t.Helper()
	out, _, err := decode(t, bin).finish()
	require.NoError(t, err)
	return out
}

func requireDefended(t *testing.T, compiler, interpreter wazero.Runtime, bin []byte, seed uint64) {
	t.Helper()
	want := outcomes(t, interpreter, bin, seed)
	out := defended(t, bin)
	require.Equal(t, want, outcomes(t, interpreter, out, seed), "interpreted, before and after")
	require.Equal(t, want, outcomes(t, compiler, out, seed), "interpreted before, compiled after")
}

// A defended module is what it was: to the interpreter before and after, and to
// the compiler, which gets to see it only after.
func TestDefendKeepsWhatFunctionsDo(t *testing.T) {
	t.Parallel()
	compiler, interpreter := engine(t), interpreter(t)
	for seed := range uint64(60) {
		requireDefended(t, compiler, interpreter, randomModule(seed, seed%2 == 0, 2+int(seed)/3), seed)
	}
}

// FuzzDefend does the same with any random module.
func FuzzDefend(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(seed, seed%2 == 0, byte(4*seed))
	}
	compiler, interpreter := engine(f), interpreter(f)
	f.Fuzz(func(t *testing.T, seed uint64, vectors bool, size byte) {
		requireDefended(t, compiler, interpreter, randomModule(seed, vectors, int(size%40)), seed)
	})
}

// FuzzDefendBytes gives any module to the pass, most of which are not valid.
func FuzzDefendBytes(f *testing.F) {
	for _, bin := range samples() {
		f.Add(bin)
	}
	for seed := range uint64(8) {
		f.Add(randomModule(seed, true, 3))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parse(b)
		if err != nil || m.defend() != nil {
			return
		}
		out := m.encode()
		again, err := parse(out)
		require.NoError(t, err)
		require.NoError(t, again.defend())
		require.Equal(t, out, again.encode(), "there is nothing more to do")
	})
}
