package presenter_test

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

// Every change of status, of files and of chunks, is allowed or is not.
func TestTransitions(t *testing.T) {
	t.Parallel()
	all := []presenter.TaskStatus{presenter.Processing, presenter.Completed, presenter.InError, presenter.Paused}
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 1, "")
		for _, from := range all {
			for _, to := range all {
				id := string(from + " to " + to)
				_, err := p.InsertFile(ctx, presenter.NewFile{ID: id, BaseID: "b", Status: from, Error: "before"})
				require.NoError(t, err)
				require.NoError(t, p.InsertChunks(ctx, "b", []presenter.Chunk{{ID: id, FileID: id, Status: from, Error: "before"}}))
				why := "because"
				file := p.UpdateFile(ctx, id, presenter.FileUpdate{Status: &to, Error: &why})
				chunk := p.UpdateChunkStatus(ctx, id, to, why)
				want := presenter.TaskStatus(to)
				if from == to || from == presenter.Processing || to == presenter.Processing {
					require.NoError(t, file, id)
					require.NoError(t, chunk, id)
				} else {
					want, why = from, "before"
					for _, err := range []error{file, chunk} {
						require.ErrorIs(t, err, presenter.ErrTransition, id)
						var typed *presenter.DatabaseError
						require.ErrorAs(t, err, &typed)
						require.Equal(t, "55000", typed.Code)
						require.ErrorContains(t, err, "it is "+string(from)+", and cannot become "+string(to))
					}
				}
				f, err := p.File(ctx, id)
				require.NoError(t, err)
				c, err := p.Chunk(ctx, id)
				require.NoError(t, err)
				require.Equal(t, [4]string{string(want), why, string(want), why}, [4]string{string(f.Status), f.Error, string(c.Status), c.Error}, id)
			}
		}
		to := presenter.Completed
		require.ErrorIs(t, p.UpdateFile(ctx, "none", presenter.FileUpdate{Status: &to}), presenter.ErrNotFound)
		require.ErrorIs(t, p.UpdateFile(ctx, "none", presenter.FileUpdate{}), presenter.ErrNotFound)
		require.ErrorIs(t, p.UpdateChunkStatus(ctx, "none", to, ""), presenter.ErrNotFound)
		to = "processed"
		require.ErrorIs(t, p.UpdateFile(ctx, "completed to paused", presenter.FileUpdate{Status: &to}), presenter.ErrInvalid)
		require.ErrorIs(t, p.UpdateChunkStatus(ctx, "completed to paused", to, ""), presenter.ErrInvalid)
	})
}

func TestPauseAndResume(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 1, "")
		base(t, p, "other", 1, "")
		file(t, p, "b", "f", []float32{1}, []float32{2}, []float32{3})
		file(t, p, "b", "g", []float32{1})
		file(t, p, "other", "h", []float32{1})
		require.NoError(t, p.UpdateChunkStatus(ctx, "f_0", presenter.Completed, ""))
		n, err := p.PauseTasks(ctx, "b")
		require.NoError(t, err)
		require.Equal(t, presenter.Tasks{Files: 2, Chunks: 3}, n)
		paused, err := p.Chunks(ctx, presenter.ChunkFilter{Status: presenter.Paused})
		require.NoError(t, err)
		require.Equal(t, []string{"f_1", "f_2", "g_0"}, ids(paused, func(c presenter.Chunk) string { return c.ID }))
		require.ErrorIs(t, p.UpdateChunkStatus(ctx, "f_1", presenter.Completed, ""), presenter.ErrTransition)
		n, err = p.ResumeTasks(ctx, "b")
		require.NoError(t, err)
		require.Equal(t, presenter.Tasks{Files: 2, Chunks: 3}, n)
		n, err = p.ResumeTasks(ctx, "b")
		require.NoError(t, err)
		require.Zero(t, n)
		_, err = p.PauseTasks(ctx, "none")
		require.ErrorIs(t, err, presenter.ErrNotFound)
	})
}

// A file is what its chunks are, also if those who finish them come together.
func TestSettleFile(t *testing.T) {
	t.Parallel()
	onEachKnowing(t, func(t *testing.T, p *presenter.Presenter, _ *pgxpool.Pool) {
		ctx := context.Background()
		base(t, p, "b", 1, "")
		file(t, p, "b", "f", []float32{1}, []float32{2}, []float32{3})
		settle := func(id string) (presenter.TaskStatus, string) {
			f, err := p.SettleFile(ctx, id)
			require.NoError(t, err)
			return f.Status, f.Error
		}
		status, _ := settle("f")
		require.Equal(t, presenter.Processing, status)
		require.NoError(t, p.UpdateChunkStatus(ctx, "f_0", presenter.Completed, ""))
		require.NoError(t, p.UpdateChunkStatus(ctx, "f_1", presenter.InError, "no network"))
		status, _ = settle("f")
		require.Equal(t, presenter.Processing, status)
		require.NoError(t, p.UpdateChunkStatus(ctx, "f_2", presenter.Completed, ""))
		status, why := settle("f")
		require.Equal(t, presenter.InError, status)
		require.Equal(t, "no network", why)

		file(t, p, "b", "empty")
		status, _ = settle("empty")
		require.Equal(t, presenter.Completed, status)
		status, _ = settle("empty")
		require.Equal(t, presenter.Completed, status)
		_, err := p.SettleFile(ctx, "none")
		require.ErrorIs(t, err, presenter.ErrNotFound)

		file(t, p, "b", "g", []float32{1}, []float32{2}, []float32{3}, []float32{4})
		var all sync.WaitGroup
		errs := make([]error, 4)
		for i, id := range []string{"g_0", "g_1", "g_2", "g_3"} {
			all.Go(func() {
				if errs[i] = p.UpdateChunkStatus(ctx, id, presenter.Completed, ""); errs[i] == nil {
					_, errs[i] = p.SettleFile(ctx, "g")
				}
			})
		}
		all.Wait()
		require.Equal(t, make([]error, 4), errs)
		f, err := p.File(ctx, "g")
		require.NoError(t, err)
		require.Equal(t, presenter.Completed, f.Status)
	})
}
