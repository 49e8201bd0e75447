package runtime

import (
	"errors"
	"fmt"

	"github.com/calfdb/calf/runtime/internal/linmem"
)

// The header of PostgreSQL's shared memory segment (pg_shmem.h): a magic
// number, the creator's pid and the size.
const (
	shmemMagic = 679834894
	shmemSize  = 8
)

// What Emscripten's mmap notes behind what it maps (struct map): the address
// and the length that was asked for.
const (
	mapAddress = 0
	mapLength  = 4
)

// minShmem is less than the smallest segment, and more than the System V
// segment that only guards the data directory, and has the same header.
const minShmem = 1 << 20

// sharedRanges finds the memory that all processes share: the main segment and
// what was mapped from files. Memory is shared in pages of up to 64 KiB, so it
// makes sure that the segment is a mapping of its own: the linked mmap gives
// each one whole pages.
func (pm *postmaster) sharedRanges() ([]linmem.Range, error) {
	g := pm.proc.guest
	end := uint64(len(g.Mem.Bytes()))
	for at := uint64(0); at < end; at += linmem.PageSize {
		size := g.Load32(uint32(at) + shmemSize)
		if g.Load32(uint32(at)) != shmemMagic || size < minShmem {
			continue
		}
		r := linmem.Range{Off: at, Len: (uint64(size) + linmem.PageSize - 1) &^ (linmem.PageSize - 1)}
		notes := r.Off + r.Len
		if notes >= end || g.Load32(uint32(notes)+mapAddress) != uint32(at) || g.Load32(uint32(notes)+mapLength) != size {
			return nil, fmt.Errorf("BUG: the shared memory segment, %d bytes at %d, is not a mapping of whole pages", size, at)
		}
		return append(pm.ranges, r), nil
	}
	return nil, errors.New("BUG: found no shared memory segment")
}
