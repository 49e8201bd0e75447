package pglite_test

import (
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/dbtest"
)

var (
	needGuest   = dbtest.NeedGuest
	open        = dbtest.Open
	exec        = dbtest.Exec
	symlink     = dbtest.Symlink
	copyDir     = dbtest.CopyDir
	tree        = dbtest.Tree
	file        = dbtest.File
	goodArchive = dbtest.Archive
	rewritten   = dbtest.Rewritten
	changed     = dbtest.Changed

	restoreSQL = dbtest.RestoreSQL
	dumpSQL    = dbtest.DumpSQL
	testFile   = dbtest.TestFile
)

type (
	failing = dbtest.FailingWriter
)

func query[T any](tb testing.TB, db *pglite.DB, sql string, args ...any) T {
	tb.Helper()
	return dbtest.Query[T](tb, db, sql, args...)
}
