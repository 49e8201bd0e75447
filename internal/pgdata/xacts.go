package pgdata

import (
	"encoding/binary"
	"fmt"
	"sync"
)

// Transaction ids that are not in pg_xact (access/transam.h).
const (
	bootstrapXID   = 1
	frozenXID      = 2
	firstNormalXID = 3
)

// Sizes of the logs of transactions, which are kept in files of 32 pages (SLRU_PAGES_PER_SEGMENT, access/slru.h).
const (
	slruPagesPerSegment = 32
	xactsPerPage        = BlockSize * 4 // 2 bits each (access/transam/clog.c)
	offsetsPerPage      = BlockSize / 4 // of 4 bytes each (access/transam/multixact.c)
	membersPerGroup     = 4             // a byte of flags each, followed by a transaction id each
	memberGroupSize     = membersPerGroup + membersPerGroup*4
	groupsPerPage       = BlockSize / memberGroupSize
	membersPerPage      = groupsPerPage * membersPerGroup
)

// xactCommitted is the status of a committed transaction in pg_xact (access/clog.h). Of the others, 0 was in progress
// and 2 aborted; 3 (SUB_COMMITTED) is a part of a transaction that was about to be committed, and not in time: its own
// status is written first.
const xactCommitted = 1

// MultiXactStatus of members that changed the tuple, and not only locked it (access/multixact.h).
const multiXactStatusNoKeyUpdate = 4

// ReadAt fills b with what a file of the data directory has from off on, or returns an error.
type ReadAt func(name string, b []byte, off int64) error

// Xacts knows which transactions were committed. It is safe for concurrent use.
type Xacts struct {
	read  ReadAt
	next  multi             // the one that does not exist yet
	ended map[uint32]bool   // by the log that recovery would read, and whether committed
	made  map[uint32]uint32 // multixacts, by the same log

	mu    sync.Mutex
	pages map[slruPage][]byte // nil if it cannot be read
}

type multi struct{ id, offset uint32 }

type slruPage struct {
	dir string
	no  uint32
}

// maxSLRUPages is how many pages Xacts keeps: 8 MiB, the fate of 33 million transactions.
const maxSLRUPages = 1024

// NewXacts returns the transactions of a cluster. Its control file says which ones there are.
func NewXacts(c *Control, read ReadAt) *Xacts {
	ck := &c.CheckpointCopy
	return &Xacts{
		read: read, next: multi{ck.NextMulti, ck.NextMultiOffset}, pages: map[slruPage][]byte{},
	}
}

// Committed tells whether a transaction was committed, if that is known.
func (x *Xacts) Committed(xid uint32) (committed, known bool) {
	switch {
	case xid == bootstrapXID, xid == frozenXID:
		return true, true
	case xid < firstNormalXID:
		return false, true
	}
	if committed, ok := x.ended[xid]; ok {
		return committed, true
	}
	page := x.page("pg_xact", xid/xactsPerPage)
	if page == nil {
		return false, false
	}
	at := xid % xactsPerPage
	return page[at/4]>>(at%4*2)&3 == xactCommitted, true
}

// Updater returns the member of a multixact that changed a tuple, or 0 if all have only locked it.
func (x *Xacts) Updater(id uint32) (xid uint32, known bool) {
	if updater, ok := x.made[id]; ok {
		return updater, true
	}
	start, ok := x.offset(id)
	if !ok {
		return 0, false
	}
	end, ok := x.next.offset, true
	if next := id + 1; next != x.next.id {
		end, ok = x.offset(max(next, 1)) // 0 is no multixact
	}
	// More members than sessions is nonsense, and an offset of 0 was not written.
	const most = 1 << 18 // MAX_BACKENDS (postmaster/postmaster.h)
	if !ok || end == 0 || end-start > most {
		return 0, false
	}
	for at := start; at != end; at++ {
		page := x.page("pg_multixact/members", at/membersPerPage)
		if page == nil {
			return 0, false
		}
		group := page[at%membersPerPage/membersPerGroup*memberGroupSize:]
		i := at % membersPerGroup
		if group[i] >= multiXactStatusNoKeyUpdate {
			return binary.LittleEndian.Uint32(group[membersPerGroup+i*4:]), true
		}
	}
	return 0, true
}

// offset returns where the members of a multixact begin.
func (x *Xacts) offset(id uint32) (uint32, bool) {
	page := x.page("pg_multixact/offsets", id/offsetsPerPage)
	if page == nil {
		return 0, false
	}
	offset := binary.LittleEndian.Uint32(page[id%offsetsPerPage*4:])
	return offset, offset != 0
}

// page returns a page of a log, or nil if it cannot be read.
func (x *Xacts) page(dir string, no uint32) []byte {
	x.mu.Lock()
	defer x.mu.Unlock()
	key := slruPage{dir, no}
	if page, ok := x.pages[key]; ok {
		return page
	}
	page := make([]byte, BlockSize)
	name := fmt.Sprintf("%s/%04X", dir, no/slruPagesPerSegment)
	if x.read(name, page, int64(no%slruPagesPerSegment)*BlockSize) != nil {
		page = nil
	}
	if len(x.pages) >= maxSLRUPages {
		clear(x.pages)
	}
	x.pages[key] = page
	return page
}
