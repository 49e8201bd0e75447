package link

// scratch numbers the locals that rewritten code uses beside those that its
// function has: two for i32, then two for i64.
type scratch struct{ first uint32 }

// local returns local i, 0 or 1, of one of the two types.
func (s scratch) local(typ byte, i uint32) uint32 {
	if typ == typeI64 {
		i += 2
	}
	return s.first + i
}

// declare returns a function body with their declarations, behind its own.
func (s scratch) declare(body []byte) []byte {
	r := reader{b: body}
	groups := r.u32()
	first, end := r.pos, code(body).pos
	out := appendU32(make([]byte, 0, len(body)+8), groups+2)
	out = append(append(out, body[first:end]...), 2, typeI32, 2, typeI64)
	return append(out, body[end:]...)
}

func getLocal(i uint32) []byte { return appendU32([]byte{opLocalGet}, i) }
func setLocal(i uint32) []byte { return appendU32([]byte{opLocalSet}, i) }

// vector is a vector instruction that is nothing but its number.
func vector(sub uint32) []byte { return appendU32([]byte{opPrefixFD}, sub) }
