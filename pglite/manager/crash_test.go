package manager_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	osexec "os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/manager"
)

// childEnv names the variable that makes this program one that makes, loads,
// imports and deletes databases in the folder that it names, without end, and
// says what it has done.
const childEnv = "CALF_TEST_MANAGER"

func child(dir string) int {
	ctx := context.Background()
	m, err := manager.OpenConfig(ctx, manager.Config{
		Dir: dir, Logger: slog.New(slog.NewTextHandler(os.Stderr, nil)), DB: pglite.Config{Durability: pglite.None},
	})
	fail := func(err error) int {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err != nil {
		return fail(err)
	}
	archive, err := os.ReadFile(filepath.Join(dir, "..", "dump.tar"))
	if err != nil {
		return fail(err)
	}
	all, err := os.ReadFile(filepath.Join(dir, "..", "all.tar.gz"))
	if err != nil {
		return fail(err)
	}
	fmt.Println("open")
	for n := 0; ; n++ {
		if _, err := m.Create(ctx, manager.NewDatabase{ID: "loaded", Load: bytes.NewReader(archive)}); err != nil {
			return fail(err)
		}
		fmt.Println("loaded")
		if _, err := m.Import(ctx, bytes.NewReader(all), manager.ImportConfig{}); err != nil {
			return fail(err)
		}
		fmt.Println("imported")
		for _, id := range []string{"loaded", "sample"} {
			if err := m.Delete(ctx, id); err != nil {
				return fail(err)
			}
			fmt.Println("deleted")
		}
	}
}

// A program is killed at any moment while it makes and deletes databases: each
// is there and whole afterwards, or not at all.
func TestKill(t *testing.T) {
	dbtest.NeedGuest(t)
	ctx := t.Context()
	tmp := t.TempDir()
	dir := filepath.Join(tmp, "databases")
	m := openManager(t, manager.Config{})
	create(t, m, "sample")
	exec(t, m, "sample", "CREATE TABLE t AS SELECT generate_series(1, 1000) AS a")
	require.NoError(t, os.WriteFile(filepath.Join(tmp, "all.tar.gz"), export(t, m), 0o600))
	h := use(t, m, "sample")
	var archive bytes.Buffer
	require.NoError(t, h.Dump(ctx, &archive, dump.ArchiveConfig{}))
	require.NoError(t, os.WriteFile(filepath.Join(tmp, "dump.tar"), archive.Bytes(), 0o600))
	rounds := 8
	if testing.Short() {
		rounds = 3
	}
	for round := range rounds {
		cmd := osexec.CommandContext(ctx, os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), childEnv+"="+dir)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(stdout)
		require.True(t, lines.Scan(), &stderr)
		for range round % 5 { // it is killed at another step each time
			require.True(t, lines.Scan(), &stderr)
		}
		require.NoError(t, cmd.Process.Kill())
		for lines.Scan() {
		}
		_ = cmd.Wait()
		require.False(t, strings.Contains(stderr.String(), "manager:"), &stderr)

		func() {
			m, err := manager.OpenConfig(ctx, manager.Config{Dir: dir, DB: pglite.Config{Durability: pglite.None}})
			require.NoError(t, err)
			defer func() { require.NoError(t, m.Close()) }()
			list, err := m.Databases(ctx, true)
			require.NoError(t, err)
			require.ElementsMatch(t, ids(list), names(t, filepath.Join(dir, "dbs")))
			for _, d := range list {
				require.Equal(t, 1000, value[int](t, m, d.ID, "SELECT count(*) FROM t"))
				require.NoError(t, m.Delete(ctx, d.ID))
			}
			problems, err := m.Check(ctx)
			require.NoError(t, err)
			require.Empty(t, problems)
			require.Empty(t, names(t, filepath.Join(dir, "incoming")))
			require.Empty(t, names(t, filepath.Join(dir, "deleted")))
		}()
	}
}

// Whatever an interrupted program left, a database is there if and only if it is
// listed.
func TestRecovery(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dir := t.TempDir()
	at := func(name ...string) string { return filepath.Join(append([]string{dir}, name...)...) }
	m := openManager(t, manager.Config{Dir: dir})
	for _, id := range []string{"made", "kept", "Other"} {
		create(t, m, id)
		exec(t, m, id, "CREATE TABLE t AS SELECT '"+id+"' AS name")
	}
	require.NoError(t, m.Close())
	// Create ended after its commit, before it moved the folder.
	require.NoError(t, os.Rename(at("dbs", "made"), at("incoming", "made.x1")))
	// Delete ended before its commit, after it moved the folder.
	require.NoError(t, os.Rename(at("dbs", "kept"), at("deleted", "kept.x2")))
	// Create ended before its commit, Delete after it, and an import.
	require.NoError(t, os.CopyFS(at("incoming", "not.x3"), os.DirFS(at("dbs", "=other"))))
	require.NoError(t, os.CopyFS(at("deleted", "gone.x4"), os.DirFS(at("dbs", "=other"))))
	require.NoError(t, os.MkdirAll(at("incoming", "+meta.x5", "data"), 0o700))
	require.NoError(t, os.WriteFile(at("incoming", "+meta.x5", "data", "calf.incomplete"), nil, 0o600))
	// An old folder of one that is there again.
	require.NoError(t, os.Mkdir(at("deleted", "=other.x6"), 0o700))
	// Somebody else's.
	require.NoError(t, os.Mkdir(at("dbs", "stranger"), 0o700))
	require.NoError(t, os.WriteFile(at("dbs", "file.txt"), nil, 0o600))

	m = openManager(t, manager.Config{Dir: dir})
	for _, id := range []string{"made", "kept", "Other"} {
		require.Equal(t, id, value[string](t, m, id, "SELECT name FROM t"))
	}
	require.Empty(t, names(t, at("incoming")))
	require.Empty(t, names(t, at("deleted")))
	require.Equal(t, []string{"=other", "file.txt", "kept", "made", "stranger"}, names(t, at("dbs")))
	problems, err := m.Check(ctx)
	require.NoError(t, err)
	require.Equal(t, []manager.Problem{
		{Path: at("dbs", "file.txt"), Text: "it is not in the list of databases"},
		{Path: at("dbs", "stranger"), Text: "it is not in the list of databases"},
	}, problems)
	_, err = m.Create(ctx, manager.NewDatabase{ID: "stranger"})
	require.ErrorIs(t, err, os.ErrExist, "what is there is not taken over")
	_, err = m.Database(ctx, "stranger")
	require.ErrorIs(t, err, manager.ErrNotFound)
	require.Empty(t, names(t, at("incoming")))

	require.NoError(t, m.CloseDatabase(ctx, "kept"))
	require.NoError(t, os.RemoveAll(at("dbs", "kept")))
	_, err = m.Open(ctx, "kept")
	require.ErrorContains(t, err, "is gone", "and no empty database takes its place")
	require.NoError(t, m.Delete(ctx, "kept"))
}

// A data directory that another program has open is not deleted.
func TestDeleteLocked(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	exec(t, m, "abc", "CREATE TABLE t AS SELECT 1 AS a")
	require.NoError(t, m.CloseDatabase(ctx, "abc"))
	state, err := m.State(ctx, "abc")
	require.NoError(t, err)
	db, err := pglite.Open(ctx, state.Dir)
	require.NoError(t, err)
	err = m.Delete(ctx, "abc")
	require.Error(t, err) // on Windows that of renaming
	_, err = db.Exec(ctx, "INSERT INTO t VALUES (2)")
	require.NoError(t, err)
	require.NoError(t, db.Close())
	require.Equal(t, 2, value[int](t, m, "abc", "SELECT count(*) FROM t"))
	require.NoError(t, m.Delete(ctx, "abc"))
}
