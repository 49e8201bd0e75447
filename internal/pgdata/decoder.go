package pgdata

import "encoding/binary"

// A decoder reads a C struct field by field, each at its natural alignment, which is what compilers do for all the
// structs here. Reading beyond the end gives zeros and sets short.
type decoder struct {
	b     []byte
	off   int
	short bool
}

// take returns the next n bytes, from a multiple of n on.
func (d *decoder) take(n int) []byte {
	at := (d.off + n - 1) / n * n
	d.off = at + n
	if d.off > len(d.b) {
		d.short = true
		return make([]byte, n)
	}
	return d.b[at:d.off]
}

func (d *decoder) bool() bool  { return d.take(1)[0] != 0 }
func (d *decoder) u32() uint32 { return binary.LittleEndian.Uint32(d.take(4)) }
func (d *decoder) i32() int32  { return int32(d.u32()) }
func (d *decoder) u64() uint64 { return binary.LittleEndian.Uint64(d.take(8)) }
func (d *decoder) i64() int64  { return int64(d.u64()) }
func (d *decoder) lsn() LSN    { return LSN(d.u64()) }

// skip skips n bytes of no alignment.
func (d *decoder) skip(n int) {
	if d.off += n; d.off > len(d.b) {
		d.short = true
	}
}
