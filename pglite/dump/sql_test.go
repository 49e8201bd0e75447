package dump_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// requireQuiet checks that no session of pg_dump is left, and no lock.
func requireQuiet(t *testing.T, db *pglite.DB) {
	t.Helper()
	require.Zero(t, dbtest.Query[int](t, db, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump'"))
	require.Zero(t, dbtest.Query[int](t, db, `SELECT count(*) FROM pg_locks
		WHERE pid <> pg_backend_pid() AND pid IN (SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend')`))
}

func TestDumpSQL(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, db, "CREATE TABLE color AS SELECT 'red' AS name; CREATE TABLE shape (corners int); CREATE ROLE reader LOGIN; GRANT SELECT ON color TO reader")

	all := dbtest.DumpSQL(t, db)
	require.Contains(t, all, "\nCREATE TABLE public.color (\n    name text\n);\n")
	require.Contains(t, all, "\nCOPY public.color (name) FROM stdin;\nred\n\\.\n")
	require.Contains(t, all, "\nGRANT SELECT ON TABLE public.color TO reader;\n")
	require.True(t, strings.HasSuffix(all, "\n\\unrestrict key\n\n"), "it is whole")

	require.NotContains(t, dbtest.DumpSQL(t, db, "--schema-only"), "COPY")
	require.NotContains(t, dbtest.DumpSQL(t, db, "-xOt", "color"), "reader")
	require.NotContains(t, dbtest.DumpSQL(t, db, "--exclude-table=shape"), "shape")
	require.Contains(t, dbtest.DumpSQL(t, db, "--inserts"), "\nINSERT INTO public.color VALUES ('red');\n")
	require.Contains(t, dbtest.DumpSQL(t, db, "-a", "-U", "reader", "-t", "color"), "red")
	require.Contains(t, dbtest.DumpSQL(t, db, "--create"), "\nCREATE DATABASE postgres ")
	requireQuiet(t, db)
}

func TestDumpSQLFormats(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, db, "CREATE TABLE n AS SELECT generate_series(1, 10000) AS i")
	require.Regexp(t, "^PGDMP\x01\x10", dbtest.DumpSQL(t, db, "-Fc"))
	require.Regexp(t, "^toc.dat\x00", dbtest.DumpSQL(t, db, "--format", "tar"))

	zipped, err := gzip.NewReader(strings.NewReader(dbtest.DumpSQL(t, db, "--compress=9")))
	require.NoError(t, err)
	unzipped, err := io.ReadAll(zipped)
	require.NoError(t, err)
	require.Equal(t, dbtest.DumpSQL(t, db), dbtest.WithKey(string(unzipped)))
}

func TestDumpSQLOfAnotherDatabase(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, db, `CREATE DATABASE "it's; another"`)
	conn := db.ConnConfig()
	conn.Database = "it's; another"
	other, err := pgx.ConnectConfig(t.Context(), conn)
	require.NoError(t, err)
	_, err = other.Exec(t.Context(), "CREATE TABLE there (a int)")
	require.NoError(t, err)
	require.NoError(t, other.Close(t.Context()))

	for _, args := range [][]string{{"-d", "it's; another"}, {"--dbname=dbname='it\\'s; another'"}, {"it's; another"}} {
		require.Contains(t, dbtest.DumpSQL(t, db, args...), "CREATE TABLE public.there")
	}
	var out bytes.Buffer
	require.NoError(t, dump.SQL(t.Context(), conn, &out, dump.SQLConfig{}))
	require.Contains(t, out.String(), "CREATE TABLE public.there")
	require.NotContains(t, dbtest.DumpSQL(t, db), "there")
}

func TestDumpSQLSaysWhatItDoes(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, db, `CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int PRIMARY KEY, a int REFERENCES a); ALTER TABLE a ADD b int REFERENCES b`)
	var messages bytes.Buffer
	require.NoError(t, db.DumpSQL(t.Context(), io.Discard, dump.SQLConfig{Messages: &messages, Args: []string{"--data-only"}}))
	require.Contains(t, messages.String(), "pg_dump: warning: there are circular foreign-key constraints")
	messages.Reset()
	require.NoError(t, db.DumpSQL(t.Context(), io.Discard, dump.SQLConfig{Messages: &messages, Args: []string{"--verbose"}}))
	require.Contains(t, messages.String(), "pg_dump: reading user-defined tables\n")
}

func TestDumpSQLFails(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, db, "CREATE TABLE secret (a int); CREATE ROLE stranger LOGIN")
	for name, tt := range map[string]struct {
		args []string
		err  string
		code string
	}{
		"NoTable":      {args: []string{"-t", "nowhere"}, err: "dump: dumping postgres: no matching tables were found"},
		"NoDatabase":   {args: []string{"-d", "nowhere"}, code: "3D000"},
		"NoRole":       {args: []string{"--username=nobody"}, code: "28000"},
		"NoPermission": {args: []string{"-U", "stranger"}, err: "permission denied for table secret"},
		"File":         {args: []string{"-s", "--file=x"}, err: "dump: dumping postgres: the argument --file: the dump goes to the writer"},
		"Host":         {args: []string{"-h", "x"}, err: "the argument -h: the server is given otherwise"},
		"Directory":    {args: []string{"-F", "d"}, err: `the format "d": a dump that is a folder does not go to a writer`},
	} {
		t.Run(name, func(t *testing.T) {
			err := db.DumpSQL(t.Context(), io.Discard, dump.SQLConfig{Args: tt.args})
			require.ErrorContains(t, err, tt.err)
			if tt.code != "" {
				var pg *pgconn.PgError
				require.ErrorAs(t, err, &pg)
				require.Equal(t, tt.code, pg.Code)
			}
			requireQuiet(t, db)
		})
	}
	var failure *dump.ToolError
	require.ErrorAs(t, db.DumpSQL(t.Context(), io.Discard, dump.SQLConfig{Args: []string{"-t", "nowhere"}}), &failure)
	require.Equal(t, 1, failure.Status)

	closed := dbtest.Open(t, pglite.Config{})
	require.NoError(t, closed.Close())
	require.ErrorIs(t, closed.DumpSQL(t.Context(), io.Discard, dump.SQLConfig{}), pglite.ErrClosed)
}

// A hookedWriter calls a function at the first write.
type hookedWriter struct {
	bytes.Buffer
	once sync.Once
	do   func() error
}

func (w *hookedWriter) Write(p []byte) (n int, err error) {
	w.once.Do(func() { err = w.do() })
	if err != nil {
		return 0, err
	}
	return w.Buffer.Write(p)
}

// TestDumpSQLAsOfOneMoment writes while a dump is on its way. Nothing waits, and
// nothing of it gets into the dump.
func TestDumpSQLAsOfOneMoment(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, db, `CREATE TABLE a_large AS SELECT i, repeat('x', 100) FROM generate_series(1, 10000) i;
		CREATE TABLE z_late AS SELECT 'early' AS name`)
	w := &hookedWriter{do: func() error {
		_, err := db.Exec(t.Context(), "INSERT INTO z_late VALUES ('late'); UPDATE z_late SET name = upper(name); DELETE FROM a_large")
		return err
	}}
	require.NoError(t, db.DumpSQL(t.Context(), w, dump.SQLConfig{}))
	require.Equal(t, "LATE", dbtest.Query[string](t, db, "SELECT max(name) FROM z_late"))
	require.Zero(t, dbtest.Query[int](t, db, "SELECT count(*) FROM a_large"))
	require.Contains(t, w.String(), "\nCOPY public.z_late (name) FROM stdin;\nearly\n\\.\n")
	require.Contains(t, w.String(), "\n10000\txxx")
	requireQuiet(t, db)
}

// TestDumpSQLEnds ends dumps early. The sessions are gone when SQL returns.
func TestDumpSQLEnds(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, db, "CREATE TABLE large AS SELECT i, repeat('x', 100) FROM generate_series(1, 10000) i")
	reason := errors.New("enough")

	t.Run("Writer", func(t *testing.T) {
		w := &hookedWriter{do: func() error { return reason }}
		require.ErrorIs(t, db.DumpSQL(t.Context(), w, dump.SQLConfig{}), reason)
		requireQuiet(t, db)
	})
	t.Run("Context", func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		w := &hookedWriter{do: func() error { cancel(reason); return nil }}
		require.ErrorIs(t, db.DumpSQL(ctx, w, dump.SQLConfig{}), reason)
		requireQuiet(t, db)
		require.ErrorIs(t, db.DumpSQL(ctx, w, dump.SQLConfig{}), reason, "a context that had ended before")
	})
	t.Run("Waiting", func(t *testing.T) {
		conn, err := db.Connect(t.Context())
		require.NoError(t, err)
		defer conn.Close(t.Context())
		_, err = conn.Exec(t.Context(), "BEGIN; LOCK large")
		require.NoError(t, err)
		ctx, cancel := context.WithCancelCause(t.Context())
		waits := make(chan error, 1)
		go func() { waits <- db.DumpSQL(ctx, io.Discard, dump.SQLConfig{}) }()
		dbtest.WaitFor(t, db, "SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
		cancel(reason)
		require.ErrorIs(t, <-waits, reason)
		require.Zero(t, dbtest.Query[int](t, db, "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump'"))
	})
	t.Run("Computing", func(t *testing.T) {
		// The server computes for ever, before it has sent anything.
		dbtest.Exec(t, db, `CREATE TABLE secured AS SELECT 1 AS a;
			CREATE FUNCTION forever() RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock_shared(7); LOOP END LOOP; END';
			ALTER TABLE secured ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON secured USING (forever());
			CREATE ROLE careful LOGIN; GRANT SELECT ON secured TO careful`)
		ctx, cancel := context.WithCancelCause(t.Context())
		ends := make(chan error, 1)
		go func() {
			ends <- db.DumpSQL(ctx, io.Discard, dump.SQLConfig{Args: []string{"-U", "careful", "-t", "secured", "--enable-row-security"}})
		}()
		dbtest.WaitFor(t, db, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')")
		cancel(reason)
		require.ErrorIs(t, <-ends, reason)
		requireQuiet(t, db)
	})
	require.Contains(t, dbtest.DumpSQL(t, db, "-t", "large"), "\n10000\txxx", "the next one works")
}

func TestDumpSQLWithPassword(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := dbtest.Open(t, pglite.Config{Dir: dir})
	dbtest.Exec(t, db, `ALTER ROLE postgres PASSWORD 'it''s "secret"'; CREATE TABLE kept (a int)`)
	require.NoError(t, db.Close())
	db = dbtest.Open(t, pglite.Config{Dir: dir, HBA: "local all all scram-sha-256\n"})
	err := db.DumpSQL(t.Context(), io.Discard, dump.SQLConfig{})
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, "28P01", pg.Code)

	server := db.ConnConfig()
	server.Password = `it's "secret"`
	var out bytes.Buffer
	require.NoError(t, dump.SQL(t.Context(), server, &out, dump.SQLConfig{}))
	require.Contains(t, out.String(), "CREATE TABLE public.kept")
}

func TestDumpsInParallel(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, db, "CREATE TABLE t AS SELECT generate_series(1, 1000) AS i")
	want := dbtest.DumpSQL(t, db)
	var wg sync.WaitGroup
	var outs [4]bytes.Buffer
	var errs [4]error
	for i := range outs {
		wg.Go(func() { errs[i] = db.DumpSQL(t.Context(), &outs[i], dump.SQLConfig{}) })
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs[:]...))
	for i := range outs {
		require.Equal(t, want, dbtest.WithKey(outs[i].String()))
	}
	requireQuiet(t, db)
}
