package runtime_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/stretchr/testify/require"
)

// What is shared consists of whole pages of 64 KiB, the largest of any system,
// whatever the size of the segment, and nothing else is in them.
func TestSharedRangesAreWholePages(t *testing.T) {
	t.Parallel()
	sizes := map[uint32]bool{} // of the segment, modulo a page
	for connections := 20; connections < 100; connections += 13 {
		c := start(t, runtime.ClusterConfig{NoBackground: true, Settings: map[string]string{
			// PostgreSQL believes in huge pages here, and would round to 2 MiB.
			"huge_pages": "off", "shared_buffers": "1MB", "max_connections": fmt.Sprint(connections),
		}})
		var allocated []uint32
		var memory []byte
		ranges, err := c.SharedRanges(func(b func() []byte, malloc func(int) uint32) {
			for range 2000 {
				n := 1 + rand.IntN(3000)
				allocated = append(allocated, malloc(n))
			}
			memory = b() // it may have moved
		})
		require.NoError(t, err)
		require.Len(t, ranges, 2, "of the control of dynamic shared memory, and the segment")
		for _, r := range ranges {
			require.Zero(t, r.Off%linmem.PageSize)
			require.Zero(t, r.Len%linmem.PageSize)
			for _, at := range allocated {
				require.False(t, uint64(at) >= r.Off && uint64(at) < r.Off+r.Len, "the heap has %d, and %v is shared", at, r)
			}
		}
		segment := ranges[1]
		size := binary.LittleEndian.Uint32(memory[segment.Off+8:])
		sizes[size%linmem.PageSize] = true
		behind := memory[segment.Off+uint64(size) : segment.Off+segment.Len]
		require.Equal(t, -1, bytes.IndexFunc(behind, func(r rune) bool { return r != 0 }), "something is behind the segment")
	}
	require.Greater(t, len(sizes), 1, "the test is to see ends within pages")
}

// A segment that shared its last page with something else must not be used.
func TestSharedRangesRefusesASegmentWithoutAnEnd(t *testing.T) {
	t.Parallel()
	c := start(t, runtime.ClusterConfig{NoBackground: true, Settings: map[string]string{"huge_pages": "off", "shared_buffers": "1MB"}})
	ranges, err := c.SharedRanges(func(func() []byte, func(int) uint32) {})
	require.NoError(t, err)
	segment := ranges[1]
	for name, damage := range map[string]func(b []byte) (undo func()){
		"another mapping's notes": func(b []byte) func() { return add(b[segment.Off+segment.Len:], 16) },
		"another length":          func(b []byte) func() { return add(b[segment.Off+segment.Len+4:], 8192) },
		"a larger segment":        func(b []byte) func() { return add(b[segment.Off+8:], linmem.PageSize) },
		"no magic number":         func(b []byte) func() { return add(b[segment.Off:], 1) },
	} {
		var undo func()
		_, err := c.SharedRanges(func(b func() []byte, _ func(int) uint32) { undo = damage(b()) })
		require.ErrorContains(t, err, "BUG: ", name)
		_, err = c.SharedRanges(func(func() []byte, func(int) uint32) { undo() })
		require.NoError(t, err, name)
	}
}

// add adds to a word, and returns what takes it back.
func add(b []byte, n uint32) (undo func()) {
	was := binary.LittleEndian.Uint32(b)
	binary.LittleEndian.PutUint32(b, was+n)
	return func() { binary.LittleEndian.PutUint32(b, was) }
}
