package pglite_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	osexec "os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// nativeServer returns a native server, unless there is none.
func nativeServer(t *testing.T) *pgx.ConnConfig {
	t.Helper()
	cfg, err := nativeConfig()
	if errors.Is(err, errNoNative) {
		t.Skip(err)
	}
	require.NoError(t, err)
	return cfg
}

var errNoNative = errors.New("needs a native PostgreSQL: scripts/native-postgres starts one")

// nativeConfig says how to connect to the native server.
func nativeConfig() (*pgx.ConnConfig, error) {
	url := os.Getenv("CALF_TEST_POSTGRES_URL")
	if url == "" {
		return nil, errNoNative
	}
	return pgx.ParseConfig(url)
}

// A nativeDatabase is a database on a native server, for one test.
type nativeDatabase struct{ *pgx.ConnConfig }

func newNativeDatabase(t *testing.T, name string) nativeDatabase {
	t.Helper()
	server := nativeServer(t)
	conn, err := pgx.ConnectConfig(context.Background(), server)
	require.NoError(t, err)
	run := func(sql string) {
		_, err := conn.Exec(context.Background(), sql)
		require.NoError(t, err)
	}
	run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
	run("CREATE DATABASE " + name + " TEMPLATE template0")
	t.Cleanup(func() {
		run("DROP DATABASE " + name + " WITH (FORCE)")
		require.NoError(t, conn.Close(context.Background()))
	})
	db := server.Copy()
	db.Database = name
	return nativeDatabase{db}
}

// run runs one of PostgreSQL's programs on the database.
func (db nativeDatabase) run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	cmd := osexec.CommandContext(t.Context(), program, append([]string{"-h", db.Host, "-U", db.User, "-d", db.Database}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return out
}

// restore restores a dump with calf.
func (db nativeDatabase) restore(t *testing.T, dump []byte, cfg pglite.SQLRestoreConfig) {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), db.ConnConfig)
	require.NoError(t, err)
	require.NoError(t, pglite.RestoreSQL(t.Context(), conn, bytes.NewReader(dump), cfg))
	require.NoError(t, conn.Close(t.Context()))
}

// dump dumps the database with calf.
func (db nativeDatabase) dump(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, pglite.DumpSQL(t.Context(), db.ConnConfig, &out, pglite.SQLDumpConfig{}))
	return withKey(out.String())
}

// richRoles makes the roles of rich.sql for the time of a test.
func richRoles(t *testing.T) {
	t.Helper()
	conn, err := pgx.ConnectConfig(context.Background(), nativeServer(t))
	require.NoError(t, err)
	run := func(sql string) {
		_, err := conn.Exec(context.Background(), sql)
		require.NoError(t, err)
	}
	drop := `DROP ROLE IF EXISTS rich_owner, "Rich ""Reader"""`
	run(drop)
	run(`CREATE ROLE rich_owner; CREATE ROLE "Rich ""Reader"""`)
	t.Cleanup(func() {
		run(drop)
		require.NoError(t, conn.Close(context.Background()))
	})
}

var createsRole = regexp.MustCompile(`(?m)^CREATE ROLE .*\n`)

// TestLikeNativePrograms lets calf and PostgreSQL's own programs restore the
// same scripts and archives on a native server, and compares what came of it.
func TestLikeNativePrograms(t *testing.T) {
	richRoles(t)
	script := createsRole.ReplaceAllString(testFile(t, "rich.sql"), "")
	file := filepath.Join(t.TempDir(), "dump")
	theirs := newNativeDatabase(t, "calf_theirs")
	require.NoError(t, os.WriteFile(file, []byte(script), 0o600))
	theirs.run(t, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file)
	want := theirs.dump(t)
	require.Contains(t, want, "Weird")

	t.Run("Script", func(t *testing.T) {
		ours := newNativeDatabase(t, "calf_ours")
		ours.restore(t, []byte(testFile(t, "rich.sql")), pglite.SQLRestoreConfig{})
		requireSame(t, want, ours.dump(t))
	})
	for name, args := range map[string][]string{
		"Plain": nil, "Inserts": {"--inserts"}, "Custom": {"-Fc"}, "Tar": {"-Ft"}, "Uncompressed": {"-Fc", "-Z0", "--inserts"},
	} {
		t.Run(name, func(t *testing.T) {
			dump := theirs.run(t, "pg_dump", args...)
			require.NoError(t, os.WriteFile(file, dump, 0o600))
			restored := newNativeDatabase(t, "calf_restored")
			if strings.Contains(strings.Join(args, " "), "-F") {
				restored.run(t, "pg_restore", "--exit-on-error", file)
			} else {
				restored.run(t, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file)
			}
			ours := newNativeDatabase(t, "calf_ours")
			ours.restore(t, dump, pglite.SQLRestoreConfig{SingleTransaction: true})
			requireSame(t, restored.dump(t), ours.dump(t))

			// And in calf it is the same again, whoever dumps it.
			db := open(t, pglite.Config{})
			exec(t, db, `CREATE ROLE rich_owner; CREATE ROLE "Rich ""Reader"""`)
			restoreSQL(t, db, string(dump), pglite.SQLRestoreConfig{})
			copied := open(t, pglite.Config{})
			exec(t, copied, `CREATE ROLE rich_owner; CREATE ROLE "Rich ""Reader"""`)
			restoreSQL(t, copied, want, pglite.SQLRestoreConfig{})
			requireSame(t, dumpSQL(t, db), dumpSQL(t, copied))
		})
	}
}

// TestDumpNativeWhileItEnds ends a dump of a native server, whose session ends
// with it.
func TestDumpNativeWhileItEnds(t *testing.T) {
	db := newNativeDatabase(t, "calf_ends")
	db.restore(t, []byte("CREATE TABLE t AS SELECT i, repeat('x', 1000) FROM generate_series(1, 10000) i;"), pglite.SQLRestoreConfig{})
	ctx, cancel := context.WithCancelCause(t.Context())
	w := &hookedWriter{do: func() error { cancel(errNoMore); return nil }}
	require.ErrorIs(t, pglite.DumpSQL(ctx, db.ConnConfig, w, pglite.SQLDumpConfig{}), errNoMore)
	conn, err := pgx.ConnectConfig(t.Context(), db.ConnConfig)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var sessions int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump'").Scan(&sessions))
	require.Zero(t, sessions)
}
