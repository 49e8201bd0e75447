package presenter_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

// What both ways of searching find comes first, then what one does.
func TestHybridQuery(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 2, "")
		base(t, p, "other", 2, "")
		for _, b := range []string{"b", "other"} {
			_, err := p.InsertFile(ctx, presenter.NewFile{ID: b, BaseID: b})
			require.NoError(t, err)
			require.NoError(t, p.InsertChunks(ctx, b, []presenter.Chunk{
				{FileID: b, Index: 0, Content: "Saturn has rings of ice"},
				{FileID: b, Index: 1, Content: "The ring of the king"},
				{FileID: b, Index: 2, Content: "Something of another kind"},
				{FileID: b, Index: 3, Content: "Nothing of interest"},
			}))
			require.NoError(t, p.InsertVectors(ctx, b, []presenter.Vector{
				{FileID: b, ChunkID: b + "_0", Embedding: []float32{1, 0.1}},
				{FileID: b, ChunkID: b + "_0", Embedding: []float32{0, 1}}, // a chunk may have several
				{FileID: b, ChunkID: b + "_2", Embedding: []float32{1, 0}},
			}))
		}
		for _, index := range []bool{false, true} {
			if index {
				require.NoError(t, p.IndexVectors(ctx, "b", presenter.IndexOptions{}))
			}
			list, err := p.HybridQuery(ctx, "b", "rings, perhaps", []float32{1, 0}, presenter.HybridOptions{})
			require.NoError(t, err)
			require.Equal(t, []string{"b_0", "b_1", "b_2"}, sorted(ids(list, matchID)))
			require.Equal(t, "b_0", list[0].ChunkID)
			require.InDelta(t, 1.0/61+1.0/62, list[0].Score, 1.0/61-1.0/62+1e-9) // by places 1 or 2
			for _, m := range list {
				require.Equal(t, m.ChunkID == "b_1", m.VectorID == "", m.ChunkID)
			}
			list, err = p.HybridQuery(ctx, "b", "ring", []float32{1, 0}, presenter.HybridOptions{QueryOptions: presenter.QueryOptions{Limit: 1}, WordWeight: 100})
			require.NoError(t, err)
			require.Len(t, list, 1)
			require.Greater(t, list[0].Score, 1.5)
			// Without words that say something, vectors decide.
			for _, words := range []string{"", "the of", "'; & | !"} {
				list, err = p.HybridQuery(ctx, "b", words, []float32{1, 0}, presenter.HybridOptions{})
				require.NoError(t, err)
				require.Equal(t, []string{"b_2", "b_0"}, ids(list, matchID), words)
			}
			near := 0.999
			list, err = p.HybridQuery(ctx, "b", "king", []float32{1, 0}, presenter.HybridOptions{QueryOptions: presenter.QueryOptions{Threshold: &near}})
			require.NoError(t, err)
			require.Equal(t, []string{"b_1", "b_2"}, sorted(ids(list, matchID)))
			list, err = p.HybridQuery(ctx, "b", "king", []float32{1, 0}, presenter.HybridOptions{QueryOptions: presenter.QueryOptions{Filter: presenter.QueryFilter{Completed: true}}})
			require.NoError(t, err)
			require.Empty(t, list)
		}
	})
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

// A word that few chunks have counts for more than one that many have, and of
// those with the same words the one that has them more often, or is shorter, is
// first.
func TestHybridQueryPrefersRareWords(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 2, "")
		_, err := p.InsertFile(ctx, presenter.NewFile{ID: "f", BaseID: "b"})
		require.NoError(t, err)
		chunks := []presenter.Chunk{
			{FileID: "f", Content: "Pluto is none of the planets, whatever else is said of it in long texts"},
			{FileID: "f", Content: "Pluto, Pluto, Pluto"},
			{FileID: "f", Content: `It's C:\planets\pluto`},
		}
		for range 50 {
			chunks = append(chunks, presenter.Chunk{FileID: "f", Content: "Planets, planets, planets of a star"})
		}
		for i := range chunks {
			chunks[i].Index = i
		}
		require.NoError(t, p.InsertChunks(ctx, "b", chunks))
		list, err := p.HybridQuery(ctx, "b", `planets; Pluto's star isn't C:\`, []float32{1, 0}, presenter.HybridOptions{QueryOptions: presenter.QueryOptions{Limit: 5}})
		require.NoError(t, err)
		require.Equal(t, []string{"f_0", "f_1", "f_2"}, sorted(ids(list[:3], matchID)))
		list, err = p.HybridQuery(ctx, "b", "pluto", []float32{1, 0}, presenter.HybridOptions{})
		require.NoError(t, err)
		require.Equal(t, []string{"f_1", "f_2", "f_0"}, ids(list, matchID))
	})
}

// An index is used, makes what it says it makes, and its recall is known.
func TestVectorIndexes(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		const n, dims = 400, 8
		for b, metric := range map[string]presenter.Metric{"cosine": presenter.Cosine, "l2": presenter.L2, "ip": presenter.InnerProduct} {
			base(t, p, b, dims, metric)
			r := rand.New(rand.NewPCG(1, 2))
			var all [][]float32
			for range n {
				v := make([]float32, dims)
				for i := range v {
					v[i] = float32(r.NormFloat64())
				}
				all = append(all, v)
			}
			file(t, p, b, b, all...)
			recall, err := p.CheckRecall(ctx, b, presenter.RecallOptions{Samples: 5})
			require.NoError(t, err)
			require.Equal(t, presenter.Recall{Samples: 5, Limit: 10, Mean: 1, Worst: 1}, recall)
			for _, kind := range []presenter.IndexKind{presenter.HNSW, presenter.IVFFlat, presenter.HNSW} {
				require.NoError(t, p.IndexVectors(ctx, b, presenter.IndexOptions{Kind: kind, Memory: "32MB"}))
				index, err := p.VectorIndex(ctx, b)
				require.NoError(t, err)
				require.Equal(t, kind, index.Kind)
				require.EqualValues(t, n, index.Vectors)
				require.Positive(t, index.Bytes)
				if kind == presenter.IVFFlat {
					require.Equal(t, 10, index.Lists)
				}
				recall, err := p.CheckRecall(ctx, b, presenter.RecallOptions{Samples: 20})
				require.NoError(t, err)
				require.Equal(t, 20, recall.Samples)
				require.GreaterOrEqual(t, recall.Mean, recall.Worst)
				if kind == presenter.HNSW {
					require.Greater(t, recall.Mean, 0.95, metric)
				} else { // one list of ten
					poor, err := p.CheckRecall(ctx, b, presenter.RecallOptions{Samples: 20, QueryOptions: presenter.QueryOptions{Probes: 1}})
					require.NoError(t, err)
					require.Less(t, poor.Mean, 1.0)
				}
			}
			require.Equal(t, int64(1), usedIndex(t, pool, p, b), "the index was used")
			require.NoError(t, p.DropVectorIndex(ctx, b))
			require.NoError(t, p.DropVectorIndex(ctx, b))
			index, err := p.VectorIndex(ctx, b)
			require.NoError(t, err)
			require.Empty(t, index.Kind)
		}
	})
}

// usedIndex counts how often a search scans an index on vectors.
func usedIndex(t *testing.T, pool *pgxpool.Pool, p *presenter.Presenter, base string) (n int64) {
	t.Helper()
	ctx := context.Background()
	tx, err := pool.Begin(ctx)
	require.NoError(t, err)
	defer tx.Rollback(ctx)
	count := func() (n int64) {
		require.NoError(t, tx.QueryRow(ctx, `SELECT coalesce(sum(pg_stat_get_xact_numscans(oid)), 0) FROM pg_class WHERE relname LIKE 'idx_knowledge_vectors_space_%'`).Scan(&n))
		return n
	}
	before := count()
	_, err = p.In(tx).SimilarityQuery(ctx, base, make1(8), presenter.QueryOptions{})
	require.NoError(t, err)
	return count() - before
}

func make1(n int) []float32 {
	v := make([]float32, n)
	v[0] = 1
	return v
}

// A search in a transaction leaves its settings as they were.
func TestSearchKeepsSettings(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 2, "")
		file(t, p, "b", "f", []float32{1, 0})
		require.NoError(t, p.IndexVectors(ctx, "b", presenter.IndexOptions{}))
		settings := func(tx pgx.Tx) (s string) {
			require.NoError(t, tx.QueryRow(ctx, "SELECT concat_ws(' ', current_setting('enable_sort'), current_setting('hnsw.ef_search', true), current_setting('hnsw.iterative_scan', true))").Scan(&s))
			return s
		}
		require.NoError(t, pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, "SELECT '[1]'::vector; SET LOCAL hnsw.ef_search = 77", pgx.QueryExecModeSimpleProtocol)
			require.NoError(t, err)
			before := settings(tx)
			require.NoError(t, p.In(tx).UpdateChunkStatus(ctx, "f_0", presenter.Completed, ""))
			list, err := p.In(tx).SimilarityQuery(ctx, "b", []float32{1, 0}, presenter.QueryOptions{})
			require.NoError(t, err)
			require.Len(t, list, 1)
			require.Equal(t, before, settings(tx))
			return nil
		}))
		c, err := p.Chunk(ctx, "f_0")
		require.NoError(t, err)
		require.Equal(t, presenter.Completed, c.Status)
		for range 10 { // on every connection of the pool
			require.NoError(t, pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
				require.NotContains(t, settings(tx), "off ")
				_, err := p.SimilarityQuery(ctx, "b", []float32{1, 0}, presenter.QueryOptions{})
				return err
			}))
		}
	})
}

// Vectors of many dimensions are found, too, exactly or by half of their digits.
func TestManyDimensions(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		for _, dims := range []int{1, 2000, 2001, 4000, 4001, presenter.MaxDimensions} {
			id := fmt.Sprint(dims)
			base(t, p, id, dims, presenter.L2)
			one, other := make1(dims), make1(dims)
			other[dims-1] += 1e-5 // which half the digits do not show
			file(t, p, id, id, other, one)
			err := p.IndexVectors(ctx, id, presenter.IndexOptions{})
			if dims > presenter.MaxIndexedDimensions {
				require.ErrorIs(t, err, presenter.ErrInvalid)
			} else {
				require.NoError(t, err)
			}
			list, err := p.SimilarityQuery(ctx, id, one, presenter.QueryOptions{Limit: 1})
			require.NoError(t, err)
			require.Equal(t, []string{id + "_1"}, ids(list, matchID), id)
		}
	})
}

// What a transaction did to a base is undone with it.
func TestKnowledgeTx(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		require.ErrorIs(t, p.WithTx(ctx, func(tx presenter.Tx) error {
			base(t, tx, "b", 2, "")
			file(t, tx, "b", "f", []float32{1, 0})
			list, err := tx.SimilarityQuery(ctx, "b", []float32{1, 0}, presenter.QueryOptions{})
			require.NoError(t, err)
			require.Len(t, list, 1)
			return errRollback
		}), errRollback)
		require.Zero(t, holdings(t, pool))
	})
}

// Loading tells how far it is, and ends with its context.
func TestLoadVectorsProgress(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 2, "")
		file(t, p, "b", "f", []float32{1, 0})
		many := func(n int) func(func(presenter.Vector, error) bool) {
			return func(yield func(presenter.Vector, error) bool) {
				for range n {
					if !yield(presenter.Vector{FileID: "f", ChunkID: "f_0", Embedding: []float32{1, 1}}, nil) {
						return
					}
				}
			}
		}
		var told []int64
		n, err := p.LoadVectors(ctx, "b", many(250), func(n int64) { told = append(told, n) })
		require.NoError(t, err)
		require.EqualValues(t, 250, n)
		require.Equal(t, []int64{0, 100, 200, 250}, told)

		before := holdings(t, pool)
		ending, cancel := context.WithCancel(ctx)
		_, err = p.LoadVectors(ending, "b", many(1e6), func(n int64) {
			if n == 1000 {
				cancel()
			}
		})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, before, holdings(t, pool))
	})
}
