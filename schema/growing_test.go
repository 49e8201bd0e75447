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

// TestGrowing runs what docs/growing.md says that the tables need before they are sharded. Then every unique index of a table
// has the column to shard by, and every foreign key between such tables, too.
func TestGrowing(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../docs/growing.md")
	require.NoError(t, err)
	_, rest, _ := strings.Cut(string(page), "\n```sql\n")
	changes, _, ok := strings.Cut(rest, "\n```\n")
	require.True(t, ok)
	onEach(t, func(t *testing.T, pool *pgxpool.Pool) {
		ctx := context.Background()
		_, err := schema.Migrate(ctx, pool, schema.Chat(), schema.Latest)
		require.NoError(t, err)
		_, err = pool.Exec(ctx, `INSERT INTO conversations (conv_id, title, created_at, updated_at) VALUES ('c', '', 0, 0);
			INSERT INTO messages (msg_id, conversation_id, role, content, created_at) VALUES ('m', 'c', 'user', '', 0);
			INSERT INTO message_attachments (attachment_id, message_id, attachment_type, attachment_data, created_at) VALUES ('a', 'm', '', '', 0)`)
		require.NoError(t, err)
		_, err = pool.Exec(ctx, changes)
		require.NoError(t, err)
		var of string
		require.NoError(t, pool.QueryRow(ctx, "SELECT conversation_id FROM message_attachments").Scan(&of))
		require.Equal(t, "c", of)
		var without []string
		require.NoError(t, pool.QueryRow(ctx, `SELECT coalesce(array_agg(name), '{}') FROM (
			SELECT indexrelid::regclass::text AS name FROM pg_index, (VALUES ('conversations', 'conv_id'), ('messages', 'conversation_id'),
				('message_attachments', 'conversation_id'), ('acp_sessions', 'conversation_id')) v (tab, col)
			WHERE indrelid = tab::regclass AND indisunique
				AND NOT (SELECT attnum FROM pg_attribute WHERE attrelid = indrelid AND attname = col) = ANY (indkey)
			UNION ALL SELECT conname FROM pg_constraint JOIN pg_attribute ON attrelid = conrelid AND attname = 'conversation_id'
			WHERE contype = 'f' AND NOT attnum = ANY (conkey)) q`).Scan(&without))
		require.Empty(t, without)
	})
}
