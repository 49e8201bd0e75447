package linmem_test

import (
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime/internal/linmem"
)

// What a memory holds, shares and writes alone stays so when it outgrows its
// addresses.
func TestGrowingMoves(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		first := k.memory(t, 4)
		base := &first.Bytes()[0]
		first.Bytes()[0] = 1
		first.Reallocate(11 * page)[10*page] = 11
		first.Reallocate(40 * page)[39*page] = 40
		require.Equal(t, runtime.GOOS == "linux", base != &first.Bytes()[0], "it moves where it can")
		require.EqualValues(t, []byte{1, 11}, []byte{first.Bytes()[0], first.Bytes()[10*page]})

		im := freeze(t, first, linmem.Range{Off: page, Len: 2 * page}, linmem.Range{Off: 20 * page, Len: page})
		m, other := clone(t, im), clone(t, im)
		use(m)[0], m.Bytes()[2*page], m.Bytes()[20*page] = 7, 8, 9
		m.Reallocate(42 * page)[41*page] = 42
		seg, err := m.NewSegment(make([]byte, 2*page))
		require.NoError(t, err)
		require.NoError(t, m.Map(40*page, seg))
		require.NoError(t, other.Map(5*page, seg))
		seg.Close()
		for _, pages := range []uint64{43, 60, 61, 300} {
			m.Reallocate(pages * page)[(pages-1)*page] = byte(pages)
		}
		require.EqualValues(t, 300*page, len(m.Bytes()))
		m.StoreUint32(4, 5)
		got := map[int]byte{}
		for i := range 300 {
			if b := use(m)[i*page]; b != 0 {
				got[i] = b
			}
		}
		require.Equal(t, map[int]byte{0: 7, 2: 8, 10: 11, 20: 9, 39: 40, 42: 43, 59: 60, 60: 61, 299: 44}, got)
		require.EqualValues(t, 5, m.Bytes()[4])

		// It shares what it shared.
		m.Bytes()[20*page]++
		m.Bytes()[41*page] = 77
		require.EqualValues(t, []byte{1, 8, 10, 77}, []byte{use(other)[0], other.Bytes()[2*page], other.Bytes()[20*page], other.Bytes()[6*page]})
		other.Bytes()[2*page] = 88
		require.EqualValues(t, 88, use(m)[2*page])
	})
}

// What has grown a lot does not keep its addresses for another.
func TestVacateGivesLargeMemoriesUp(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := clone(t, freeze(t, k.memory(t, 4)))
		m.Reallocate(11 * page)
		require.False(t, m.Vacate())
	})
}

func TestGrowthIsLimited(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		first, err := k(50 * page)
		require.NoError(t, err)
		t.Cleanup(first.Close)
		require.EqualValues(t, 50*page, first.Limit())
		require.Len(t, first.Reallocate(50*page), 50*page)
		require.Nil(t, first.Reallocate(50*page+1))
		m, err := freeze(t, first).Clone(60 * page)
		require.NoError(t, err)
		t.Cleanup(m.Close)
		require.Nil(t, m.Reallocate(61*page))
		require.Len(t, m.Reallocate(58*page), 58*page)
		require.Len(t, m.Reallocate(60*page), 60*page)
	})
}

// What is discarded is zero for all that share it, and what is around stays.
func TestDiscard(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		first := k.memory(t, 4)
		first.Bytes()[0] = 1
		im := freeze(t, first, linmem.Range{Off: page, Len: 2 * page})
		a, b := clone(t, im), clone(t, im)
		for i := page; i < 3*page; i++ {
			use(a)[i] = 7
		}
		const off, n = page + 100, page + 4096
		if !a.Discard(off, n) {
			require.NotEqual(t, "linux/mapped", runtime.GOOS+t.Name()[len("TestDiscard"):])
			require.EqualValues(t, 7, use(b)[off])
			return
		}
		for _, m := range []*linmem.Memory{a, b, first, clone(t, im)} {
			for i, c := range m.Bytes()[page : 3*page] {
				want := byte(7)
				if at := page + i; at >= off && at < off+n {
					want = 0
				}
				if c != want {
					t.Fatalf("byte %d is %d", i, c)
				}
			}
			require.EqualValues(t, 1, m.Bytes()[0])
		}
		b.Bytes()[off] = 8
		require.EqualValues(t, 8, a.Bytes()[off], "it is shared as before")
	})
}
