package runtime

// A byteMapping is a run of a conversion between an encoding of one byte per
// character and MULE_INTERNAL, or another such encoding. The first half, ASCII,
// is the same in all of them.
type byteMapping struct {
	p             *process
	src, dst      []byte // from and to where the conversion goes
	at            uint32 // the guest's address of src
	from, to      int32
	mark          byte   // what MULE_INTERNAL puts before the encoding's bytes
	table         []byte // what becomes of the bytes from 0x80 on, or 0; nil keeps them
	stopsAtErrors bool   // instead of raising them
}

// newByteMapping reads the parameters (from, to, length, mark, encoding, [table,]
// noError) of a conversion from or to MULE_INTERNAL.
func newByteMapping(p *process, a []uint64, table bool) *byteMapping {
	m := newBytes(p, a)
	m.mark = byte(a[3])
	m.from, m.to = int32(a[4]), int32(a[4])
	if table {
		m.table = p.guest.Bytes(uint32(a[5]), 128)
		a = a[1:]
	}
	m.stopsAtErrors = uint32(a[5]) != 0
	return m
}

// newLocalMapping reads the parameters (from, to, length, source encoding,
// destination encoding, table, noError) of local2local.
func newLocalMapping(p *process, a []uint64) *byteMapping {
	m := newBytes(p, a)
	m.from, m.to = int32(a[3]), int32(a[4])
	m.table, m.stopsAtErrors = p.guest.Bytes(uint32(a[5]), 128), uint32(a[6]) != 0
	return m
}

// newBytes reads the parameters that all have. MULE_INTERNAL needs two bytes
// for one, and there is a zero at the end.
func newBytes(p *process, a []uint64) *byteMapping {
	at, n := uint32(a[0]), uint32(max(int32(a[2]), 0))
	return &byteMapping{p: p, at: at, src: p.guest.Bytes(at, n), dst: p.guest.Mem.Bytes()[uint32(a[1]):]}
}

// convert converts as far as it can and returns how many bytes that was.
func (m *byteMapping) convert() uint64 {
	return m.run(m.from, m.to, func(c []byte) (int, []byte) {
		if b := m.table[c[0]-0x80]; b != 0 {
			return 1, []byte{b}
		}
		return 1, nil
	})
}

// toMIC is convert for MULE_INTERNAL as the destination.
func (m *byteMapping) toMIC() uint64 {
	return m.run(m.from, pgMULEInternal, func(c []byte) (int, []byte) {
		b := c[0]
		if m.table != nil {
			b = m.table[b-0x80]
		}
		if b == 0 {
			return 1, nil
		}
		return 1, []byte{m.mark, b}
	})
}

// fromMIC is convert for MULE_INTERNAL as the source.
func (m *byteMapping) fromMIC() uint64 {
	return m.run(pgMULEInternal, m.to, func(c []byte) (int, []byte) {
		n := muleLength(c[0])
		switch {
		case len(c) < n:
			return 0, nil
		case n != 2 || c[0] != m.mark || c[1] < 0x80:
			return n, nil
		case m.table == nil:
			return n, c[1:2]
		case m.table[c[1]-0x80] == 0:
			return n, nil
		}
		return n, []byte{m.table[c[1]-0x80]}
	})
}

// run converts with a function that returns how long the character is with
// which a text begins, 0 if it is none, and what becomes of it, if it becomes
// something.
func (m *byteMapping) run(from, to int32, char func([]byte) (int, []byte)) uint64 {
	done, out := 0, 0
	for done < len(m.src) {
		rest := m.src[done:]
		n, c := 1, rest[:1]
		if rest[0] == 0 {
			n = 0
		} else if rest[0] >= 0x80 {
			n, c = char(rest)
		}
		if n == 0 || c == nil {
			if m.stopsAtErrors {
				break
			}
			at, left := m.at+uint32(done), int32(len(rest))
			if n == 0 {
				m.p.invalidBytes(from, at, left)
			}
			m.p.untranslatable(from, to, at, left)
		}
		out += copy(m.dst[out:], c)
		done += n
	}
	m.dst[out] = 0
	return uint64(done)
}

// muleLength is the length of a character of MULE_INTERNAL that its first byte
// tells.
func muleLength(b byte) int {
	switch {
	case b >= 0x81 && b <= 0x8d:
		return 2
	case b >= 0x90 && b <= 0x99, b == 0x9a, b == 0x9b:
		return 3
	case b == 0x9c, b == 0x9d:
		return 4
	}
	return 1
}
