package schema_test

import (
	"context"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/schema"
)

// growing returns the n-th block of SQL in docs/growing.md.
func growing(t *testing.T, n int) string {
	t.Helper()
	page, err := os.ReadFile("../docs/growing.md")
	require.NoError(t, err)
	blocks := strings.Split(string(page), "\n```sql\n")
	require.Greater(t, len(blocks), n+1)
	block, _, ok := strings.Cut(blocks[n+1], "\n```\n")
	require.True(t, ok)
	return block
}

// requireSharded makes sure that every unique index of a table has the column to shard by, and every foreign key between
// such tables, too. The tables and their columns are rows of SQL.
func requireSharded(t *testing.T, pool *pgxpool.Pool, tables string) {
	t.Helper()
	var without []string
	require.NoError(t, pool.QueryRow(context.Background(), `WITH v (tab, col) AS (VALUES `+tables+`)
		SELECT coalesce(array_agg(name), '{}') FROM (
		SELECT indexrelid::regclass::text AS name FROM pg_index JOIN v ON indrelid = tab::regclass
		WHERE indisunique AND NOT (SELECT attnum FROM pg_attribute WHERE attrelid = indrelid AND attname = col) = ANY (indkey)
		UNION ALL SELECT conname FROM pg_constraint JOIN v ON conrelid = tab::regclass JOIN pg_attribute ON attrelid = conrelid AND attname = col
		WHERE contype = 'f' AND NOT attnum = ANY (conkey)) q`).Scan(&without))
	require.Empty(t, without)
}

// TestGrowing runs what docs/growing.md says that the tables need before they are sharded.
func TestGrowing(t *testing.T) {
	t.Parallel()
	changes := growing(t, 0)
	onEach(t, func(t *testing.T, pool *pgxpool.Pool) {
		ctx := context.Background()
		_, err := schema.Migrate(ctx, pool, schema.Chat(), schema.Latest)
		require.NoError(t, err)
		exec(t, pool, `INSERT INTO conversations (conv_id, title, created_at, updated_at) VALUES ('c', '', 0, 0);
			INSERT INTO messages (msg_id, conversation_id, role, content, created_at) VALUES ('m', 'c', 'user', '', 0);
			INSERT INTO message_attachments (attachment_id, message_id, attachment_type, attachment_data, created_at) VALUES ('a', 'm', '', '', 0)`)
		exec(t, pool, changes)
		var of string
		require.NoError(t, pool.QueryRow(ctx, "SELECT conversation_id FROM message_attachments").Scan(&of))
		require.Equal(t, "c", of)
		requireSharded(t, pool, `('conversations', 'conv_id'), ('messages', 'conversation_id'),
			('message_attachments', 'conversation_id'), ('acp_sessions', 'conversation_id')`)
	})
}

func TestGrowingKnowledge(t *testing.T) {
	t.Parallel()
	changes := growing(t, 1)
	pool := calfPool(t) // a native PostgreSQL may have no pgvector
	_, err := schema.Migrate(context.Background(), pool, schema.Knowledge(), schema.Latest)
	require.NoError(t, err)
	exec(t, pool, `INSERT INTO knowledge_bases VALUES ('b', 'b', 0);
		INSERT INTO knowledge_files (id, base_id, name, path, status, uploaded_at) VALUES ('f', 'b', 'f', '', 'paused', 0);
		INSERT INTO knowledge_chunks (id, base_id, file_id, chunk_index, content, status) VALUES ('c', 'b', 'f', 0, '', 'paused')`)
	exec(t, pool, changes)
	requireSharded(t, pool, `('knowledge_bases', 'base_id'), ('knowledge_spaces', 'base_id'), ('knowledge_files', 'base_id'),
		('knowledge_chunks', 'base_id'), ('knowledge_vectors', 'base_id')`)
}
