package schema_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/schema"
)

var update = flag.Bool("update", false, "write the files catalog.txt")

var sets = map[string]func() *schema.Set{"chat": schema.Chat, "knowledge": schema.Knowledge, "meta": schema.Meta, "embeddings": schema.Embeddings}

// Each set goes up, is what its catalog.txt promises, and down again to nothing.
func TestSets(t *testing.T) {
	t.Parallel()
	for name, set := range sets {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, pool *pgxpool.Pool) {
				ctx := context.Background()
				if (name == "embeddings" || name == "knowledge") && !available(t, pool, "vector") {
					t.Skip("this server has no pgvector")
				}
				_, err := schema.Migrate(ctx, pool, set(), schema.Latest)
				require.NoError(t, err)
				if *update {
					got, err := schema.Catalog(ctx, pool, set())
					require.NoError(t, err)
					require.NoError(t, os.WriteFile(filepath.Join(name, "catalog.txt"), []byte(strings.Join(got, "\n")+"\n"), 0o644))
					return
				}
				problems, err := schema.Validate(ctx, pool, set())
				require.NoError(t, err)
				require.Empty(t, problems)

				_, err = schema.Migrate(ctx, pool, set(), schema.Empty)
				require.NoError(t, err)
				var left []string
				require.NoError(t, pool.QueryRow(ctx, `SELECT coalesce(array_agg(relname::text), '{}') FROM pg_class
					WHERE relkind = 'r' AND relnamespace = ANY(ARRAY[to_regnamespace('public'), to_regnamespace('meta')])`).Scan(&left))
				_, table, found := strings.Cut(set().Table(), ".")
				if !found {
					table = set().Table()
				}
				require.Equal(t, []string{table}, left)
			})
		})
	}
}

func available(t *testing.T, pool *pgxpool.Pool, extension string) bool {
	t.Helper()
	var found bool
	require.NoError(t, pool.QueryRow(context.Background(), "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = $1)", extension).Scan(&found))
	return found
}

func TestValidateFinds(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, pool *pgxpool.Pool) {
		ctx := context.Background()
		_, err := schema.Migrate(ctx, pool, schema.Chat(), "202509090001")
		require.NoError(t, err)
		problems := func() (list []string) {
			found, err := schema.Validate(ctx, pool, schema.Chat())
			require.NoError(t, err)
			for _, p := range found {
				list = append(list, p.String())
			}
			return list
		}
		require.Contains(t, problems(), "migration 202509090002 settings is missing")
		require.Contains(t, problems(), "table app_settings is missing")

		_, err = schema.Migrate(ctx, pool, schema.Chat(), schema.Latest)
		require.NoError(t, err)
		require.Empty(t, problems())
		exec(t, pool, `
			CREATE INDEX more ON messages (token_count);
			ALTER TABLE messages ALTER COLUMN order_seq TYPE bigint;
			ALTER TABLE messages DROP CONSTRAINT messages_role_check;
			ALTER TABLE messages ADD COLUMN extra int NOT NULL DEFAULT 5;
			DROP INDEX idx_messages_parent;
			ALTER TABLE conversations ALTER COLUMN title DROP NOT NULL;
			DROP TABLE acp_sessions`)
		found := problems()
		for _, want := range []string{
			`column messages.order_seq is "bigint not null default 0" and should be "integer not null default 0"`,
			"constraint messages.messages_role_check is missing",
			"column messages.extra is not part of the schema: integer not null default 5",
			"index messages.idx_messages_parent is missing",
			`column conversations.title is "text" and should be "text not null"`,
			"table acp_sessions is missing",
		} {
			require.Contains(t, found, want)
		}
		require.False(t, slices.ContainsFunc(found, func(p string) bool { return strings.Contains(p, "messages.more") }))
	})
}

// databaseBuild is what database.build's own runner leaves in a database: its
// table without checksums, and the versions it applied.
const databaseBuild = `
	CREATE SCHEMA meta;
	CREATE TABLE meta.migrations (version text PRIMARY KEY, name text, applied_at timestamptz NOT NULL DEFAULT now());
`

func TestOpensDatabaseBuild(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, pool *pgxpool.Pool) {
		ctx := context.Background()
		// A meta database from before messages had a model.
		exec(t, pool, databaseBuild+schema.Meta().Migrations()[0].Up+schema.Meta().Migrations()[1].Up+`
			INSERT INTO meta.migrations (version, name) VALUES ('202406300001', 'databases'), ('202406300002', 'messages');
			INSERT INTO databases (id, name) VALUES ('abc', 'Planets');
			INSERT INTO messages (id, database_id, role, content) VALUES ('m1', 'abc', 'user', 'hello');`)
		steps, err := schema.Plan(ctx, pool, schema.Meta(), schema.Latest)
		require.NoError(t, err)
		require.Equal(t, []string{"+message_model"}, versions(steps))
		_, err = schema.Migrate(ctx, pool, schema.Meta(), schema.Latest)
		require.NoError(t, err)
		problems, err := schema.Validate(ctx, pool, schema.Meta())
		require.NoError(t, err)
		require.Empty(t, problems)
		history, err := schema.History(ctx, pool, schema.Meta())
		require.NoError(t, err)
		require.Equal(t, schema.Meta().Migrations()[0].Checksum(), history[0].Checksum, "what was there is sealed")

		// What its runner reads and writes, it still can: by position, and without a checksum.
		var content string
		require.NoError(t, pool.QueryRow(ctx, "SELECT content FROM messages WHERE model IS NULL").Scan(&content))
		require.Equal(t, "hello", content)
		exec(t, pool, "INSERT INTO meta.migrations (version, name) VALUES ('209901010001', 'future')")
		_, err = schema.Migrate(ctx, pool, schema.Meta(), schema.Latest)
		require.ErrorIs(t, err, schema.ErrHistory)
		require.ErrorContains(t, err, "209901010001 future is newer than this program")
	})
}

// A database has meta's tables or the embeddings: their history is one table.
func TestMetaIsNotEmbeddings(t *testing.T) {
	t.Parallel()
	pool := calfPool(t)
	_, err := schema.Migrate(context.Background(), pool, schema.Embeddings(), schema.Latest)
	require.NoError(t, err)
	_, err = schema.Migrate(context.Background(), pool, schema.Meta(), schema.Latest)
	require.ErrorIs(t, err, schema.ErrHistory)
}
