package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/pglite/inspect"
	"github.com/stretchr/testify/require"
)

func TestInspect(t *testing.T) {
	needsGuest(t)
	dir := filepath.Join(t.TempDir(), "data")
	got := calf(t, "", "query", "--db", dir, `
		CREATE TABLE notes AS SELECT g AS id FROM generate_series(1, 40) g;
		CREATE TABLE "evil`+"\x1b"+`[31m" (a int);
		ALTER SYSTEM SET work_mem = '8MB'`)
	require.Equal(t, exitOK, got.status, got.stderr)

	got = calf(t, "", "inspect", dir)
	require.Equal(t, exitOK, got.status, got.stdout+got.stderr)
	require.Empty(t, got.stderr)
	require.Contains(t, got.stdout, dir+": data directory of PostgreSQL 18 as PGlite makes it, shut down cleanly\n")
	require.Regexp(t, `(?m)^opened by +PGlite 0\.5, calf$`, got.stdout)
	require.Regexp(t, `(?m)^checksums +on; not verified`, got.stdout)
	require.Regexp(t, `(?m)^postgres +\d+ KiB +postgres +UTF8 +2 +plpgsql 1\.0$`, got.stdout)
	require.Regexp(t, `(?m)^  public\.notes +table +40 +1 +8192 bytes$`, got.stdout)
	require.Regexp(t, `(?m)^  public\.evil\?\[31m +table`, got.stdout, "names cannot control a terminal")
	require.Regexp(t, `(?m)^  work_mem = 8MB +postgresql\.auto\.conf:3 +default 4MB$`, got.stdout)
	require.NotContains(t, got.stdout, "Problems")

	got = calf(t, "", "inspect", dir, "--json", "--verify", "--system")
	require.Equal(t, exitOK, got.status)
	var info inspect.Info
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &info))
	require.Equal(t, inspect.PGlite, info.Kind)
	require.Zero(t, info.Verified.Bad)
	require.Greater(t, len(info.Databases[0].Relations), 400)

	require.NoError(t, os.Remove(filepath.Join(dir, "base", "1", "1259")))
	got = calf(t, "", "inspect", dir, "--verify")
	require.Equal(t, exitFailed, got.status, "there are problems")
	require.Empty(t, got.stderr)
	require.Regexp(t, `(?m)^checksums +on; \d+ blocks verified, 0 bad$`, got.stdout)
	require.Regexp(t, `(?m)^Problems \(\d\):$`, got.stdout)
	require.Regexp(t, `(?m)^  template1 pg_catalog\.pg_class in base/1/1259 +the catalog's file is not there$`, got.stdout)
}

func TestInspectOther(t *testing.T) {
	file := filepath.Join(t.TempDir(), "chat.db")
	require.NoError(t, os.WriteFile(file, []byte("SQLite format 3\x00"), 0o600))
	got := calf(t, "", "inspect", file)
	require.Equal(t, exitFailed, got.status)
	require.Equal(t, file+": a SQLite database\n", got.stdout)
	require.Empty(t, got.stderr)

	got = calf(t, "", "inspect", file, "--json")
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stdout, `"kind": "sqlite"`)

	got = calf(t, "", "inspect", filepath.Join(t.TempDir(), "nothing"))
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "calf: inspecting ")
	require.Contains(t, got.stderr, "no such file")

	got = calf(t, "", "inspect")
	require.Equal(t, exitUsage, got.status)
}
