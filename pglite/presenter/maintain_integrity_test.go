package presenter_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

// Damage that constraints would refuse, made by somebody who has switched them
// off, is found and named.
func TestValidateIntegrity(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		damage string
		want   []string
	}{
		"nothing": {"", nil},
		"an orphan of a conversation": {
			"DELETE FROM conversations WHERE conv_id = 'c00001'",
			[]string{"messages: foreign key messages_conversation_id_fkey: 4 rows, such as c00001/m00001-0 refers to c00001; c00001/m00001-1 refers to c00001; c00001/m00001-2 refers to c00001; c00001/m00001-3 refers to c00001"},
		},
		"an orphan of a message": {
			"DELETE FROM messages WHERE msg_id = 'm00001-2'",
			[]string{
				"message_attachments: foreign key message_attachments_message_id_fkey: 1 rows, such as a1 refers to m00001-2",
				"messages: foreign key messages_parent_id_fkey: 1 rows, such as c00001/m00001-3 refers to c00001/m00001-2",
			},
		},
		"a parent in another conversation": {
			"UPDATE messages SET parent_id = 'm00002-0' WHERE msg_id = 'm00001-3'",
			[]string{"messages: foreign key messages_parent_id_fkey: 1 rows, such as c00001/m00001-3 refers to c00001/m00002-0"},
		},
		"circles": {
			"UPDATE messages SET parent_id = 'm00001-2' WHERE msg_id = 'm00001-0'; UPDATE messages SET parent_id = 'm00002-1' WHERE msg_id = 'm00002-0'",
			[]string{"messages: circles of messages_parent_id_fkey: 5 rows, such as m00001-0 -> m00001-2 -> m00001-1 -> m00001-0; m00002-0 -> m00002-1 -> m00002-0"},
		},
		"numbers": {
			"UPDATE messages SET order_seq = 2 WHERE msg_id = 'm00001-0'; UPDATE messages SET order_seq = 0 WHERE msg_id = 'm00002-0'; UPDATE messages SET order_seq = 3, is_variant = 1 WHERE msg_id = 'm00003-3'",
			[]string{"messages: rule order_seq: 3 rows, such as m00001-0 has the number 2, and so has another; m00001-1 has the number 2, and so has another; m00002-0 has the number 0"},
		},
		"a check": {
			`ALTER TABLE messages DROP CONSTRAINT messages_role_check;
			UPDATE messages SET role = 'nobody' WHERE msg_id = 'm00003-3';
			ALTER TABLE messages ADD CONSTRAINT messages_role_check CHECK (role IN ('user', 'assistant', 'system', 'function')) NOT VALID`,
			[]string{
				"messages: check constraints: 1 rows, such as c00003/m00003-3 breaks messages_role_check",
				`messages: the schema of chat: 0 rows, such as constraint messages.messages_role_check is "CHECK ((role = ANY (ARRAY['user'::text, 'assistant'::text, 'system'::text, 'function'::text]))) NOT VALID (not validated)" and should be "CHECK ((role = ANY (ARRAY['user'::text, 'assistant'::text, 'system'::text, 'function'::text])))"`,
			},
		},
		"the schema": {
			"ALTER TABLE messages DROP CONSTRAINT messages_role_check; DROP INDEX idx_messages_parent",
			[]string{
				"messages: the schema of chat: 0 rows, such as constraint messages.messages_role_check is missing",
				"messages: the schema of chat: 0 rows, such as index messages.idx_messages_parent is missing",
			},
		},
		"an index without some rows": {
			`UPDATE pg_index SET indisready = false, indisvalid = false WHERE indexrelid = 'app_settings_pkey'::regclass;
			INSERT INTO app_settings VALUES ('dark', 'true', 0);
			UPDATE pg_index SET indisready = true, indisvalid = true WHERE indexrelid = 'app_settings_pkey'::regclass`,
			[]string{"app_settings: an index has all rows: 1 rows, such as the table has 2 rows, an index 1"},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
				ctx := context.Background()
				fill(t, p, 5, 4)
				_, err := p.AddAttachment(ctx, presenter.Attachment{ID: "a1", MessageID: "m00001-2", Type: "text", Content: "words"})
				require.NoError(t, err)
				require.NoError(t, p.SetAppSetting(ctx, "light", "false"))
				exec(t, pool, "SET session_replication_role = replica; "+test.damage+"; RESET session_replication_role")
				got, err := p.ValidateIntegrity(ctx)
				require.NoError(t, err)
				var found []string
				for _, problem := range got.Problems {
					found = append(found, problem.String())
				}
				require.ElementsMatch(t, test.want, found)
				require.Equal(t, test.want == nil, got.OK())
				if test.want == nil {
					require.Equal(t, map[string]int64{
						"conversations": 5, "messages": 20, "message_attachments": 1, "app_settings": 1, "acp_sessions": 0, "chat_migrations": 3,
					}, got.Rows)
					require.Contains(t, got.Checks, "circles of messages_parent_id_fkey")
					require.Contains(t, got.Checks, "rule order_seq")
					require.Len(t, got.Skipped, 1)
				}
			})
		})
	}
}

// With amcheck, each B-tree is compared with its table.
func TestValidateIntegrityWithAmcheck(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		exec(t, pool, "CREATE SCHEMA tools; CREATE EXTENSION amcheck SCHEMA tools")
		fill(t, p, 50, 4)
		got, err := p.ValidateIntegrity(ctx)
		require.NoError(t, err)
		require.Empty(t, got.Problems)
		require.Empty(t, got.Skipped)
		require.Contains(t, got.Checks, "index messages_pkey")

		exec(t, pool, "UPDATE pg_index SET indisready = false, indisvalid = false WHERE indexrelid = 'idx_messages_parent'::regclass")
		say(t, p, "c00001", "late", "m00001-0", "words")
		exec(t, pool, "UPDATE pg_index SET indisready = true, indisvalid = true WHERE indexrelid = 'idx_messages_parent'::regclass")
		got, err = p.ValidateIntegrity(ctx)
		require.NoError(t, err)
		require.Len(t, got.Problems, 1)
		require.Equal(t, "index idx_messages_parent", got.Problems[0].Check)
		require.Contains(t, got.Problems[0].Examples[0], "lacks matching index tuple")
		exec(t, pool, "REINDEX INDEX idx_messages_parent")
		got, err = p.ValidateIntegrity(ctx)
		require.NoError(t, err)
		require.True(t, got.OK())
	})
}

// Tables below the schema's, such as partitions, are looked after, too.
func TestValidateIntegrityOfVectors(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, p *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		var available bool
		require.NoError(t, pool.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')").Scan(&available))
		if !available {
			t.Skip("this server has no pgvector")
		}
		exec(t, pool, `
			CREATE EXTENSION vector;
			CREATE TABLE "My vectors" (v vector, h halfvec, s sparsevec, same vector, three vector(3), free vector CHECK (vector_dims(free) IN (1, 2))) INHERITS (app_settings);
			INSERT INTO "My vectors" VALUES ('a', '1', 0, '[1,2,3]', '[1,2]', '{1:1}/4', '[1,2]', '[1,2,3]', '[1]'),
				('b', '1', 0, '[1,2,3]', '[1,2]', '{1:1}/5', '[1,2]', NULL, '[1,2]'), ('c', '1', 0, '[1,2]', NULL, NULL, '[1e9,2]', NULL, NULL)`)
		got, err := p.ValidateIntegrity(ctx)
		require.NoError(t, err)
		var found []string
		for _, problem := range got.Problems {
			found = append(found, problem.String())
		}
		require.Equal(t, []string{
			`"My vectors": dimensions of s: 1 rows, such as 1 of dimension 4; 1 of dimension 5`,
			`"My vectors": dimensions of v: 1 rows, such as 2 of dimension 3; 1 of dimension 2`,
		}, found)
		require.Contains(t, got.Checks, "dimensions of same")
		require.NotContains(t, got.Checks, "dimensions of three", "its type says how many")
		require.NotContains(t, got.Checks, "dimensions of free", "its check says how many")
		require.EqualValues(t, 3, got.Rows[`"My vectors"`])
	})
}
