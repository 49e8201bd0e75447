package presenter_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

// onEachKnowing is onEach with knowledge bases, where there is pgvector.
func onEachKnowing(t *testing.T, test func(*testing.T, *presenter.Presenter, *pgxpool.Pool)) {
	t.Helper()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			pool := d.open(t, nil)
			if !hasPgvector(t, pool) {
				t.Skip("this server has no pgvector")
			}
			test(t, present(t, pool, presenter.Config{Knowledge: true}), pool)
		})
	}
}

func hasPgvector(tb testing.TB, pool *pgxpool.Pool) (has bool) {
	tb.Helper()
	require.NoError(tb, pool.QueryRow(context.Background(), "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')").Scan(&has))
	return has
}

// knowledge is what a Presenter and a Tx do with knowledge bases.
type knowledge interface {
	CreateBase(context.Context, presenter.NewBase) (presenter.Base, error)
	InsertFile(context.Context, presenter.NewFile) (presenter.File, error)
	InsertChunks(context.Context, string, []presenter.Chunk) error
	InsertVectors(context.Context, string, []presenter.Vector) error
}

// base makes a base of that id.
func base(tb testing.TB, p knowledge, id string, dimensions int, metric presenter.Metric) {
	tb.Helper()
	_, err := p.CreateBase(context.Background(), presenter.NewBase{ID: id, Name: "About " + id, Dimensions: dimensions, Metric: metric, CreatedAt: at(0)})
	require.NoError(tb, err)
}

// file adds a file with a chunk and a vector for each embedding. Their ids are
// that of the file, "_" and a number.
func file(tb testing.TB, p knowledge, base, id string, embeddings ...[]float32) {
	tb.Helper()
	ctx := context.Background()
	_, err := p.InsertFile(ctx, presenter.NewFile{ID: id, BaseID: base, Name: id + ".md", Path: "/docs/" + id + ".md", UploadedAt: at(0)})
	require.NoError(tb, err)
	var chunks []presenter.Chunk
	var vectors []presenter.Vector
	for i, e := range embeddings {
		name := fmt.Sprintf("%s_%d", id, i)
		chunks = append(chunks, presenter.Chunk{FileID: id, Index: i, Content: "The content of " + name})
		vectors = append(vectors, presenter.Vector{ID: "v" + name, FileID: id, ChunkID: name, Embedding: e})
	}
	require.NoError(tb, p.InsertChunks(ctx, base, chunks))
	require.NoError(tb, p.InsertVectors(ctx, base, vectors))
}

func matchID(m presenter.Match) string { return m.ChunkID }

func TestKnowledgeBases(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		made, err := p.CreateBase(ctx, presenter.NewBase{
			ID: "a", Name: "Planets", Dimensions: 3, Metric: presenter.L2, Model: "m1", CreatedAt: at(1), Metadata: json.RawMessage(`{"k": 1}`),
		})
		require.NoError(t, err)
		want := presenter.Base{ID: "a", Name: "Planets", Dimensions: 3, Metric: presenter.L2, Model: "m1", CreatedAt: at(1), Metadata: json.RawMessage(`{"k": 1}`)}
		require.Equal(t, want, made)
		other, err := p.CreateBase(ctx, presenter.NewBase{Dimensions: 1536})
		require.NoError(t, err)
		require.Equal(t, presenter.Cosine, other.Metric)
		require.NotEmpty(t, other.ID)
		require.WithinDuration(t, time.Now(), other.CreatedAt, time.Minute)

		name := "Moons"
		require.NoError(t, p.UpdateBase(ctx, "a", presenter.BaseUpdate{Name: &name}))
		want.Name = name
		list, err := p.Bases(ctx)
		require.NoError(t, err)
		require.Equal(t, []presenter.Base{want, other}, list)

		file(t, p, "a", "f", []float32{1, 2, 3})
		require.NoError(t, p.IndexVectors(ctx, "a", presenter.IndexOptions{}))
		require.NoError(t, p.DeleteBase(ctx, "a"))
		require.ErrorIs(t, p.DeleteBase(ctx, "a"), presenter.ErrNotFound)
		_, err = p.Base(ctx, "a")
		require.ErrorIs(t, err, presenter.ErrNotFound)
		var left int
		require.NoError(t, pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM knowledge_files) + (SELECT count(*) FROM knowledge_chunks)
			+ (SELECT count(*) FROM knowledge_vectors) + (SELECT count(*) FROM pg_class WHERE relname LIKE 'idx_knowledge_vectors_space_%')`).Scan(&left))
		require.Zero(t, left)

		problems, err := p.ValidateSchema(ctx)
		require.NoError(t, err)
		require.Empty(t, problems)
	})
}

// What the guide of the seed does: vectors of three dimensions.
func TestSimilarityQuery(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 3, "")
		file(t, p, "b", "f1", []float32{1, 0, 0}, []float32{0, 1, 0}, []float32{0, 0, 1})
		list, err := p.SimilarityQuery(ctx, "b", []float32{1, 0, 0}, presenter.QueryOptions{Limit: 2})
		require.NoError(t, err)
		require.Len(t, list, 2)
		require.Equal(t, presenter.Match{
			VectorID: "vf1_0", FileID: "f1", ChunkID: "f1_0", Content: "The content of f1_0", FileName: "f1.md", FilePath: "/docs/f1.md",
			Metadata: json.RawMessage("{}"), Similarity: 1,
		}, list[0])
		require.InDelta(t, 1, list[1].Distance, 1e-9)

		half := 0.5
		list, err = p.SimilarityQuery(ctx, "b", []float32{1, 0.1, 0}, presenter.QueryOptions{Threshold: &half})
		require.NoError(t, err)
		require.Equal(t, []string{"f1_0"}, ids(list, matchID))
	})
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		for metric, want := range map[presenter.Metric]struct {
			order                []string
			distance, similarity float64 // of the first
		}{
			presenter.Cosine:       {[]string{"_2", "_1", "_0"}, 0, 1},
			presenter.L2:           {[]string{"_0", "_1", "_2"}, 0.5, 1 / 1.5},
			presenter.InnerProduct: {[]string{"_2", "_1", "_0"}, -30, 30},
		} {
			id := string(metric)
			base(t, p, id, 2, metric)
			file(t, p, id, id, []float32{1, 0.5}, []float32{2, 0.5}, []float32{30, 0})
			for _, index := range []bool{false, true} {
				if index {
					require.NoError(t, p.IndexVectors(ctx, id, presenter.IndexOptions{}))
				}
				for _, asked := range []presenter.Metric{"", metric} {
					list, err := p.SimilarityQuery(ctx, id, []float32{1, 0}, presenter.QueryOptions{Metric: asked})
					require.NoError(t, err)
					require.Equal(t, []string{id + want.order[0], id + want.order[1], id + want.order[2]}, ids(list, matchID), "%s %v", metric, index)
					require.InDelta(t, want.distance, list[0].Distance, 1e-6)
					require.InDelta(t, want.similarity, list[0].Similarity, 1e-6)
				}
			}
		}
		// Another metric than the base's.
		list, err := p.SimilarityQuery(ctx, "l2", []float32{1, 0}, presenter.QueryOptions{Metric: presenter.Cosine, Limit: 1})
		require.NoError(t, err)
		require.Equal(t, []string{"l2_2"}, ids(list, matchID))
	})
}

func TestQueryFilter(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 2, presenter.L2)
		base(t, p, "other", 2, presenter.L2)
		for i := range 4 {
			id := fmt.Sprint("f", i)
			_, err := p.InsertFile(ctx, presenter.NewFile{
				ID: id, BaseID: "b", Metadata: json.RawMessage(fmt.Sprintf(`{"odd": %t, "tags": ["x", "%d"]}`, i%2 == 1, i)),
			})
			require.NoError(t, err)
			require.NoError(t, p.InsertChunks(ctx, "b", []presenter.Chunk{
				{FileID: id, Index: 0, Metadata: json.RawMessage(`{"page": 1}`)}, {FileID: id, Index: 1, Metadata: json.RawMessage(`{"page": 2}`)},
			}))
			require.NoError(t, p.InsertVectors(ctx, "b", []presenter.Vector{
				{FileID: id, ChunkID: id + "_0", Embedding: []float32{float32(i), 0}},
				{FileID: id, ChunkID: id + "_1", Embedding: []float32{float32(i), 0.5}},
			}))
		}
		file(t, p, "other", "elsewhere", []float32{0, 0})
		done := presenter.Completed
		require.NoError(t, p.UpdateFile(ctx, "f2", presenter.FileUpdate{Status: &done}))
		require.NoError(t, p.UpdateChunkStatus(ctx, "f2_1", presenter.Completed, ""))
		for _, kind := range []presenter.IndexKind{"", presenter.HNSW, presenter.IVFFlat} {
			if kind != "" {
				require.NoError(t, p.IndexVectors(ctx, "b", presenter.IndexOptions{Kind: kind}))
			}
			for name, test := range map[string]struct {
				filter presenter.QueryFilter
				want   []string
			}{
				"nothing":        {presenter.QueryFilter{}, []string{"f0_0", "f0_1", "f1_0"}},
				"a file":         {presenter.QueryFilter{FileIDs: []string{"f3"}}, []string{"f3_0", "f3_1"}},
				"files":          {presenter.QueryFilter{FileIDs: []string{"f3", "f2", "elsewhere"}}, []string{"f2_0", "f2_1", "f3_0"}},
				"no files":       {presenter.QueryFilter{FileIDs: []string{}}, []string{}},
				"metadata":       {presenter.QueryFilter{Metadata: json.RawMessage(`{"odd": true}`)}, []string{"f1_0", "f1_1", "f3_0"}},
				"more metadata":  {presenter.QueryFilter{Metadata: json.RawMessage(`{"tags": ["3"]}`)}, []string{"f3_0", "f3_1"}},
				"chunk metadata": {presenter.QueryFilter{ChunkMetadata: json.RawMessage(`{"page": 2}`)}, []string{"f0_1", "f1_1", "f2_1"}},
				"both":           {presenter.QueryFilter{Metadata: json.RawMessage(`{"odd": true}`), ChunkMetadata: json.RawMessage(`{"page": 2}`)}, []string{"f1_1", "f3_1"}},
				"completed":      {presenter.QueryFilter{Completed: true}, []string{"f2_1"}},
			} {
				list, err := p.SimilarityQuery(ctx, "b", []float32{0, 0}, presenter.QueryOptions{Limit: 3, Filter: test.filter})
				require.NoError(t, err, name)
				require.Equal(t, test.want, ids(list, matchID), "%s, %s", name, kind)
			}
		}
	})
}

// Without Config.Knowledge, or pgvector, there are chats and no knowledge.
func TestNoKnowledge(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		create(t, p, "a")
		_, err := p.CreateBase(ctx, presenter.NewBase{Dimensions: 3})
		require.ErrorIs(t, err, presenter.ErrKnowledge)
		var typed *presenter.DatabaseError
		require.ErrorAs(t, err, &typed)
		require.Equal(t, "0A000", typed.Code)
		_, err = p.SimilarityQuery(ctx, "b", []float32{1}, presenter.QueryOptions{})
		require.ErrorIs(t, err, presenter.ErrKnowledge)
		require.ErrorIs(t, p.InsertChunks(ctx, "b", []presenter.Chunk{{}}), presenter.ErrKnowledge)
		require.ErrorIs(t, p.InsertVectors(ctx, "b", nil), presenter.ErrKnowledge)
		require.ErrorIs(t, p.WithTx(ctx, func(tx presenter.Tx) error { return tx.DeleteBase(ctx, "b") }), presenter.ErrKnowledge)
		require.ErrorIs(t, p.IndexVectors(ctx, "b", presenter.IndexOptions{}), presenter.ErrKnowledge)
		if !hasPgvector(t, pool) {
			_, err := presenter.New(ctx, pool, presenter.Config{Knowledge: true})
			require.ErrorIs(t, err, presenter.ErrKnowledge)
			require.ErrorContains(t, err, "this server has no pgvector")
			return
		}
		_, err = presenter.New(ctx, pool, presenter.Config{Knowledge: true, NoMigrate: true})
		var migration *presenter.MigrationError
		require.ErrorAs(t, err, &migration)
		base(t, present(t, pool, presenter.Config{Knowledge: true}), "b", 3, "")
	})
}
