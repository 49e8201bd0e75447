package upgrade_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/internal/peers"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/upgrade"
	"github.com/stretchr/testify/require"
)

// inDatabases runs SQL in databases of a directory, one after the other, with a
// release.
func inDatabases(tb testing.TB, release, dir string, sql ...string) {
	tb.Helper()
	peers.Run(tb, `
		const [, , release, dir, ...list] = process.argv
		const { PGlite } = await import(release)
		const { hstore } = await import(release + '/contrib/hstore')
		for (let i = 0; i < list.length; i += 2) {
			const db = await PGlite.create({ dataDir: 'file://' + dir, database: list[i], extensions: { hstore } })
			await db.exec(list[i + 1])
			await db.close()
		}
		process.exit(0)`, append([]string{release, dir}, sql...)...)
}

func TestUpgradeConfig(t *testing.T) {
	t.Parallel()
	needLegacy(t, "legacy-17")
	dir := filepath.Join(t.TempDir(), "data")
	smallDirectory(t, "pglite-0.3", dir, 2000)
	before := readTree(t, dir)
	_, err := pglite.Open(t.Context(), dir)
	require.EqualError(t, err, "pglite: opening "+dir+": the data directory is of PostgreSQL 17 (PGlite 0.3 and PGlite 0.4), and this is PostgreSQL 18; run `calf upgrade "+dir+"`")
	require.Equal(t, before, readTree(t, dir))
	requireOnly(t, dir)

	link := filepath.Join(t.TempDir(), "link")
	require.NoError(t, os.Symlink(dir, link))
	for range 2 { // the second time there is nothing to upgrade
		db, err := pglite.OpenConfig(t.Context(), pglite.Config{Dir: link, Upgrade: upgrade.Directory, Durability: pglite.None})
		require.NoError(t, err)
		requireResults(t, db, "postgres", map[string]string{"SELECT count(*) FROM t": `[{"count":2000}]`})
		require.NoError(t, db.Close())
	}
	requireOnly(t, dir, dir+".pg17.bak")
	requireOnly(t, link)
	require.Equal(t, before, readTree(t, dir+".pg17.bak"))

	db := dbtest.Open(t, pglite.Config{Dir: filepath.Join(t.TempDir(), "new"), Upgrade: upgrade.Directory})
	requireResults(t, db, "postgres", map[string]string{"SELECT 1 AS a": `[{"a":1}]`}) // a new directory is no old one
}

// With PGlite 0.3, that was in template1 what is in postgres with PGlite 0.4. If
// both have something, both stay where they are.
func TestUpgradeNames(t *testing.T) {
	t.Parallel()
	needLegacy(t, "legacy-17")
	dir := filepath.Join(t.TempDir(), "data")
	inDatabases(t, "pglite-0.3", dir, "template1", "CREATE TABLE one AS SELECT 1 AS a", "postgres", "CREATE TABLE two AS SELECT 2 AS a")
	plan, err := upgrade.DryRun(t.Context(), upgrade.Config{Dir: dir})
	require.NoError(t, err)
	require.Len(t, plan.Databases, 2)
	for _, db := range plan.Databases {
		require.Equal(t, db.Name, db.Target)
		require.EqualValues(t, 1, db.Tables)
		require.Positive(t, db.Size)
	}
	require.Contains(t, plan.Notes[0], "there is something in the database postgres as well as in template1")
	_, err = upgrade.Run(t.Context(), upgrade.Config{Dir: dir})
	require.NoError(t, err)
	db := dbtest.Open(t, pglite.Config{Dir: dir})
	requireResults(t, db, "template1", map[string]string{"SELECT a FROM one": `[{"a":1}]`, "SELECT to_regclass('two') AS a": `[{"a":null}]`})
	requireResults(t, db, "postgres", map[string]string{"SELECT a FROM two": `[{"a":2}]`, "SELECT to_regclass('one') AS a": `[{"a":null}]`})
}

// What cannot be moved is reported before anything is done.
func TestUpgradeProblems(t *testing.T) {
	t.Parallel()
	needLegacy(t, "legacy-17")
	dir := filepath.Join(t.TempDir(), "data")
	inDatabases(t, "pglite-0.4", dir, "postgres", `CREATE EXTENSION hstore; CREATE TABLE t AS SELECT 1 AS a;
		UPDATE pg_extension SET extname = 'no_such_extension' WHERE extname = 'hstore';
		CREATE FUNCTION f() RETURNS integer LANGUAGE c AS '$libdir/hstore', 'hstore_out';
		UPDATE pg_proc SET probin = '$libdir/no_such_library' WHERE proname = 'f'`)
	before := readTree(t, dir)
	plan, err := upgrade.DryRun(t.Context(), upgrade.Config{Dir: dir})
	require.NoError(t, err)
	problems := []string{
		"the extension no_such_extension of the database postgres is not available",
		"the library $libdir/no_such_library, of functions of the database postgres, is not available",
	}
	require.Equal(t, problems, plan.Problems)
	_, err = upgrade.Run(t.Context(), upgrade.Config{Dir: dir})
	require.ErrorIs(t, err, upgrade.ErrImpossible)
	require.EqualError(t, err, "upgrade: upgrading "+dir+": the data directory cannot be upgraded: "+problems[0]+"; "+problems[1])
	plan, err = upgrade.DryRun(t.Context(), upgrade.Config{Dir: dir, Without: []string{"no_such_extension"}})
	require.NoError(t, err)
	require.Equal(t, problems[1:], plan.Problems)
	require.Equal(t, before, readTree(t, dir))
	requireOnly(t, dir)

	inDatabases(t, "pglite-0.4", dir, "postgres", "DROP FUNCTION f; ALTER TABLE t ADD h hstore")
	_, err = upgrade.Run(t.Context(), upgrade.Config{Dir: dir, Without: []string{"no_such_extension"}})
	require.ErrorContains(t, err, "leaving out the extension no_such_extension of the database postgres")
	require.ErrorContains(t, err, "other objects depend on it")
	requireOnly(t, dir)

	inDatabases(t, "pglite-0.4", dir, "postgres", "ALTER TABLE t DROP h")
	_, err = upgrade.Run(t.Context(), upgrade.Config{Dir: dir, Without: []string{"no_such_extension"}})
	require.NoError(t, err)
	db := dbtest.Open(t, pglite.Config{Dir: dir})
	requireResults(t, db, "postgres", map[string]string{"SELECT a FROM t": `[{"a":1}]`, "SELECT extname FROM pg_extension": `[{"extname":"plpgsql"}]`})
}

// Settings that this version does not have, or with which it does not start, are
// not kept, but reported. Rules of who may connect are.
func TestUpgradeSettings(t *testing.T) {
	t.Parallel()
	needLegacy(t, "legacy-16")
	dir := filepath.Join(t.TempDir(), "data")
	inDatabases(t, "pglite-0.2", dir, "template1", "CREATE TABLE t AS SELECT 1 AS a; ALTER DATABASE template1 SET work_mem = '5MB'")
	add := func(name, text string) {
		f, err := os.OpenFile(filepath.Join(dir, name), os.O_APPEND|os.O_WRONLY, 0)
		require.NoError(t, err)
		_, err = f.WriteString(text)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
	add("postgresql.conf", "old_snapshot_threshold = 1h\nport = 5433\nwork_mem = 9MB\nsearch_path = '\"a B\", c'\n")
	add("pg_hba.conf", "host all all 10.1.2.3/32 reject\n")
	kept := []string{"search_path = \"a B\", c", "work_mem = 9MB"}
	work := copyOf(t, dir)
	report, err := upgrade.Run(t.Context(), upgrade.Config{Dir: dir})
	require.NoError(t, err)
	require.Equal(t, kept, report.Settings)
	requireContains(t, report.Notes, "the setting old_snapshot_threshold = 1h is not kept", "the setting port = 5433 is not kept")
	db := dbtest.Open(t, pglite.Config{Dir: dir})
	requireResults(t, db, "postgres", map[string]string{
		"SELECT a FROM public.t": `[{"a":1}]`,
		"SELECT setting FROM pg_settings WHERE name IN ('work_mem', 'search_path') ORDER BY 1": `[{"setting":"\"a B\", c"}, ` + "\n " + `{"setting":"5120"}]`,
		"SELECT address, auth_method FROM pg_hba_file_rules WHERE address = '10.1.2.3'":        `[{"address":"10.1.2.3","auth_method":"reject"}]`,
	})

	dir = work
	add("postgresql.auto.conf", "shared_buffers = '2000GB'\n")
	report, err = upgrade.Run(t.Context(), upgrade.Config{Dir: dir})
	require.NoError(t, err)
	require.Empty(t, report.Settings)
	requireContains(t, report.Notes, `are not kept: with them PostgreSQL does not start`)
	requireResults(t, dbtest.Open(t, pglite.Config{Dir: dir}), "postgres", map[string]string{"SELECT a FROM t": `[{"a":1}]`})
}

// requireContains makes sure that there are texts in a list of notes.
func requireContains(tb testing.TB, notes []string, texts ...string) {
	tb.Helper()
	all := ""
	for _, n := range notes {
		all += n + "\n"
	}
	for _, text := range texts {
		require.Contains(tb, all, text)
	}
}
