package linmem_test

import (
	"runtime"
	"testing"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/stretchr/testify/require"
)

// A memory that has been vacated becomes what a new clone would be, whatever it
// held, shared or had grown to.
func TestReuse(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		first := k.memory(t, 4)
		first.Bytes()[0] = 1
		im := freeze(t, first, linmem.Range{Off: page, Len: page})
		second := k.memory(t, 6)
		second.Bytes()[0], second.Bytes()[5*page] = 2, 6
		other := freeze(t, second, linmem.Range{Off: 3 * page, Len: page})

		m := clone(t, im)
		use(m)[0], m.Bytes()[page], m.Bytes()[2*page] = 77, 7, 77
		m.Reallocate(9 * page)[8*page] = 99
		base := &m.Bytes()[0]
		if !m.Vacate() {
			require.True(t, runtime.GOOS == "windows" || t.Name() == "TestReuse/copied", "it could")
			require.EqualValues(t, 77, use(m)[0], "a refusal changes nothing")
			return
		}
		require.False(t, m.Vacate())
		m.StoreUint32(0, 5) // whoever is late does no harm

		require.NoError(t, m.Reuse(other))
		require.Same(t, base, &m.Bytes()[0])
		require.Len(t, m.Bytes(), 9*page)
		want := make([]byte, 9*page)
		want[0], want[5*page] = 2, 6
		require.Equal(t, want, m.Bytes())
		m.Bytes()[3*page] = 33
		require.EqualValues(t, 33, second.Bytes()[3*page])
		require.EqualValues(t, 7, first.Bytes()[page], "what it shared before is left alone")
		m.StoreUint32(0, 5)
		require.EqualValues(t, 5, m.Bytes()[0])

		require.True(t, m.Vacate())
		require.NoError(t, m.Reuse(im))
		require.EqualValues(t, []byte{1, 7, 0}, []byte{m.Bytes()[0], m.Bytes()[page], m.Bytes()[2*page]})
		require.Len(t, m.Reallocate(10*page), 10*page)
	})
}

func TestReuseRefuses(t *testing.T) {
	each(t, func(t *testing.T, k kind) {
		m := k.memory(t, 4)
		require.False(t, m.Vacate(), "it is no clone")
		im := freeze(t, m)
		small, err := im.Clone(4 * page)
		require.NoError(t, err)
		t.Cleanup(small.Close)
		if !small.Vacate() {
			return
		}
		big := freeze(t, k.memory(t, 5))
		require.ErrorContains(t, small.Reuse(big), "it does not fit")
		small.Close()
		require.False(t, small.Vacate())
	})
}
