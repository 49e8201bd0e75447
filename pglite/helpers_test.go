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
	waitFor     = dbtest.WaitFor
	tree        = dbtest.Tree
	file        = dbtest.File
	goodArchive = dbtest.Archive
	rewritten   = dbtest.Rewritten
	changed     = dbtest.Changed

	restoreSQL  = dbtest.RestoreSQL
	dumpSQL     = dbtest.DumpSQL
	withKey     = dbtest.WithKey
	requireSame = dbtest.RequireSame
	comparable  = dbtest.Comparable
	testFile    = dbtest.TestFile

	nativeServer      = dbtest.NativeServer
	nativeConfig      = dbtest.NativeConfig
	newNativeDatabase = dbtest.NewNativeDatabase
	richRoles         = dbtest.RichRoles
	createsRole       = dbtest.CreatesRole
)

const scale5 = dbtest.Scale5

type (
	failing        = dbtest.FailingWriter
	nativeDatabase = dbtest.NativeDatabase
	byteCount      = dbtest.ByteCount
)

func query[T any](tb testing.TB, db *pglite.DB, sql string, args ...any) T {
	tb.Helper()
	return dbtest.Query[T](tb, db, sql, args...)
}
