package pgdata

import "encoding/binary"

// Operations of RM_HEAP_ID (access/heapam_xlog.h).
const (
	heapOpMask      = 0x70
	heapOpInsert    = 0x00
	heapOpDelete    = 0x10
	heapOpUpdate    = 0x20
	heapOpHotUpdate = 0x40
	heapOpInplace   = 0x70
	heapInitPage    = 0x80

	xlhUpdatePrefix = 1 << 5 // XLH_UPDATE_PREFIX_FROM_OLD
	xlhUpdateSuffix = 1 << 6
	xlhDeleteSuper  = 1 << 3 // XLH_DELETE_IS_SUPER

	walTupleHeader = 5 // xl_heap_header: t_infomask2, t_infomask, t_hoff
)

// applyHeap applies what changes single rows.
func (r *Redo) applyHeap(rec *WALRecord, restored *[xlrMaxBlockID + 1]bool) {
	switch rec.info & heapOpMask {
	case heapOpInsert:
		if !restored[0] {
			r.insert(rec)
		}
	case heapOpDelete:
		if !restored[0] {
			r.delete(rec)
		}
	case heapOpUpdate, heapOpHotUpdate:
		r.update(rec, restored)
	case heapOpInplace:
		if !restored[0] {
			r.inplace(rec)
		}
	}
}

// insert applies xl_heap_insert: an offset, and in block 0 a header and the tuple.
func (r *Redo) insert(rec *WALRecord) {
	b := rec.block(0)
	p := r.page(b, rec.End)
	if p == nil {
		return
	}
	c, data := &cursor{b: rec.main, ok: true}, &cursor{b: b.data, ok: true}
	offset := int(c.u16())
	head := data.take(walTupleHeader)
	if !c.ok || !data.ok || !r.set(p, offset, newTuple(rec.xid, head, data.b)) {
		r.Incomplete = true
	}
}

// newTuple builds a tuple that a transaction inserts, of a header as the log has it and what comes after a tuple's.
func newTuple(xmin uint32, head, rest []byte) Tuple {
	t := make(Tuple, tupleHeaderSize, tupleHeaderSize+len(rest))
	binary.LittleEndian.PutUint32(t, xmin)
	copy(t[18:22], head)
	t[22] = head[4]
	return append(t, rest...)
}

// multiInsert applies xl_heap_multi_insert: flags, a count, offsets unless the page is new, and in block 0 for each
// tuple a length, a header and the tuple, the first of them aligned to two bytes.
func (r *Redo) multiInsert(rec *WALRecord) {
	b := rec.block(0)
	p := r.page(b, rec.End)
	if p == nil {
		return
	}
	c := &cursor{b: rec.main, ok: true}
	c.take(2)
	n := int(c.u16())
	data := b.data
	for i := 1; i <= n; i++ {
		offset := i
		if rec.info&heapInitPage == 0 {
			offset = int(c.u16())
		}
		if (len(b.data)-len(data))%2 != 0 && len(data) > 0 {
			data = data[1:]
		}
		d := &cursor{b: data, ok: true}
		length := int(d.u16())
		head := d.take(walTupleHeader)
		rest := d.take(length)
		if !c.ok || !d.ok || !r.set(p, offset, newTuple(rec.xid, head, rest)) {
			r.Incomplete = true
			return
		}
		data = d.b
	}
}

// delete applies xl_heap_delete: xmax, an offset, bits and flags.
func (r *Redo) delete(rec *WALRecord) {
	p := r.page(rec.block(0), rec.End)
	if p == nil {
		return
	}
	c := &cursor{b: rec.main, ok: true}
	xmax, offset, bits, flags := c.u32(), int(c.u16()), c.u8(), c.u8()
	t := p.get(offset)
	if !c.ok || t == nil {
		r.Incomplete = true
		return
	}
	if flags&xlhDeleteSuper != 0 { // a speculative insertion is taken back
		t.setMask(t.mask()&^heapXminFrozen | heapXminInvalid)
		return
	}
	t.setXmax(xmax, bits)
}

// setMask sets t_infomask.
func (t Tuple) setMask(m uint16) { binary.LittleEndian.PutUint16(t[20:], m) }

// setXmax sets who deleted a tuple, with bits of the log (fix_infomask_from_infobits, access/heap/heapam_xlog.c).
func (t Tuple) setXmax(xmax uint32, bits uint8) {
	m := t.mask() &^ (heapXmaxCommitted | heapXmaxInvalid | heapXmaxIsMulti | heapLockMask | heapXmaxLockOnly)
	for _, b := range []struct {
		bit  uint8
		mask uint16
	}{{0x01, heapXmaxIsMulti}, {0x02, heapXmaxLockOnly}, {0x04, heapXmaxExclLock}, {0x08, heapXmaxKeyshrLck}} { // XLHL_XMAX_...
		if bits&b.bit != 0 {
			m |= b.mask
		}
	}
	t.setMask(m)
	binary.LittleEndian.PutUint32(t[4:], xmax)
}

// update applies xl_heap_update: the old tuple's xmax, offset and bits, flags, the new one's xmax and offset. Block 0 is
// where the new tuple goes, and has a header and the tuple without what it has in common with the old one; block 1 is
// where the old one is, if that is another.
func (r *Redo) update(rec *WALRecord, restored *[xlrMaxBlockID + 1]bool) {
	c := &cursor{b: rec.main, ok: true}
	oldXmax, oldOffset, oldBits, flags := c.u32(), int(c.u16()), c.u8(), c.u8()
	c.take(4) // the new tuple's xmax, which has only locked it
	newOffset := int(c.u16())
	if !c.ok {
		r.Incomplete = true
		return
	}
	newBlock, oldBlock := rec.block(0), rec.block(1)
	var old Tuple
	var newPage *redoPage
	if oldBlock == nil {
		if newBlock == nil || restored[0] {
			return
		}
		if newPage = r.page(newBlock, rec.End); newPage != nil {
			old = newPage.get(oldOffset)
		}
	} else {
		if !restored[1] {
			if p := r.page(oldBlock, rec.End); p != nil {
				old = p.get(oldOffset)
			}
		}
		if newBlock != nil && !restored[0] {
			newPage = r.page(newBlock, rec.End)
		}
	}
	if old != nil {
		old.setXmax(oldXmax, oldBits)
	}
	if newPage == nil {
		return
	}
	t, ok := updated(rec.xid, newBlock.data, flags, old)
	if !ok || !r.set(newPage, newOffset, t) {
		r.Incomplete = true
	}
}

// updated builds the tuple that an update inserts.
func updated(xid uint32, data []byte, flags uint8, old Tuple) (Tuple, bool) {
	c := &cursor{b: data, ok: true}
	prefix, suffix := 0, 0
	if flags&xlhUpdatePrefix != 0 {
		prefix = int(c.u16())
	}
	if flags&xlhUpdateSuffix != 0 {
		suffix = int(c.u16())
	}
	head := c.take(walTupleHeader)
	bitmap := c.take(int(head[4]) - tupleHeaderSize) // up to t_hoff
	if !c.ok {
		return nil, false
	}
	t := newTuple(xid, head, bitmap)
	if prefix > 0 {
		if old == nil || int(old[22])+prefix > len(old) {
			return nil, false
		}
		t = append(t, old[old[22]:][:prefix]...)
	}
	t = append(t, c.b...)
	if suffix > 0 {
		if old == nil || suffix > len(old) {
			return nil, false
		}
		t = append(t, old[len(old)-suffix:]...)
	}
	return t, true
}

// inplace applies xl_heap_inplace: an offset, and in block 0 what the tuple's attributes become.
func (r *Redo) inplace(rec *WALRecord) {
	b := rec.block(0)
	p := r.page(b, rec.End)
	if p == nil {
		return
	}
	c := &cursor{b: rec.main, ok: true}
	t := p.get(int(c.u16()))
	if !c.ok || t == nil || int(t[22])+len(b.data) > len(t) {
		r.Incomplete = true
		return
	}
	copy(t[t[22]:], b.data)
}
