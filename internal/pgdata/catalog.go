package pgdata

import (
	"bytes"
	"encoding/binary"
	"math"
)

// A column is an attribute of a system catalog: its name, its length (attlen; -1 for a varlena) and its alignment
// (attalign).
type column struct {
	name  string
	len   int
	align int
}

// Kinds of columns, after the types of the structs in catalog/pg_*.h.
func oidColumn(name string) column   { return column{name, 4, 4} } // Oid, int32, float4, TransactionId
func nameColumn(name string) column  { return column{name, nameDataLen, 1} }
func shortColumn(name string) column { return column{name, 2, 2} }
func boolColumn(name string) column  { return column{name, 1, 1} } // and char
func textColumn(name string) column  { return column{name, -1, 4} }

// nameDataLen is the length of a name (NAMEDATALEN).
const nameDataLen = 64

// Layout is how a catalog's rows are laid out: its columns up to the last one that is read here, and how many there are
// in all, by which a row of another layout is known.
type Layout struct {
	columns []column
	natts   int
	index   map[string]int
}

func newLayout(natts int, columns ...column) *Layout {
	l := &Layout{columns: columns, natts: natts, index: make(map[string]int, len(columns))}
	for i, c := range columns {
		l.index[c.name] = i
	}
	return l
}

// Columns returns the names, lengths and alignments of the columns, for comparison with pg_attribute, and how many the
// catalog has.
func (l *Layout) Columns() (names []string, lengths, aligns []int, natts int) {
	for _, c := range l.columns {
		names, lengths, aligns = append(names, c.name), append(lengths, c.len), append(aligns, c.align)
	}
	return names, lengths, aligns, l.natts
}

// Decode finds the attributes in a tuple. The row refers to the tuple's bytes. It fails for a tuple of another layout or
// a damaged one.
func (l *Layout) Decode(t Tuple) (Row, bool) {
	data, bitmap, ok := t.data()
	if !ok || t.natts() != l.natts {
		return Row{}, false
	}
	r := Row{layout: l, values: make([][]byte, len(l.columns))}
	off := 0
	for i, c := range l.columns {
		if bitmap != nil && bitmap[i/8]>>(i%8)&1 == 0 {
			continue
		}
		n := c.len
		if n < 0 {
			// A short varlena is not aligned, and a byte of padding is zero (att_align_pointer, access/tupmacs.h).
			if off < len(data) && data[off] == 0 {
				off = align(off, c.align)
			}
			if n = varlenaSize(data, off); n < 0 {
				return Row{}, false
			}
		} else {
			off = align(off, c.align)
		}
		if n > len(data)-off {
			return Row{}, false
		}
		r.values[i] = data[off : off+n : off+n]
		off += n
	}
	return r, true
}

func align(off, to int) int { return (off + to - 1) / to * to }

// varlenaSize returns how many bytes the varlena at off takes, or -1 if it does not fit (varatt.h).
func varlenaSize(data []byte, off int) int {
	switch {
	case off >= len(data):
		return -1
	case data[off] == 0x01: // a pointer to a TOAST table: a tag, and for an ondisk one 16 bytes
		return 18
	case data[off]&1 != 0:
		return int(data[off] >> 1)
	case off+4 > len(data):
		return -1
	}
	n := binary.LittleEndian.Uint32(data[off:]) >> 2
	if n < 4 || n > math.MaxInt32 {
		return -1
	}
	return int(n)
}

// Row is a row of a catalog. What it is asked for must be in the layout.
type Row struct {
	layout *Layout
	values [][]byte // nil is NULL
}

func (r Row) value(name string) []byte {
	i, ok := r.layout.index[name]
	if !ok {
		panic("BUG: pgdata: no column " + name)
	}
	return r.values[i]
}

// Uint32 returns an OID or an int4; NULL is 0.
func (r Row) Uint32(name string) uint32 {
	if v := r.value(name); len(v) == 4 {
		return binary.LittleEndian.Uint32(v)
	}
	return 0
}

// Int16 returns an int2; NULL is 0.
func (r Row) Int16(name string) int16 {
	if v := r.value(name); len(v) == 2 {
		return int16(binary.LittleEndian.Uint16(v))
	}
	return 0
}

// Float32 returns a float4; NULL is 0.
func (r Row) Float32(name string) float32 { return math.Float32frombits(r.Uint32(name)) }

// Char returns a "char"; NULL is 0.
func (r Row) Char(name string) byte {
	if v := r.value(name); len(v) == 1 {
		return v[0]
	}
	return 0
}

// Bool returns a bool; NULL is false.
func (r Row) Bool(name string) bool { return r.Char(name) != 0 }

// Name returns a name, which is in the encoding of its database.
func (r Row) Name(name string) string {
	v := r.value(name)
	if end := bytes.IndexByte(v, 0); end >= 0 {
		v = v[:end]
	}
	return string(v)
}

// Text returns a text. It is empty if it is NULL, compressed or in a TOAST table; what is read here is short.
func (r Row) Text(name string) string {
	v := r.value(name)
	switch {
	case len(v) == 0, v[0] == 0x01: // in a TOAST table
		return ""
	case v[0]&1 != 0:
		return string(v[1:])
	case v[0]&2 != 0, len(v) < 4: // compressed
		return ""
	}
	return string(v[4:])
}
