package linmem_test

import (
	"errors"
	"testing"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/stretchr/testify/require"
)

const (
	limit = 1 << 30
	page  = linmem.PageSize
)

// each runs a test for both ways in which memories can share.
func each(t *testing.T, test func(t *testing.T, k kind)) {
	t.Parallel()
	for name, k := range map[string]kind{"mapped": linmem.New, "copied": linmem.NewCopying} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := linmem.CopyOnWrite(); name == "mapped" && errors.Is(err, linmem.ErrUnsupported) {
				t.Skip(err)
			}
			test(t, k)
		})
	}
}

// A kind makes memories.
type kind func(limit uint64) (*linmem.Memory, error)

func (k kind) memory(t *testing.T, pages uint64) *linmem.Memory {
	t.Helper()
	m, err := k(limit)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	require.Len(t, m.Reallocate(pages*page), int(pages*page))
	return m
}

func freeze(t *testing.T, m *linmem.Memory, shared ...linmem.Range) *linmem.Image {
	t.Helper()
	im, err := m.Freeze(shared)
	require.NoError(t, err)
	return im
}

func clone(t *testing.T, im *linmem.Image) *linmem.Memory {
	t.Helper()
	m, err := im.Clone(limit)
	require.NoError(t, err)
	t.Cleanup(m.Close)
	return m
}

// use returns the memory for whoever uses it next.
func use(m *linmem.Memory) []byte {
	m.Take()
	return m.Bytes()
}

func TestMemoryGrowsUpToItsLimit(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 1)
		m.Bytes()[7] = 42
		b := m.Reallocate(10 * page)
		require.Len(t, b, 10*page)
		require.EqualValues(t, 42, b[7], "growing keeps what is there")
		require.Zero(t, b[9*page], "and adds zeroes")
		require.Nil(t, m.Reallocate(limit+page))
		require.Len(t, m.Bytes(), 10*page, "a refused growth changes nothing")
	})
}

func TestClonesShareOnlyTheSharedRanges(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 4)
		m.Bytes()[0], m.Bytes()[2*page] = 1, 2
		im := freeze(t, m, linmem.Range{Off: 2 * page, Len: page})
		a, b := clone(t, im), clone(t, im)
		for _, c := range []*linmem.Memory{m, a, b} {
			require.Equal(t, []byte{1, 2}, []byte{use(c)[0], use(c)[2*page]})
		}
		use(a)[0], use(a)[2*page] = 11, 12
		for _, c := range []*linmem.Memory{m, b} {
			require.EqualValues(t, 1, use(c)[0], "private")
			require.EqualValues(t, 12, use(c)[2*page], "shared")
		}
		// What the frozen memory does to its private part is nothing to later clones.
		m.Bytes()[0] = 99
		require.EqualValues(t, 1, use(clone(t, im))[0])
	})
}

// What is around shared ranges is private, to the byte.
func TestSharedRangesEndWhereTheyEnd(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 6)
		m.Reallocate(8 * page)
		c := clone(t, freeze(t, m, linmem.Range{Off: 5 * page, Len: page}, linmem.Range{Off: page, Len: 3 * page})) // in no order
		b := use(c)
		for i := range b {
			b[i] = 1
		}
		for i, v := range use(m) {
			shared := i >= page && i < 4*page || i >= 5*page && i < 6*page
			if shared != (v == 1) {
				t.Fatalf("byte %d is %d", i, v)
			}
		}
	})
}

// Parts of pages cannot be shared, on any system: a page may have 64 KiB.
func TestFreezeRefusesWhatCannotBeShared(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		for name, ranges := range map[string][]linmem.Range{
			"offset within a page": {{Off: page + 4096, Len: page}},
			"part of a page":       {{Off: page, Len: page + 8192}},
			"16 KiB":               {{Off: 0, Len: 16384}},
			"behind the end":       {{Off: 3 * page, Len: 2 * page}},
			"far behind the end":   {{Off: 1 << 40, Len: page}},
			"endless":              {{Off: page, Len: ^uint64(0) &^ (page - 1)}},
			"overlapping":          {{Off: page, Len: 2 * page}, {Off: 2 * page, Len: page}},
		} {
			_, err := k.memory(t, 4).Freeze(ranges)
			require.ErrorContains(t, err, "cannot be shared", name)
		}
	})
}

func TestRefreeze(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 6)
		im := freeze(t, m, linmem.Range{Off: 2 * page, Len: 2 * page})
		at := func(m *linmem.Memory, p int) *byte { return &use(m)[p*page] }
		before := clone(t, im)
		*at(m, 0), *at(m, 2), *at(m, 5) = 1, 2, 5
		m.Bytes()[4*page-1] = 3
		m.Bytes()[4*page] = 4
		m.Reallocate(7 * page)
		*at(m, 6) = 6
		again, err := m.Refreeze()
		require.NoError(t, err)
		after := clone(t, again)
		require.Len(t, after.Bytes(), 7*page)
		require.Equal(t, []byte{1, 2, 4, 5, 6}, []byte{*at(after, 0), *at(after, 2), *at(after, 4), *at(after, 5), *at(after, 6)})
		require.EqualValues(t, 3, after.Bytes()[4*page-1])
		require.Zero(t, *at(before, 0), "earlier clones keep what they had")
		*at(before, 2) = 22
		require.Equal(t, []byte{22, 22}, []byte{*at(after, 2), *at(m, 2)}, "and share what is shared")
		*at(after, 0) = 11
		require.EqualValues(t, 1, *at(m, 0))
		m.Close()
		before.Close()
		require.EqualValues(t, 22, *at(clone(t, again), 2), "the shared ranges live as long as any memory")
	})
}

// Who ends after it had the turn leaves what it wrote to those who go on.
func TestSharedMemoryOutlivesItsWriter(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 3)
		im := freeze(t, m, linmem.Range{Off: page, Len: page})
		for i := range byte(5) {
			c := clone(t, im)
			require.Equal(t, i, use(c)[page])
			c.Bytes()[page]++
			c.Close()
		}
		require.EqualValues(t, 5, use(m)[page])
	})
}

func TestSegmentsAreShared(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		content := make([]byte, 2*page)
		content[5] = 5
		m := k.memory(t, 4)
		im := freeze(t, m, linmem.Range{Off: 0, Len: page})
		seg, err := m.NewSegment(content)
		require.NoError(t, err)
		a, b := clone(t, im), clone(t, im)
		require.NoError(t, a.Map(page, seg))
		require.NoError(t, b.Map(2*page, seg))
		seg.Close()
		require.EqualValues(t, 5, use(a)[page+5])
		a.Bytes()[page+6] = 6
		require.EqualValues(t, 6, use(b)[2*page+6])
		b.Bytes()[2*page+6]++
		b.Close()
		require.EqualValues(t, 7, use(a)[page+6])
		require.Zero(t, use(m)[page+5], "who has not mapped it does not see it")
	})
}

func TestMapRefusesWhatDoesNotFit(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 8)
		c := clone(t, freeze(t, m, linmem.Range{Off: page, Len: page}))
		seg, err := c.NewSegment(make([]byte, 2*page))
		require.NoError(t, err)
		defer seg.Close()
		require.Error(t, c.Map(7*page, seg), "behind the end")
		require.Error(t, c.Map(3*page+4096, seg), "within a page")
		require.Error(t, c.Map(0, seg), "over a shared range")
		require.NoError(t, c.Map(4*page, seg))
		other, err := c.NewSegment(make([]byte, page))
		require.NoError(t, err)
		defer other.Close()
		require.Error(t, c.Map(5*page, other), "over a segment")
		require.NoError(t, c.Map(6*page, other))
		for _, n := range []int{0, 1, page + 4096} {
			_, err := c.NewSegment(make([]byte, n))
			require.Error(t, err)
		}
	})
}

func TestMappingASegmentKeepsWhatIsAround(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 4)
		c := clone(t, freeze(t, m))
		c.Reallocate(8 * page)
		for i := range c.Bytes() {
			c.Bytes()[i] = 1
		}
		for i, step := range []struct {
			page, pages int
			want        string
		}{
			{1, 1, "12111111"}, // of the image
			{6, 1, "12111131"}, // grown
			{3, 2, "12144131"}, // some of each
			{5, 1, "12144531"}, // all around are segments
		} {
			content := make([]byte, step.pages*page)
			for j := range content {
				content[j] = byte(i + 2)
			}
			seg, err := c.NewSegment(content)
			require.NoError(t, err)
			require.NoError(t, c.Map(uint64(step.page)*page, seg))
			seg.Close()
			var got []byte
			for p := range 8 {
				first, last := use(c)[p*page], use(c)[(p+1)*page-1]
				require.Equal(t, first, last)
				got = append(got, '0'+first)
			}
			require.Equal(t, step.want, string(got))
		}
		require.Equal(t, make([]byte, 4*page), m.Bytes(), "the image has seen nothing of it")
	})
}

func TestHammerStoreUint32(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 64)
		stop, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			for v := uint32(0); ; v++ {
				select {
				case <-stop:
					return
				default:
					m.StoreUint32(40, v)
				}
			}
		}()
		for range 100 {
			m.Zero(page, 60*page)
		}
		freeze(t, m, linmem.Range{Off: page, Len: 2 * page})
		for i := range 20 {
			seg, err := m.NewSegment(make([]byte, page))
			require.NoError(t, err)
			require.NoError(t, m.Map(uint64(30-i)*page, seg))
			seg.Close()
			_, err = m.Refreeze()
			require.NoError(t, err)
		}
		m.Close()
		close(stop)
		<-done
	})
}

func TestZero(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 5)
		m.Reallocate(8 * page)
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
		const off, n = page + 100, 4*page + 7
		for _, r := range [][2]int{{off, n}, {5, 10}, {0, page}, {off, page}, {100, 7 * page}} {
			fill(m.Bytes())
			m.Zero(uint64(r[0]), uint64(r[1]))
			check(m.Bytes(), r[0], r[1])
		}
		fill(m.Bytes())
		c := clone(t, freeze(t, m))
		c.Zero(off, n)
		check(c.Bytes(), off, n)
		check(m.Bytes(), 0, 0)
	})
}

func TestClonesGrowApart(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 1)
		c := clone(t, freeze(t, m))
		require.Len(t, c.Reallocate(2*page), 2*page)
		require.Len(t, m.Reallocate(3*page), 3*page)
		c.Bytes()[page] = 5
		require.Zero(t, m.Bytes()[page])
	})
}

func TestImageOutlivesItsMemory(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 1)
		m.Bytes()[0] = 7
		im := freeze(t, m)
		c := clone(t, im)
		m.Close()
		d := clone(t, im)
		require.EqualValues(t, 7, d.Bytes()[0])
		c.Close()
		c.Close()
		d.Close()
		_, err := im.Clone(limit)
		require.ErrorContains(t, err, "closed")
	})
}
