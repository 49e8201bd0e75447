package dump_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestLikeNativePrograms lets calf and PostgreSQL's own programs restore the
// same scripts and archives on a native server, and compares what came of it.
func TestLikeNativePrograms(t *testing.T) {
	dbtest.RichRoles(t)
	script := dbtest.CreatesRole.ReplaceAllString(dbtest.TestFile(t, "rich.sql"), "")
	file := filepath.Join(t.TempDir(), "dump")
	theirs := dbtest.NewNativeDatabase(t, "calf_theirs")
	require.NoError(t, os.WriteFile(file, []byte(script), 0o600))
	theirs.Run(t, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file)
	want := theirs.Dump(t)
	require.Contains(t, want, "Weird")

	t.Run("Script", func(t *testing.T) {
		ours := dbtest.NewNativeDatabase(t, "calf_ours")
		ours.Restore(t, []byte(dbtest.TestFile(t, "rich.sql")), dump.RestoreSQLConfig{})
		dbtest.RequireSame(t, want, ours.Dump(t))
	})
	for name, args := range map[string][]string{
		"Plain": nil, "Inserts": {"--inserts"}, "Custom": {"-Fc"}, "Tar": {"-Ft"}, "Uncompressed": {"-Fc", "-Z0", "--inserts"},
	} {
		t.Run(name, func(t *testing.T) {
			script := theirs.Run(t, "pg_dump", args...)
			require.NoError(t, os.WriteFile(file, script, 0o600))
			restored := dbtest.NewNativeDatabase(t, "calf_restored")
			if strings.Contains(strings.Join(args, " "), "-F") {
				restored.Run(t, "pg_restore", "--exit-on-error", file)
			} else {
				restored.Run(t, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file)
			}
			ours := dbtest.NewNativeDatabase(t, "calf_ours")
			ours.Restore(t, script, dump.RestoreSQLConfig{SingleTransaction: true})
			dbtest.RequireSame(t, restored.Dump(t), ours.Dump(t))

			// And in calf it is the same again, whoever dumps it.
			db := dbtest.Open(t, pglite.Config{})
			dbtest.Exec(t, db, `CREATE ROLE rich_owner; CREATE ROLE "Rich ""Reader"""`)
			dbtest.RestoreSQL(t, db, string(script), dump.RestoreSQLConfig{})
			copied := dbtest.Open(t, pglite.Config{})
			dbtest.Exec(t, copied, `CREATE ROLE rich_owner; CREATE ROLE "Rich ""Reader"""`)
			dbtest.RestoreSQL(t, copied, want, dump.RestoreSQLConfig{})
			dbtest.RequireSame(t, dbtest.DumpSQL(t, db), dbtest.DumpSQL(t, copied))
		})
	}
}

// TestDumpNativeWhileItEnds ends a dump of a native server, whose session ends
// with it.
func TestDumpNativeWhileItEnds(t *testing.T) {
	db := dbtest.NewNativeDatabase(t, "calf_ends")
	db.Restore(t, []byte("CREATE TABLE t AS SELECT i, repeat('x', 1000) FROM generate_series(1, 10000) i;"), dump.RestoreSQLConfig{})
	ctx, cancel := context.WithCancelCause(t.Context())
	w := &hookedWriter{do: func() error { cancel(errNoMore); return nil }}
	require.ErrorIs(t, dump.SQL(ctx, db.ConnConfig, w, dump.SQLConfig{}), errNoMore)
	conn, err := pgx.ConnectConfig(t.Context(), db.ConnConfig)
	require.NoError(t, err)
	defer conn.Close(t.Context())
	var sessions int
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_dump'").Scan(&sessions))
	require.Zero(t, sessions)
}
