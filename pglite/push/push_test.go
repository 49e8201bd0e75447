package push_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/push"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// rich opens a database with one of everything.
func rich(t *testing.T) *pglite.DB {
	t.Helper()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.RestoreSQL(t, db, dbtest.TestFile(t, "rich.sql"), dump.RestoreSQLConfig{})
	dbtest.RestoreSQL(t, db, dbtest.TestFile(t, "rich18.sql"), dump.RestoreSQLConfig{})
	return db
}

// requireAlone checks that a push has left no session, and no lock.
func requireAlone(t *testing.T, db *pglite.DB) {
	t.Helper()
	dbtest.WaitFor(t, db, "SELECT count(*) <= 1 FROM pg_stat_activity WHERE backend_type = 'client backend'")
	require.Zero(t, dbtest.Query[int](t, db, "SELECT count(*) FROM pg_locks WHERE pid <> pg_backend_pid() AND locktype IN ('advisory', 'relation')"))
	require.False(t, dbtest.Query[bool](t, db, "SELECT EXISTS (SELECT FROM pg_prepared_xacts)"))
}

// requireNoState checks that the target is complete, or was not touched.
func requireNoState(t *testing.T, db *pglite.DB) {
	t.Helper()
	require.False(t, dbtest.Query[bool](t, db, "SELECT EXISTS (SELECT FROM pg_namespace WHERE nspname = 'calf_push')"))
}

// obstacles are the kinds of what hinders a push.
func obstacles(report *push.Report) (kinds []string) {
	for _, o := range report.Obstacles {
		kinds = append(kinds, o.Kind)
	}
	return kinds
}

// whenCopying calls a function once, as soon as rows are being copied.
func whenCopying(do func()) func(dump.Progress) {
	var done atomic.Bool
	return func(p dump.Progress) {
		if p.Phase == "copying" && p.Done > 0 && done.CompareAndSwap(false, true) {
			do()
		}
	}
}

// TestPush moves one of everything, and compares dumps.
func TestPush(t *testing.T) {
	t.Parallel()
	from, to := rich(t), dbtest.Open(t, pglite.Config{})
	report, err := from.Push(t.Context(), to.ConnConfig(), push.Config{DryRun: true})
	require.NoError(t, err)
	require.Equal(t, []string{"role"}, obstacles(report))
	require.Equal(t, []string{`Rich "Reader"`, "rich_owner"}, report.Obstacles[0].Objects)
	requireNoState(t, to)

	dbtest.Exec(t, to, `CREATE ROLE rich_owner; CREATE ROLE "Rich ""Reader"""`)
	var last dump.Progress
	report, err = from.Push(t.Context(), to.ConnConfig(), push.Config{Progress: func(p dump.Progress) { last = p }})
	require.NoError(t, err)
	dbtest.RequireSame(t, dbtest.DumpSQL(t, from), dbtest.DumpSQL(t, to))
	require.Empty(t, report.Obstacles)
	require.False(t, report.Resumed)
	require.Equal(t, 3, report.LargeObjects)
	require.Equal(t, []string{"1 foreign tables are moved without the rows that they stand for"}, report.Notes)
	require.Equal(t, last.Total, last.Done)
	rows := map[string]int64{}
	for _, table := range report.Tables {
		require.NotEmpty(t, table.Checksum)
		require.False(t, table.Kept)
		rows[table.Name] = table.Rows
	}
	require.EqualValues(t, 2, rows["no_columns"])
	require.EqualValues(t, 20, rows["hashed_0"]+rows["hashed_1"])
	require.EqualValues(t, 2, rows["embedding"])
	require.NotContains(t, rows, "measure", "its rows are its partitions'")
	require.Equal(t, dbtest.Query[int](t, from, "SELECT count(*) FROM pg_sequences"), report.Sequences)
	require.True(t, dbtest.Query[bool](t, to, "SELECT reltuples = 2 FROM pg_class WHERE relname = 'every_type'"), "statistics are there")
	require.Equal(t, dbtest.Query[string](t, from, "SELECT string_agg(s::text, ' ' ORDER BY city) FROM summary s"),
		dbtest.Query[string](t, to, "SELECT string_agg(s::text, ' ' ORDER BY city) FROM summary s"), "a materialized view, of which dumps have no rows")
	requireNoState(t, to)
	requireAlone(t, from)
	requireAlone(t, to)

	report, err = from.Push(t.Context(), to.ConnConfig(), push.Config{})
	var blocked *push.BlockedError
	require.ErrorAs(t, err, &blocked)
	require.Equal(t, []string{"not-empty", "not-empty"}, obstacles(report))
	require.ErrorContains(t, err, "push: pushing postgres to postgres: the target is not empty where the source has something: ")
	require.ErrorContains(t, err, "the target has 3 large objects")
}

func TestPushNothing(t *testing.T) {
	t.Parallel()
	from, to := dbtest.Open(t, pglite.Config{}), dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, to, "CREATE SCHEMA other; CREATE TABLE other.stays AS SELECT 1 AS a")
	for range 2 { // nothing is not in the way of nothing
		report, err := from.Push(t.Context(), to.ConnConfig(), push.Config{})
		require.NoError(t, err)
		require.Empty(t, report.Tables)
		requireNoState(t, to)
	}
	require.Equal(t, 1, dbtest.Query[int](t, to, "SELECT a FROM other.stays"))
	_, err := from.Push(t.Context(), to.ConnConfig(), push.Config{Jobs: -1})
	require.ErrorContains(t, err, "PushConfig.Jobs is -1")
}

// TestPushAwkward moves what is awkward to name, to quote or to carry.
func TestPushAwkward(t *testing.T) {
	t.Parallel()
	from, to := dbtest.Open(t, pglite.Config{}), dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, from, `CREATE SCHEMA "two
lines"; CREATE TABLE "two
lines"."it's ""a"";
table \ %s $1 漢" ("a
b" text, "c""d" int, "%s" text) PARTITION BY LIST ("c""d");
		CREATE TABLE "two
lines"."; DROP TABLE x" PARTITION OF "two
lines"."it's ""a"";
table \ %s $1 漢" FOR VALUES IN (1);
		INSERT INTO "two
lines"."; DROP TABLE x" VALUES (E'\\.', 1, '%s'), ('', 1, NULL), (NULL, 1, E'\\N'), (E'\t\n\r\b\f\v\\', 1, '')`)
	dbtest.Exec(t, from, "CREATE TABLE large (v text STORAGE EXTERNAL, b bytea STORAGE EXTERNAL); INSERT INTO large SELECT repeat('ü\n', 3500000), decode(repeat('5c0a', 500000), 'hex')")
	dbtest.Exec(t, from, "CREATE TABLE only_made (a int GENERATED ALWAYS AS (1) STORED); INSERT INTO only_made VALUES (DEFAULT), (DEFAULT)")
	var wide []string
	for i := range 1600 { // MaxHeapAttributeNumber
		wide = append(wide, fmt.Sprintf("c%d int", i))
	}
	dbtest.Exec(t, from, "CREATE TABLE wide ("+strings.Join(wide, ", ")+"); INSERT INTO wide (c0, c1599) VALUES (1, 2)")
	dbtest.Exec(t, from, "CREATE TABLE twice AS SELECT i % 3 AS a FROM generate_series(1, 10000) i; CREATE SEQUENCE never; CREATE SEQUENCE down INCREMENT -1; SELECT nextval('down')")
	dbtest.Exec(t, from, "SELECT lo_from_bytea(7, decode(repeat('00', 1 << 20), 'hex')), lo_from_bytea(8, '\\x01'), lo_put(lo_create(9), 3 << 20, '\\x02')")
	report, err := from.Push(t.Context(), to.ConnConfig(), push.Config{Jobs: 2})
	require.NoError(t, err)
	require.Equal(t, "large", report.Tables[0].Name, "the largest is the first")
	dbtest.RequireSame(t, dbtest.DumpSQL(t, from), dbtest.DumpSQL(t, to))
	require.Equal(t, "-2 1", dbtest.Query[string](t, to, "SELECT nextval('down') || ' ' || nextval('never')"))
}

// TestPushBytes moves text that is in no encoding.
func TestPushBytes(t *testing.T) {
	t.Parallel()
	cfg := pglite.Config{Init: pglite.Init{Encoding: "SQL_ASCII", Locale: "C"}}
	from, to := dbtest.Open(t, cfg), dbtest.Open(t, cfg)
	dbtest.Exec(t, from, `CREATE TABLE t AS SELECT E'\xff\xc3' || chr(255) AS a`)
	_, err := from.Push(t.Context(), to.ConnConfig(), push.Config{})
	require.NoError(t, err)
	require.Equal(t, "ffc3ff", dbtest.Query[string](t, to, "SELECT encode(a::bytea, 'hex') FROM t"))
}

// TestPushConfigurationOfExtensions moves the rows of an extension's table that are the user's.
func TestPushConfigurationOfExtensions(t *testing.T) {
	t.Parallel()
	from, to := dbtest.Open(t, pglite.Config{}), dbtest.Open(t, pglite.Config{})
	for _, db := range []*pglite.DB{from, to} { // as an extension's script does it
		dbtest.Exec(t, db, `CREATE EXTENSION hstore; CREATE TABLE conf (a int); INSERT INTO conf VALUES (1); CREATE TABLE internal AS SELECT 1 AS a;
			ALTER EXTENSION hstore ADD TABLE conf; ALTER EXTENSION hstore ADD TABLE internal;
			UPDATE pg_extension SET extconfig = ARRAY['conf'::regclass::oid], extcondition = ARRAY['WHERE a > 1'] WHERE extname = 'hstore'`)
	}
	dbtest.Exec(t, from, "INSERT INTO conf VALUES (2), (3); INSERT INTO internal VALUES (2)")
	report, err := from.Push(t.Context(), to.ConnConfig(), push.Config{})
	require.NoError(t, err)
	require.Len(t, report.Tables, 1)
	require.EqualValues(t, 2, report.Tables[0].Rows)
	require.Equal(t, "1,2,3", dbtest.Query[string](t, to, "SELECT string_agg(a::text, ',' ORDER BY a) FROM conf"))
	require.Equal(t, 1, dbtest.Query[int](t, to, "SELECT count(*) FROM internal"))
}

// TestPushChecksums has both kinds of them tell tables apart, and not the order of rows.
func TestPushChecksums(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	for _, hash := range []string{push.FastRowHash, push.AnyRowHash} {
		sum := func(rows string) string {
			return dbtest.Query[string](t, db, "SELECT sum("+strings.ReplaceAll(hash, "%s", "ROW(a, b)::text")+")::text FROM (VALUES "+rows+") v (a, b)")
		}
		want := sum("('x', 'y'), ('ü', NULL)")
		require.Equal(t, want, sum("('ü', NULL), ('x', 'y')"))
		for _, other := range []string{"('x', 'y'), ('ü', '')", "('x', 'y')", "('y', 'x'), ('ü', NULL)", "('x,y', NULL), ('ü', NULL)", "('x', 'y'), ('ü', NULL), ('ü', NULL)"} {
			require.NotEqual(t, want, sum(other), other)
		}
	}
}

// TestPushAsOfOneMoment writes while a push is on its way. Nothing waits, and nothing of it is moved.
func TestPushAsOfOneMoment(t *testing.T) {
	t.Parallel()
	from, to := dbtest.Open(t, pglite.Config{}), dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, from, "CREATE TABLE a_large AS SELECT i, repeat('x', 100) FROM generate_series(1, 10000) i; CREATE TABLE z_small AS SELECT 'early' AS name")
	_, err := from.Push(t.Context(), to.ConnConfig(), push.Config{Jobs: 1, Progress: whenCopying(func() {
		dbtest.Exec(t, from, "INSERT INTO z_small VALUES ('late'); DELETE FROM a_large")
	})})
	require.NoError(t, err)
	require.Equal(t, "early", dbtest.Query[string](t, to, "SELECT string_agg(name, ',') FROM z_small"))
	require.Equal(t, 10000, dbtest.Query[int](t, to, "SELECT count(*) FROM a_large"))
	require.Zero(t, dbtest.Query[int](t, from, "SELECT count(*) FROM a_large"))
}

func TestPushWithoutOwners(t *testing.T) {
	t.Parallel()
	from, to := dbtest.Open(t, pglite.Config{}), dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, from, `CREATE ROLE alice; CREATE ROLE bob; CREATE TABLE t AS SELECT 1 AS a; ALTER TABLE t OWNER TO alice; GRANT SELECT ON t TO bob;
		SELECT lo_create(5); ALTER LARGE OBJECT 5 OWNER TO alice; GRANT SELECT ON LARGE OBJECT 5 TO bob`)
	for _, tt := range []struct {
		cfg  push.Config
		want []string
	}{
		{push.Config{}, []string{"alice", "bob"}},
		{push.Config{NoOwner: true}, []string{"bob"}},
		{push.Config{NoPrivileges: true}, []string{"alice"}},
	} {
		report, err := from.Push(t.Context(), to.ConnConfig(), tt.cfg)
		require.Error(t, err)
		require.Equal(t, tt.want, report.Obstacles[0].Objects)
	}
	_, err := from.Push(t.Context(), to.ConnConfig(), push.Config{NoOwner: true, NoPrivileges: true})
	require.NoError(t, err)
	require.Equal(t, "postgres postgres true", dbtest.Query[string](t, to, `SELECT pg_get_userbyid(c.relowner) || ' ' || pg_get_userbyid(l.lomowner) || ' ' ||
		(relacl IS NULL AND lomacl IS NULL) FROM pg_class c, pg_largeobject_metadata l WHERE relname = 't'`))
}

// TestPushObstacles meets what hinders. Nothing is changed then.
func TestPushObstacles(t *testing.T) {
	t.Parallel()
	from := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, from, `CREATE TABLE t AS SELECT 1 AS a; CREATE ROLE weak LOGIN; CREATE TABLE secret (a int); CREATE TABLE rows (a int); GRANT SELECT ON t, rows TO weak;
		ALTER TABLE rows ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON rows USING (a > 1)`)
	other := dbtest.Open(t, pglite.Config{Init: pglite.Init{Encoding: "SQL_ASCII", Locale: "C"}})
	to := dbtest.Open(t, pglite.Config{})
	for _, sql := range []string{"CREATE ROLE weak LOGIN", "CREATE DATABASE taken", "CREATE DATABASE guarded"} {
		dbtest.Exec(t, to, sql)
	}
	on := func(db *pglite.DB, database, user string) *pgx.ConnConfig {
		cfg := db.ConnConfig()
		cfg.Database, cfg.User = database, user
		return cfg
	}
	taken, err := pgx.ConnectConfig(t.Context(), on(to, "taken", "postgres"))
	require.NoError(t, err)
	_, err = taken.Exec(t.Context(), "CREATE VIEW v AS SELECT 1; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE DOMAIN d AS int; CREATE SCHEMA fine; CREATE TABLE fine.t ()")
	require.NoError(t, err)
	require.NoError(t, taken.Close(t.Context()))
	guarded, err := pgx.ConnectConfig(t.Context(), on(to, "guarded", "postgres"))
	require.NoError(t, err)
	_, err = guarded.Exec(t.Context(), `CREATE SCHEMA guard;
		CREATE FUNCTION guard.no() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not in this house' USING ERRCODE = 'C0W00'; END $$;
		CREATE EVENT TRIGGER no ON ddl_command_end WHEN TAG IN ('CREATE POLICY') EXECUTE FUNCTION guard.no()`)
	require.NoError(t, err)
	require.NoError(t, guarded.Close(t.Context()))

	for name, tt := range map[string]struct {
		from, to *pgx.ConnConfig
		cfg      push.Config
		kind     string
		text     string
		code     string
	}{
		"Encoding":   {from: from.ConnConfig(), to: other.ConnConfig(), kind: "encoding", text: "the target's encoding is SQL_ASCII, and the source's UTF8"},
		"Taken":      {from: from.ConnConfig(), to: on(to, "taken", "postgres"), kind: "not-empty", text: "function public.f(), type public.d, view public.v"},
		"Unreadable": {from: on(from, "postgres", "weak"), to: to.ConnConfig(), kind: "privilege", text: `weak may not read all rows of the source's tables: "public"."rows", "public"."secret"`},
		"Owner":      {from: from.ConnConfig(), to: on(to, "postgres", "weak"), kind: "privilege", text: "the role weak may not give anything to roles that own something; leave out owners, or make it a member of them: postgres"},
		"Create":     {from: from.ConnConfig(), to: on(to, "postgres", "weak"), cfg: push.Config{NoOwner: true}, kind: "privilege", text: "the role weak may not create schemas in the target's database"},
		"Refused":    {from: from.ConnConfig(), to: on(to, "guarded", "postgres"), kind: "schema", text: "the target refuses the schema: CREATE POLICY p ON public.rows USING ((a > 1)): ERROR: not in this house (SQLSTATE C0W00)", code: "C0W00"},
	} {
		t.Run(name, func(t *testing.T) {
			report, err := push.Run(t.Context(), tt.from, tt.to, tt.cfg)
			var blocked *push.BlockedError
			require.ErrorAs(t, err, &blocked)
			require.Equal(t, tt.kind, blocked.Obstacles[0].Kind)
			require.ErrorContains(t, err, tt.text)
			if tt.code != "" {
				var pg *pgconn.PgError
				require.ErrorAs(t, err, &pg)
				require.Equal(t, tt.code, pg.Code)
			}
			tt.cfg.DryRun = true
			dry, err := push.Run(t.Context(), tt.from, tt.to, tt.cfg)
			require.NoError(t, err)
			require.Equal(t, obstacles(report), obstacles(dry))
			conn, err := pgx.ConnectConfig(t.Context(), tt.to)
			require.NoError(t, err)
			var changed bool
			require.NoError(t, conn.QueryRow(t.Context(), "SELECT to_regclass('public.t') IS NOT NULL OR to_regnamespace('calf_push') IS NOT NULL").Scan(&changed))
			require.NoError(t, conn.Close(t.Context()))
			require.False(t, changed)
		})
	}
	requireAlone(t, from)
	requireAlone(t, to)

	_, err = from.Push(t.Context(), on(to, "nowhere", "postgres"), push.Config{})
	require.ErrorContains(t, err, "push: pushing postgres to nowhere: connecting to the target: ")
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, "3D000", pg.Code)
	closed := dbtest.Open(t, pglite.Config{})
	require.NoError(t, closed.Close())
	_, err = closed.Push(t.Context(), to.ConnConfig(), push.Config{})
	require.ErrorIs(t, err, pglite.ErrClosed)
}

// TestPushVerifies has a target that changes rows as they come.
func TestPushVerifies(t *testing.T) {
	t.Parallel()
	from, to := dbtest.Open(t, pglite.Config{}), dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, from, "CREATE TABLE good AS SELECT 1 AS a; CREATE TABLE victim AS SELECT i AS a FROM generate_series(1, 10) i")
	dbtest.Exec(t, to, `CREATE SCHEMA evil;
		CREATE FUNCTION evil.change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.a := CASE NEW.a WHEN 7 THEN 70 ELSE NEW.a END; RETURN NEW; END $$;
		CREATE FUNCTION evil.creep() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
			IF to_regclass('public.victim') IS NOT NULL THEN
				CREATE TRIGGER change BEFORE INSERT ON public.victim FOR EACH ROW EXECUTE FUNCTION evil.change(); END IF; END $$;
		CREATE EVENT TRIGGER creep ON ddl_command_end WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION evil.creep()`)
	dbtest.Exec(t, to, `CREATE OR REPLACE FUNCTION evil.creep() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
			IF to_regclass('public.victim') IS NOT NULL THEN
				CREATE OR REPLACE TRIGGER change BEFORE INSERT ON public.victim FOR EACH ROW EXECUTE FUNCTION evil.change(); END IF; END $$`)
	_, err := from.Push(t.Context(), to.ConnConfig(), push.Config{Jobs: 1})
	require.ErrorContains(t, err, `table "public"."victim": verification failed: the source has 10 rows with checksum `)
	require.ErrorContains(t, err, "10 rows were copied, and the target has 10 rows with checksum ")
	require.Zero(t, dbtest.Query[int](t, to, "SELECT count(*) FROM victim"), "what is not the same is not kept")

	dbtest.Exec(t, to, "DROP TRIGGER change ON victim")
	report, err := from.Push(t.Context(), to.ConnConfig(), push.Config{})
	require.NoError(t, err)
	require.True(t, report.Resumed)
	require.Equal(t, 55, dbtest.Query[int](t, to, "SELECT sum(a) FROM victim"))
}

// TestPushEnds ends a push early. The sessions on both sides are gone then, and the next one goes on.
func TestPushEnds(t *testing.T) {
	t.Parallel()
	from, to := dbtest.Open(t, pglite.Config{}), dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, from, "CREATE TABLE large AS SELECT i, repeat('x', 100) FROM generate_series(1, 50000) i; CREATE TABLE small AS SELECT 1 AS a")
	reason := errors.New("enough")

	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := from.Push(ctx, to.ConnConfig(), push.Config{Progress: whenCopying(func() { cancel(reason) })})
	require.ErrorIs(t, err, reason)
	requireAlone(t, from)
	requireAlone(t, to)
	_, err = from.Push(ctx, to.ConnConfig(), push.Config{})
	require.ErrorIs(t, err, reason, "a context that had ended before")

	for name, victim := range map[string]*pglite.DB{"Target": to, "Source": from} {
		report, err := from.Push(t.Context(), to.ConnConfig(), push.Config{Jobs: 1, Progress: whenCopying(func() {
			dbtest.Exec(t, victim, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY %large%' AND pid <> pg_backend_pid()")
		})})
		require.Error(t, err, name)
		require.ErrorContains(t, err, "table ", name)
		require.True(t, report.Resumed)
		requireAlone(t, from)
		requireAlone(t, to)
	}
	report, err := from.Push(t.Context(), to.ConnConfig(), push.Config{})
	require.NoError(t, err)
	require.True(t, report.Resumed)
	dbtest.RequireSame(t, dbtest.DumpSQL(t, from), dbtest.DumpSQL(t, to))
	requireNoState(t, to)
}

// TestPushTargetGoes closes the target, or the source, while rows are being copied.
func TestPushTargetGoes(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Target", "Source"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			from, to := dbtest.Open(t, pglite.Config{}), dbtest.Open(t, pglite.Config{})
			dbtest.Exec(t, from, "CREATE TABLE large AS SELECT i, repeat('x', 100) FROM generate_series(1, 50000) i")
			victim, other := to, from
			if name == "Source" {
				victim, other = from, to
			}
			closed := make(chan error, 1)
			_, err := from.Push(t.Context(), to.ConnConfig(), push.Config{Progress: whenCopying(func() { closed <- victim.Close() })})
			require.ErrorContains(t, err, `table "public"."large": `)
			require.NoError(t, <-closed)
			requireAlone(t, other)
		})
	}
}
