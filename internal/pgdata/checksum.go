package pgdata

import "encoding/binary"

// The parameters of the checksum (storage/checksum_impl.h): 32 sums run side by side over a page seen as 64 rows of 32
// words, each mixing in one word after the other as FNV-1a does, with a shift to carry high bits down.
const (
	checksumSums = 32
	fnvPrime     = 16777619
)

var checksumBase = [checksumSums]uint32{
	0x5B1F36E9, 0xB8525960, 0x02AB50AA, 0x1DE66D2A, 0x79FF467A, 0x9BB9F8A3, 0x217E7CD2, 0x83E13D2C,
	0xF8D4474F, 0xE39EB970, 0x42C6AE16, 0x993216FA, 0x7B093B5D, 0x98DAFF3C, 0xF718902A, 0x0B1C9CDB,
	0xE58F764B, 0x187636BC, 0x5D7B3BB1, 0xE73DE7DE, 0x92BEC979, 0xCCA6C0B2, 0x304A0979, 0x85AA43D4,
	0x783125BB, 0x6CA8EAA2, 0xE407EAC6, 0x4B5CFC3E, 0x9FBF8C76, 0x15CA20BE, 0xF2CA9FD3, 0x959BD756,
}

// PageChecksum computes the checksum of a page (pg_checksum_page), as if its checksum field were zero. block is the
// page's number in its fork.
func PageChecksum(p Page, block uint32) uint16 {
	sums := checksumBase
	p = p[:BlockSize]
	for row := 0; row < BlockSize; row += checksumSums * 4 {
		words := p[row : row+checksumSums*4 : row+checksumSums*4]
		for i := range sums {
			w := binary.LittleEndian.Uint32(words[i*4:])
			if row == 0 && i == 2 {
				w &= 0xffff0000 // pd_checksum, the lower half of the third word
			}
			t := sums[i] ^ w
			sums[i] = t*fnvPrime ^ t>>17
		}
	}
	var sum uint32
	for _, s := range sums {
		for range 2 { // two rows of zeros
			s = s*fnvPrime ^ s>>17
		}
		sum ^= s
	}
	return uint16((sum^block)%65535 + 1)
}
