package pgdata

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"time"
)

// WALBlockSize is the size of a page of the write-ahead log (XLOG_BLCKSZ).
const WALBlockSize = 8192

// Page headers of the log (access/xlog_internal.h).
const (
	xlpFirstIsContrecord          = 0x0001
	xlpLongHeader                 = 0x0002
	xlpFirstIsOverwriteContrecord = 0x0008
	xlpAllFlags                   = 0x000F
	walShortHeader                = 24 // SizeOfXLogShortPHD
	walLongHeader                 = 40 // SizeOfXLogLongPHD
)

// Records of the log (access/xlogrecord.h, access/rmgrlist.h).
const (
	walRecordHeader = 24 // SizeOfXLogRecord
	walRecordCRC    = 20 // offsetof(XLogRecord, xl_crc)
	walRecordMax    = 1020 << 20

	rmXLOG = 0 // RM_XLOG_ID
	rmXact = 1 // RM_XACT_ID

	xlogCheckpointShutdown = 0x00
	xlogCheckpointOnline   = 0x10
	xlogSwitch             = 0x40
	xlogXactOpMask         = 0x70
	xlogXactCommit         = 0x00
	xlogXactCommitPrepared = 0x30
)

// walMagic returns the magic number of pages (XLOG_PAGE_MAGIC) of a major version, or 0 if it is not known.
func walMagic(major int) uint16 {
	switch major {
	case 15:
		return 0xD110
	case 16:
		return 0xD113
	case 17:
		return 0xD116
	case 18:
		return 0xD118
	}
	return 0
}

// A WALScan follows the log from where recovery would start, and finds how far it goes. It is given one page after the
// other and keeps none.
type WALScan struct {
	End        LSN       // of the last valid record; where it was started if there is none
	Records    uint64    // valid ones
	Commits    uint64    // transactions that they commit
	LastCommit time.Time // when the last of these committed
	Checkpoint bool      // the record of the checkpoint that the control file names is there, and is one
	Stopped    string    // why the log ends at End; empty while it goes on
	// Apply, if it is set, gets each record that is valid, which it must not keep. Skipped tells that some were too
	// large for that.
	Apply   func(*WALRecord)
	Skipped bool

	magic      uint16
	sysid      uint64
	segSize    uint32
	checkpoint LSN
	page       LSN // the page that comes next
	pos        LSN // where the next record starts
	prev       LSN // the record before, or 0

	// The record that is being read.
	at      LSN
	need    uint32 // its bytes that are missing
	have    uint32
	crc     uint32
	head    [walRecordHeader]byte
	payload [64]byte // the beginning of it
	whole   []byte   // for Apply
}

// maxWALRecord is how long a record may be to be given to Apply. One with images of all blocks that it can have is much
// shorter; only transactions of hundreds of thousands of parts have longer ones.
const maxWALRecord = 4 << 20

// NewWALScan returns a scan from the redo position of a control file. Its segment size must be valid.
func NewWALScan(c *Control, major int) *WALScan {
	redo := c.CheckpointCopy.Redo
	s := &WALScan{
		End: redo, magic: walMagic(major), sysid: c.SystemIdentifier, segSize: c.WALSegSize, checkpoint: c.Checkpoint,
		page: redo - redo%WALBlockSize, pos: redo,
	}
	if s.magic == 0 {
		s.stop("the log's format is not known")
	}
	return s
}

// Next is the address of the page to give next.
func (s *WALScan) Next() LSN { return s.page }

func (s *WALScan) stop(format string, args ...any) bool {
	s.Stopped = fmt.Sprintf(format, args...)
	return false
}

// Page reads the page at Next, of WALBlockSize bytes, and tells whether to go on.
func (s *WALScan) Page(p []byte) bool {
	if s.Stopped != "" {
		return false
	}
	here := s.page
	header, ok := s.header(p, here)
	if !ok {
		return false
	}
	s.page += WALBlockSize
	at := header
	if s.need == 0 {
		at = max(at, int(s.pos-here))
	}
	for at < WALBlockSize {
		if s.need == 0 {
			if at = align(at, maxAlign); at >= WALBlockSize {
				break
			}
			if !s.begin(p[at:], here+LSN(at)) {
				return false
			}
		}
		n := min(int(s.need), WALBlockSize-at)
		if !s.add(p[at : at+n]) {
			return false
		}
		at += n
		if s.need == 0 {
			if !s.finish(here + LSN(at)) {
				return false
			}
			if s.page > here+WALBlockSize { // the rest of the segment is skipped
				return true
			}
		}
	}
	if s.need == 0 {
		s.pos = s.page
	}
	return true
}

// header checks a page's header (XLogReaderValidatePageHeader) and returns its size.
func (s *WALScan) header(p []byte, here LSN) (size int, ok bool) {
	d := &decoder{b: p}
	magic := uint16(d.u32())
	info := binary.LittleEndian.Uint16(p[2:])
	d.skip(4) // the timeline, which the file's name has
	addr := d.lsn()
	rest := d.u32()
	switch {
	case magic == 0 && addr == 0:
		return 0, s.stop("a page that was not written yet")
	case magic != s.magic:
		return 0, s.stop("a page with the magic number %04X", magic)
	case info&^xlpAllFlags != 0:
		return 0, s.stop("a page with the flags %04X", info)
	case addr != here:
		return 0, s.stop("a page of an earlier use of the file")
	}
	size = walShortHeader
	if here%LSN(s.segSize) == 0 {
		size = walLongHeader
		sysid, segSize, blockSize := d.u64(), d.u32(), d.u32()
		switch {
		case info&xlpLongHeader == 0:
			return 0, s.stop("a segment without its header")
		case sysid != s.sysid:
			return 0, s.stop("a segment of another cluster, %d", sysid)
		case segSize != s.segSize, blockSize != WALBlockSize:
			return 0, s.stop("a segment of another size")
		}
	}
	switch {
	case info&xlpFirstIsOverwriteContrecord != 0:
		s.need = 0 // what was begun was given up (CreateOverwriteContrecordRecord)
	case s.need > 0 && (info&xlpFirstIsContrecord == 0 || rest != s.need):
		return 0, s.stop("a record whose rest is missing")
	case s.need == 0 && s.pos == here && info&xlpFirstIsContrecord != 0:
		return 0, s.stop("the rest of a record that is not there")
	}
	return size, true
}

// begin starts a record.
func (s *WALScan) begin(b []byte, at LSN) bool {
	length := binary.LittleEndian.Uint32(b) // on one page, because records are aligned
	switch {
	case length == 0:
		return s.stop("no further record")
	case length < walRecordHeader, length > walRecordMax:
		return s.stop("a record of %d bytes", length)
	}
	s.at, s.need, s.have, s.crc, s.whole = at, length, 0, 0, s.whole[:0]
	return true
}

// add adds bytes to a record.
func (s *WALScan) add(b []byte) bool {
	s.need -= uint32(len(b))
	if s.Apply != nil && len(s.whole)+len(b) <= maxWALRecord {
		s.whole = append(s.whole, b...)
	}
	if s.have < walRecordHeader {
		n := copy(s.head[s.have:], b)
		s.have += uint32(n)
		b = b[n:]
		if s.have < walRecordHeader {
			return true
		}
		prev := LSN(binary.LittleEndian.Uint64(s.head[8:]))
		if s.prev != 0 && prev != s.prev || s.prev == 0 && prev >= s.at {
			return s.stop("a record that does not follow the one before")
		}
	}
	if at := s.have - walRecordHeader; at < uint32(len(s.payload)) {
		copy(s.payload[at:], b)
	}
	s.have += uint32(len(b))
	s.crc = crc32.Update(s.crc, castagnoli, b)
	return true
}

// finish checks a record that is complete (ValidXLogRecord).
func (s *WALScan) finish(end LSN) bool {
	crc := crc32.Update(s.crc, castagnoli, s.head[:walRecordCRC])
	if crc != binary.LittleEndian.Uint32(s.head[walRecordCRC:]) {
		return s.stop("a record whose checksum is wrong")
	}
	info, rmid := s.head[16], s.head[17]
	s.prev, s.End = s.at, (end+maxAlign-1)&^(maxAlign-1)
	s.Records++
	if s.Apply != nil {
		if rec, ok := decodeWALRecord(s.whole, s.End); ok && len(s.whole) == int(s.have) {
			s.Apply(rec)
		} else {
			s.Skipped = true
		}
	}
	switch {
	case rmid == rmXLOG && s.at == s.checkpoint:
		s.Checkpoint = info&0xf0 == xlogCheckpointShutdown || info&0xf0 == xlogCheckpointOnline
	case rmid == rmXLOG && info&0xf0 == xlogSwitch:
		s.page = (end + LSN(s.segSize) - 1) &^ LSN(s.segSize-1)
		s.End, s.pos = s.page, s.page
	case rmid == rmXact && (info&xlogXactOpMask == xlogXactCommit || info&xlogXactOpMask == xlogXactCommitPrepared):
		s.Commits++
		if t, ok := s.commitTime(); ok {
			s.LastCommit = t
		}
	}
	return true
}

// commitTime finds xact_time, the first field of xl_xact_commit (access/xact.h), which is the record's main data.
func (s *WALScan) commitTime() (time.Time, bool) {
	b := s.payload[:min(int(s.have)-walRecordHeader, len(s.payload))]
	for len(b) > 0 {
		skip := 0
		switch b[0] {
		case 255, 254: // XLR_BLOCK_ID_DATA_SHORT and _LONG, with a length of one and of four bytes
			skip = 2
			if b[0] == 254 {
				skip = 5
			}
			if len(b) < skip+8 {
				return time.Time{}, false
			}
			return timestamp(int64(binary.LittleEndian.Uint64(b[skip:]))), true
		case 253: // XLR_BLOCK_ID_ORIGIN
			skip = 3
		case 252: // XLR_BLOCK_ID_TOPLEVEL_XID
			skip = 5
		}
		if skip == 0 || len(b) < skip {
			return time.Time{}, false
		}
		b = b[skip:]
	}
	return time.Time{}, false
}
