package pglite_test

import (
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
)

// rich opens a database with one of everything.
func rich(t *testing.T) *pglite.DB {
	t.Helper()
	db := open(t, pglite.Config{})
	restoreSQL(t, db, testFile(t, "rich.sql"), pglite.SQLRestoreConfig{})
	restoreSQL(t, db, testFile(t, "rich18.sql"), pglite.SQLRestoreConfig{})
	return db
}

// TestPush moves one of everything, and compares dumps.
func TestPush(t *testing.T) {
	t.Parallel()
	from, to := rich(t), open(t, pglite.Config{})
	exec(t, to, `CREATE ROLE rich_owner; CREATE ROLE "Rich ""Reader"""`)
	report, err := from.Push(t.Context(), to.ConnConfig(), pglite.PushConfig{})
	require.NoError(t, err)
	require.Empty(t, report.Obstacles)
	requireSame(t, dumpSQL(t, from), dumpSQL(t, to))
}
