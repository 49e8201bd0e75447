package presenter_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/embed"
	"github.com/calfdb/calf/pglite/presenter"
)

// embedder is a function that is an Embedder.
type embedder func(ctx context.Context, texts []string) ([][]float32, error)

func (e embedder) Embed(ctx context.Context, texts []string) ([][]float32, error) {
	return e(ctx, texts)
}

// planets are chunks of a file, which wait to be embedded.
func planets(tb testing.TB, p knowledge, base, id string) {
	tb.Helper()
	ctx := context.Background()
	_, err := p.InsertFile(ctx, presenter.NewFile{ID: id, BaseID: base})
	require.NoError(tb, err)
	var chunks []presenter.Chunk
	for i, text := range []string{"Mars is red of rust", "Venus is hot under clouds", "Saturn has rings of ice", "Jupiter has a storm", "Neptune is blue"} {
		chunks = append(chunks, presenter.Chunk{FileID: id, Index: i, Content: text})
	}
	require.NoError(tb, p.InsertChunks(ctx, base, chunks))
}

func statuses(tb testing.TB, p *presenter.Presenter, file string) string {
	tb.Helper()
	f, err := p.File(context.Background(), file)
	require.NoError(tb, err)
	chunks, err := p.Chunks(context.Background(), presenter.ChunkFilter{FileID: file})
	require.NoError(tb, err)
	text := string(f.Status) + " " + f.Error + ":"
	for _, c := range chunks {
		text += " " + string(c.Status) + c.Error
	}
	return text
}

func TestEmbedChunks(t *testing.T) {
	t.Parallel()
	hashing := embed.NewHashing(64, nil)
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 64, "")
		planets(t, p, "b", "f")
		var told []int64
		n, err := p.EmbedChunks(ctx, "b", hashing, presenter.EmbedOptions{Batch: 2, Progress: func(n int64) { told = append(told, n) }})
		require.NoError(t, err)
		require.EqualValues(t, 5, n)
		require.Equal(t, []int64{2, 4, 5}, told)
		require.Equal(t, "completed : completed completed completed completed completed", statuses(t, p, "f"))
		list, err := p.SimilarityQuery(ctx, "b", hashing.Vector("rings of Saturn"), presenter.QueryOptions{Limit: 1})
		require.NoError(t, err)
		require.Equal(t, "Saturn has rings of ice", list[0].Content)
		n, err = p.EmbedChunks(ctx, "b", hashing, presenter.EmbedOptions{})
		require.NoError(t, err)
		require.Zero(t, n)
		_, err = p.EmbedChunks(ctx, "none", hashing, presenter.EmbedOptions{})
		require.ErrorIs(t, err, presenter.ErrNotFound)
		_, err = p.EmbedChunks(ctx, "b", hashing, presenter.EmbedOptions{Batch: -1})
		require.ErrorIs(t, err, presenter.ErrInvalid)
	})
}

func TestEmbedChunksThatFail(t *testing.T) {
	t.Parallel()
	hashing := embed.NewHashing(64, nil)
	errBusy := errors.New("busy\x00\xff")
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 64, "")
		planets(t, p, "b", "f")

		// An embedder that is broken leaves the work to do.
		_, err := p.EmbedChunks(ctx, "b", embedder(func(context.Context, []string) ([][]float32, error) { return nil, errBusy }), presenter.EmbedOptions{})
		require.ErrorIs(t, err, errBusy)
		require.Equal(t, "processing : processing processing processing processing processing", statuses(t, p, "f"))
		_, err = p.EmbedChunks(ctx, "b", embed.NewHashing(63, nil), presenter.EmbedOptions{})
		require.ErrorIs(t, err, presenter.ErrInvalid)
		_, err = p.EmbedChunks(ctx, "b", embedder(func(context.Context, []string) ([][]float32, error) { return nil, nil }), presenter.EmbedOptions{})
		require.ErrorContains(t, err, "0 vectors for 5 texts")

		// A text that is not taken does not keep the others back.
		picky := embedder(func(ctx context.Context, texts []string) ([][]float32, error) {
			if strings.Contains(strings.Join(texts, ""), "storm") {
				return nil, errBusy
			}
			vectors, err := hashing.Embed(ctx, texts)
			for i, t := range texts {
				if strings.Contains(t, "Venus") {
					vectors[i][3] = float32(math.NaN())
				}
			}
			return vectors, err
		})
		n, err := p.EmbedChunks(ctx, "b", picky, presenter.EmbedOptions{})
		require.NoError(t, err)
		require.EqualValues(t, 5, n)
		require.Contains(t, statuses(t, p, "f"), `error presenter: embedding chunks of knowledge base "f_1": number 4 of the vector is NaN: completed error`)
		c, err := p.Chunk(ctx, "f_3")
		require.NoError(t, err)
		require.Equal(t, "busy�", c.Error)

		tasks, err := p.RetryTasks(ctx, "b")
		require.NoError(t, err)
		require.Equal(t, presenter.Tasks{Files: 1, Chunks: 2}, tasks)
		_, err = p.EmbedChunks(ctx, "b", hashing, presenter.EmbedOptions{})
		require.NoError(t, err)
		require.Equal(t, "completed : completed completed completed completed completed", statuses(t, p, "f"))
	})
}

// What is paused while it is embedded is not stored.
func TestEmbedChunksPaused(t *testing.T) {
	t.Parallel()
	hashing := embed.NewHashing(64, nil)
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 64, "")
		planets(t, p, "b", "f")
		batches := 0
		pausing := embedder(func(ctx context.Context, texts []string) ([][]float32, error) {
			if batches++; batches == 2 {
				if _, err := p.PauseTasks(ctx, "b"); err != nil {
					return nil, err
				}
			}
			return hashing.Embed(ctx, texts)
		})
		_, err := p.EmbedChunks(ctx, "b", pausing, presenter.EmbedOptions{Batch: 2})
		require.NoError(t, err)
		require.Equal(t, "paused : completed completed paused paused paused", statuses(t, p, "f"))
		require.EqualValues(t, 2, holdings(t, pool)[4])
		_, err = p.ResumeTasks(ctx, "b")
		require.NoError(t, err)

		// Two at once do it once.
		var both sync.WaitGroup
		var errs [2]error
		for i := range errs {
			both.Go(func() { _, errs[i] = p.EmbedChunks(ctx, "b", hashing, presenter.EmbedOptions{Batch: 1}) })
		}
		both.Wait()
		require.Equal(t, [2]error{}, errs)
		require.Equal(t, "completed : completed completed completed completed completed", statuses(t, p, "f"))
		require.EqualValues(t, 5, holdings(t, pool)[4])
	})
}

// A base is embedded anew while it is searched and grows; until the end it is
// what it was, and then all new.
func TestReembed(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		before, after := embed.NewHashing(64, nil), embed.NewHashing(100, nil)
		base(t, p, "b", 64, "")
		base(t, p, "other", 64, "")
		planets(t, p, "b", "f")
		planets(t, p, "other", "o")
		for _, id := range []string{"b", "other"} {
			_, err := p.EmbedChunks(ctx, id, before, presenter.EmbedOptions{})
			require.NoError(t, err)
		}
		require.NoError(t, p.IndexVectors(ctx, "b", presenter.IndexOptions{}))
		find := func(e *embed.Hashing) (string, error) {
			list, err := p.SimilarityQuery(ctx, "b", e.Vector("rings of Saturn"), presenter.QueryOptions{Limit: 1})
			if err != nil || len(list) == 0 {
				return "", err
			}
			return list[0].Content, nil
		}
		batches := 0
		busy := embedder(func(ctx context.Context, texts []string) ([][]float32, error) {
			batches++
			found, err := find(before)
			require.NoError(t, err)
			require.Equal(t, "Saturn has rings of ice", found)
			switch batches {
			case 2: // a file comes
				planets(t, p, "b", "a")
				_, err := p.EmbedChunks(ctx, "b", before, presenter.EmbedOptions{})
				require.NoError(t, err)
			case 3: // and one goes whose vectors are on their way
				require.NoError(t, p.DeleteFile(ctx, "f"))
			}
			return after.Embed(ctx, texts)
		})
		var done, total int64
		require.NoError(t, p.Reembed(ctx, "b", busy, presenter.ReembedOptions{
			Model: "new", Dimensions: 100, Batch: 2, Progress: func(d, n int64) { done, total = d, n },
		}))
		require.Equal(t, total, done)
		b, err := p.Base(ctx, "b")
		require.NoError(t, err)
		require.Equal(t, "new", b.Model)
		require.Equal(t, 100, b.Dimensions)
		found, err := find(after)
		require.NoError(t, err)
		require.Equal(t, "Saturn has rings of ice", found)
		_, err = find(before)
		require.ErrorIs(t, err, presenter.ErrInvalid)
		index, err := p.VectorIndex(ctx, "b")
		require.NoError(t, err)
		require.Equal(t, presenter.HNSW, index.Kind)
		require.EqualValues(t, 5, index.Vectors)
		require.Equal(t, [5]int64{2, 2, 2, 10, 10}, holdings(t, pool))
		var indexes int
		require.NoError(t, pool.QueryRow(ctx, "SELECT count(*) FROM pg_class WHERE relname LIKE 'idx_knowledge_vectors_space_%'").Scan(&indexes))
		require.Equal(t, 1, indexes)
	})
}

// What failed leaves the base as it was, and goes on where it was.
func TestReembedThatFails(t *testing.T) {
	t.Parallel()
	errBusy := errors.New("busy")
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		before, after := embed.NewHashing(64, nil), embed.NewHashing(100, nil)
		base(t, p, "b", 64, "")
		planets(t, p, "b", "f")
		_, err := p.EmbedChunks(ctx, "b", before, presenter.EmbedOptions{})
		require.NoError(t, err)
		embedded := 0
		failing := embedder(func(ctx context.Context, texts []string) ([][]float32, error) {
			if embedded++; embedded == 3 {
				return nil, errBusy
			}
			return after.Embed(ctx, texts)
		})
		o := presenter.ReembedOptions{Model: "new", Dimensions: 100, Metric: presenter.L2, Batch: 2}
		require.ErrorIs(t, p.Reembed(ctx, "b", failing, o), errBusy)
		require.EqualValues(t, 5+4, holdings(t, pool)[4])
		list, err := p.SimilarityQuery(ctx, "b", before.Vector("Mars"), presenter.QueryOptions{Limit: 1})
		require.NoError(t, err)
		require.Equal(t, "Mars is red of rust", list[0].Content)

		require.NoError(t, p.Reembed(ctx, "b", failing, o))
		require.Equal(t, 4, embedded, "what was done is not done again")
		b, err := p.Base(ctx, "b")
		require.NoError(t, err)
		require.Equal(t, presenter.L2, b.Metric)

		// Another attempt than the one that was begun.
		embedded = 1
		require.ErrorIs(t, p.Reembed(ctx, "b", failing, presenter.ReembedOptions{Model: "third", Dimensions: 100, Batch: 2}), errBusy)
		require.NoError(t, p.Reembed(ctx, "b", before, presenter.ReembedOptions{Model: "first"}))
		require.Equal(t, [5]int64{1, 1, 1, 5, 5}, holdings(t, pool))

		for name, o := range map[string]presenter.ReembedOptions{
			"dimensions": {Dimensions: presenter.MaxDimensions + 1}, "metric": {Metric: "x"}, "batch": {Batch: -1}, "wrong": {Dimensions: 63},
		} {
			require.ErrorIs(t, p.Reembed(ctx, "b", before, o), presenter.ErrInvalid, name)
		}
		require.ErrorIs(t, p.Reembed(ctx, "none", before, presenter.ReembedOptions{}), presenter.ErrNotFound)
	})
}

// Writers of vectors and Reembed wait for each other, and none is lost.
func TestReembedHammer(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 3, "")
		file(t, p, "b", "f", []float32{1, 2, 3})
		constant := embedder(func(_ context.Context, texts []string) ([][]float32, error) {
			vectors := make([][]float32, len(texts))
			for i := range vectors {
				vectors[i] = []float32{1, 1, 1}
			}
			return vectors, nil
		})
		const writers, each = 4, 10
		var all sync.WaitGroup
		errs := make(chan error, writers*each*3)
		for w := range writers {
			all.Go(func() {
				for i := range each {
					id := fmt.Sprintf("f%d.%d", w, i)
					_, err := p.InsertFile(ctx, presenter.NewFile{ID: id, BaseID: "b"})
					errs <- err
					errs <- p.InsertChunks(ctx, "b", []presenter.Chunk{{FileID: id}})
					errs <- p.InsertVector(ctx, "b", presenter.Vector{FileID: id, ChunkID: id + "_0", Embedding: []float32{1, 1, 1}})
				}
			})
		}
		for i := range 5 {
			require.NoError(t, p.Reembed(ctx, "b", constant, presenter.ReembedOptions{Model: fmt.Sprint(i), Dimensions: 3}))
		}
		all.Wait()
		close(errs)
		for err := range errs {
			require.NoError(t, err)
		}
		require.Equal(t, [5]int64{1, 1, writers*each + 1, writers*each + 1, writers*each + 1}, holdings(t, pool))
		ensureFound, err := p.SimilarityQuery(ctx, "b", []float32{1, 1, 1}, presenter.QueryOptions{Limit: 1000})
		require.NoError(t, err)
		require.Len(t, ensureFound, writers*each+1)
	})
}
