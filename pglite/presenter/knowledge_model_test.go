package presenter_test

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

// vectorModel is what a base should hold, and how to search it plainly.
type vectorModel struct {
	metric  presenter.Metric
	vectors map[string][]float32 // by chunk
	files   map[string][]string  // chunks by file
}

// distance is computed in float64, of numbers that are small and whole, so that
// pgvector's float32 gives the same but for the last root.
func (m *vectorModel) distance(a, b []float32) float64 {
	var dot, aa, bb, squares float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		dot, aa, bb, squares = dot+x*y, aa+x*x, bb+y*y, squares+(x-y)*(x-y)
	}
	switch m.metric {
	case presenter.L2:
		return math.Sqrt(squares)
	case presenter.InnerProduct:
		return -dot
	}
	return 1 - dot/math.Sqrt(aa*bb)
}

func (m *vectorModel) similarity(distance float64) float64 {
	switch m.metric {
	case presenter.L2:
		return 1 / (1 + distance)
	case presenter.InnerProduct:
		return -distance
	}
	return 1 - distance
}

// nearest returns the distances of what is nearest in some files, or all.
func (m *vectorModel) nearest(v []float32, limit int, threshold *float64, files []string) []float64 {
	list := []float64{}
	for file, chunks := range m.files {
		if files != nil && !slices.Contains(files, file) {
			continue
		}
		for _, c := range chunks {
			d := m.distance(m.vectors[c], v)
			if !math.IsNaN(d) && (threshold == nil || m.similarity(d) >= *threshold) {
				list = append(list, d)
			}
		}
	}
	slices.Sort(list)
	return list[:min(limit, len(list))]
}

// Whatever is inserted, deleted and indexed in a base, it finds what comparing
// all vectors finds.
func TestKnowledgeModel(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		r := rand.New(rand.NewPCG(seed, 0))
		for _, metric := range []presenter.Metric{presenter.Cosine, presenter.L2, presenter.InnerProduct} {
			id, dims := string(metric), 2+r.IntN(6)
			vector := func() []float32 {
				v := make([]float32, dims)
				for i := range v {
					v[i] = float32(r.IntN(9) - 4)
				}
				return v
			}
			m := &vectorModel{metric, map[string][]float32{}, map[string][]string{}}
			base(t, p, id, dims, metric)
			for step := range 60 {
				name := fmt.Sprintf("%s%d", id, r.IntN(12))
				switch n := r.IntN(10); {
				case n < 5 && m.files[name] == nil:
					var all [][]float32
					for i := range 1 + r.IntN(20) {
						v := vector()
						chunk := fmt.Sprintf("%s_%d", name, i)
						all, m.vectors[chunk] = append(all, v), v
						m.files[name] = append(m.files[name], chunk)
					}
					file(t, p, id, name, all...)
				case n < 6:
					err := p.DeleteFile(ctx, name)
					require.Equal(t, m.files[name] == nil, err != nil, "%v", err)
					delete(m.files, name)
				case n < 7 && m.files[name] != nil:
					deleted, err := p.DeleteVectors(ctx, name)
					require.NoError(t, err)
					require.EqualValues(t, len(m.files[name]), deleted)
					require.NoError(t, p.DeleteFile(ctx, name))
					delete(m.files, name)
				case n < 8:
					switch r.IntN(3) {
					case 0:
						require.NoError(t, p.DropVectorIndex(ctx, id))
					case 1:
						require.NoError(t, p.IndexVectors(ctx, id, presenter.IndexOptions{}))
					case 2:
						require.NoError(t, p.IndexVectors(ctx, id, presenter.IndexOptions{Kind: presenter.IVFFlat, Lists: 3}))
					}
				}
				q, o := vector(), presenter.QueryOptions{Limit: 1 + r.IntN(30), EfSearch: 1000, Probes: 3}
				if slices.Max(q) == 0 && slices.Min(q) == 0 {
					q[0] = 1
				}
				if r.IntN(2) == 0 {
					threshold := m.similarity(m.distance(vector(), q)) - 1e-4 // not where the last digit decides
					if !math.IsNaN(threshold) {
						o.Threshold = &threshold
					}
				}
				if r.IntN(2) == 0 {
					o.Filter.FileIDs = []string{name, fmt.Sprintf("%s%d", id, r.IntN(12))}
				}
				list, err := p.SimilarityQuery(ctx, id, q, o)
				require.NoError(t, err)
				want := m.nearest(q, o.Limit, o.Threshold, o.Filter.FileIDs)
				require.Len(t, list, len(want), "step %d: %v %+v", step, q, o)
				for i, match := range list {
					require.InDelta(t, want[i], match.Distance, 1e-5)
					require.InDelta(t, m.similarity(want[i]), match.Similarity, 1e-5)
					require.InDelta(t, m.distance(m.vectors[match.ChunkID], q), match.Distance, 1e-5)
					require.True(t, strings.HasPrefix(match.ChunkID, match.FileID+"_"))
				}
			}
		}
	})
}
