package presenter_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

func TestBulkLoad(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		indexes := func() (names []string) {
			require.NoError(t, pool.QueryRow(ctx, "SELECT array_agg(indexname || indexdef ORDER BY indexname) FROM pg_indexes WHERE schemaname = 'public'").Scan(&names))
			return names
		}
		before := indexes()
		bulk := func(parent string, then error) error {
			return p.BulkLoad(ctx, func(tx presenter.Tx) error {
				create(t, tx, "a")
				_, err := tx.InsertMessages(ctx, []presenter.NewMessage{
					{ID: "2", ConversationID: "a", ParentID: parent, Role: presenter.User, Content: "planets"},
					{ID: "1", ConversationID: "a", Role: presenter.User},
				})
				if err != nil {
					return err
				}
				if _, err := tx.AddAttachment(ctx, presenter.Attachment{MessageID: "2", Type: "file"}); err != nil {
					return err
				}
				return then
			})
		}
		sorry := errors.New("sorry")
		require.ErrorIs(t, bulk("1", sorry), sorry)
		require.ErrorIs(t, bulk("none", nil), presenter.ErrReference)
		require.Equal(t, [5]int64{}, contents(t, pool))
		require.Equal(t, before, indexes())

		require.NoError(t, bulk("1", nil))
		require.Equal(t, [5]int64{1, 2, 1}, contents(t, pool))
		require.Equal(t, before, indexes())
		problems, err := p.ValidateSchema(ctx)
		require.NoError(t, err)
		require.Empty(t, problems)
		hits, _, err := p.Search(ctx, "planet", presenter.SearchOptions{})
		require.NoError(t, err)
		require.Len(t, hits, 1)
		_, err = p.InsertMessage(ctx, presenter.NewMessage{ConversationID: "a", ParentID: "none", Role: presenter.User})
		require.ErrorIs(t, err, presenter.ErrReference)
	})
}

// noSearchIndex lets no index for Search be made while it is on.
type noSearchIndex struct{ on atomic.Bool }

func (n *noSearchIndex) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if !n.on.Load() || !strings.HasPrefix(data.SQL, "CREATE INDEX idx_messages_search_") {
		return ctx
	}
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return ctx
}

func (n *noSearchIndex) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// If only the index for Search fails, what was loaded stays, and the index can
// be made later.
func TestBulkLoadWithoutSearchIndex(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			ctx, tracer := context.Background(), new(noSearchIndex)
			pool := d.open(t, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = tracer })
			p := present(t, pool, presenter.Config{})
			tracer.on.Store(true)
			err := p.BulkLoad(ctx, func(tx presenter.Tx) error {
				create(t, tx, "a")
				_, err := tx.InsertMessages(ctx, []presenter.NewMessage{{ID: "1", ConversationID: "a", Role: presenter.User, Content: "planets"}})
				return err
			})
			var missing *presenter.SearchIndexError
			require.ErrorAs(t, err, &missing)
			require.Equal(t, "idx_messages_search_english", missing.Index)
			require.ErrorIs(t, err, context.Canceled)
			tracer.on.Store(false)

			hits, _, err := p.Search(ctx, "planet", presenter.SearchOptions{})
			require.NoError(t, err)
			require.Len(t, hits, 1)
			require.Equal(t, map[string][]presenter.IndexProblem{missing.Index: {presenter.IndexMissing}}, problems(t, p))
			_, err = p.RepairIndexes(ctx)
			require.NoError(t, err)
			require.Empty(t, problems(t, p))
		})
	}
}
