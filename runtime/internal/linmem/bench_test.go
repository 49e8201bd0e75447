package linmem_test

import (
	"fmt"
	"testing"

	"github.com/calfdb/calf/runtime/internal/linmem"
	"github.com/stretchr/testify/require"
)

// benchImage makes an image of the size that PostgreSQL's has, with some MiB
// that are shared.
func benchImage(b *testing.B, k kind, shared uint64) (*linmem.Memory, *linmem.Image) {
	m, err := k(2 << 30)
	require.NoError(b, err)
	b.Cleanup(m.Close)
	for i, at := 0, m.Reallocate(32<<20+shared<<20); i < len(at); i += 4096 {
		at[i] = 1
	}
	im, err := m.Freeze([]linmem.Range{{Off: 16 << 20, Len: shared << 20}})
	require.NoError(b, err)
	return m, im
}

func BenchmarkClone(b *testing.B) {
	for name, k := range map[string]kind{"mapped": linmem.New, "copied": linmem.NewCopying} {
		b.Run(name, func(b *testing.B) {
			_, im := benchImage(b, k, 150)
			for b.Loop() {
				c, err := im.Clone(2 << 30)
				if err != nil {
					b.Fatal(err)
				}
				c.Bytes()[0] = 1
				c.Close()
			}
		})
	}
}

// BenchmarkTake is what a switch between processes costs where memory is
// copied.
func BenchmarkTake(b *testing.B) {
	for _, shared := range []uint64{16, 32, 150} {
		b.Run(fmt.Sprint(shared, "MiB"), func(b *testing.B) {
			m, im := benchImage(b, linmem.NewCopying, shared)
			c, err := im.Clone(2 << 30)
			require.NoError(b, err)
			defer c.Close()
			b.SetBytes(int64(shared << 20))
			for b.Loop() {
				c.Take()
				m.Take()
			}
		})
	}
}
