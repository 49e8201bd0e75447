package wire

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRingKeepsOrder(t *testing.T) {
	t.Parallel()
	var r ring
	rnd := rand.New(rand.NewPCG(1, 2))
	var want []byte
	next := byte(0)
	for range 20_000 {
		if rnd.IntN(2) == 0 {
			p := make([]byte, rnd.IntN(1<<rnd.IntN(18)))
			for i := range p {
				p[i] = next + byte(i)
			}
			n := r.write(p)
			require.Equal(t, min(len(p), ringSize-len(want)), n)
			next += byte(n)
			want = append(want, p[:n]...)
		} else {
			p := make([]byte, rnd.IntN(1<<rnd.IntN(18)))
			n := r.read(p)
			require.Equal(t, min(len(p), len(want)), n)
			require.True(t, bytes.Equal(want[:n], p[:n]))
			want = append([]byte(nil), want[n:]...)
		}
		require.Equal(t, len(want), r.n)
		require.Equal(t, ringSize-len(want), r.free())
	}
	var out bytes.Buffer
	require.NoError(t, r.writeTo(&out))
	require.True(t, bytes.Equal(want, out.Bytes()))
	require.Zero(t, r.n)
}

func TestRingHoldsLittleWhenDrained(t *testing.T) {
	t.Parallel()
	var r ring
	require.Nil(t, r.buf, "a ring that was never used has no memory")
	r.write(make([]byte, 10))
	require.Len(t, r.buf, ringKept)
	r.write(make([]byte, ringSize))
	require.Len(t, r.buf, ringSize)
	require.Zero(t, r.free())
	r.read(make([]byte, ringSize))
	require.Nil(t, r.large)
	require.Len(t, r.buf, ringKept)
}
