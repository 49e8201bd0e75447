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
