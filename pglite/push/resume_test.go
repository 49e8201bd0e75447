package push_test

import (
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/push"
	"github.com/stretchr/testify/require"
)

// halfway opens a source, and a target to which all rows have come, but not the unique index, as the source has two rows that
// are equal.
func halfway(t *testing.T) (from, to *pglite.DB) {
	t.Helper()
	from, to = dbtest.Open(t, pglite.Config{}), dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, from, `CREATE TABLE key (a int); CREATE TABLE same AS SELECT generate_series(1, 5) AS a; CREATE TABLE changes AS SELECT generate_series(1, 5) AS a;
		CREATE SEQUENCE s; SELECT nextval('s'), lo_from_bytea(1, 'one'), lo_from_bytea(2, 'two'), lo_from_bytea(3, 'three');
		INSERT INTO key VALUES (0), (1)`)
	// An index whose expression is not what it says: it was made of other rows than it is made of now.
	dbtest.Exec(t, from, `CREATE FUNCTION halved(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1'; CREATE UNIQUE INDEX ON key (halved(a));
		CREATE OR REPLACE FUNCTION halved(int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT $1 / 2'`)
	report, err := from.Push(t.Context(), to.ConnConfig(), push.Config{})
	require.ErrorContains(t, err, "schema: CREATE UNIQUE INDEX key_halved_idx ON public.key USING btree (public.halved(a)): ERROR: could not create unique index")
	require.False(t, report.Resumed)
	require.Equal(t, 3, dbtest.Query[int](t, to, "SELECT count(*) FROM calf_push.moved"))
	require.Equal(t, 5, dbtest.Query[int](t, to, "SELECT count(*) FROM same"))
	return from, to
}

func TestPushGoesOn(t *testing.T) {
	t.Parallel()
	from, to := halfway(t)
	dbtest.Exec(t, from, "DELETE FROM key; INSERT INTO key VALUES (0), (2); UPDATE changes SET a = 50 WHERE a = 5; SELECT nextval('s')")
	dbtest.Exec(t, from, "SELECT lo_unlink(1), lo_put(2, 0, 'TW'), lo_from_bytea(4, 'four')")
	report, err := from.Push(t.Context(), to.ConnConfig(), push.Config{DryRun: true})
	require.NoError(t, err)
	require.True(t, report.Resumed)
	require.Empty(t, report.Obstacles)
	report, err = from.Push(t.Context(), to.ConnConfig(), push.Config{})
	require.NoError(t, err)
	kept := map[string]bool{}
	for _, table := range report.Tables {
		kept[table.Name] = table.Kept
	}
	require.Equal(t, map[string]bool{"key": false, "same": true, "changes": false}, kept)
	dbtest.RequireSame(t, dbtest.DumpSQL(t, from), dbtest.DumpSQL(t, to))
	requireNoState(t, to)
}

// TestPushDoesNotGoOn has a target, or a source, that is not what it was.
func TestPushDoesNotGoOn(t *testing.T) {
	t.Parallel()
	from, to := halfway(t)
	refused := func(text, kind string) {
		t.Helper()
		report, err := from.Push(t.Context(), to.ConnConfig(), push.Config{})
		require.ErrorContains(t, err, text)
		if kind != "" {
			require.Equal(t, []string{kind}, obstacles(report))
		}
	}
	dbtest.Exec(t, to, "UPDATE same SET a = 6 WHERE a = 5")
	refused(`table "public"."same": the target's rows were changed after they had been moved: there were 5 rows with checksum `, "")
	dbtest.Exec(t, to, "DELETE FROM calf_push.moved WHERE name = 'same'")
	refused(`table "public"."same": the target has rows that were not moved`, "")
	dbtest.Exec(t, to, "DELETE FROM same")

	dbtest.Exec(t, from, "ALTER TABLE same ADD b int")
	refused("the push that was begun there is of another schema", "changed")
	dbtest.Exec(t, from, "ALTER TABLE same DROP b")
	conn, err := to.Connect(t.Context())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "SELECT pg_advisory_lock(x'63616c6670757368'::bigint)")
	require.NoError(t, err)
	refused("another push to this database is going on", "busy")
	require.NoError(t, conn.Close(t.Context()))

	third := dbtest.Open(t, pglite.Config{})
	report, err := to.Push(t.Context(), third.ConnConfig(), push.Config{})
	require.ErrorContains(t, err, "the source is not complete")
	require.Equal(t, []string{"unfinished"}, obstacles(report))

	dbtest.Exec(t, from, "DELETE FROM key")
	_, err = from.Push(t.Context(), to.ConnConfig(), push.Config{})
	require.NoError(t, err)
	dbtest.RequireSame(t, dbtest.DumpSQL(t, from), dbtest.DumpSQL(t, to))
}
