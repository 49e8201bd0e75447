package dump_test

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/require"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"
)

// dumpFile is a dump that a native PostgreSQL wrote.
func dumpFile(tb testing.TB, name string) string {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "dumps", name))
	require.NoError(tb, err)
	return string(b)
}

// TestDumpAndRestore restores dumps of a database with one of everything, in all
// forms, and dumps what came of it: it is the same text.
func TestDumpAndRestore(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.RestoreSQL(t, db, dbtest.TestFile(t, "rich.sql"), dump.RestoreSQLConfig{})
	dbtest.RestoreSQL(t, db, dbtest.TestFile(t, "rich18.sql"), dump.RestoreSQLConfig{})
	want := dbtest.DumpSQL(t, db)
	require.Contains(t, want, "CREATE EXTENSION IF NOT EXISTS vector")
	require.Contains(t, want, `ALTER TABLE public."Weird "" Name; \" OWNER TO postgres;`)
	for name, tt := range map[string]struct {
		args []string
		cfg  dump.RestoreSQLConfig
	}{
		"Plain":             {nil, dump.RestoreSQLConfig{}},
		"SingleTransaction": {nil, dump.RestoreSQLConfig{SingleTransaction: true}},
		"Inserts":           {[]string{"--rows-per-insert=2"}, dump.RestoreSQLConfig{}},
		"ColumnInserts":     {[]string{"--column-inserts", "--quote-all-identifiers"}, dump.RestoreSQLConfig{SingleTransaction: true}},
		"Custom":            {[]string{"-Fc"}, dump.RestoreSQLConfig{SingleTransaction: true}},
		"CustomInserts":     {[]string{"-Fc", "--inserts", "-Z0"}, dump.RestoreSQLConfig{}},
		"Tar":               {[]string{"-Ft"}, dump.RestoreSQLConfig{}},
		"Authorization":     {[]string{"--use-set-session-authorization"}, dump.RestoreSQLConfig{}},
		"ViaRoot":           {[]string{"--load-via-partition-root", "-Fc"}, dump.RestoreSQLConfig{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			copied := dbtest.Open(t, pglite.Config{})
			dbtest.Exec(t, copied, `CREATE ROLE rich_owner SUPERUSER; CREATE ROLE "Rich ""Reader"""; CREATE ROLE rich_group`)
			dbtest.RestoreSQL(t, copied, dbtest.DumpSQL(t, db, tt.args...), tt.cfg)
			dbtest.RequireSame(t, want, dbtest.DumpSQL(t, copied))
		})
	}
	t.Run("Database", func(t *testing.T) {
		t.Parallel()
		dbtest.Exec(t, db, `COMMENT ON DATABASE postgres IS 'the default; one'`)
		for _, args := range [][]string{{"--create"}, {"--create", "-Fc"}} {
			copied := dbtest.Open(t, pglite.Config{})
			admin := withoutPostgres(t, copied)
			_, err := admin.Exec(t.Context(), `CREATE ROLE rich_owner; CREATE ROLE "Rich ""Reader"""; CREATE ROLE rich_group`)
			require.NoError(t, err)
			require.NoError(t, dump.RestoreSQL(t.Context(), admin, strings.NewReader(dbtest.DumpSQL(t, db, args...)), dump.RestoreSQLConfig{Create: true}))
			require.NoError(t, admin.Close(t.Context()))
			dbtest.RequireSame(t, want, dbtest.DumpSQL(t, copied))
		}
	})
}

// withoutPostgres drops the database postgres, and returns a connection to
// another one.
func withoutPostgres(t *testing.T, db *pglite.DB) *pgx.Conn {
	t.Helper()
	cfg := db.ConnConfig()
	cfg.Database = "template1"
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "DROP DATABASE postgres")
	require.NoError(t, err)
	return conn
}

// TestRestoreDumpsOfOtherReleases restores what several releases made of one
// database.
func TestRestoreDumpsOfOtherReleases(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.RestoreSQL(t, db, dbtest.TestFile(t, "small.sql"), dump.RestoreSQLConfig{})
	want := dbtest.Comparable(dbtest.DumpSQL(t, db))
	files, err := filepath.Glob(filepath.Join("testdata", "dumps", "pg_dump*-*"))
	require.NoError(t, err)
	require.GreaterOrEqual(t, len(files), 9)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			script, err := os.ReadFile(file)
			require.NoError(t, err)
			restored := dbtest.Open(t, pglite.Config{})
			var warnings []string
			cfg := dump.RestoreSQLConfig{Warn: func(s string) { warnings = append(warnings, s) }}
			switch {
			case strings.Contains(file, "dumpall"):
				dbtest.RestoreSQL(t, restored, string(script), cfg)
				require.Equal(t, []string{"role postgres exists"}, warnings)
			case strings.Contains(file, "create"):
				admin := withoutPostgres(t, restored)
				_, err := admin.Exec(t.Context(), "CREATE ROLE small_owner")
				require.NoError(t, err)
				require.NoError(t, dump.RestoreSQL(t.Context(), admin, bytes.NewReader(script), cfg))
				require.NoError(t, admin.Close(t.Context()))
			default:
				dbtest.Exec(t, restored, "CREATE ROLE small_owner")
				cfg.SingleTransaction = true
				dbtest.RestoreSQL(t, restored, string(script), cfg)
				require.Empty(t, warnings)
			}
			dbtest.RequireSame(t, want, dbtest.Comparable(dbtest.DumpSQL(t, restored)))
		})
	}
}

// TestRestoreOldSettings restores what dumps of releases before 12 begin with,
// and what those of 17 have, on any server.
func TestRestoreOldSettings(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	var warnings []string
	dbtest.RestoreSQL(t, db, `SET statement_timeout = 0;
SET transaction_timeout = 0;
SET default_with_oids = false;
SET SESSION default_with_oids TO 'true';
CREATE EXTENSION IF NOT EXISTS plpgsql WITH SCHEMA pg_catalog;
COMMENT ON EXTENSION plpgsql IS 'PL/pgSQL procedural language';
SET default_tablespace = "Fast; disk";
CREATE SCHEMA public;
CREATE ROLE postgres;
CREATE TABLE public.t (a integer);
SET default_tablespace = '';
`, dump.RestoreSQLConfig{SingleTransaction: true, Warn: func(s string) { warnings = append(warnings, s) }})
	require.Equal(t, []string{
		"left out: SET SESSION default_with_oids TO 'true'",
		"there is no tablespace Fast; disk: the default one is used",
		"role postgres exists",
	}, warnings)
	require.Equal(t, 0, dbtest.Query[int](t, db, "SELECT count(*) FROM t"))
}

func TestRestoreErrors(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, db, "CREATE TABLE parent (id int PRIMARY KEY); CREATE TABLE t (a int REFERENCES parent)")
	for name, tt := range map[string]struct {
		script, err, code string
	}{
		"Syntax":     {"SELECT 1;\n\n-- c\nSELEC\n\t2;\n", `line 4: SELEC 2: ERROR: syntax error at or near "SELEC" (SQLSTATE 42601)`, "42601"},
		"Data":       {"\nCOPY parent (id) FROM stdin;\n1\nx\n\\.\n", `line 2: COPY parent (id) FROM stdin: ERROR: invalid input syntax for type integer: "x" (SQLSTATE 22P02); COPY parent, line 2, column id: "x"`, "22P02"},
		"Reference":  {"INSERT INTO t VALUES (5);", `line 1: INSERT INTO t VALUES (5): ERROR: insert or update on table "t" violates foreign key constraint "t_a_fkey" (SQLSTATE 23503); Key (a)=(5) is not present in table "parent".`, "23503"},
		"Long":       {"SELECT '" + strings.Repeat("ü", 5000) + "' FROM nowhere;", "line 1: SELECT '" + strings.Repeat("ü", 71) + "…: ERROR: relation \"nowhere\" does not exist (SQLSTATE 42P01)", "42P01"},
		"Role":       {"GRANT SELECT ON t TO nobody;", `line 1: GRANT SELECT ON t TO nobody: ERROR: role "nobody" does not exist (SQLSTATE 42704); create the role, or restore with NoOwner and NoPrivileges`, "42704"},
		"Zero":       {"SELECT 'a\x00b';", "line 1: SELECT 'a\x00b': there is a zero byte in the statement", ""},
		"Command":    {"SELECT 1;\n\\d t\n", `line 2: \d: this command of psql is not supported here`, ""},
		"If":         {"\\if true\nSELECT 1;\n", `line 1: \if: this command of psql is not supported here, and without it the rest means something else`, ""},
		"Sent":       {"SELECT 1 \\g\n", `line 1: \g: this command of psql is not supported here, and what is before it was not run`, ""},
		"Restrict":   {"\\restrict a\n\\connect x\n", `line 2: \connect: between \restrict and \unrestrict there are no other commands`, ""},
		"Connect":    {"\n\\connect nowhere\nSELECT 1;\n", `line 2: \connect: failed to connect to`, "3D000"},
		"Arguments":  {"\\connect 'x\n", `line 1: \connect: unterminated quoted string`, ""},
		"Open":       {"BEGIN; CREATE TABLE lost (a int);", "the dump ends inside of a transaction that it does not commit", ""},
		"RolledBack": {"BEGIN; CREATE TABLE lost (a int); DO $$ BEGIN RAISE 'no'; END $$;", "line 1: DO $$ BEGIN RAISE 'no'; END $$: ERROR: no (SQLSTATE P0001)", "P0001"},
		"Extension":  {"CREATE TABLE lost (a int); CREATE EXTENSION postgis; CREATE EXTENSION IF NOT EXISTS \"a-b\";", "the dump needs extensions that this server does not have: a-b, postgis", ""},
		"Owner":      {"CREATE TABLE lost (a int);\nALTER TABLE lost OWNER TO \"No One\";\nALTER TABLE t OWNER TO nobody;", "the dump gives objects to roles that this server does not have: No One, nobody; create them, or restore with NoOwner and NoPrivileges", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := db.RestoreSQL(t.Context(), strings.NewReader(tt.script), dump.RestoreSQLConfig{})
			require.ErrorContains(t, err, "dump: restoring: "+tt.err)
			var pg *pgconn.PgError
			require.Equal(t, tt.code != "", errors.As(err, &pg), err)
			if tt.code != "" {
				require.Equal(t, tt.code, pg.Code)
			}
			require.True(t, dbtest.Query[bool](t, db, "SELECT to_regclass('lost') IS NULL"))
		})
	}
	err := db.RestoreSQL(t.Context(), strings.NewReader("SELECT 1;\nSELECT 1/0;\n"), dump.RestoreSQLConfig{})
	var e *dump.RestoreError
	require.ErrorAs(t, err, &e)
	require.Equal(t, 2, e.Line)
	require.Equal(t, "SELECT 1/0;", e.SQL)
}

// TestRestoreGoesOn goes on after errors, over the data of a COPY, too.
func TestRestoreGoesOn(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	var failed []string
	cfg := dump.RestoreSQLConfig{OnError: func(e *dump.RestoreError) error {
		failed = append(failed, fmt.Sprintf("%d%s: %v", e.Line, e.Entry, cmp.Or(errors.Unwrap(e), nil)))
		return nil
	}}
	dbtest.RestoreSQL(t, db, `CREATE EXTENSION postgis;
CREATE TABLE t (a int);
COPY nowhere (a) FROM stdin;
1
DROP TABLE t;
\.
COPY t (a) FROM stdin;
1
x
\.
ALTER TABLE t OWNER TO nobody;
\d
BEGIN;
SELECT 1/0;
COMMIT;
INSERT INTO t VALUES (7);
`, cfg)
	require.Equal(t, []string{
		`1: ERROR: extension "postgis" is not available (SQLSTATE 0A000)`,
		`3: ERROR: relation "nowhere" does not exist (SQLSTATE 42P01)`,
		`7: ERROR: invalid input syntax for type integer: "x" (SQLSTATE 22P02)`,
		`11: ERROR: role "nobody" does not exist (SQLSTATE 42704)`,
		`12: this command of psql is not supported here`,
		`14: ERROR: division by zero (SQLSTATE 22012)`,
		`15: the transaction was rolled back, because a statement in it had failed`,
	}, failed)
	require.Equal(t, "7", dbtest.Query[string](t, db, "SELECT string_agg(a::text, ',') FROM t"))

	failed = nil
	dbtest.RestoreSQL(t, db, dumpFile(t, "pg_dump-18.dump"), cfg)
	require.NotEmpty(t, failed)
	require.Equal(t, `0TABLE public.part: ERROR: role "small_owner" does not exist (SQLSTATE 42704)`, failed[0])
	require.Equal(t, 3, dbtest.Query[int](t, db, "SELECT count(*) FROM item"))

	reason := errors.New("enough")
	cfg.OnError = func(*dump.RestoreError) error { return reason }
	require.ErrorIs(t, db.RestoreSQL(t.Context(), strings.NewReader("SELECT 1/0;"), cfg), reason)
}

func TestRestoreSingleTransaction(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	one := dump.RestoreSQLConfig{SingleTransaction: true}
	dbtest.RestoreSQL(t, db, "BEGIN; CREATE TABLE a (i int); COMMIT; begin;SAVEPOINT s; CREATE TABLE b (i int); ROLLBACK TO s; END; START TRANSACTION; COMMIT;", one)
	require.True(t, dbtest.Query[bool](t, db, "SELECT to_regclass('a') IS NOT NULL AND to_regclass('b') IS NULL"))
	for name, tt := range map[string]struct{ script, err string }{
		"Fails":    {"CREATE TABLE c (i int); SELECT 1/0;", "line 1: SELECT 1/0: ERROR: division by zero"},
		"Rollback": {"CREATE TABLE c (i int); ROLLBACK;", "line 1: ROLLBACK: it would end the single transaction"},
		"Prepare":  {"CREATE TABLE c (i int); PREPARE TRANSACTION 'x';", "line 1: PREPARE TRANSACTION 'x': it would end the single transaction"},
		"Connect":  {"CREATE TABLE c (i int);\n\\connect template1", `line 2: \connect: a transaction does not go on in another session`},
		"Database": {"CREATE TABLE c (i int); CREATE DATABASE x;", "line 1: CREATE DATABASE x: ERROR: CREATE DATABASE cannot run inside a transaction block"},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorContains(t, db.RestoreSQL(t.Context(), strings.NewReader(tt.script), one), tt.err)
			require.True(t, dbtest.Query[bool](t, db, "SELECT to_regclass('c') IS NULL"))
		})
	}
	dbtest.RestoreSQL(t, db, "PREPARE p AS SELECT 1; EXECUTE p;", one)
	one.OnError = func(*dump.RestoreError) error { return nil }
	require.ErrorContains(t, db.RestoreSQL(t.Context(), strings.NewReader(""), one), "SingleTransaction excludes OnError")
	one.OnError, one.Create = nil, true
	require.ErrorContains(t, db.RestoreSQL(t.Context(), strings.NewReader(""), one), "SingleTransaction excludes Create")
}

// TestRestoreBatches restores INSERTs, which go to the server together if they
// are in one transaction, and tells which of them failed.
func TestRestoreBatches(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	one := dump.RestoreSQLConfig{SingleTransaction: true}
	var script strings.Builder
	script.WriteString("CREATE TABLE t (a int PRIMARY KEY, b text);\n")
	for i := range 5000 {
		fmt.Fprintf(&script, "INSERT INTO t VALUES (%d, 'it''s; %d');\n", i, i)
	}
	script.WriteString("SELECT 1;INSERT INTO t VALUES (5000, NULL) RETURNING a; INSERT INTO t VALUES (5001, '" + strings.Repeat("x", 100000) + "');INSERT INTO t VALUES (5002, '')")
	dbtest.RestoreSQL(t, db, script.String(), one)
	require.Equal(t, 5003, dbtest.Query[int](t, db, "SELECT count(*) FROM t"))
	require.Equal(t, "it's; 77", dbtest.Query[string](t, db, "SELECT b FROM t WHERE a = 77"))
	for name, sql := range map[string]string{
		"Duplicate": "INSERT INTO t VALUES (7000); INSERT INTO t VALUES (7001) RETURNING a;\nINSERT INTO t VALUES (1); INSERT INTO t VALUES (7002);",
		"InResult":  "INSERT INTO t VALUES (7000);\nINSERT INTO t VALUES (7001) RETURNING 1 / (a - 7001); INSERT INTO t VALUES (7002);",
		"Syntax":    "INSERT INTO t VALUES (7000, 'ü🐮');\nINSERT INTO t VALUES (7001, 'ü' !);",
		"Commit":    "INSERT INTO t VALUES (7000);\nINSERT INTO t VALUES (1); COMMIT;",
	} {
		t.Run(name, func(t *testing.T) {
			for _, script := range []string{sql, "BEGIN; " + sql} {
				err := db.RestoreSQL(t.Context(), strings.NewReader(script), one)
				var e *dump.RestoreError
				require.ErrorAs(t, err, &e)
				require.Equal(t, 2, e.Line, e)
				var pg *pgconn.PgError
				require.ErrorAs(t, err, &pg)
				if name == "Syntax" {
					require.EqualValues(t, strings.IndexByte(e.SQL, '!')+1, pg.Position)
				}
			}
			require.Equal(t, 5003, dbtest.Query[int](t, db, "SELECT count(*) FROM t"))
		})
	}
}

func TestRestoreWithoutOwners(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"pg_dump-15.sql", "pg_dump-17.dump", "pg_dump-15.tar"} {
		db := dbtest.Open(t, pglite.Config{})
		dbtest.RestoreSQL(t, db, dumpFile(t, script), dump.RestoreSQLConfig{NoOwner: true, NoPrivileges: true})
		require.Equal(t, "postgres", dbtest.Query[string](t, db, "SELECT relowner::regrole::text FROM pg_class WHERE relname = 'part'"))
		require.True(t, dbtest.Query[bool](t, db, "SELECT relacl IS NULL FROM pg_class WHERE relname = 'item'"))
	}
	db := dbtest.Open(t, pglite.Config{})
	dbtest.RestoreSQL(t, db, `SET SESSION AUTHORIZATION 'nobody';
CREATE TABLE t (a int);
RESET SESSION AUTHORIZATION;
CREATE ROLE one; CREATE ROLE other;
GRANT one TO other;
REVOKE ALL ON t FROM nobody;
ALTER DEFAULT PRIVILEGES FOR ROLE nobody GRANT SELECT ON TABLES TO nobody;
ALTER TABLE t RENAME TO "x OWNER TO y";
`, dump.RestoreSQLConfig{NoOwner: true, NoPrivileges: true})
	require.True(t, dbtest.Query[bool](t, db, `SELECT pg_has_role('other', 'one', 'member') AND to_regclass('"x OWNER TO y"') IS NOT NULL`))
}

func TestRestoreConnects(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, db, "CREATE ROLE bob LOGIN SUPERUSER")
	dbtest.RestoreSQL(t, db, `CREATE DATABASE "it's \""" TEMPLATE template0;
\connect -reuse-previous=on "dbname='it\'s \\""'"
CREATE TABLE here (a int);
\c - bob
CREATE TABLE bobs (a int);
\connect postgres postgres
\encoding UTF8
CREATE TABLE back (a int);
`, dump.RestoreSQLConfig{})
	require.True(t, dbtest.Query[bool](t, db, "SELECT to_regclass('back') IS NOT NULL"))
	cfg := db.ConnConfig()
	cfg.Database = `it's \"`
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var owner string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT tableowner FROM pg_tables WHERE tablename = 'bobs'").Scan(&owner))
	require.Equal(t, "bob", owner)
	dbtest.WaitFor(t, db, "SELECT count(*) = 1 FROM pg_stat_activity WHERE datname LIKE 'it%'") // the others are closed
}

func TestRestoreCompressed(t *testing.T) {
	t.Parallel()
	script := []byte(dumpFile(t, "pg_dump-15.sql"))
	for name, compress := range map[string]func(io.Writer) io.WriteCloser{
		"gzip": func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
		"zstd": func(w io.Writer) io.WriteCloser { z, _ := zstd.NewWriter(w); return z },
		"lz4":  func(w io.Writer) io.WriteCloser { return lz4.NewWriter(w) },
		"utf16": func(w io.Writer) io.WriteCloser {
			return struct {
				io.Writer
				io.Closer
			}{unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().Writer(w), io.NopCloser(nil)}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var packed bytes.Buffer
			w := compress(&packed)
			_, err := w.Write(script)
			require.NoError(t, err)
			require.NoError(t, w.Close())
			db := dbtest.Open(t, pglite.Config{})
			size := packed.Len()
			var progress []int64
			require.NoError(t, db.RestoreSQL(t.Context(), iotest.HalfReader(&packed), dump.RestoreSQLConfig{
				NoOwner: true, NoPrivileges: true, Progress: func(n int64) { progress = append(progress, n) },
			}))
			require.Equal(t, 3, dbtest.Query[int](t, db, "SELECT count(*) FROM item"))
			require.True(t, slices.IsSorted(progress))
			require.EqualValues(t, size, progress[len(progress)-1])
		})
	}
	db := dbtest.Open(t, pglite.Config{})
	require.ErrorContains(t, db.RestoreSQL(t.Context(), strings.NewReader("\x1f\x8bnonsense"), dump.RestoreSQLConfig{}), "gzip: invalid header")
	require.ErrorContains(t, db.RestoreSQL(t.Context(), iotest.ErrReader(errNoMore), dump.RestoreSQLConfig{}), errNoMore.Error())
	broken := io.MultiReader(strings.NewReader("CREATE TABLE t (a int);\nCOPY t FROM stdin;\n1\n"), iotest.ErrReader(errNoMore))
	require.ErrorIs(t, db.RestoreSQL(t.Context(), broken, dump.RestoreSQLConfig{}), errNoMore)
	require.Equal(t, 0, dbtest.Query[int](t, db, "SELECT count(*) FROM t"), "half of the data is none")
}

var errNoMore = errors.New("no more")

func TestRestoreEncodings(t *testing.T) {
	t.Parallel()
	const script = `SET client_encoding = 'LATIN1';
CREATE TABLE "möglich" (a text);
INSERT INTO "möglich" VALUES ('Grüße');
COPY "möglich" FROM stdin;
ÄÖÜß
\.
`
	latin1, err := charmap.ISO8859_1.NewEncoder().String(script)
	require.NoError(t, err)
	db := dbtest.Open(t, pglite.Config{})
	dbtest.RestoreSQL(t, db, latin1, dump.RestoreSQLConfig{})
	require.Equal(t, "Grüße,ÄÖÜß", dbtest.Query[string](t, db, `SELECT string_agg(a, ',') FROM "möglich"`))

	for script, says := range map[string]string{
		"SET client_encoding = 'EUC_JP';\nSELECT '\xff\xff';\n":                                        "line 2: SELECT '�': there is text that is not in the encoding that the dump says it has",
		"SET client_encoding = 'WIN1252';\nCREATE TABLE t (a text);\nCOPY t FROM stdin;\na\x81\n\\.\n": "not in the encoding that the dump says",
		"SET client_encoding = 'KLINGON';\n":                                                           "SET client_encoding = 'KLINGON': ERROR",
		"SELECT '\xff';":                                                                               "invalid byte sequence for encoding",
	} {
		require.ErrorContains(t, db.RestoreSQL(t.Context(), strings.NewReader(script), dump.RestoreSQLConfig{SingleTransaction: true}), says)
	}
	// What is not converted on the way is by the server.
	dbtest.RestoreSQL(t, db, "SET client_encoding = 'EUC_TW';\nCREATE TABLE taiwan (a text);\nCOPY taiwan FROM stdin;\n\xc4\xe3\xd9\xcf\n\\.\n", dump.RestoreSQLConfig{})
	require.Equal(t, "中國", dbtest.Query[string](t, db, "SELECT a FROM taiwan"))
	// What does not know of encodings takes everything.
	dbtest.Exec(t, db, "CREATE DATABASE ascii TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'")
	dbtest.RestoreSQL(t, db, "\\connect ascii\nSET client_encoding = 'SQL_ASCII';\nCREATE TABLE t (a text);\nCOPY t FROM stdin;\n\xff\n\\.\n", dump.RestoreSQLConfig{})
}

// TestRestoreLargeRows restores rows of 10 MB, as data and as statements, of any
// bytes that there are.
func TestRestoreLargeRows(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.Exec(t, db, `CREATE TABLE large (id int, t text, b bytea);
		INSERT INTO large SELECT i, repeat(E'line\n\\.\n\ttab ü "''', 500000), decode(repeat('00ff5c2e0a0d', 1000000), 'hex') FROM generate_series(1, 1) i;
		INSERT INTO large SELECT 3, string_agg(chr(i), ''), NULL FROM generate_series(1, 70000) i WHERE i NOT BETWEEN 55296 AND 57343`)
	const sum = "SELECT string_agg(id || md5(t) || coalesce(md5(b), ''), ',' ORDER BY id) FROM large"
	want := dbtest.Query[string](t, db, sum)
	for _, args := range [][]string{nil, {"--inserts"}, {"-Fc"}} {
		copied := dbtest.Open(t, pglite.Config{})
		dbtest.RestoreSQL(t, copied, dbtest.DumpSQL(t, db, args...), dump.RestoreSQLConfig{})
		require.Equal(t, want, dbtest.Query[string](t, copied, sum))
	}
}

func TestRestoreIsCancelled(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	reason := errors.New("enough")
	for name, script := range map[string]io.Reader{
		"Statement": strings.NewReader("CREATE TABLE IF NOT EXISTS t (a int);\nSELECT pg_advisory_lock(1);\nSELECT count(*) FROM generate_series(1, 100000000000);\nDROP TABLE t;"),
		"Data": io.MultiReader(strings.NewReader("CREATE TABLE IF NOT EXISTS t (a int);\nSELECT pg_advisory_lock(1);\nCOPY t FROM stdin;\n"),
			endless("1\n")),
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancelCause(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- db.RestoreSQL(ctx, script, dump.RestoreSQLConfig{}) }()
			dbtest.WaitFor(t, db, "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory')")
			cancel(reason)
			require.ErrorIs(t, <-ended, reason)
			require.Equal(t, 0, dbtest.Query[int](t, db, "SELECT count(*) FROM t"))
			dbtest.WaitFor(t, db, "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'client backend'")
		})
	}
}

// endless is a text that is repeated for ever.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e) <= len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

func TestRestoreOnAConnection(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	conn, err := db.Connect(t.Context())
	require.NoError(t, err)
	defer conn.Close(t.Context())
	require.NoError(t, dump.RestoreSQL(t.Context(), conn, strings.NewReader("CREATE TEMP TABLE mine (a int);"), dump.RestoreSQLConfig{}))
	_, err = conn.Exec(t.Context(), "BEGIN; SELECT * FROM mine")
	require.NoError(t, err)
	require.EqualError(t, dump.RestoreSQL(t.Context(), conn, strings.NewReader("SELECT 1;"), dump.RestoreSQLConfig{}),
		"dump: restoring: the connection is in a transaction")
}
