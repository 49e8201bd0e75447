package presenter_test

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

const (
	manyVectors = 5000
	dimensions  = 1536
	topics      = 50
)

// embeddings are vectors like those of texts on some topics: each is near the
// middle of one of them. Without topics they are all random, and nearly equally
// far from each other, which is the worst case for any index.
func embeddings(r *rand.Rand, n, topics int) iter.Seq[[]float32] {
	middles := make([][]float32, topics)
	for i := range middles {
		middles[i] = random(r, nil)
	}
	return func(yield func([]float32) bool) {
		for range n {
			var middle []float32
			if topics > 0 {
				middle = middles[r.IntN(topics)]
			}
			if !yield(random(r, middle)) {
				return
			}
		}
	}
}

func random(r *rand.Rand, middle []float32) []float32 {
	v := make([]float32, dimensions)
	for i := range v {
		v[i] = float32(r.NormFloat64())
		if middle != nil {
			v[i] += middle[i]
		}
	}
	return v
}

// withChunks makes a base with so many chunks that have no vectors.
func withChunks(tb testing.TB, p *presenter.Presenter, id string) {
	tb.Helper()
	ctx := context.Background()
	base(tb, p, id, dimensions, "")
	_, err := p.InsertFile(ctx, presenter.NewFile{ID: id, BaseID: id})
	require.NoError(tb, err)
	chunks := make([]presenter.Chunk, manyVectors)
	for i := range chunks {
		chunks[i] = presenter.Chunk{FileID: id, Index: i, Content: fmt.Sprintf("Something about the %s and the %s near topic%d", words[i%len(words)], words[i/7%len(words)], i%500)}
	}
	require.NoError(tb, p.InsertChunks(ctx, id, chunks))
}

func vectorsOf(id string, embeddings iter.Seq[[]float32]) iter.Seq2[presenter.Vector, error] {
	return func(yield func(presenter.Vector, error) bool) {
		i := 0
		for e := range embeddings {
			if !yield(presenter.Vector{FileID: id, ChunkID: fmt.Sprintf("%s_%d", id, i), Embedding: e}, nil) {
				return
			}
			i++
		}
	}
}

// knowingPool is a pool of a database with pgvector.
func knowingPool(b *testing.B, open func(testing.TB, func(*pgxpool.Config)) *pgxpool.Pool) *pgxpool.Pool {
	b.Helper()
	pool := open(b, func(c *pgxpool.Config) { c.MaxConns = 50 })
	if !hasPgvector(b, pool) {
		b.Skip("this server has no pgvector")
	}
	return pool
}

// BenchmarkVectorsLoad loads 5000 vectors of 1536 dimensions with COPY, and then
// indexes them; and loads them into an index that is there.
func BenchmarkVectorsLoad(b *testing.B) {
	ctx := context.Background()
	for _, d := range databases {
		b.Run(d.name, func(b *testing.B) {
			p := present(b, knowingPool(b, d.open), presenter.Config{Knowledge: true})
			serial := 0
			for _, way := range []string{"copy", "copy+hnsw", "copy+ivfflat", "indexed"} {
				b.Run(way, func(b *testing.B) {
					for b.Loop() {
						b.StopTimer()
						serial++
						id := fmt.Sprint("b", serial)
						withChunks(b, p, id)
						if way == "indexed" {
							require.NoError(b, p.IndexVectors(ctx, id, presenter.IndexOptions{}))
						}
						b.StartTimer()
						_, err := p.LoadVectors(ctx, id, vectorsOf(id, embeddings(rand.New(rand.NewPCG(1, 0)), manyVectors, topics)), nil)
						require.NoError(b, err)
						switch way {
						case "copy+hnsw":
							require.NoError(b, p.IndexVectors(ctx, id, presenter.IndexOptions{}))
						case "copy+ivfflat":
							require.NoError(b, p.IndexVectors(ctx, id, presenter.IndexOptions{Kind: presenter.IVFFlat}))
						}
						b.StopTimer()
						require.NoError(b, p.DeleteBase(ctx, id))
						b.StartTimer()
					}
					b.ReportMetric(float64(manyVectors*b.N)/b.Elapsed().Seconds(), "vectors/s")
				})
			}
		})
	}
}

// BenchmarkVectorsSearch finds the ten nearest of 5000 vectors, that are around
// topics and that are random, by one after the other and by 50 at the same time.
func BenchmarkVectorsSearch(b *testing.B) {
	ctx := context.Background()
	for _, d := range databases {
		for _, kind := range []struct {
			name   string
			topics int
		}{{"topics", topics}, {"random", 0}} {
			b.Run(d.name+"/"+kind.name, func(b *testing.B) {
				pool := knowingPool(b, d.open)
				p := present(b, pool, presenter.Config{Knowledge: true})
				var before, after runtime.MemStats
				runtime.GC()
				runtime.ReadMemStats(&before)
				withChunks(b, p, "b")
				r := rand.New(rand.NewPCG(1, 0))
				start := time.Now()
				var queries [][]float32
				_, err := p.LoadVectors(ctx, "b", vectorsOf("b", func(yield func([]float32) bool) {
					for v := range embeddings(r, manyVectors+100, kind.topics) {
						if len(queries) < 100 {
							queries = append(queries, v)
						} else if !yield(v) {
							return
						}
					}
				}), nil)
				require.NoError(b, err)
				b.Logf("loaded in %v", time.Since(start))
				runtime.GC()
				runtime.ReadMemStats(&after)
				b.Logf("heap grew by %d MiB", (int64(after.HeapAlloc)-int64(before.HeapAlloc))>>20)
				_, err = pool.Exec(ctx, "ANALYZE")
				require.NoError(b, err)
				search := func(i int, o presenter.QueryOptions) {
					list, err := p.SimilarityQuery(ctx, "b", queries[i%len(queries)], o)
					require.NoError(b, err)
					require.Len(b, list, 10)
				}
				i := 0
				b.Run("exact", func(b *testing.B) {
					for b.Loop() {
						i++
						search(i, presenter.QueryOptions{Exact: true})
					}
				})
				for _, kind := range []presenter.IndexKind{presenter.IVFFlat, presenter.HNSW} { // HNSW stays
					start := time.Now()
					require.NoError(b, p.IndexVectors(ctx, "b", presenter.IndexOptions{Kind: kind}))
					b.Logf("%s made in %v", kind, time.Since(start))
					recall, err := p.CheckRecall(ctx, "b", presenter.RecallOptions{Samples: 50})
					require.NoError(b, err)
					b.Run(string(kind), func(b *testing.B) {
						for b.Loop() {
							i++
							search(i, presenter.QueryOptions{})
						}
						b.ReportMetric(recall.Mean, "recall")
					})
				}
				b.Run("50 at once", func(b *testing.B) {
					for b.Loop() {
						var all sync.WaitGroup
						for j := range 50 {
							all.Go(func() { search(j, presenter.QueryOptions{}) })
						}
						all.Wait()
					}
				})
				b.Run("hybrid", func(b *testing.B) {
					for b.Loop() {
						i++
						list, err := p.HybridQuery(ctx, "b", fmt.Sprintf("%s near topic%d", words[i%len(words)], i%500), queries[i%len(queries)], presenter.HybridOptions{})
						require.NoError(b, err)
						require.Len(b, list, 10)
					}
				})
			})
		}
	}
}
