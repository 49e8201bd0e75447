package link

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReaderUnsigned(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		in   []byte
		want uint32
		err  string
	}{
		{"zero", []byte{0}, 0, ""},
		{"one byte", []byte{0x7f}, 127, ""},
		{"two bytes", []byte{0x80, 0x01}, 128, ""},
		{"padded", []byte{0x81, 0x80, 0x80, 0x80, 0x00}, 1, ""},
		{"largest", []byte{0xff, 0xff, 0xff, 0xff, 0x0f}, math.MaxUint32, ""},
		{"33 bits", []byte{0xff, 0xff, 0xff, 0xff, 0x1f}, 0, "exceeds 32 bits"},
		{"six bytes", []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x00}, 0, "longer than 5 bytes"},
		{"empty", nil, 0, "unexpected end"},
		{"truncated", []byte{0x80}, 0, "unexpected end"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := reader{b: tt.in}
			require.Equal(t, tt.want, r.u32())
			if tt.err != "" {
				require.ErrorContains(t, r.err, tt.err)
				return
			}
			require.NoError(t, r.err)
			require.Equal(t, len(tt.in), r.pos)
		})
	}
}

func TestReaderSigned(t *testing.T) {
	t.Parallel()
	for _, v := range []int64{0, 1, -1, 63, 64, -64, -65, 127, 128, 1 << 31, -1 << 31, math.MaxInt64, math.MinInt64} {
		enc := appendS64(nil, v)
		require.Equal(t, sleb(int(v)), enc)
		r := reader{b: enc}
		require.Equal(t, v, r.s64())
		require.NoError(t, r.err)
		require.Equal(t, len(enc), r.pos)
	}
	r := reader{b: []byte{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x00}}
	require.Zero(t, r.s64())
	require.ErrorContains(t, r.err, "longer than 10 bytes")
}

func TestReaderKeepsItsFirstError(t *testing.T) {
	t.Parallel()
	r := reader{b: []byte{0x05, 'a', 'b'}}
	require.Empty(t, r.name())
	require.ErrorIs(t, r.err, errTruncated)
	require.ErrorContains(t, r.err, "at offset 1")
	first := r.err
	require.Zero(t, r.byte())
	require.Zero(t, r.u32())
	require.Zero(t, r.s64())
	require.Nil(t, r.bytes(1))
	require.False(t, r.more())
	require.Equal(t, first, r.err)
}

func TestReaderCountIsBoundedByWhatIsLeft(t *testing.T) {
	t.Parallel()
	r := reader{b: append(leb(3), 1, 2, 3)}
	require.Equal(t, 3, r.count())
	require.NoError(t, r.err)
	r = reader{b: append(leb(4), 1, 2, 3)}
	require.Zero(t, r.count())
	require.ErrorIs(t, r.err, errTruncated)
}

func TestBytesCannotGrowIntoWhatFollows(t *testing.T) {
	t.Parallel()
	r := reader{b: []byte{1, 2, 3}}
	first := r.bytes(2)
	_ = append(first, 9)
	require.EqualValues(t, 3, r.byte())
}
