package presenter_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

func exec(tb testing.TB, pool *pgxpool.Pool, sql string) {
	tb.Helper()
	_, err := pool.Exec(context.Background(), sql)
	require.NoError(tb, err)
}

// fill makes conversations with messages, each the answer to the one before.
func fill(tb testing.TB, p *presenter.Presenter, conversations, each int) {
	tb.Helper()
	var list []presenter.NewConversation
	var messages []presenter.NewMessage
	for i := range conversations {
		id := fmt.Sprintf("c%05d", i)
		list = append(list, presenter.NewConversation{ID: id, Title: "About " + id, CreatedAt: at(int64(i))})
		parent := ""
		for j := range each {
			m := presenter.NewMessage{
				ID: fmt.Sprintf("m%05d-%d", i, j), ConversationID: id, ParentID: parent, Role: presenter.User, OrderSeq: j + 1,
				Content: fmt.Sprintf("words of %d and %d", i, j), CreatedAt: at(int64(i + j)),
			}
			messages, parent = append(messages, m), m.ID
		}
	}
	_, err := p.InsertConversations(context.Background(), list)
	require.NoError(tb, err)
	_, err = p.InsertMessages(context.Background(), messages)
	require.NoError(tb, err)
}

// flush has all sessions tell what they have counted.
func flush(tb testing.TB, pool *pgxpool.Pool) {
	tb.Helper()
	for _, c := range pool.AcquireAllIdle(context.Background()) {
		_, err := c.Exec(context.Background(), "SELECT pg_stat_force_next_flush()")
		c.Release()
		require.NoError(tb, err)
	}
}

// problems are the names of the indexes that have some, with what they have.
func problems(tb testing.TB, p *presenter.Presenter, ignored ...presenter.IndexProblem) map[string][]presenter.IndexProblem {
	tb.Helper()
	list, err := p.Indexes(context.Background())
	require.NoError(tb, err)
	found := map[string][]presenter.IndexProblem{}
	for _, h := range list {
		for _, problem := range h.Problems {
			if len(ignored) == 0 || problem != ignored[0] {
				found[h.Name] = append(found[h.Name], problem)
			}
		}
	}
	return found
}

func TestRepairMissingIndexes(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		fill(t, p, 3, 3)
		require.Empty(t, problems(t, p))
		steps, err := p.RepairIndexes(ctx)
		require.NoError(t, err)
		require.Empty(t, steps)

		exec(t, pool, `
			DROP INDEX idx_messages_parent, idx_messages_search_english, idx_conversations_updated;
			ALTER TABLE acp_sessions DROP CONSTRAINT acp_sessions_agent_id_session_id_key, DROP CONSTRAINT acp_sessions_pkey`)
		missing := []presenter.IndexProblem{presenter.IndexMissing}
		require.Equal(t, map[string][]presenter.IndexProblem{
			"idx_messages_parent": missing, "idx_messages_search_english": missing, "idx_conversations_updated": missing,
			"acp_sessions_agent_id_session_id_key": missing, "acp_sessions_pkey": missing,
		}, problems(t, p))
		steps, err = p.Optimize(ctx, presenter.OptimizeOptions{DryRun: true})
		require.NoError(t, err)
		require.Len(t, steps, 7, "an index for each, and two constraints")
		require.Len(t, problems(t, p), 5, "a dry run does nothing")

		steps, err = p.RepairIndexes(ctx)
		require.NoError(t, err)
		require.Len(t, steps, 7)
		require.Empty(t, problems(t, p))
		differences, err := p.ValidateSchema(ctx)
		require.NoError(t, err)
		require.Empty(t, differences)
	})
}

// What failed or interrupted concurrent builds leave behind.
func TestRepairInvalidIndexes(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		fill(t, p, 1, 2)
		say(t, p, "c00000", "again", "", "words of 0 and 1")

		_, err := pool.Exec(ctx, "CREATE UNIQUE INDEX CONCURRENTLY by_content ON messages (content)")
		require.ErrorContains(t, err, "could not create unique index")
		_, err = pool.Exec(ctx, "REINDEX INDEX CONCURRENTLY by_content")
		require.ErrorContains(t, err, "could not create unique index")
		// As if CREATE INDEX CONCURRENTLY had been interrupted.
		exec(t, pool, "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'idx_messages_parent'::regclass")
		require.Equal(t, map[string][]presenter.IndexProblem{
			"by_content": {presenter.IndexInvalid}, "by_content_ccnew": {presenter.IndexLeftover}, "idx_messages_parent": {presenter.IndexInvalid},
		}, problems(t, p))

		steps, err := p.RepairIndexes(ctx)
		require.ErrorIs(t, err, presenter.ErrExists)
		require.ErrorContains(t, err, `"by_content"`)
		var done []string
		for _, s := range steps {
			done = append(done, fmt.Sprint(s.SQL, " ", s.Err == nil))
		}
		require.Equal(t, []string{
			"DROP INDEX CONCURRENTLY by_content_ccnew true", "REINDEX INDEX CONCURRENTLY by_content false",
			"DROP INDEX CONCURRENTLY by_content_ccnew true", "REINDEX INDEX CONCURRENTLY idx_messages_parent true",
		}, done)
		require.Equal(t, map[string][]presenter.IndexProblem{"by_content": {presenter.IndexInvalid}}, problems(t, p))

		require.NoError(t, p.DeleteMessage(ctx, "again"))
		_, err = p.RepairIndexes(ctx)
		require.NoError(t, err)
		require.Empty(t, problems(t, p))
		_, err = p.InsertMessage(ctx, presenter.NewMessage{ConversationID: "c00000", Role: presenter.User, Content: "words of 0 and 1"})
		require.ErrorIs(t, err, presenter.ErrExists, "the index works")
	})
}

// Indexes of others are reported, and never dropped.
func TestIndexesOfOthers(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		fill(t, p, 500, 3)
		exec(t, pool, `
			CREATE INDEX "By Tokens" ON messages (token_count);
			CREATE INDEX twice ON conversations (updated_at DESC, id DESC);
			CREATE INDEX mine_ccnew ON messages (status);
			CREATE TABLE foreign_to_us (a int);
			CREATE INDEX not_ours ON foreign_to_us (a);
			ANALYZE`)
		found := problems(t, p)
		require.Equal(t, []presenter.IndexProblem{presenter.IndexUnused}, found[`"By Tokens"`])
		require.Equal(t, []presenter.IndexProblem{presenter.IndexDuplicate}, found["twice"])
		require.Equal(t, []presenter.IndexProblem{presenter.IndexUnused}, found["mine_ccnew"])
		_, err := p.Optimize(ctx, presenter.OptimizeOptions{Everything: true})
		require.NoError(t, err)
		require.Contains(t, problems(t, p), `"By Tokens"`)
		require.Contains(t, problems(t, p), "twice")
		require.Contains(t, problems(t, p), "mine_ccnew")

		exec(t, pool, `UPDATE pg_index SET indisvalid = false WHERE indexrelid = '"By Tokens"'::regclass`)
		steps, err := p.RepairIndexes(ctx)
		require.NoError(t, err)
		require.Len(t, steps, 1)
		require.Equal(t, `REINDEX INDEX CONCURRENTLY "By Tokens"`, steps[0].SQL)
	})
}

// After most of a table was deleted its indexes are mostly empty.
func TestOptimize(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		exec(t, pool, `INSERT INTO conversations (conv_id, title, created_at, updated_at)
			SELECT md5(n::text) || repeat('x', 150), '', n, n FROM generate_series(1, 12000) AS n`)
		exec(t, pool, "VACUUM ANALYZE")
		flush(t, pool)
		require.Empty(t, problems(t, p, presenter.IndexUnused), "fresh indexes are not bloated")
		exec(t, pool, "DELETE FROM conversations WHERE id % 10 <> 0")
		flush(t, pool)
		before := sizes(t, p)

		steps, err := p.Optimize(ctx, presenter.OptimizeOptions{})
		require.NoError(t, err)
		reasons := map[string]string{}
		for _, s := range steps {
			reasons[s.SQL] = s.Reason
		}
		require.Equal(t, "10800 dead rows", reasons["VACUUM (ANALYZE) conversations"])
		require.Equal(t, "bloated", reasons["REINDEX INDEX CONCURRENTLY conversations_pkey"])
		require.NotContains(t, reasons, "REINDEX INDEX CONCURRENTLY messages_pkey")
		require.Less(t, sizes(t, p)["conversations_pkey"], before["conversations_pkey"]/3)
		require.Empty(t, problems(t, p, presenter.IndexUnused))

		require.Eventually(t, func() bool {
			flush(t, pool)
			steps, err = p.Optimize(ctx, presenter.OptimizeOptions{})
			return err == nil && len(steps) == 0
		}, time.Minute, 50*time.Millisecond, "there is nothing left to do")

		steps, err = p.Optimize(ctx, presenter.OptimizeOptions{Everything: true})
		require.NoError(t, err)
		require.Len(t, steps, 6, "each table")
		integrity, err := p.ValidateIntegrity(ctx)
		require.NoError(t, err)
		require.Empty(t, integrity.Problems)
	})
}

func sizes(tb testing.TB, p *presenter.Presenter) map[string]int64 {
	tb.Helper()
	list, err := p.Indexes(context.Background())
	require.NoError(tb, err)
	sizes := map[string]int64{}
	for _, h := range list {
		sizes[h.Name] = h.Bytes
	}
	return sizes
}

// Two programs do not maintain a database at the same time, and who is told to
// stop stops.
func TestMaintenanceIsExclusive(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		exec(t, pool, "DROP INDEX idx_messages_parent")
		tx, err := pool.Begin(context.Background())
		require.NoError(t, err)
		defer func() { _ = tx.Rollback(context.Background()) }()
		_, err = tx.Exec(ctx, "LOCK TABLE messages")
		require.NoError(t, err)
		first := make(chan error, 1)
		go func() { _, err := p.RepairIndexes(ctx); first <- err }()
		require.Eventually(t, func() bool {
			var waiting bool
			err := pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'messages'::regclass AND NOT granted)").Scan(&waiting)
			return err == nil && waiting
		}, time.Minute, 10*time.Millisecond)

		_, err = p.Optimize(context.Background(), presenter.OptimizeOptions{})
		require.ErrorIs(t, err, &presenter.DatabaseError{Code: "55P03"})
		cancel()
		require.ErrorIs(t, <-first, context.Canceled)
		require.NoError(t, tx.Rollback(context.Background()))
		require.Eventually(t, func() bool { // a session whose connection was closed gives its lock back a moment later
			_, err = p.RepairIndexes(context.Background())
			return err == nil
		}, time.Minute, 10*time.Millisecond)
		require.Empty(t, problems(t, p))
	})
}

func TestStatistics(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		fill(t, p, 100, 3)
		_, err := p.DeleteMessages(ctx, "c00007")
		require.NoError(t, err)
		flush(t, pool) // what is told later is added to what ANALYZE has found
		exec(t, pool, "ANALYZE")
		var s presenter.Statistics
		tables := map[string]presenter.TableStatistics{}
		require.Eventually(t, func() bool {
			flush(t, pool)
			s, err = p.Statistics(ctx)
			require.NoError(t, err)
			for _, table := range s.Tables {
				tables[table.Name] = table
			}
			return tables["messages"].Deleted == 3 && tables["messages"].LastAnalyze != nil
		}, time.Minute, 10*time.Millisecond)
		require.Len(t, tables, 6, "five of the schema, and its history")
		require.EqualValues(t, 297, tables["messages"].Rows)
		require.EqualValues(t, 300, tables["messages"].Inserted)
		require.EqualValues(t, 100, tables["conversations"].Rows)
		require.Positive(t, tables["messages"].TableBytes)
		require.Positive(t, tables["messages"].IndexBytes)
		require.Positive(t, s.DatabaseBytes)
		require.Positive(t, s.Commits)
		require.Positive(t, s.CacheHits)
		require.Positive(t, s.Sessions)

		messages, err := p.TableStatistics(ctx, "messages")
		require.NoError(t, err)
		columns := map[string]presenter.ColumnStatistics{}
		for _, c := range messages.Columns {
			columns[c.Name] = c
		}
		require.Equal(t, -1.0, columns["msg_id"].Distinct, "each is different")
		require.Equal(t, 1.0, columns["role"].Distinct)
		require.InDelta(t, 99.0/297, columns["parent_id"].Nulls, 0.001)
		require.Equal(t, int64(9), columns["msg_id"].AverageBytes, "eight, and one for the length")
		require.InDelta(t, 1, *columns["id"].Correlation, 0.001)
		_, err = p.TableStatistics(ctx, "pg_class")
		require.ErrorIs(t, err, presenter.ErrNotFound)
	})
}
