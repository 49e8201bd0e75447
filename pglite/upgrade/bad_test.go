package upgrade_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/calfdb/calf/internal/peers"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/upgrade"
	"github.com/stretchr/testify/require"
)

// smallDirectory makes a data directory with a release, and returns where in it
// the data of table t are, which has so many rows.
func smallDirectory(tb testing.TB, release, dir string, rows int) (table string) {
	tb.Helper()
	dbtest.NeedGuest(tb)
	return strings.TrimSpace(string(peers.Run(tb, `
		const [, , release, dir, count] = process.argv
		const { PGlite } = await import(release)
		const db = await PGlite.create('file://' + dir)
		await db.query("CREATE TABLE t AS SELECT g AS id, repeat('x', 200) AS s FROM generate_series(1, " + count + ") g")
		const { rows } = await db.query("SELECT pg_relation_filepath('t') AS path")
		console.log(rows[0].path)
		await db.close()
		process.exit(0)`, release, dir, fmt.Sprint(rows))))
}

// copyOf makes a directory with the same files as another one: whoever changes
// one, replaces it. An upgrade that does not leave them alone breaks them all.
func copyOf(tb testing.TB, dir string) string {
	tb.Helper()
	to := filepath.Join(tb.TempDir(), "data")
	require.NoError(tb, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		name, _ := filepath.Rel(dir, path)
		switch {
		case err != nil || name == "calf.lock":
			return err
		case e.IsDir():
			return os.Mkdir(filepath.Join(to, name), 0o700)
		}
		return os.Link(path, filepath.Join(to, name))
	}))
	return to
}

// requireT makes sure that the table t has moved.
func requireT(tb testing.TB, dir string, rows int) {
	tb.Helper()
	db, err := pglite.OpenConfig(tb.Context(), pglite.Config{Dir: dir})
	require.NoError(tb, err)
	defer func() { require.NoError(tb, db.Close()) }()
	requireResults(tb, db, "postgres", map[string]string{
		"SELECT count(*) AS n, sum(length(s)) AS l FROM t": fmt.Sprintf(`[{"n":%d,"l":%d}]`, rows, rows*200),
	})
}

// An upgrade that fails leaves nothing behind, and the old directory as it was.
func TestUpgradeFails(t *testing.T) {
	t.Parallel()
	needLegacy(t, "legacy-17")
	original := filepath.Join(t.TempDir(), "data")
	const rows = 100_000 // more than a segment of the WAL
	table := smallDirectory(t, "pglite-0.4", original, rows)
	write := func(name, content string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			name := filepath.Join(dir, filepath.FromSlash(name))
			require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
			require.NoError(t, os.RemoveAll(name))
			require.NoError(t, os.WriteFile(name, []byte(content), 0o600))
		}
	}
	remove := func(name string) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			t.Helper()
			require.NoError(t, os.RemoveAll(filepath.Join(dir, filepath.FromSlash(name))))
		}
	}
	for name, test := range map[string]struct {
		prepare func(t *testing.T, dir string)
		extra   string // what is there beside, from before
		want    string
		is      error
	}{
		"backup exists":     {prepare: write("../data.pg17.bak/x", ""), extra: "data.pg17.bak", want: "data.pg17.bak exists, where the old directory would be kept: move it away"},
		"new name is taken": {prepare: write("../data.pg18.new/x", ""), extra: "data.pg18.new", want: "data.pg18.new exists, where the new directory would be made: move it away"},
		"version 15":        {prepare: write("PG_VERSION", "15\n"), want: "is of PostgreSQL 15, and this is PostgreSQL 18; dump it with its own version"},
		"version 19":        {prepare: write("PG_VERSION", "19\n"), want: "is of PostgreSQL 19"},
		"wrong version":     {prepare: write("PG_VERSION", "16\n"), want: "database files are incompatible with server"},
		"no version":        {prepare: write("PG_VERSION", "seventeen\n"), want: "PG_VERSION is damaged", is: pglite.ErrNotPostgres},
		"no cluster":        {prepare: remove("PG_VERSION"), is: pglite.ErrNotPostgres},
		"this version":      {prepare: write("PG_VERSION", "18\n"), is: upgrade.ErrUpToDate},
		"short pg_control":  {prepare: write("global/pg_control", "short"), want: "could not read file \"global/pg_control\""},
		"bad pg_control":    {prepare: write("global/pg_control", strings.Repeat("bad ", 2048)), want: "database files are incompatible"},
		"no WAL":            {prepare: remove("pg_wal"), want: "pg_wal"},
		"a missing table":   {prepare: remove(table), want: "could not open file \"" + table + "\""},
		"a bad page":        {prepare: write(table, strings.Repeat("garbage ", 4096)), want: "invalid page in block 0 of relation " + table},
		"bad settings":      {prepare: write("postgresql.auto.conf", "nonsense = 1\n"), want: "postgresql.auto.conf"},
		"bad value":         {prepare: write("postgresql.auto.conf", "work_mem = 'a lot'\n"), want: "contains errors"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := copyOf(t, original)
			test.prepare(t, dir)
			before := readTree(t, filepath.Dir(dir))
			_, err := upgrade.Run(t.Context(), upgrade.Config{Dir: dir})
			require.Error(t, err)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
			require.ErrorContains(t, err, test.want)
			require.ErrorContains(t, err, dir)
			require.Equal(t, before, readTree(t, filepath.Dir(dir)))
		})
	}
	originalTree := readTree(t, original)
	t.Cleanup(func() { require.Equal(t, originalTree, readTree(t, original)) })
	_, err := upgrade.Run(t.Context(), upgrade.Config{Dir: filepath.Join(t.TempDir(), "nothing")})
	require.ErrorIs(t, err, os.ErrNotExist)
	require.ErrorContains(t, upgrade.NewUpgradeDir(original, 1<<60), "MB of free space, and the upgrade may need 1099511627776 MB")
	requireOnly(t, original)

	for _, doing := range []string{
		"loading", "looking", "making the new cluster", "moving roles", "moving the database", "comparing", "equal", "analyzing",
		"starting the new cluster", "making the new directory durable",
	} {
		t.Run("cancelled when "+doing, func(t *testing.T) {
			t.Parallel()
			requireUntouched(t, copyOf(t, original), doing, context.Canceled.Error(), func(cancel func()) { cancel() })
		})
	}
	t.Run("used by another program", func(t *testing.T) {
		t.Parallel()
		dir := copyOf(t, original)
		requireUntouched(t, dir, "comparing", "another program uses the directory: postmaster.opts has changed meanwhile", func(func()) {
			write("postmaster.opts", "changed")(t, dir)
		})
	})
	t.Run("the new cluster breaks", func(t *testing.T) {
		t.Parallel()
		dir := copyOf(t, original)
		requireUntouched(t, dir, "moving the database", "pg_wal", func(func()) { require.NoError(t, os.RemoveAll(dir+".pg18.new/pg_wal")) })
	})
	t.Run("opened twice", func(t *testing.T) {
		t.Parallel()
		dir := copyOf(t, original)
		requireUntouched(t, dir, "moving the database", context.Canceled.Error(), func(cancel func()) {
			_, err := upgrade.Run(t.Context(), upgrade.Config{Dir: dir})
			require.ErrorIs(t, err, pglite.ErrLocked)
			_, err = pglite.OpenConfig(t.Context(), pglite.Config{Dir: dir, Upgrade: upgrade.Directory})
			require.ErrorIs(t, err, pglite.ErrLocked)
			cancel()
		})
	})
}

// requireUntouched upgrades a directory, does something at a step, and makes
// sure that the upgrade fails.
func requireUntouched(t *testing.T, dir, step, want string, do func(cancel func())) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var after map[string]string
	_, err := upgrade.Run(ctx, upgrade.Config{Dir: dir, Progress: func(doing string) {
		if after == nil && strings.HasPrefix(doing, step) {
			do(cancel)
			after = readTree(t, dir)
		}
	}})
	require.NotNil(t, after, "there is such a step")
	require.ErrorContains(t, err, want)
	require.Equal(t, after, readTree(t, dir))
	requireOnly(t, dir)
}

// An upgrade tells what has to be installed.
func TestUpgradeNotInstalled(t *testing.T) {
	t.Parallel()
	needLegacy(t, "legacy-17")
	dir := filepath.Join(t.TempDir(), "data")
	smallDirectory(t, "pglite-0.4", dir, 1)
	said, killed := upgrader{dir: dir, env: "CALF_ASSETS=" + t.TempDir()}.run(t)
	require.False(t, killed)
	require.Contains(t, said, "the group legacy-17 is not installed: run `calf assets install --legacy`")
	requireOnly(t, dir)
}

// Collations that sort wrongly in the old version, and would be refused in the new one, are told beforehand.
func TestUpgradeNeedsICU(t *testing.T) {
	t.Parallel()
	needLegacy(t, "legacy-17")
	dir := filepath.Join(t.TempDir(), "data")
	dbtest.Peer{Release: "pglite-0.4", Dir: dir, SQL: []string{
		`CREATE COLLATION swedish (provider = icu, locale = 'sv'); CREATE COLLATION french (provider = icu, locale = 'fr');
			CREATE TABLE word (w text COLLATE swedish PRIMARY KEY); INSERT INTO word VALUES ('b'), ('a')`,
	}}.Run(t)
	want := []string{"the locale sv of ICU, of the database postgres or of its collations, needs ICU's data of all languages: give it, or drop what has that locale"}
	plan, err := upgrade.DryRun(t.Context(), upgrade.Config{Dir: dir})
	require.NoError(t, err)
	require.Equal(t, want, plan.Problems)
	_, err = upgrade.Run(t.Context(), upgrade.Config{Dir: dir})
	require.ErrorIs(t, err, upgrade.ErrImpossible)
	require.ErrorContains(t, err, want[0])
	icu := dbtest.RootAsSwedish(t)
	_, err = upgrade.Run(t.Context(), upgrade.Config{Dir: dir, ICU: icu})
	require.NoError(t, err)
	db := dbtest.Open(t, pglite.Config{Dir: dir, ICU: icu})
	require.Equal(t, "a", dbtest.Query[string](t, db, "SELECT w FROM word WHERE w < 'b'"))
}
