package pgdata

import "encoding/binary"

// Parts of a record's header (access/xlogrecord.h).
const (
	xlrMaxBlockID      = 32  // XLR_MAX_BLOCK_ID
	xlrBlockIDShort    = 255 // XLR_BLOCK_ID_DATA_SHORT
	xlrBlockIDLong     = 254 // XLR_BLOCK_ID_DATA_LONG
	xlrBlockIDOrigin   = 253 // XLR_BLOCK_ID_ORIGIN
	xlrBlockIDToplevel = 252 // XLR_BLOCK_ID_TOPLEVEL_XID

	bkpblockForkMask = 0x0F
	bkpblockHasImage = 0x10
	bkpblockHasData  = 0x20
	bkpblockWillInit = 0x40
	bkpblockSameRel  = 0x80

	bkpimageHasHole    = 0x01
	bkpimageApply      = 0x02
	bkpimageCompressed = 0x04 | 0x08 | 0x10 // pglz, lz4, zstd
)

// walForks are forks by their numbers (ForkNumber, common/relpath.h).
var walForks = [...]Fork{MainFork, FSMFork, VMFork, InitFork}

// WALRecord is a record of the log.
type WALRecord struct {
	End    LSN // which pages that it changed have as their LSN
	xid    uint32
	rmid   uint8
	info   uint8
	blocks []walBlock
	main   []byte
}

// A walBlock is a block that a record changes.
type walBlock struct {
	id       uint8
	node     Filenode
	fork     Fork
	number   uint32
	willInit bool
	data     []byte

	image      []byte // nil if there is none
	hole       int    // where the zeros are that the image leaves out
	apply      bool   // the image is what the block becomes
	compressed bool
}

// block returns the block of a record that has an id.
func (r *WALRecord) block(id uint8) *walBlock {
	for i := range r.blocks {
		if r.blocks[i].id == id {
			return &r.blocks[i]
		}
	}
	return nil
}

// page rebuilds a page from its image.
func (b *walBlock) page() (Page, bool) {
	if b.compressed || len(b.image) > BlockSize || b.hole > len(b.image) {
		return nil, false
	}
	p := make(Page, BlockSize)
	copy(p, b.image[:b.hole])
	rest := b.image[b.hole:]
	copy(p[BlockSize-len(rest):], rest)
	return p, true
}

// cursor reads values that are not aligned.
type cursor struct {
	b  []byte
	ok bool
}

func (c *cursor) take(n int) []byte {
	if n < 0 || n > len(c.b) {
		c.b, c.ok = nil, false
		return make([]byte, min(max(n, 0), 16))
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

func (c *cursor) u8() uint8   { return c.take(1)[0] }
func (c *cursor) u16() uint16 { return binary.LittleEndian.Uint16(c.take(2)) }
func (c *cursor) u32() uint32 { return binary.LittleEndian.Uint32(c.take(4)) }

// decodeWALRecord decodes a whole record, its header included (DecodeXLogRecord, access/transam/xlogreader.c). The
// record refers to b.
func decodeWALRecord(b []byte, end LSN) (*WALRecord, bool) {
	if len(b) < walRecordHeader {
		return nil, false
	}
	r := &WALRecord{End: end, xid: binary.LittleEndian.Uint32(b[4:]), info: b[16], rmid: b[17]}
	c := &cursor{b: b[walRecordHeader:], ok: true}
	var lengths [][2]int // of image and data
	payload, mainLen := 0, 0
	var last Filenode
	for c.ok && len(c.b) > payload {
		switch id := c.u8(); {
		case id == xlrBlockIDShort:
			mainLen = int(c.u8())
			payload += mainLen
		case id == xlrBlockIDLong:
			mainLen = int(c.u32())
			payload += mainLen
		case id == xlrBlockIDOrigin:
			c.take(2)
		case id == xlrBlockIDToplevel:
			c.take(4)
		case id <= xlrMaxBlockID:
			block, image, data := decodeWALBlock(c, id, &last)
			r.blocks, lengths = append(r.blocks, block), append(lengths, [2]int{image, data})
			payload += image + data
		default:
			return nil, false
		}
	}
	for i, l := range lengths {
		if image := c.take(l[0]); l[0] > 0 {
			r.blocks[i].image = image
		}
		r.blocks[i].data = c.take(l[1])
	}
	r.main = c.take(mainLen)
	return r, c.ok
}

// decodeWALBlock decodes the header of a block, and returns how long its image and its data are.
func decodeWALBlock(c *cursor, id uint8, last *Filenode) (b walBlock, image, data int) {
	flags := c.u8()
	data = int(c.u16())
	b = walBlock{id: id, willInit: flags&bkpblockWillInit != 0}
	if f := int(flags & bkpblockForkMask); f < len(walForks) {
		b.fork = walForks[f]
	}
	if flags&bkpblockHasImage != 0 {
		image = int(c.u16())
		b.hole = int(c.u16())
		info := c.u8()
		b.apply, b.compressed = info&bkpimageApply != 0, info&bkpimageCompressed != 0
		if b.compressed && info&bkpimageHasHole != 0 {
			c.take(2) // the hole's length
		}
	}
	if flags&bkpblockSameRel == 0 {
		*last = Filenode{Tablespace: c.u32(), Database: c.u32(), Number: c.u32()}
	}
	b.node, b.number = *last, c.u32()
	return b, image, data
}
