package datadir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/datadir"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/stretchr/testify/require"
)

func TestRemove(t *testing.T) {
	t.Parallel()
	dbtest.NeedGuest(t)
	tmp := t.TempDir()
	dir := filepath.Join(tmp, "data")
	db, err := pglite.Open(t.Context(), dir)
	require.NoError(t, err)
	err = datadir.Remove(dir, func() error { panic("it is open") })
	require.ErrorIs(t, err, pglite.ErrLocked)
	_, err = db.Exec(t.Context(), "CREATE TABLE t AS SELECT 1 AS a")
	require.NoError(t, err)
	require.NoError(t, db.Close())

	no := errors.New("no")
	require.ErrorIs(t, datadir.Remove(dir, func() error { return no }), no)
	db, err = pglite.Open(t.Context(), dir)
	require.NoError(t, err)
	require.NoError(t, db.QueryRow(t.Context(), "SELECT a FROM t").Scan(new(int)))
	require.NoError(t, db.Close())

	require.NoError(t, datadir.Remove(dir, func() error {
		_, err := pglite.Open(t.Context(), dir)
		require.ErrorIs(t, err, pglite.ErrLocked)
		return nil
	}))
	entries, err := os.ReadDir(tmp)
	require.NoError(t, err)
	require.Empty(t, entries)
	require.ErrorIs(t, datadir.Remove(dir, nil), fs.ErrNotExist)
}

func TestRemoveRefuses(t *testing.T) {
	t.Parallel()
	tmp := t.TempDir()
	letter := filepath.Join(tmp, "letter.txt")
	require.NoError(t, os.WriteFile(letter, []byte("Dear"), 0o600))
	require.ErrorIs(t, datadir.Remove(tmp, nil), pglite.ErrNotPostgres)
	require.ErrorContains(t, datadir.Remove(letter, nil), "not a directory")
	require.FileExists(t, letter)

	elsewhere := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(elsewhere, "PG_VERSION"), []byte("18\n"), 0o600))
	link := filepath.Join(tmp, "link")
	dbtest.Symlink(t, elsewhere, link)
	require.ErrorContains(t, datadir.Remove(link, nil), "not a directory")
	require.FileExists(t, filepath.Join(elsewhere, "PG_VERSION"))

	// Of another version, and with links in it.
	old := filepath.Join(tmp, "old")
	require.NoError(t, os.MkdirAll(filepath.Join(old, "pg_tblspc"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(old, "PG_VERSION"), []byte("16\n"), 0o600))
	dbtest.Symlink(t, elsewhere, filepath.Join(old, "pg_tblspc", "1"))
	require.NoError(t, datadir.Remove(old, nil))
	require.NoDirExists(t, old)
	require.FileExists(t, filepath.Join(elsewhere, "PG_VERSION"))
}
