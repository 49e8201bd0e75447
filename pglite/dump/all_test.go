package dump_test

import (
	"bytes"
	"context"
	osexec "os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func dumpAll(tb testing.TB, server *pgx.ConnConfig) string {
	tb.Helper()
	var out bytes.Buffer
	require.NoError(tb, dump.AllSQL(context.Background(), server, &out, dump.SQLConfig{}))
	// Each database's dump has a key of its own.
	return regexp.MustCompile(`(?m)^(\\(?:un)?restrict) .*$`).ReplaceAllString(out.String(), "$1 key")
}

// globals are roles with everything that roles can have.
const globals = `CREATE ROLE plain;
CREATE ROLE "Odd; "" 'name' \" SUPERUSER CREATEROLE CREATEDB LOGIN REPLICATION BYPASSRLS NOINHERIT CONNECTION LIMIT 7
	PASSWORD 'pass''word' VALID UNTIL '2030-01-02 03:04:05+00';
COMMENT ON ROLE "Odd; "" 'name' \" IS 'it''s; odd\';
ALTER ROLE plain SET search_path = "$user", public, "Sche""ma, x";
ALTER ROLE plain SET work_mem = '8MB';
ALTER ROLE plain SET "my.Setting" = 'it''s; \';
CREATE ROLE member LOGIN PASSWORD NULL;
CREATE ROLE leader;
GRANT plain TO leader WITH ADMIN OPTION;
GRANT pg_monitor TO member;
GRANT SET ON PARAMETER log_min_messages TO member;
GRANT ALTER SYSTEM ON PARAMETER work_mem TO member WITH GRANT OPTION;
GRANT SET ON PARAMETER log_min_messages TO PUBLIC;
`

func TestDumpAllSQL(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.RestoreSQL(t, db, globals+`
SET ROLE leader;
GRANT plain TO member WITH INHERIT FALSE, SET FALSE;
RESET ROLE;
CREATE TABLE in_default (a int);
INSERT INTO in_default VALUES (1);
COMMENT ON DATABASE postgres IS 'the; default';
ALTER DATABASE postgres SET search_path = "A b", public;
ALTER ROLE member IN DATABASE postgres SET statement_timeout = '5min';
REVOKE ALL ON DATABASE postgres FROM PUBLIC;
GRANT CONNECT ON DATABASE postgres TO member WITH GRANT OPTION;
CREATE DATABASE "It's; ""b"" \" TEMPLATE template0 OWNER plain LOCALE 'C' CONNECTION LIMIT 5;
ALTER DATABASE "It's; ""b"" \" SET work_mem = '5MB';
COMMENT ON DATABASE "It's; ""b"" \" IS 'commented';
GRANT TEMPORARY ON DATABASE "It's; ""b"" \" TO member;
\connect -reuse-previous=on "dbname='It\'s; ""b"" \\'"
CREATE SCHEMA s AUTHORIZATION member;
CREATE TABLE s.t AS SELECT 'x;' AS x;
\connect template1
CREATE TABLE in_template (a int);
`, dump.RestoreSQLConfig{})
	want := dumpAll(t, db.ConnConfig())
	require.Contains(t, want, `GRANT "plain" TO "member" WITH INHERIT FALSE, SET FALSE GRANTED BY "leader";`)
	require.Contains(t, want, `ALTER ROLE "plain" SET "search_path" TO '$user', 'public', 'Sche"ma, x';`)
	require.Contains(t, want, " PASSWORD 'SCRAM-SHA-256$")
	requireQuiet(t, db)

	copied := dbtest.Open(t, pglite.Config{})
	dbtest.RestoreSQL(t, copied, want, dump.RestoreSQLConfig{})
	dbtest.RequireSame(t, want, dumpAll(t, copied.ConnConfig()))
	dbtest.RestoreSQL(t, copied, want[:strings.Index(want, "\n--\n-- Database ")], dump.RestoreSQLConfig{}) // of roles that are there

	cfg := copied.ConnConfig()
	cfg.User, cfg.Password = `Odd; " 'name' \`, "pass'word"
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	require.NoError(t, conn.Close(t.Context()))
}

// TestDumpGlobalsAsAnybody dumps without seeing passwords.
func TestDumpGlobalsAsAnybody(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	dbtest.RestoreSQL(t, db, globals, dump.RestoreSQLConfig{})
	cfg := db.ConnConfig()
	cfg.User = "member"
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var out bytes.Buffer
	require.NoError(t, dump.Globals(t.Context(), conn, &out))
	require.Contains(t, out.String(), `ALTER ROLE "leader" WITH`)
	require.NotContains(t, out.String(), "PASSWORD")
}

func TestDumpAllSQLFails(t *testing.T) {
	t.Parallel()
	db := dbtest.Open(t, pglite.Config{})
	cfg := db.ConnConfig()
	cfg.Database = "nowhere"
	require.ErrorContains(t, dump.AllSQL(t.Context(), cfg, &bytes.Buffer{}, dump.SQLConfig{}), `database "nowhere" does not exist`)
	require.ErrorIs(t, db.DumpAllSQL(t.Context(), errWriter{}, dump.SQLConfig{}), errNoMore)
	require.ErrorContains(t, db.DumpAllSQL(t.Context(), &bytes.Buffer{}, dump.SQLConfig{Args: []string{"--nonsense"}}), "unrecognized option")
	requireQuiet(t, db)
}

type errWriter struct{}

func (errWriter) Write([]byte) (int, error) { return 0, errNoMore }

// TestGlobalsLikePgDumpall restores what pg_dumpall and what Globals write
// of a native server, and compares the roles that came of it.
func TestGlobalsLikePgDumpall(t *testing.T) {
	server := dbtest.NativeServer(t)
	conn, err := pgx.ConnectConfig(t.Context(), server)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	drop := `DROP ROLE IF EXISTS plain, "Odd; "" 'name' \", member, leader`
	cleanUp := func() {
		_, _ = conn.Exec(context.Background(), "REVOKE ALL ON PARAMETER log_min_messages, work_mem FROM member, PUBLIC")
		_, err := conn.Exec(context.Background(), drop)
		require.NoError(t, err)
	}
	cleanUp()
	defer cleanUp()
	require.NoError(t, dump.RestoreSQL(t.Context(), conn, strings.NewReader(globals), dump.RestoreSQLConfig{}))

	theirs, err := osexec.CommandContext(t.Context(), "pg_dumpall", "--globals-only", "-d", server.ConnString()).Output()
	require.NoError(t, err)
	var ours bytes.Buffer
	require.NoError(t, dump.Globals(t.Context(), conn, &ours))
	var results []string
	for _, script := range []string{string(theirs), ours.String()} {
		db := dbtest.Open(t, pglite.Config{})
		dbtest.RestoreSQL(t, db, script, dump.RestoreSQLConfig{})
		c, err := db.Connect(t.Context())
		require.NoError(t, err)
		var out bytes.Buffer
		require.NoError(t, dump.Globals(t.Context(), c, &out))
		require.NoError(t, c.Close(t.Context()))
		results = append(results, out.String())
	}
	require.Contains(t, results[0], `ALTER ROLE "leader" WITH`)
	require.Equal(t, results[0], results[1])
}
