package pgdata

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// FilenodeMapFile is the name of the file that says which files the mapped catalogs have; one is in global, and one in
// the folder of each database (utils/cache/relmapper.c).
const FilenodeMapFile = "pg_filenode.map"

const (
	filenodeMapMagic = 0x592717 // RELMAPPER_FILEMAGIC
	filenodeMapMax   = 64       // MAX_MAPPINGS, since 16
	// FilenodeMapSize is the length of a map: a magic number, a count, pairs, and a checksum.
	FilenodeMapSize = 8 + filenodeMapMax*8 + 4
)

// ErrFilenodeMap is wrapped by what DecodeFilenodeMap returns for a map that is damaged. Use errors.Is.
var ErrFilenodeMap = errors.New("the map is damaged")

// DecodeFilenodeMap returns the file number of each mapped catalog, by the catalog's OID.
func DecodeFilenodeMap(b []byte) (map[uint32]uint32, error) {
	bad := func(why string) (map[uint32]uint32, error) {
		return nil, fmt.Errorf("pgdata: decoding %s: %w: %s", FilenodeMapFile, ErrFilenodeMap, why)
	}
	if len(b) < FilenodeMapSize {
		return bad(fmt.Sprintf("it has %d bytes, not %d", len(b), FilenodeMapSize))
	}
	b = b[:FilenodeMapSize]
	n := binary.LittleEndian.Uint32(b[4:])
	switch end := FilenodeMapSize - 4; {
	case binary.LittleEndian.Uint32(b) != filenodeMapMagic:
		return bad("it does not begin with its magic number")
	case n > filenodeMapMax:
		return bad(fmt.Sprintf("it claims %d entries", n))
	case crc32c(b[:end]) != binary.LittleEndian.Uint32(b[end:]):
		return bad("its checksum is wrong")
	}
	m := make(map[uint32]uint32, n)
	for i := range n {
		m[binary.LittleEndian.Uint32(b[8+i*8:])] = binary.LittleEndian.Uint32(b[12+i*8:])
	}
	return m, nil
}
