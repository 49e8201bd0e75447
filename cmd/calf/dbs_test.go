package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite"
)

func TestDBsUsage(t *testing.T) {
	dir := t.TempDir()
	other := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(other, "letter.txt"), []byte("Dear"), 0o600))
	for name, tt := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"Unknown":   {[]string{"dbs", "moo"}, exitUsage, `unknown command "moo"`},
		"NoFolder":  {[]string{"dbs", "list"}, exitUsage, "--dir is missing"},
		"NoID":      {[]string{"dbs", "--dir", dir, "show"}, exitUsage, "accepts 1 arg(s), received 0"},
		"NoIDs":     {[]string{"dbs", "--dir", dir, "delete"}, exitUsage, "requires at least 1 arg(s)"},
		"NoArchive": {[]string{"dbs", "--dir", dir, "import"}, exitUsage, "accepts 1 arg(s)"},
		"Other":     {[]string{"dbs", "--dir", other, "list"}, exitFailed, "it has letter.txt but no meta"},
	} {
		t.Run(name, func(t *testing.T) {
			got := calf(t, "", tt.args...)
			require.Equal(t, tt.status, got.status, got.stderr)
			require.Contains(t, got.stderr, tt.says)
			require.Empty(t, got.stdout)
		})
	}
	require.Empty(t, names(t, dir))
	got := calf(t, "", "dbs")
	require.Equal(t, exitOK, got.status)
	require.Contains(t, got.stdout, "Keep many databases in a folder")
}

func TestDBs(t *testing.T) {
	needsGuest(t)
	tmp := t.TempDir()
	dir := filepath.Join(tmp, "databases")
	dbs := func(stdin string, args ...string) outcome {
		t.Helper()
		return calf(t, stdin, append([]string{"dbs", "--dir", dir}, args...)...)
	}
	ok := func(args ...string) string {
		t.Helper()
		got := dbs("", args...)
		require.Equal(t, outcome{status: exitOK, stdout: got.stdout}, got)
		return got.stdout
	}
	require.Equal(t, "ID  NAME  POSTGRESQL  SIZE  CREATED\n", ok("list"))
	id := strings.TrimSpace(ok("create", "--name", "Planets"))
	require.Regexp(t, "^[a-z0-9]{16}$", id)
	require.Equal(t, "other\n", ok("create", "--hidden", "other"))
	require.Equal(t, "CREATE TABLE\n", ok("sql", id, "CREATE TABLE planet (name text PRIMARY KEY, color vector(3))"))
	require.Equal(t, outcome{stdout: "INSERT 0 1\n"}, dbs("INSERT INTO planet VALUES ('Mars')", "sql", id))
	require.Equal(t, "name\nMars\n", ok("sql", "--csv", id, "SELECT name FROM planet"))

	require.NotContains(t, ok("list"), "other")
	require.Regexp(t, `(?s)Planets +18 +\d+ MiB .*other +\(hidden\) +0 bytes `, ok("list", "--all"))
	var list []map[string]any
	require.NoError(t, json.Unmarshal([]byte(ok("list", "--json")), &list))
	require.Equal(t, id, list[0]["id"])
	require.Equal(t, "18", list[0]["postgresql"])
	shown := ok("show", id)
	require.Contains(t, shown, "public.planet")
	require.Regexp(t, `name +text, primary key, not null`, shown)
	var full struct {
		Name   string
		Tables []struct{ Name string }
	}
	require.NoError(t, json.Unmarshal([]byte(ok("show", "--json", id)), &full))
	require.Equal(t, "Planets", full.Name)
	require.Len(t, full.Tables, 3)

	ok("update", "--hidden=false", "--name", "Moons\x1b[2J", "other")
	require.Contains(t, ok("list"), "Moons?[2J")
	ok("update", "--name", "", "other")

	// There and back.
	archive := filepath.Join(tmp, "all.tar.gz")
	ok("export", archive)
	ok("dump", id, filepath.Join(tmp, "planets.sql"))
	sql, err := os.ReadFile(filepath.Join(tmp, "planets.sql"))
	require.NoError(t, err)
	require.Contains(t, string(sql), "CREATE TABLE public.planet")
	ok("dump", id, filepath.Join(tmp, "planets.tar.gz"))
	require.Equal(t, "copy\n", ok("create", "--load", filepath.Join(tmp, "planets.tar.gz"), "copy"))
	require.Equal(t, "name\nMars\n", ok("sql", "--csv", "copy", "SELECT name FROM planet"))
	ok("delete", id, "copy")
	got := dbs("", "delete", id)
	require.Equal(t, exitFailed, got.status)
	require.Equal(t, "calf: deleting database \""+id+"\": not found\n", got.stderr)
	require.Equal(t, "added: 1 databases, 0 messages, 0 files\n1 databases were there already\n", ok("import", archive))
	require.Equal(t, "name\nMars\n", ok("sql", "--csv", id, "SELECT name FROM planet"))
	got = dbs("no archive", "import", "-")
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "bad archive of databases")
	require.Empty(t, ok("check"))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "dbs", "stranger"), 0o700))
	got = dbs("", "check")
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stdout, "stranger: it is not in the list of databases")

	// Of another version, and in use.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "dbs", id, "data", "PG_VERSION"), []byte("16\n"), 0o600))
	got = dbs("", "sql", id, "SELECT 1")
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "is of PostgreSQL 16")
	require.FileExists(t, filepath.Join(dir, "dbs", id, "data", "PG_VERSION"))
	meta, err := pglite.Open(t.Context(), filepath.Join(dir, "meta"))
	require.NoError(t, err)
	got = dbs("", "list")
	require.NoError(t, meta.Close())
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "the data directory is in use by another DB of this process")
}
