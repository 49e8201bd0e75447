package main

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/peers"
	"github.com/calfdb/calf/pglite/upgrade"
	"github.com/stretchr/testify/require"
)

// needsLegacy skips a test where an earlier PostgreSQL is not installed.
func needsLegacy(t *testing.T, group string) {
	t.Helper()
	needsGuest(t)
	if raceEnabled {
		t.Skip("takes long with the race detector; `make test` runs it without, too")
	}
	if _, err := assets.OpenGroup(group); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs an earlier PostgreSQL: %v", err)
	}
}

func TestUpgrade(t *testing.T) {
	needsLegacy(t, "legacy-17")
	dir := filepath.Join(t.TempDir(), "data")
	peers.Run(t, `
		const { PGlite } = await import("pglite-0.3")
		const db = await PGlite.create("file://" + process.argv[2])
		await db.exec("CREATE TABLE notes AS SELECT g AS id FROM generate_series(1, 40) g; CREATE ROLE \"evil\x1b[31m\"")
		await db.exec("ALTER SYSTEM SET work_mem = '8MB'")
		await db.close()
		process.exit(0)`, dir)

	got := calf(t, "", "query", "--db", dir, "SELECT 1")
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "is of PostgreSQL 17 (PGlite 0.3 and PGlite 0.4), and this is PostgreSQL 18; run `calf upgrade "+dir+"`\n")

	got = calf(t, "", "upgrade", dir, "--dry-run")
	require.Equal(t, exitOK, got.status, got.stderr)
	require.Empty(t, got.stderr)
	require.Contains(t, got.stdout, "directory    "+dir+"\nversion      PostgreSQL 17.5, to become 18\n")
	require.Contains(t, got.stdout, "the old one  will be kept as "+dir+".pg17.bak\n")
	require.Regexp(t, `(?m)^database +template1, to become postgres: .*, 1 tables, 0 large objects$`, got.stdout)
	require.Regexp(t, `(?m)^roles +evil\?\[31m, postgres$`, got.stdout, "names cannot control a terminal")
	require.Regexp(t, `(?m)^setting +work_mem = 8MB$`, got.stdout)
	require.NotContains(t, got.stdout, "problem")

	got = calf(t, "", "upgrade", dir, "--dry-run", "--json")
	require.Equal(t, exitOK, got.status, got.stderr)
	var plan upgrade.Plan
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &plan))
	require.Equal(t, "17.5", plan.From)
	require.NoDirExists(t, plan.Backup)

	got = calf(t, "", "upgrade", dir)
	require.Equal(t, exitOK, got.status, got.stderr)
	require.Contains(t, got.stdout, "note: what is in the database template1 moves to postgres")
	require.Contains(t, got.stdout, dir+" is of PostgreSQL 18 now: 1 tables with 40 rows, 0 sequences and 0 large objects are equal.\n"+
		"The old directory is "+plan.Backup+". Remove it when you do not need it any more.\n")
	require.FileExists(t, filepath.Join(plan.Backup, "PG_VERSION"))
	got = calf(t, "", "query", "--db", dir, "--csv", "SELECT count(*), current_setting('work_mem') FROM notes")
	require.Equal(t, "count,current_setting\n40,8MB\n", got.stdout, got.stderr)

	got = calf(t, "", "upgrade", dir)
	require.Equal(t, exitOK, got.status)
	require.Equal(t, "There is nothing to upgrade: the data directory is of this version.\n", got.stdout)
}

// What PGlite 0.3 gave out as an archive becomes a database of this version.
func TestRestoreUpgrade(t *testing.T) {
	needsLegacy(t, "legacy-17")
	parent := t.TempDir()
	file, dir := filepath.Join(parent, "old.tar.gz"), filepath.Join(parent, "data")
	peers.Run(t, `
		const { PGlite } = await import("pglite-0.3")
		const { writeFile } = await import("node:fs/promises")
		const db = await PGlite.create()
		await db.exec("CREATE TABLE notes AS SELECT g AS id FROM generate_series(1, 40) g")
		await writeFile(process.argv[2], Buffer.from(await (await db.dumpDataDir("gzip")).arrayBuffer()))
		process.exit(0)`, file)

	got := calf(t, "", "restore", "--db", dir, file)
	require.Equal(t, exitFailed, got.status)
	require.Equal(t, "calf: opening an archive: the archive is of PostgreSQL 17 (PGlite 0.3 and PGlite 0.4), and this is PostgreSQL 18; "+
		"restore it with `calf restore --upgrade`\n", got.stderr)
	require.NoDirExists(t, dir)
	got = calf(t, "", "restore", "--upgrade", "--db", dir, parent)
	require.Equal(t, exitUsage, got.status)
	require.Contains(t, got.stderr, "--upgrade is for the formats tar and tar.gz")

	got = calf(t, "", "restore", "--upgrade", "--db", dir, file)
	require.Equal(t, exitOK, got.status, got.stderr)
	got = calf(t, "", "query", "--db", dir, "--csv", "SELECT count(*) FROM notes")
	require.Equal(t, "count\n40\n", got.stdout, got.stderr)
	require.DirExists(t, dir+".pg17.bak")

	// One of this version is restored as ever.
	again, now := filepath.Join(parent, "again"), filepath.Join(parent, "now.tar")
	require.Equal(t, exitOK, calf(t, "", "dump", "--db", dir, now).status)
	got = calf(t, "", "restore", "--upgrade", "--db", again, now)
	require.Equal(t, exitOK, got.status, got.stderr)
	got = calf(t, "", "query", "--db", again, "--csv", "SELECT count(*) FROM notes")
	require.Equal(t, "count\n40\n", got.stdout, got.stderr)
}

func TestUpgradeFails(t *testing.T) {
	dir := t.TempDir()
	got := calf(t, "", "upgrade", dir)
	require.Equal(t, exitFailed, got.status)
	require.Equal(t, "calf: upgrading "+dir+": not a PostgreSQL data directory\n", got.stderr)

	got = calf(t, "", "upgrade", filepath.Join(dir, "nothing"))
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "no such file")

	require.NoError(t, os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte("15\n"), 0o600))
	got = calf(t, "", "upgrade", dir)
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "the data directory is of PostgreSQL 15, and this is PostgreSQL 18; dump it with its own version")
	require.NoFileExists(t, filepath.Join(dir, "calf.lock"))

	t.Setenv("CALF_ASSETS", filepath.Join(t.TempDir(), "none"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte("16\n"), 0o600))
	got = calf(t, "", "upgrade", dir)
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "the group legacy-16 is not installed: run `calf assets install --legacy`")

	for _, args := range [][]string{{"upgrade"}, {"upgrade", "a", "b"}, {"upgrade", "--moo", "a"}} {
		require.Equal(t, exitUsage, calf(t, "", args...).status)
	}
	got = calf(t, "", "assets", "install", "--legacy=15")
	require.Equal(t, exitUsage, got.status)
	require.Equal(t, "calf: --legacy=15 is none of 16 and 17 (see calf assets install --help)\n", got.stderr)
}
