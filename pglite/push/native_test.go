package push_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/push"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// major is the server's major version.
func major(t *testing.T, db dbtest.NativeDatabase) int {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), db.ConnConfig)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	n, err := strconv.Atoi(conn.PgConn().ParameterStatus("server_version")[:2])
	require.NoError(t, err)
	return n
}

// TestPushToNative moves what PostgreSQL 15 has to a native server, and from there to another calf.
func TestPushToNative(t *testing.T) {
	dbtest.RichRoles(t)
	from := dbtest.Open(t, pglite.Config{})
	dbtest.RestoreSQL(t, from, dbtest.TestFile(t, "rich.sql"), dump.RestoreSQLConfig{})
	native := dbtest.NewNativeDatabase(t, "calf_pushed")
	report, err := from.Push(t.Context(), native.ConnConfig, push.Config{})
	require.NoError(t, err)
	require.Equal(t, "18", report.Source.Version[:2])
	require.Equal(t, strconv.Itoa(major(t, native)), report.Target.Version[:2])
	theirs := dbtest.NewNativeDatabase(t, "calf_theirs")
	file := filepath.Join(t.TempDir(), "rich.sql")
	require.NoError(t, os.WriteFile(file, []byte(dbtest.CreatesRole.ReplaceAllString(dbtest.TestFile(t, "rich.sql"), "")), 0o600))
	theirs.Run(t, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file)
	dbtest.RequireSame(t, theirs.Dump(t), native.Dump(t))

	back := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, back, `CREATE ROLE rich_owner; CREATE ROLE "Rich ""Reader"""`)
	again, err := push.Run(t.Context(), native.ConnConfig, back.ConnConfig(), push.Config{})
	require.NoError(t, err)
	dbtest.RequireSame(t, dbtest.Comparable(dbtest.DumpSQL(t, from)), dbtest.Comparable(dbtest.DumpSQL(t, back)))
	sums := map[string]string{}
	for _, table := range report.Tables {
		sums[table.Name] = table.Checksum
	}
	for _, table := range again.Tables {
		require.Equal(t, sums[table.Name], table.Checksum, table.Name)
	}
}

// TestPushVectorsToNative has a target without pgvector: what needs it is named, and nothing is moved.
func TestPushVectorsToNative(t *testing.T) {
	native := dbtest.NewNativeDatabase(t, "calf_vectors")
	conn, err := pgx.ConnectConfig(t.Context(), native.ConnConfig)
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	var has bool
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT EXISTS (SELECT FROM pg_available_extensions WHERE name = 'vector')").Scan(&has))
	if has {
		t.Skip("this PostgreSQL has pgvector: there is nothing to miss")
	}
	from := dbtest.Open(t, pglite.Config{Extensions: []string{"vector", "bloom"}})
	dbtest.Exec(t, from, `CREATE TABLE plain AS SELECT 1 AS a; CREATE TABLE chunk (id int, embedding vector(3), more halfvec(2)[]);
		CREATE DOMAIN unit AS vector CHECK (vector_norm(VALUE) = 1); CREATE TABLE domained (u unit DEFAULT '[1]'::vector);
		CREATE INDEX near ON chunk USING hnsw (embedding vector_l2_ops);
		CREATE FUNCTION nearest(v vector) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE VIEW norms AS SELECT vector_norm(embedding) FROM chunk`)
	report, err := from.Push(t.Context(), native.ConnConfig, push.Config{})
	require.ErrorContains(t, err, "the target does not have the extension vector, which is needed by: ")
	require.Equal(t, []string{"extension"}, obstacles(report), "bloom is there, but nothing needs it")
	require.Equal(t, []string{
		"default value for public.domained.u", "domain constraint unit_check on public.unit", "function public.nearest(public.vector)",
		"index public.near", "rule \"_RETURN\" on public.norms", "table column public.chunk.embedding", "table column public.chunk.more",
		"table column public.domained.u", "type public.unit",
	}, report.Obstacles[0].Objects)
	var tables int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_class WHERE relnamespace IN ('public'::regnamespace, to_regnamespace('calf_push'))").Scan(&tables))
	require.Zero(t, tables)
}

// TestPushNewerToNative has what only PostgreSQL 18 has.
func TestPushNewerToNative(t *testing.T) {
	native := dbtest.NewNativeDatabase(t, "calf_newer")
	if major(t, native) >= 18 {
		t.Skip("this PostgreSQL has all that calf's has")
	}
	from := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, from, "CREATE TABLE fine AS SELECT 1 AS a; CREATE TABLE doubled (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL)")
	report, err := from.Push(t.Context(), native.ConnConfig, push.Config{})
	require.ErrorContains(t, err, "the target refuses the schema: CREATE TABLE public.doubled ( a integer, b integer GENERATED ALWAYS AS ((a * 2)")
	require.ErrorContains(t, err, " (it is PostgreSQL "+report.Target.Version+", and the source is 18.")
	require.Equal(t, []string{"schema"}, obstacles(report))
	dbtest.Exec(t, from, "DROP TABLE doubled; CREATE TABLE endless AS SELECT '-infinity'::interval AS i")
	_, err = from.Push(t.Context(), native.ConnConfig, push.Config{})
	require.ErrorContains(t, err, `table "public"."endless": writing: ERROR: invalid input syntax for type interval: "-infinity"`)
	dbtest.Exec(t, from, "UPDATE endless SET i = '178000000 years'")
	report, err = from.Push(t.Context(), native.ConnConfig, push.Config{})
	require.NoError(t, err)
	require.True(t, report.Resumed)
	dbtest.RequireSame(t, dbtest.Comparable(dbtest.DumpSQL(t, from)), dbtest.Comparable(native.Dump(t)))
}

// TestPushToNativeAsOwner has a role that is no superuser, as managed services give it, and an extension that somebody else
// has made.
func TestPushToNativeAsOwner(t *testing.T) {
	native := dbtest.NewNativeDatabase(t, "calf_owned")
	conn, err := pgx.ConnectConfig(t.Context(), native.ConnConfig)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), `DROP ROLE IF EXISTS calf_tenant; CREATE ROLE calf_tenant LOGIN; ALTER DATABASE calf_owned OWNER TO calf_tenant; CREATE EXTENSION hstore`)
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := conn.Exec(context.Background(), "ALTER DATABASE calf_owned OWNER TO CURRENT_USER; DROP OWNED BY calf_tenant CASCADE; DROP ROLE calf_tenant")
		require.NoError(t, err)
		require.NoError(t, conn.Close(context.Background()))
	})
	from := dbtest.Open(t, pglite.Config{Extensions: []string{"hstore", "pgcrypto"}})
	dbtest.Exec(t, from, `COMMENT ON EXTENSION hstore IS 'pairs'; CREATE TABLE pairs (id int PRIMARY KEY, h hstore); INSERT INTO pairs VALUES (1, 'a=>1');
		CREATE TABLE refers (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, pair int REFERENCES pairs); INSERT INTO refers (pair) VALUES (1), (NULL);
		SELECT lo_from_bytea(77, 'large')`)
	tenant := native.Copy()
	tenant.User = "calf_tenant"
	report, err := from.Push(t.Context(), tenant, push.Config{})
	require.Error(t, err)
	require.Equal(t, []string{"privilege"}, obstacles(report))
	require.Equal(t, []string{"postgres"}, report.Obstacles[0].Objects)
	_, err = from.Push(t.Context(), tenant, push.Config{NoOwner: true})
	require.NoError(t, err)
	var owners string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT string_agg(DISTINCT pg_get_userbyid(relowner), ',') FROM pg_class
		WHERE relnamespace = 'public'::regnamespace`).Scan(&owners))
	require.Equal(t, "calf_tenant", owners)
}
