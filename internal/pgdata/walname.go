package pgdata

import (
	"fmt"
	"strconv"
)

// WALDir is the folder of the write-ahead log in a data directory (XLOGDIR).
const WALDir = "pg_wal"

// Bounds of a segment's size (WalSegMinSize, WalSegMaxSize, access/xlog_internal.h), which is a power of two.
const (
	WALSegMinSize = 1 << 20
	WALSegMaxSize = 1 << 30
)

// WALSegment is a file of the write-ahead log. Number counts from the log's beginning.
type WALSegment struct {
	Timeline uint32
	Number   uint64
}

// WALSegSizeValid tells whether segments can have a size.
func WALSegSizeValid(size uint32) bool {
	return size >= WALSegMinSize && size <= WALSegMaxSize && size&(size-1) == 0
}

// ParseWALSegment parses the name of a file in pg_wal, and tells whether it is a segment's (IsXLogFileName). size is a
// valid size of segments.
func ParseWALSegment(name string, size uint32) (s WALSegment, ok bool) {
	if len(name) != 24 {
		return s, false
	}
	var part [3]uint32
	for i := range part {
		text := name[i*8 : i*8+8]
		for _, c := range text {
			if (c < '0' || c > '9') && (c < 'A' || c > 'F') {
				return s, false
			}
		}
		n, err := strconv.ParseUint(text, 16, 32)
		if err != nil {
			return s, false
		}
		part[i] = uint32(n)
	}
	perID := uint64(1<<32) / uint64(size)
	if uint64(part[2]) >= perID {
		return s, false
	}
	return WALSegment{part[0], uint64(part[1])*perID + uint64(part[2])}, true
}

// Name is the segment's file name (XLogFileName).
func (s WALSegment) Name(size uint32) string {
	perID := uint64(1<<32) / uint64(size)
	return fmt.Sprintf("%08X%08X%08X", s.Timeline, uint32(s.Number/perID), uint32(s.Number%perID))
}

// Start is the segment's first byte.
func (s WALSegment) Start(size uint32) LSN { return LSN(s.Number * uint64(size)) }
