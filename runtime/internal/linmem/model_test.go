package linmem_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/stretchr/testify/require"
)

// block is what the model sees as one byte.
const block = 8192

const maxPages = 40

// A modelMemory has a cell for each block. Memories that share a block share
// its cell.
type modelMemory struct {
	*linmem.Memory
	cells  []*byte
	shared []linmem.Range
}

// A modelImage has the cells that are shared, and the values of the others.
type modelImage struct {
	*linmem.Image
	cells  []*byte
	values []byte
}

// A model does at random what can be done with memories, and knows what they
// should hold.
type model struct {
	*testing.T
	*rand.Rand
	shared   []linmem.Range
	memories []*modelMemory
	images   []*modelImage
	log      []string
}

func TestMemoriesHoldWhatTheModelHolds(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		for seed := range uint64(25) {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				m := &model{T: t, Rand: rand.New(rand.NewPCG(seed, 1))}
				defer m.close()
				m.boot(k)
				for range 60 {
					m.step()
					m.check()
				}
			})
		}
	})
}

// boot makes the first memory, and an image of it.
func (m *model) boot(k kind) {
	mem, err := k(maxPages * page)
	require.NoError(m, err)
	first := &modelMemory{Memory: mem}
	m.memories = append(m.memories, first)
	m.grow(first, 1)
	for range 1 + m.IntN(6) {
		m.grow(first, m.IntN(10))
		m.write(first)
		m.zero(first)
		m.write(first)
		m.check()
	}
	for at := m.IntN(5); ; {
		n := 1 + m.IntN(8)
		if (at+n)*page > len(first.Bytes()) {
			break
		}
		m.shared = append(m.shared, linmem.Range{Off: uint64(at * page), Len: uint64(n * page)})
		at += n + m.IntN(3)
	}
	m.Shuffle(len(m.shared), func(i, j int) { m.shared[i], m.shared[j] = m.shared[j], m.shared[i] })
	m.note("freeze %v", m.shared)
	im, err := first.Freeze(m.shared)
	require.NoError(m, err)
	first.shared = slices.Clone(m.shared)
	m.image(im, first)
}

// image notes an image of a memory.
func (m *model) image(im *linmem.Image, of *modelMemory) *modelImage {
	image := &modelImage{im, make([]*byte, len(of.cells)), make([]byte, len(of.cells))}
	for i, c := range of.cells {
		image.values[i] = *c
		for _, r := range m.shared {
			if off := uint64(i * block); off >= r.Off && off < r.Off+r.Len {
				image.cells[i] = c
			}
		}
	}
	m.images = append(m.images, image)
	return image
}

func (m *model) step() {
	of := m.memories[m.IntN(len(m.memories))]
	switch m.IntN(8) {
	case 0:
		m.grow(of, m.IntN(10))
	case 1:
		m.zero(of)
	case 2, 3:
		m.clone()
	case 4:
		if len(m.memories) > 3 {
			m.note("close %d", len(of.cells))
			of.Close()
			m.memories = slices.DeleteFunc(m.memories, func(c *modelMemory) bool { return c == of })
		}
	case 5:
		m.refreeze(of)
	default:
		m.mapSegment(of)
	}
	for range 3 {
		m.write(m.memories[m.IntN(len(m.memories))])
	}
}

func (m *model) grow(of *modelMemory, pages int) {
	size := min(len(of.Bytes())+pages*page, maxPages*page)
	m.note("grow to %d", size)
	require.Len(m, of.Reallocate(uint64(size)), size)
	for len(of.cells) < size/block {
		of.cells = append(of.cells, new(byte))
	}
}

func (m *model) write(of *modelMemory) {
	for range 20 {
		i, v := m.IntN(len(of.cells)), byte(m.IntN(256))
		b := use(of.Memory)
		b[i*block], b[(i+1)*block-1], *of.cells[i] = v, v, v
	}
}

func (m *model) zero(of *modelMemory) {
	from := m.IntN(len(of.cells))
	n := m.IntN(len(of.cells) - from + 1)
	m.note("zero %d blocks at %d", n, from)
	of.Take()
	of.Zero(uint64(from*block), uint64(n*block))
	for _, c := range of.cells[from : from+n] {
		*c = 0
	}
}

func (m *model) clone() {
	of := m.images[m.IntN(len(m.images))]
	m.note("clone %d", len(of.cells))
	mem, err := of.Clone(maxPages * page)
	if err != nil { // its memories are closed
		require.ErrorContains(m, err, "closed")
		m.images = slices.DeleteFunc(m.images, func(c *modelImage) bool { return c == of })
		if len(m.images) == 0 {
			m.refreeze(m.memories[0])
		}
		return
	}
	c := &modelMemory{mem, slices.Clone(of.cells), slices.Clone(m.shared)}
	for i := range c.cells {
		if c.cells[i] == nil {
			v := of.values[i]
			c.cells[i] = &v
		}
	}
	m.memories = append(m.memories, c)
}

func (m *model) refreeze(of *modelMemory) {
	m.note("refreeze %d", len(of.cells))
	im, err := of.Refreeze()
	require.NoError(m, err)
	again := m.image(im, of)
	of.shared = slices.Clone(m.shared)
	for i, c := range again.cells {
		if c == nil { // it shares no segments any more
			v := again.values[i]
			of.cells[i] = &v
		}
	}
}

// mapSegment maps a segment into one memory or two, where nothing is shared.
func (m *model) mapSegment(of *modelMemory) {
	pages, at := 1+m.IntN(8), m.IntN(maxPages)
	content := make([]byte, pages*page)
	cells := make([]*byte, len(content)/block)
	for i := range cells {
		v := byte(m.IntN(256))
		content[i*block], content[(i+1)*block-1], cells[i] = v, v, &v
	}
	seg, err := of.NewSegment(content)
	require.NoError(m, err)
	defer seg.Close()
	to := []*modelMemory{of}
	if other := m.memories[m.IntN(len(m.memories))]; other != of {
		to = append(to, other)
	}
	r := linmem.Range{Off: uint64(at * page), Len: uint64(pages * page)}
	for _, c := range to {
		if !c.private(r) {
			require.Error(m, c.Map(r.Off, seg))
			continue
		}
		m.note("map %d pages at %d of %d", pages, at, len(c.Bytes()))
		require.NoError(m, c.Map(r.Off, seg))
		copy(c.cells[at*page/block:], cells)
		c.shared = append(c.shared, r)
	}
}

// private tells whether nothing of a range is shared.
func (of *modelMemory) private(r linmem.Range) bool {
	for _, s := range of.shared {
		if r.Off < s.Off+s.Len && r.Off+r.Len > s.Off {
			return false
		}
	}
	return r.Off+r.Len <= uint64(len(of.Bytes()))
}

func (m *model) check() {
	for k, of := range m.memories {
		b := use(of.Memory)
		require.Len(m, b, len(of.cells)*block)
		for i, c := range of.cells {
			b := b[i*block : (i+1)*block]
			if b[0] != *c || b[len(b)-1] != *c || !bytes.Equal(b[1:65], make([]byte, 64)) {
				m.Fatalf("memory %d: block %d is %d, not %d, after %q", k, i, b[0], *c, m.log)
			}
		}
	}
}

func (m *model) note(format string, args ...any) { m.log = append(m.log, fmt.Sprintf(format, args...)) }

func (m *model) close() {
	for _, of := range m.memories {
		of.Close()
	}
}
