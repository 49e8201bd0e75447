package link

// The forms of vector instructions: what follows the opcode and what they do to
// the stack.
const (
	vectorUnknown   = iota
	vectorLoad      // an offset; address to vector
	vectorStore     // an offset; address and vector
	vectorConst     // 16 bytes
	vectorShuffle   // 16 bytes; two vectors to one
	vectorSplat     // number to vector
	vectorExtract   // a lane; vector to number
	vectorReplace   // a lane; vector and number to vector
	vectorLoadLane  // an offset and a lane; address and vector to vector
	vectorStoreLane // an offset and a lane; address and vector
	vectorTest      // vector to i32
	vectorUnary
	vectorBinary // also shifts
	vectorTernary
)

// vectorForms has a letter for each number behind the prefix 0xfd (WebAssembly
// core specification, 5.4.8), sixteen in a line.
const vectorForms = "" +
	"LLLLLLLLLLLSCHbp" + // loads, store, const, shuffle, swizzle, splat
	"pppppxxrxxrxrxrx" + // splats, lanes
	"rxrbbbbbbbbbbbbb" + // comparisons from here on
	"bbbbbbbbbbbbbbbb" +
	"bbbbbbbbbbbbbubb" + // not, and, andnot
	"bbtillllssssLLuu" + // or, xor, bitselect, any_true, load lanes, store lanes, load zero, demote, promote
	"uuuiibbuuuubbbbb" + // i8x16; f32x4 roundings in it
	"bbbbuubbbbubuuuu" +
	"uubiibbuuuubbbbb" + // i16x8
	"bbbbubbbbb.bbbbb" +
	"uu.ii..uuuubbbb." + // i32x4
	".b...bbbbbb.bbbb" +
	"uu.ii..uuuubbbb." + // i64x2
	".b...bbbbbbbbbbb" +
	"uu.ubbbbbbbbuu.u" + // f32x4, f64x2
	"bbbbbbbbuuuuuuuu" // conversions

var vectorLetters = map[byte]byte{
	'L': vectorLoad, 'S': vectorStore, 'C': vectorConst, 'H': vectorShuffle, 'p': vectorSplat, 'x': vectorExtract,
	'r': vectorReplace, 'l': vectorLoadLane, 's': vectorStoreLane, 'i': vectorTest, 'u': vectorUnary, 'b': vectorBinary,
	't': vectorTernary,
}

// vectorForm returns the form of a vector instruction.
func vectorForm(sub uint32) byte {
	if sub >= uint32(len(vectorForms)) {
		return vectorUnknown
	}
	return vectorLetters[vectorForms[sub]]
}

// vectorImmediates reads what follows the opcode of a vector instruction.
func (r *reader) vectorImmediates(form byte) {
	switch form {
	case vectorLoad, vectorStore:
		r.u32()
		r.u32()
	case vectorLoadLane, vectorStoreLane:
		r.u32()
		r.u32()
		r.byte()
	case vectorConst, vectorShuffle:
		r.bytes(16)
	case vectorExtract, vectorReplace:
		r.byte()
	}
}
