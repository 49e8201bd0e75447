package linmem_test

import (
	"testing"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/stretchr/testify/require"
)

const limit = 1 << 30

func newMemory(t *testing.T, size uint64) *linmem.Memory {
	t.Helper()
	m, err := linmem.New(limit)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	require.Len(t, m.Reallocate(size), int(size))
	return m
}

func TestMemoryGrowsUpToItsLimit(t *testing.T) {
	t.Parallel()
	m := newMemory(t, linmem.PageSize)
	m.Bytes()[7] = 42
	b := m.Reallocate(10 * linmem.PageSize)
	require.Len(t, b, 10*linmem.PageSize)
	require.EqualValues(t, 42, b[7], "growing keeps what is there")
	require.Zero(t, b[9*linmem.PageSize], "and adds zeroes")
	require.Nil(t, m.Reallocate(limit+linmem.PageSize))
	require.Len(t, m.Bytes(), 10*linmem.PageSize, "a refused growth changes nothing")
}

func TestClonesShareOnlyTheSharedRanges(t *testing.T) {
	t.Parallel()
	m := newMemory(t, 4*linmem.PageSize)
	m.Bytes()[0], m.Bytes()[2*linmem.PageSize] = 1, 2
	im, err := m.Freeze([]linmem.Range{{Off: 2 * linmem.PageSize, Len: linmem.PageSize}})
	require.NoError(t, err)
	a, err := im.Clone(limit)
	require.NoError(t, err)
	defer a.Close()
	b, err := im.Clone(limit)
	require.NoError(t, err)
	defer b.Close()

	for _, c := range []*linmem.Memory{m, a, b} {
		require.Equal(t, []byte{1, 2}, []byte{c.Bytes()[0], c.Bytes()[2*linmem.PageSize]})
	}
	a.Bytes()[0], a.Bytes()[2*linmem.PageSize] = 11, 12
	for _, c := range []*linmem.Memory{m, b} {
		require.EqualValues(t, 1, c.Bytes()[0], "private")
		require.EqualValues(t, 12, c.Bytes()[2*linmem.PageSize], "shared")
	}
	// What the frozen memory does to its private part is nothing to later clones.
	m.Bytes()[0] = 99
	c, err := im.Clone(limit)
	require.NoError(t, err)
	defer c.Close()
	require.EqualValues(t, 1, c.Bytes()[0])
}

func TestRefreeze(t *testing.T) {
	t.Parallel()
	m := newMemory(t, 6*linmem.PageSize)
	im, err := m.Freeze([]linmem.Range{{Off: 2 * linmem.PageSize, Len: linmem.PageSize + 8192}})
	require.NoError(t, err)
	at := func(m *linmem.Memory, page int) *byte { return &m.Bytes()[page*linmem.PageSize] }
	before, err := im.Clone(limit)
	require.NoError(t, err)
	*at(m, 0), *at(m, 2), *at(m, 5) = 1, 2, 5
	m.Bytes()[3*linmem.PageSize+8192] = 3 // behind the shared range, on a page with its end
	m.Reallocate(7 * linmem.PageSize)
	*at(m, 6) = 6
	again, err := m.Refreeze()
	require.NoError(t, err)
	after, err := again.Clone(limit)
	require.NoError(t, err)
	require.Len(t, after.Bytes(), 7*linmem.PageSize)
	require.Equal(t, []byte{1, 2, 5, 6}, []byte{*at(after, 0), *at(after, 2), *at(after, 5), *at(after, 6)})
	require.EqualValues(t, 3, after.Bytes()[3*linmem.PageSize+8192])
	require.Zero(t, *at(before, 0), "earlier clones keep what they had")
	*at(before, 2) = 22
	require.Equal(t, []byte{22, 22}, []byte{*at(after, 2), *at(m, 2)}, "and share what is shared")
	*at(after, 0) = 11
	require.EqualValues(t, 1, *at(m, 0))
	for _, c := range []*linmem.Memory{m, before} {
		c.Close()
	}
	last, err := again.Clone(limit)
	require.NoError(t, err)
	require.EqualValues(t, 22, *at(last, 2), "the shared ranges live as long as any memory")
	last.Close()
	after.Close()
}

func TestSegmentsAreShared(t *testing.T) {
	t.Parallel()
	content := make([]byte, 2*linmem.PageSize)
	content[5] = 5
	seg, err := linmem.NewSegment(content)
	require.NoError(t, err)
	a, b := newMemory(t, 4*linmem.PageSize), newMemory(t, 4*linmem.PageSize)
	require.NoError(t, a.Map(linmem.PageSize, seg))
	require.NoError(t, b.Map(2*linmem.PageSize, seg))
	seg.Close()
	require.EqualValues(t, 5, a.Bytes()[linmem.PageSize+5])
	a.Bytes()[linmem.PageSize+6] = 6
	require.EqualValues(t, 6, b.Bytes()[2*linmem.PageSize+6])
	require.Error(t, b.Map(3*linmem.PageSize, seg), "it does not fit")
	require.Error(t, b.Map(7, seg))
}

func TestZero(t *testing.T) {
	t.Parallel()
	m := newMemory(t, 8*linmem.PageSize)
	fill := func(b []byte) {
		for i := range b {
			b[i] = 1
		}
	}
	check := func(b []byte, off, n int) {
		t.Helper()
		for i, c := range b {
			if inside := i >= off && i < off+n; inside != (c == 0) {
				t.Fatalf("byte %d is %d", i, c)
			}
		}
	}
	const off, n = linmem.PageSize + 100, 4*linmem.PageSize + 7
	for _, r := range [][2]int{{off, n}, {5, 10}, {0, linmem.PageSize}, {off, linmem.PageSize}} {
		fill(m.Bytes())
		m.Zero(uint64(r[0]), uint64(r[1]))
		check(m.Bytes(), r[0], r[1])
	}
	fill(m.Bytes())
	im, err := m.Freeze(nil)
	require.NoError(t, err)
	c, err := im.Clone(limit)
	require.NoError(t, err)
	defer c.Close()
	c.Zero(off, n)
	check(c.Bytes(), off, n)
	check(m.Bytes(), 0, 0)
}

func TestClonesGrowApart(t *testing.T) {
	t.Parallel()
	m := newMemory(t, linmem.PageSize)
	im, err := m.Freeze(nil)
	require.NoError(t, err)
	c, err := im.Clone(limit)
	require.NoError(t, err)
	defer c.Close()
	require.Len(t, c.Reallocate(2*linmem.PageSize), 2*linmem.PageSize)
	require.Len(t, m.Reallocate(3*linmem.PageSize), 3*linmem.PageSize)
	c.Bytes()[linmem.PageSize] = 5
	require.Zero(t, m.Bytes()[linmem.PageSize])
}

func TestImageOutlivesItsMemory(t *testing.T) {
	t.Parallel()
	m := newMemory(t, linmem.PageSize)
	m.Bytes()[0] = 7
	im, err := m.Freeze(nil)
	require.NoError(t, err)
	c, err := im.Clone(limit)
	require.NoError(t, err)
	m.Close()
	d, err := im.Clone(limit)
	require.NoError(t, err)
	require.EqualValues(t, 7, d.Bytes()[0])
	c.Close()
	c.Close()
	d.Close()
	_, err = im.Clone(limit)
	require.ErrorContains(t, err, "closed")
}

func BenchmarkClone(b *testing.B) {
	m, err := linmem.New(2 << 30)
	require.NoError(b, err)
	defer m.Close()
	m.Reallocate(192 << 20)
	im, err := m.Freeze([]linmem.Range{{Off: 32 << 20, Len: 150 << 20}})
	require.NoError(b, err)
	for b.Loop() {
		c, err := im.Clone(2 << 30)
		if err != nil {
			b.Fatal(err)
		}
		c.Bytes()[0] = 1
		c.Close()
	}
}
