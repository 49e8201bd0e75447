package pgdata

import "encoding/binary"

// tupleHeaderSize is where a tuple's null bitmap begins (SizeofHeapTupleHeader, access/htup_details.h).
const tupleHeaderSize = 23

// Bits of t_infomask and t_infomask2 (access/htup_details.h).
const (
	heapHasNull       = 0x0001
	heapXmaxKeyshrLck = 0x0010
	heapXmaxExclLock  = 0x0040
	heapXmaxLockOnly  = 0x0080
	heapXminCommitted = 0x0100
	heapXminInvalid   = 0x0200
	heapXminFrozen    = heapXminCommitted | heapXminInvalid
	heapXmaxCommitted = 0x0400
	heapXmaxInvalid   = 0x0800
	heapXmaxIsMulti   = 0x1000
	heapLockMask      = heapXmaxKeyshrLck | heapXmaxExclLock // HEAP_XMAX_SHR_LOCK is both

	heapNattsMask = 0x07FF
)

// Tuple is the bytes of a heap tuple (HeapTupleHeaderData), at least a header's.
type Tuple []byte

func (t Tuple) xmin() uint32 { return binary.LittleEndian.Uint32(t) }
func (t Tuple) xmax() uint32 { return binary.LittleEndian.Uint32(t[4:]) }
func (t Tuple) mask() uint16 { return binary.LittleEndian.Uint16(t[20:]) }

// natts is how many attributes are stored. A row of a table to which columns were added later has fewer than the table.
func (t Tuple) natts() int { return int(binary.LittleEndian.Uint16(t[18:]) & heapNattsMask) }

// data returns the attributes' bytes, and the bitmap that has a 1 for each that is not null; nil if none is.
func (t Tuple) data() (data, bitmap []byte, ok bool) {
	hoff := int(t[22])
	if hoff < tupleHeaderSize || hoff > len(t) {
		return nil, nil, false
	}
	if t.mask()&heapHasNull != 0 {
		if bitmap = t[tupleHeaderSize:hoff]; len(bitmap)*8 < t.natts() {
			return nil, nil, false
		}
	}
	return t[hoff:], bitmap, true
}

// Liveness is whether a tuple is part of what the database holds.
type Liveness uint8

// What can be said of a tuple.
const (
	Dead      Liveness = iota // deleted, replaced, or never committed
	Live                      // committed and there
	Uncertain                 // its transaction's fate is not to be found; a rescuer would rather have it
)

// Liveness tells whether a transaction that began now, after every other had ended, would see the tuple
// (HeapTupleSatisfiesMVCC, access/heap/heapam_visibility.c). Transactions that are neither committed nor aborted died
// with the server.
func (t Tuple) Liveness(x *Xacts) Liveness {
	mask := t.mask()
	certain := Live
	switch {
	case mask&heapXminFrozen == heapXminFrozen, mask&heapXminCommitted != 0:
	case mask&heapXminInvalid != 0:
		return Dead
	default:
		switch committed, known := x.Committed(t.xmin()); {
		case !known:
			certain = Uncertain
		case !committed:
			return Dead
		}
	}
	if mask&heapXmaxInvalid != 0 || lockedOnly(mask) {
		return certain
	}
	xmax := t.xmax()
	if mask&heapXmaxIsMulti != 0 {
		updater, known := x.Updater(xmax)
		if !known {
			return Uncertain
		}
		xmax = updater
	} else if mask&heapXmaxCommitted != 0 {
		return Dead
	}
	if xmax == 0 {
		return certain
	}
	switch committed, known := x.Committed(xmax); {
	case !known:
		return Uncertain
	case committed:
		return Dead
	}
	return certain
}

// lockedOnly tells whether xmax has only locked the tuple (HEAP_XMAX_IS_LOCKED_ONLY).
func lockedOnly(mask uint16) bool {
	return mask&heapXmaxLockOnly != 0 || mask&(heapXmaxIsMulti|heapLockMask) == heapXmaxExclLock
}
