package manager_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/manager"
)

func TestFiles(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	m := openManager(t, manager.Config{Dir: dir})
	f, err := m.SaveFile(ctx, "", "con.csv", strings.NewReader("x"))
	require.NoError(t, err)
	require.EqualValues(t, 1, f.Size)
	_, err = m.SaveFile(ctx, f.ID, "other", strings.NewReader("y"))
	require.ErrorIs(t, err, manager.ErrExists)
	for _, name := range []string{"", ".", "..", "a/b", "\xff", "a\x00", strings.Repeat("x", 2000)} {
		_, err = m.SaveFile(ctx, "", name, strings.NewReader("y"))
		require.ErrorIs(t, err, manager.ErrInvalid, name)
	}
	_, err = m.SaveFile(ctx, "../x", "name", strings.NewReader("y"))
	require.ErrorIs(t, err, manager.ErrInvalid)
	canceled, cancel := context.WithCancel(ctx)
	cancel()
	_, err = m.SaveFile(canceled, "", "name", strings.NewReader("y"))
	require.ErrorIs(t, err, context.Canceled)
	list, err := m.Files(ctx)
	require.NoError(t, err)
	require.Equal(t, []manager.File{f}, list)
	require.NoError(t, m.DeleteFile(f.ID))
	require.ErrorIs(t, m.DeleteFile(f.ID), manager.ErrNotFound)
	_, _, err = m.OpenFile(f.ID)
	require.ErrorIs(t, err, manager.ErrNotFound)
	for _, folder := range []string{"files", "incoming", "deleted"} {
		require.Empty(t, names(t, filepath.Join(dir, folder)))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "files", "x"), nil, 0o600))
	list, err = m.Files(ctx)
	require.NoError(t, err)
	require.Empty(t, list)
}
