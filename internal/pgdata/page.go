// Package pgdata knows what is in the files of a data directory.
package pgdata

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// PageSize is BLCKSZ: how large a page of a relation is, in bytes.
const PageSize = 8192

// Offsets in a page's header (bufpage.h).
const (
	pdChecksum = 8
	pdUpper    = 14
)

// ErrChecksum is wrapped by what [CheckPage] returns for a page whose checksum
// is wrong.
var ErrChecksum = errors.New("wrong checksum")

// CheckPage verifies the checksum of a page of a relation. block is the page's
// number in the relation, counted through all segments. Like PostgreSQL it
// accepts a page of zeros, which is one that was never written.
func CheckPage(page []byte, block uint32) error {
	if len(page) != PageSize {
		return fmt.Errorf("pgdata: block %d: a page of %d bytes", block, len(page))
	}
	if binary.LittleEndian.Uint16(page[pdUpper:]) == 0 { // PageIsNew
		for i, b := range page {
			if b != 0 {
				return fmt.Errorf("pgdata: block %d: byte %d of a new page is %#x", block, i, b)
			}
		}
		return nil
	}
	has, want := binary.LittleEndian.Uint16(page[pdChecksum:]), Checksum(page, block)
	if has != want {
		return fmt.Errorf("pgdata: block %d: %w: %#04x, and the content has %#04x", block, ErrChecksum, has, want)
	}
	return nil
}

// Checksum returns the checksum that a page of a relation should have
// (checksum_impl.h): 32 sums of FNV-1a's kind, each over every 32nd word, and
// the block number.
func Checksum(page []byte, block uint32) uint16 {
	sums := checksumBase
	var words [len(sums)]uint32
	add := func() {
		for i, w := range words {
			x := sums[i] ^ w
			sums[i] = x*fnvPrime ^ x>>17
		}
	}
	for at := 0; at < PageSize; at += 4 * len(words) {
		for i := range words {
			words[i] = binary.LittleEndian.Uint32(page[at+4*i:])
		}
		if at == 0 {
			words[pdChecksum/4] &= 0xffff0000 // without the checksum itself
		}
		add()
	}
	words = [len(sums)]uint32{}
	add()
	add()
	sum := block
	for _, s := range sums {
		sum ^= s
	}
	return uint16(sum%0xffff) + 1
}

const fnvPrime = 16777619

// checksumBase is what the sums begin with.
var checksumBase = [32]uint32{
	0x5b1f36e9, 0xb8525960, 0x02ab50aa, 0x1de66d2a, 0x79ff467a, 0x9bb9f8a3, 0x217e7cd2, 0x83e13d2c,
	0xf8d4474f, 0xe39eb970, 0x42c6ae16, 0x993216fa, 0x7b093b5d, 0x98daff3c, 0xf718902a, 0x0b1c9cdb,
	0xe58f764b, 0x187636bc, 0x5d7b3bb1, 0xe73de7de, 0x92bec979, 0xcca6c0b2, 0x304a0979, 0x85aa43d4,
	0x783125bb, 0x6ca8eaa2, 0xe407eac6, 0x4b5cfc3e, 0x9fbf8c76, 0x15ca20be, 0xf2ca9fd3, 0x959bd756,
}
