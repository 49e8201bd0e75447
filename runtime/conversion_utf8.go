package runtime

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"sort"

	"github.com/calfdb/calf/runtime/internal/link"
)

// A mapping is a run of LocalToUtf or UtfToLocal: text in the guest's memory
// is converted with the tables of a library, from or to UTF-8.
type mapping struct {
	p        *process
	start    uint32
	src, dst uint32
	left     int32 // bytes at src

	tree          uint32 // pg_mb_radix_tree
	combined      uint32 // array of triples, or 0
	combinedSize  int32
	function      uint32 // slot of a function from character to character, or 0
	encoding      int32  // the other one
	stopsAtErrors bool   // instead of raising them
}

// newMapping reads the parameters of LocalToUtf or UtfToLocal.
func newMapping(p *process, a []uint64) *mapping {
	m := &mapping{
		p: p, start: uint32(a[0]), src: uint32(a[0]), left: int32(a[1]), dst: uint32(a[2]),
		tree: uint32(a[3]), combined: uint32(a[4]), combinedSize: int32(a[5]), function: uint32(a[6]),
		encoding: int32(a[7]), stopsAtErrors: uint32(a[8]) != 0,
	}
	if encodingName(int(m.encoding)) == "" {
		p.raise(sqlError{state: "XX000", message: fmt.Sprintf("invalid encoding number: %d", m.encoding)})
	}
	return m
}

// take returns the first n bytes.
func (m *mapping) take(n int32) []byte { return m.p.guest.Bytes(m.src, uint32(n)) }

// toUTF8 converts as far as it can and returns how many bytes that was.
func (m *mapping) toUTF8() uint64 {
	single := m.p.wchar(m.encoding, wcharMaxLength) == 1
	for m.left > 0 {
		first := m.take(1)[0]
		if first == 0 {
			break
		}
		n := int32(1)
		if first < 0x80 {
			m.store(uint32(first))
			m.advance(n)
			continue
		}
		if !single {
			if n = m.p.verifyChar(m.encoding, m.src, m.left); n < 0 {
				break
			}
		}
		c := m.take(n)
		if !m.mapped(c) && !m.splits(c) && !m.computed(c) {
			return m.fails(m.encoding, pgUTF8)
		}
		m.advance(n)
	}
	return m.ends(m.encoding)
}

// fromUTF8 is toUTF8 in the other direction.
func (m *mapping) fromUTF8() uint64 {
	for m.left > 0 {
		first := m.take(1)[0]
		n := utf8Length(first)
		if first == 0 || m.left < n || !legalUTF8(m.take(n)) {
			break
		}
		if n == 1 {
			m.store(uint32(first))
			m.advance(n)
			continue
		}
		c := m.take(n)
		if m.combined != 0 && m.left > n { // it may be one with the next
			rest := m.left - n
			next := utf8Length(m.p.guest.Bytes(m.src+uint32(n), 1)[0])
			if rest < next { // that is not all there
				m.left = rest
				break
			}
			second := m.p.guest.Bytes(m.src+uint32(n), uint32(next))
			if !legalUTF8(second) {
				if !m.stopsAtErrors {
					m.p.invalidBytes(pgUTF8, m.src+uint32(n), rest)
				}
				break
			}
			if next > 1 {
				if code := m.joined(code(c), code(second)); code != 0 {
					m.store(code)
					m.advance(n + next)
					continue
				}
			}
		}
		if !m.mapped(c) && !m.computed(c) {
			return m.fails(pgUTF8, m.encoding)
		}
		m.advance(n)
	}
	return m.ends(pgUTF8)
}

func (m *mapping) advance(n int32) { m.src, m.left = m.src+uint32(n), m.left-n }

// ends ends a conversion that is complete, or broke off at invalid bytes.
func (m *mapping) ends(from int32) uint64 {
	if m.left > 0 && !m.stopsAtErrors {
		m.p.invalidBytes(from, m.src, m.left)
	}
	m.p.guest.Bytes(m.dst, 1)[0] = 0
	return uint64(m.src - m.start)
}

// fails ends a conversion at a character that the other encoding lacks.
func (m *mapping) fails(from, to int32) uint64 {
	if !m.stopsAtErrors {
		m.p.untranslatable(from, to, m.src, m.left)
	}
	return m.ends(from)
}

// code is a character as PostgreSQL's tables have it: its bytes as a number.
func code(c []byte) (v uint32) {
	for _, b := range c {
		v = v<<8 | uint32(b)
	}
	return v
}

// store writes a character.
func (m *mapping) store(code uint32) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], code)
	skip := 0
	for skip < 3 && b[skip] == 0 {
		skip++
	}
	m.dst += uint32(copy(m.p.guest.Bytes(m.dst, uint32(4-skip)), b[skip:]))
}

// mapped stores what the radix tree has for a character, if it has it.
func (m *mapping) mapped(c []byte) bool {
	if m.tree == 0 {
		return false
	}
	v := radix(m.p.guest.Mem.Bytes(), m.tree, c)
	if v != 0 {
		m.store(v)
	}
	return v != 0
}

// computed stores what the function makes of a character, if it makes something.
func (m *mapping) computed(c []byte) bool {
	if m.function == 0 {
		return false
	}
	v := uint32(m.p.mustCall(link.DynCall+"ii", uint64(m.function), uint64(code(c))))
	if v != 0 {
		m.store(v)
	}
	return v != 0
}

// splits stores the two characters that one becomes, if it does
// (pg_local_to_utf_combined: code, and the two).
func (m *mapping) splits(c []byte) bool {
	if m.combined == 0 || m.tree == 0 {
		return false
	}
	want := code(c)
	i, ok := sort.Find(int(m.combinedSize), func(i int) int { return cmp.Compare(want, m.triple(i, 0)) })
	if ok {
		m.store(m.triple(i, 1))
		m.store(m.triple(i, 2))
	}
	return ok
}

// joined returns what two characters become together, or 0
// (pg_utf_to_local_combined: the two, and code).
func (m *mapping) joined(a, b uint32) uint32 {
	i, ok := sort.Find(int(m.combinedSize), func(i int) int {
		return cmp.Or(cmp.Compare(a, m.triple(i, 0)), cmp.Compare(b, m.triple(i, 1)))
	})
	if !ok {
		return 0
	}
	return m.triple(i, 2)
}

// triple returns a number of a triple.
func (m *mapping) triple(i, part int) uint32 {
	return m.p.guest.Load32(m.combined + uint32(12*i+4*part))
}

// radixLevels are the places in a pg_mb_radix_tree for characters of 1 to 4
// bytes: of the index of the root, and of the lowest and the highest value of
// each byte.
var radixLevels = [4]struct{ root, bounds uint32 }{{8, 12}, {16, 20}, {24, 28}, {36, 40}}

// radix looks a character up in a pg_mb_radix_tree of the guest: chars16 and
// chars32, of which one is there, come first. It returns 0 for what is not in it.
func radix(mem []byte, tree uint32, c []byte) uint32 {
	le := binary.LittleEndian
	level := radixLevels[len(c)-1]
	chars16, chars32 := le.Uint32(mem[tree:]), le.Uint32(mem[tree+4:])
	bounds := mem[tree+level.bounds:]
	for i, b := range c {
		if b < bounds[2*i] || b > bounds[2*i+1] {
			return 0
		}
	}
	at := le.Uint32(mem[tree+level.root:])
	for i, b := range c {
		at += uint32(b) - uint32(bounds[2*i])
		if chars32 != 0 {
			at = le.Uint32(mem[chars32+4*at:])
		} else {
			at = uint32(le.Uint16(mem[chars16+2*at:]))
		}
	}
	return at
}
