package pgdata

import (
	"iter"
	"maps"
	"slices"
)

// Limits of what a Redo holds in memory.
const (
	maxRedoCatalogPages = 2 << 10 // 16 MiB, and with their tuples' places and what is added to them at most 100 MiB
	maxRedoPages        = 4 << 10 // of other relations
	maxRedoXacts        = 1 << 20
	maxRedoImages       = 1 << 18
	maxHeapTuples       = 291 // MaxHeapTuplesPerPage, access/htup_details.h
)

// Redo applies the log to the tables that a reader is interested in, in memory, as recovery would on disk. It knows what
// makes a row appear and disappear: inserts, updates, deletes, updates in place, images of whole pages, and the ends of
// transactions. What cleans up (pruning, freezing, vacuum) or only locks it leaves out, which does not change what a
// query sees.
type Redo struct {
	// Incomplete tells that something could not be applied: there was more than is kept, or a page was not to be had.
	Incomplete bool

	wanted func(Filenode) bool
	read   func(Filenode, uint32) (Page, bool)
	pages  map[Filenode]map[uint32]*redoPage
	count  map[bool]int // pages, of catalogs and of other relations
	images map[imageKey]struct{}
	xacts  map[uint32]bool   // whether they were committed
	multis map[uint32]uint32 // the member of a multixact that is not only a lock
}

type imageKey struct {
	node  Filenode
	fork  uint8
	block uint32
}

// A redoPage is a page of a table as its line pointers and tuples; nil where there is no tuple.
type redoPage struct {
	lsn    LSN
	tuples []Tuple
	added  int // bytes of tuples that the log has added
}

// NewRedo returns a Redo for relations that wanted names, whose pages read reads as they are on disk.
func NewRedo(wanted func(Filenode) bool, read func(node Filenode, block uint32) (Page, bool)) *Redo {
	return &Redo{
		wanted: wanted, read: read, pages: map[Filenode]map[uint32]*redoPage{}, count: map[bool]int{},
		images: map[imageKey]struct{}{}, xacts: map[uint32]bool{}, multis: map[uint32]uint32{},
	}
}

// Tuples returns the tuples of a block that the log has changed.
func (r *Redo) Tuples(node Filenode, block uint32) (iter.Seq[Tuple], bool) {
	p := r.pages[node][block]
	if p == nil {
		return nil, false
	}
	return func(yield func(Tuple) bool) {
		for _, t := range p.tuples {
			if t != nil && !yield(t) {
				return
			}
		}
	}, true
}

// Blocks returns the blocks that the log has changed of a relation, from one on, in order.
func (r *Redo) Blocks(node Filenode, from uint32) (blocks []uint32) {
	for block := range r.pages[node] {
		if block >= from {
			blocks = append(blocks, block)
		}
	}
	slices.Sort(blocks)
	return blocks
}

// Nodes returns the relations that the log has changed.
func (r *Redo) Nodes() iter.Seq[Filenode] { return maps.Keys(r.pages) }

// Restores tells whether recovery writes a block anew from an image, so that it does not matter what it is like now.
func (r *Redo) Restores(node Filenode, fork Fork, block uint32) bool {
	_, ok := r.images[imageKey{node, uint8(slices.Index(walForks[:], fork)), block}]
	return ok
}

// Apply applies a record.
func (r *Redo) Apply(rec *WALRecord) {
	restored := [xlrMaxBlockID + 1]bool{}
	for i := range rec.blocks {
		b := &rec.blocks[i]
		if b.image != nil && b.apply {
			restored[b.id] = true
			r.restore(b, rec.End)
		}
	}
	const heap, heap2, smgr, multixact = 10, 9, 2, 6 // RM_HEAP_ID and so on, access/rmgrlist.h
	switch rec.rmid {
	case heap:
		r.applyHeap(rec, &restored)
	case heap2:
		const multiInsert = 0x50 // XLOG_HEAP2_MULTI_INSERT
		if rec.info&heapOpMask == multiInsert && !restored[0] {
			r.multiInsert(rec)
		}
	case rmXact:
		r.applyXact(rec)
	case multixact:
		const createID = 0x20 // XLOG_MULTIXACT_CREATE_ID
		if rec.info&0xf0 == createID {
			r.multixact(rec)
		}
	case smgr:
		const truncate = 0x20 // XLOG_SMGR_TRUNCATE
		if rec.info&0xf0 == truncate {
			r.truncate(rec)
		}
	}
}

// restore replaces a page by its image.
func (r *Redo) restore(b *walBlock, lsn LSN) {
	if len(r.images) < maxRedoImages {
		r.images[imageKey{b.node, uint8(slices.Index(walForks[:], b.fork)), b.number}] = struct{}{}
	}
	if b.fork != MainFork || !r.wanted(b.node) {
		return
	}
	p, ok := b.page()
	if !ok {
		r.drop(b.node, b.number)
		r.Incomplete = true
		return
	}
	if p.special() != BlockSize { // an index has something there
		r.drop(b.node, b.number)
		return
	}
	r.put(b.node, b.number, newRedoPage(p, lsn))
}

// put keeps a page, if there is room.
func (r *Redo) put(node Filenode, block uint32, p *redoPage) {
	if r.pages[node][block] == nil {
		if r.full(node) {
			r.Incomplete = true
			return
		}
		r.count[isCatalog(node)]++
	}
	if r.pages[node] == nil {
		r.pages[node] = map[uint32]*redoPage{}
	}
	r.pages[node][block] = p
}

func isCatalog(n Filenode) bool { return n.Number < FirstNormalObjectId }

func (r *Redo) full(node Filenode) bool {
	if isCatalog(node) {
		return r.count[true] >= maxRedoCatalogPages
	}
	return r.count[false] >= maxRedoPages
}

// drop forgets a page.
func (r *Redo) drop(node Filenode, block uint32) {
	if r.pages[node][block] != nil {
		delete(r.pages[node], block)
		r.count[isCatalog(node)]--
	}
}

// newRedoPage takes a page apart, which it keeps.
func newRedoPage(p Page, lsn LSN) *redoPage {
	page := &redoPage{lsn: lsn}
	if p.New() || !p.headerValid() {
		return page
	}
	for at := PageHeaderSize; at+4 <= p.lower() && len(page.tuples) < maxHeapTuples; at += 4 {
		t, _ := p.tuple(at)
		page.tuples = append(page.tuples, t)
	}
	return page
}

// page returns the page that a block is before a record changes it. It is nil if the page is not wanted, not to be had,
// or has the change already.
func (r *Redo) page(b *walBlock, lsn LSN) *redoPage {
	if b == nil || b.fork != MainFork || !r.wanted(b.node) {
		return nil
	}
	p := r.pages[b.node][b.number]
	switch {
	case b.willInit:
		p = &redoPage{}
		r.put(b.node, b.number, p)
	case p == nil:
		if r.full(b.node) {
			r.Incomplete = true
			return nil
		}
		disk, ok := r.read(b.node, b.number)
		if !ok {
			r.Incomplete = true
			return nil
		}
		if disk.LSN() >= lsn {
			return nil
		}
		p = newRedoPage(disk, disk.LSN())
		r.put(b.node, b.number, p)
	case p.lsn >= lsn:
		return nil
	}
	p.lsn = lsn
	return p
}

// set puts a tuple at an offset, which counts from 1.
func (r *Redo) set(p *redoPage, offset int, t Tuple) bool {
	if offset < 1 || offset > maxHeapTuples || len(t) < tupleHeaderSize || len(t) > BlockSize {
		return false
	}
	if p.added += len(t); p.added > 2*BlockSize {
		r.prune(p)
	}
	for len(p.tuples) < offset {
		p.tuples = append(p.tuples, nil)
	}
	p.tuples[offset-1] = t
	return p.added <= 4*BlockSize
}

// prune removes tuples that the log has shown to be dead, as the server did to make room. Nothing refers to them any
// more.
func (r *Redo) prune(p *redoPage) {
	p.added = 0
	for i, t := range p.tuples {
		switch {
		case t == nil:
			continue
		case r.dead(t):
			p.tuples[i] = nil
		default:
			p.added += len(t)
		}
	}
}

func (r *Redo) dead(t Tuple) bool {
	mask := t.mask()
	if committed, ok := r.xacts[t.xmin()]; ok && !committed && mask&heapXminCommitted == 0 {
		return true
	}
	return mask&(heapXmaxInvalid|heapXmaxIsMulti) == 0 && !lockedOnly(mask) && t.xmax() != 0 && r.xacts[t.xmax()]
}

// get returns the tuple at an offset, or nil.
func (p *redoPage) get(offset int) Tuple {
	if offset < 1 || offset > len(p.tuples) {
		return nil
	}
	return p.tuples[offset-1]
}

// truncate forgets blocks that a relation has lost (xl_smgr_truncate: a block, a locator and flags).
func (r *Redo) truncate(rec *WALRecord) {
	c := &cursor{b: rec.main, ok: true}
	block := c.u32()
	node := Filenode{Tablespace: c.u32(), Database: c.u32(), Number: c.u32()}
	if !c.ok {
		return
	}
	for _, b := range r.Blocks(node, block) {
		r.drop(node, b)
	}
}

// applyXact notes the end of a transaction and its parts (xl_xact_commit, xl_xact_abort, access/xact.h).
func (r *Redo) applyXact(rec *WALRecord) {
	const abort, hasInfo, hasDatabase, hasSubxacts = 0x20, 0x80, 1, 2
	op := rec.info & xlogXactOpMask
	if op == xlogXactCommitPrepared {
		r.Incomplete = true // its transaction id is far behind in the record, and PGlite prepares none
		return
	}
	if op != xlogXactCommit && op != abort {
		return
	}
	r.end(rec.xid, op == xlogXactCommit)
	c := &cursor{b: rec.main, ok: true}
	c.take(8) // the time
	if rec.info&hasInfo == 0 {
		return
	}
	info := c.u32()
	if info&hasDatabase != 0 {
		c.take(8)
	}
	if info&hasSubxacts != 0 {
		for n := c.u32(); n > 0 && c.ok; n-- {
			if xid := c.u32(); c.ok {
				r.end(xid, op == xlogXactCommit)
			}
		}
	}
}

func (r *Redo) end(xid uint32, committed bool) {
	if xid < firstNormalXID {
		return
	}
	if len(r.xacts) >= maxRedoXacts {
		r.Incomplete = true
		return
	}
	r.xacts[xid] = committed
}

// multixact notes the member of a multixact that changes a tuple (xl_multixact_create: an id, an offset, a count, and for
// each member a transaction and what it does).
func (r *Redo) multixact(rec *WALRecord) {
	c := &cursor{b: rec.main, ok: true}
	id, _, n := c.u32(), c.u32(), c.u32()
	updater := uint32(0)
	for ; n > 0 && c.ok; n-- {
		if xid, status := c.u32(), c.u32(); c.ok && status >= multiXactStatusNoKeyUpdate {
			updater = xid
		}
	}
	if len(r.multis) >= maxRedoXacts {
		r.Incomplete = true
		return
	}
	r.multis[id] = updater
}

// Xacts tells x of the transactions that the log ends, and of the multixacts that it makes.
func (r *Redo) Xacts(x *Xacts) { x.ended, x.made = r.xacts, r.multis }
