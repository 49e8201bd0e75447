package pglite_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// TestLikeNativePrograms lets calf and PostgreSQL's own programs restore the
// same scripts and archives on a native server, and compares what came of it.
func TestLikeNativePrograms(t *testing.T) {
	richRoles(t)
	script := createsRole.ReplaceAllString(testFile(t, "rich.sql"), "")
	file := filepath.Join(t.TempDir(), "dump")
	theirs := newNativeDatabase(t, "calf_theirs")
	require.NoError(t, os.WriteFile(file, []byte(script), 0o600))
	theirs.Run(t, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file)
	want := theirs.Dump(t)
	require.Contains(t, want, "Weird")

	t.Run("Script", func(t *testing.T) {
		ours := newNativeDatabase(t, "calf_ours")
		ours.Restore(t, []byte(testFile(t, "rich.sql")), pglite.SQLRestoreConfig{})
		requireSame(t, want, ours.Dump(t))
	})
	for name, args := range map[string][]string{
		"Plain": nil, "Inserts": {"--inserts"}, "Custom": {"-Fc"}, "Tar": {"-Ft"}, "Uncompressed": {"-Fc", "-Z0", "--inserts"},
	} {
		t.Run(name, func(t *testing.T) {
			dump := theirs.Run(t, "pg_dump", args...)
			require.NoError(t, os.WriteFile(file, dump, 0o600))
			restored := newNativeDatabase(t, "calf_restored")
			if strings.Contains(strings.Join(args, " "), "-F") {
				restored.Run(t, "pg_restore", "--exit-on-error", file)
			} else {
				restored.Run(t, "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", file)
			}
			ours := newNativeDatabase(t, "calf_ours")
			ours.Restore(t, dump, pglite.SQLRestoreConfig{SingleTransaction: true})
			requireSame(t, restored.Dump(t), ours.Dump(t))

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
	db.Restore(t, []byte("CREATE TABLE t AS SELECT i, repeat('x', 1000) FROM generate_series(1, 10000) i;"), pglite.SQLRestoreConfig{})
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
