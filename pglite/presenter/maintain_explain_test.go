package presenter_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		exec(t, pool, `INSERT INTO conversations (conv_id, title, created_at, updated_at) SELECT 'c' || n, md5(n::text), n, n FROM generate_series(1, 3000) AS n`)
		exec(t, pool, "ANALYZE")

		plan, err := p.Explain(ctx, presenter.ExplainOptions{}, "SELECT title FROM conversations WHERE conv_id = $1", "c77")
		require.NoError(t, err)
		require.True(t, plan.Uses("conversations_pkey"))
		require.Equal(t, "conversations", plan.Root.Relation)
		require.Contains(t, plan.Root.IndexCond, "'c77'")
		require.Zero(t, plan.ExecutionMillis)
		require.Empty(t, plan.Warnings())

		plan, err = p.Explain(ctx, presenter.ExplainOptions{Analyze: true}, "SELECT FROM conversations WHERE title = $1 ORDER BY created_at", "none")
		require.NoError(t, err)
		require.Positive(t, plan.ExecutionMillis)
		require.Equal(t, "Sort", plan.Root.Type)
		require.Equal(t, "Seq Scan", plan.Root.Plans[0].Type)
		require.EqualValues(t, 3000, plan.Root.Plans[0].RowsRemoved)
		require.Equal(t, []string{"all rows of conversations are read, and 0 of 3000 kept: (title = 'none'::text)"}, plan.Warnings())
		require.Contains(t, plan.String(), "\n  Seq Scan on conversations (cost ")

		exec(t, pool, "CREATE FUNCTION few() RETURNS SETOF int LANGUAGE plpgsql ROWS 1 AS 'BEGIN RETURN QUERY SELECT generate_series(1, 5000); END'")
		plan, err = p.Explain(ctx, presenter.ExplainOptions{Analyze: true}, "SELECT * FROM few()")
		require.NoError(t, err)
		require.Equal(t, []string{"Function Scan of 5000 rows was taken for 1"}, plan.Warnings())

		// What it does is undone, and it is one statement.
		plan, err = p.Explain(ctx, presenter.ExplainOptions{Analyze: true}, "DELETE FROM conversations WHERE created_at > $1", 10)
		require.NoError(t, err)
		require.Equal(t, "ModifyTable", plan.Root.Type)
		n, err := p.ConversationCount(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 3000, n)
		for _, sql := range []string{"SELECT 1; DELETE FROM conversations", "COMMIT", "", "SELEC", "SELECT 1 / 0 FROM conversations"} {
			_, err := p.Explain(ctx, presenter.ExplainOptions{Analyze: true}, sql)
			var failed *presenter.DatabaseError
			require.ErrorAs(t, err, &failed, sql)
			require.NotEmpty(t, failed.Code)
		}
		n, err = p.ConversationCount(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 3000, n)
	})
}

// The statements of the presenter's own methods are explained as they are run.
func TestExplainCalls(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		fill(t, p, 300, 10)
		exec(t, pool, "ANALYZE")
		plans, err := p.ExplainCalls(ctx, presenter.ExplainOptions{Analyze: true}, func(tx presenter.Tx) error {
			list, _, err := tx.ListConversations(ctx, presenter.ConversationList{Limit: 20})
			require.NoError(t, err)
			require.Len(t, list, 20)
			m, err := tx.InsertMessage(ctx, presenter.NewMessage{ID: "new", ConversationID: "c00007", Role: presenter.User, Content: "and a planet"})
			require.NoError(t, err)
			require.Equal(t, 11, m.OrderSeq, "an INSERT that is explained is not there twice")
			hits, _, err := tx.Search(ctx, "planet", presenter.SearchOptions{})
			require.NoError(t, err)
			require.Len(t, hits, 1)
			return nil
		})
		require.NoError(t, err)
		var operations []string
		for _, plan := range plans {
			operations = append(operations, plan.Operation)
			require.Empty(t, plan.Warnings(), plan.String())
		}
		require.Equal(t, []string{
			"listing conversations", "inserting message", "inserting message", "inserting message", "searching", "searching",
		}, operations)
		require.True(t, plans[0].Uses("idx_conversations_updated"))
		require.True(t, plans[len(plans)-1].Uses("idx_messages_search_english"))
		_, err = p.Message(ctx, "new")
		require.ErrorIs(t, err, presenter.ErrNotFound, "all was rolled back")
	})
}

func TestParsePlan(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", "{}", `[{"Plan": {}}]`, `[{"Plan": 1}]`, `"x"`, `[{"Plan":{"Node Type":"Result"}}, {}]`} {
		_, err := presenter.ParsePlan([]byte(text))
		require.Error(t, err, text)
	}
	plan, err := presenter.ParsePlan([]byte(`{"Plan": {"Node Type": "Sort", "Actual Loops": 1, "Sort Space Type": "Disk", "Sort Space Used": 9, "Plans": [{"Node Type": "Result"}]}}`))
	require.NoError(t, err)
	require.Equal(t, []string{"a sort of 9 kB did not fit in work_mem"}, plan.Warnings())
}
