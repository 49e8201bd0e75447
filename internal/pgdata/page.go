package pgdata

import (
	"encoding/binary"
	"errors"
	"iter"
)

// BlockSize is the size of a page (BLCKSZ). PGlite's builds and all common ones use it; a control file says it.
const BlockSize = 8192

// PageHeaderSize is where a page's line pointers begin (SizeOfPageHeaderData, storage/bufpage.h).
const PageHeaderSize = 24

const (
	pageLayoutVersion = 4      // PG_PAGE_LAYOUT_VERSION, since 8.3
	pageValidFlags    = 0x0007 // PD_VALID_FLAG_BITS
	maxAlign          = 8
)

// Page is the bytes of one block of a relation, BlockSize of them (storage/bufpage.h).
type Page []byte

// What is wrong with a page.
var (
	ErrPageChecksum = errors.New("the checksum is wrong")
	ErrPageHeader   = errors.New("the page header is invalid")
	ErrPageZeros    = errors.New("the page has no header and is not all zeros")
)

// LSN is the end of the WAL record that changed the page last.
func (p Page) LSN() LSN {
	return LSN(uint64(binary.LittleEndian.Uint32(p))<<32 | uint64(binary.LittleEndian.Uint32(p[4:])))
}

// Checksum is the checksum that the page has.
func (p Page) Checksum() uint16 { return p.u16(8) }

func (p Page) lower() int       { return int(p.u16(12)) }
func (p Page) upper() int       { return int(p.u16(14)) }
func (p Page) special() int     { return int(p.u16(16)) }
func (p Page) u16(o int) uint16 { return binary.LittleEndian.Uint16(p[o:]) }

// New tells whether the page was never initialized (PageIsNew).
func (p Page) New() bool { return p.upper() == 0 }

// Verify checks a page as PostgreSQL does when it reads one (PageIsVerified, storage/page/bufpage.c): the header, and
// the checksum if the cluster has checksums. block is the page's number in its fork, over all segments. A page of zeros
// is valid.
func (p Page) Verify(block uint32, checksums bool) error {
	if p.New() {
		for _, b := range p {
			if b != 0 {
				return ErrPageZeros
			}
		}
		return nil
	}
	if checksums && p.Checksum() != PageChecksum(p, block) {
		return ErrPageChecksum
	}
	if !p.headerValid() {
		return ErrPageHeader
	}
	return nil
}

func (p Page) headerValid() bool {
	lower, upper, special := p.lower(), p.upper(), p.special()
	return p.u16(10)&^pageValidFlags == 0 && p.u16(18) == BlockSize|pageLayoutVersion &&
		PageHeaderSize <= lower && lower <= upper && upper <= special && special <= BlockSize && special%maxAlign == 0
}

const lpNormal = 1 // LP_NORMAL, storage/itemid.h

// Tuples are the tuples that normal line pointers of a heap page point to. Those that do not fit in the page are left
// out.
func (p Page) Tuples() iter.Seq[Tuple] {
	return func(yield func(Tuple) bool) {
		if p.New() || !p.headerValid() {
			return
		}
		for at := PageHeaderSize; at+4 <= p.lower(); at += 4 {
			if t, ok := p.tuple(at); ok && !yield(t) {
				return
			}
		}
	}
}

// tuple returns the tuple that the line pointer at a place points to, if it is a normal one and fits in the page.
func (p Page) tuple(at int) (Tuple, bool) {
	item := binary.LittleEndian.Uint32(p[at:]) // lp_off:15, lp_flags:2, lp_len:15
	off, flags, length := int(item&0x7fff), item>>15&3, int(item>>17)
	if flags != lpNormal || off < p.upper() || off+length > p.special() || length < tupleHeaderSize {
		return nil, false
	}
	return Tuple(p[off : off+length : off+length]), true
}
