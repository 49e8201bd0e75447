package main

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/calfdb/calf/pglite/presenter"
	"github.com/stretchr/testify/require"
)

func TestKnowledgeUsage(t *testing.T) {
	dir := t.TempDir()
	text := filepath.Join(dir, "a.md")
	require.NoError(t, os.WriteFile(text, []byte("a"), 0o600))
	for name, tt := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"Nothing":      {[]string{"knowledge"}, exitOK, ""},
		"Unknown":      {[]string{"knowledge", "moo"}, exitUsage, "unknown command \"moo\" (see calf knowledge --help)"},
		"NoDatabase":   {[]string{"knowledge", "status"}, exitUsage, "--db is missing"},
		"Memory":       {[]string{"knowledge", "add", "--db", "memory://", text}, exitUsage, "nothing would be left"},
		"Elsewhere":    {[]string{"knowledge", "status", "--db", "ftp://x"}, exitUsage, "neither a directory nor postgres://"},
		"NoDirectory":  {[]string{"knowledge", "status", "--db", filepath.Join(dir, "none")}, exitFailed, "not a PostgreSQL data directory"},
		"BadURL":       {[]string{"knowledge", "status", "--db", "postgres://["}, exitFailed, "cannot parse"},
		"NoFile":       {[]string{"knowledge", "add", "--db", dir}, exitUsage, "requires at least 1 arg"},
		"FileGone":     {[]string{"knowledge", "add", "--db", dir, filepath.Join(dir, "gone")}, exitFailed, "gone"},
		"EmptyFolder":  {[]string{"knowledge", "add", "--db", dir, t.TempDir()}, exitFailed, "has no text or Markdown files"},
		"Overlap":      {[]string{"knowledge", "add", "--db", dir, "--chunk-size", "10", "--chunk-overlap", "5", text}, exitUsage, "less than half"},
		"NoModel":      {[]string{"knowledge", "add", "--db", dir, "--url", "http://x", text}, exitUsage, "--model is missing"},
		"NoURL":        {[]string{"knowledge", "add", "--db", dir, "--model", "x", text}, exitUsage, "--url is missing"},
		"NoWords":      {[]string{"knowledge", "search", "--db", dir}, exitUsage, "requires at least 1 arg"},
		"Limit":        {[]string{"knowledge", "search", "--db", dir, "--limit", "0", "x"}, exitUsage, "--limit 0 is not between 1 and 1000"},
		"ChatNothing":  {[]string{"chat"}, exitOK, ""},
		"ChatDatabase": {[]string{"chat", "list"}, exitUsage, "--db is missing"},
		"ChatLimit":    {[]string{"chat", "list", "--db", dir, "--limit", "0"}, exitUsage, "--limit is less than 1"},
		"ChatFormat":   {[]string{"chat", "export", "--db", dir, "--format", "pdf", "x"}, exitUsage, "--format must be json or markdown"},
	} {
		t.Run(name, func(t *testing.T) {
			got := calf(t, "", tt.args...)
			require.Equal(t, tt.status, got.status, got.stderr)
			require.Contains(t, got.stderr, tt.says)
			require.Equal(t, tt.status == exitOK, got.stdout != "", got.stdout)
		})
	}
}

// texts writes files and returns their folder.
func texts(t *testing.T, nameAndText ...string) string {
	t.Helper()
	dir := t.TempDir()
	for i := 0; i < len(nameAndText); i += 2 {
		name := filepath.Join(dir, nameAndText[i])
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o755))
		require.NoError(t, os.WriteFile(name, []byte(nameAndText[i+1]), 0o600))
	}
	return dir
}

func TestKnowledge(t *testing.T) {
	needsGuest(t)
	db := filepath.Join(t.TempDir(), "data")
	dir := texts(t, "planets.md", "# Planets\nAll turn around the sun.\n## Mars\nIt is red of rust.\n## Saturn\nIt has rings of ice.\n",
		"sub/moons.txt", "\ufeffIo has volcanoes.\n\nEuropa has an ocean under ice.", "image.png", "\x89PNG", "sub/.hidden.txt", "")
	require.Equal(t, outcome{exitOK, "added 3 files in 4 pieces to default; 0 were there, 0 failed\n", ""}, calf(t, "", "knowledge", "add", "--db", db, dir))
	require.Equal(t, outcome{exitOK, "added 0 files in 0 pieces to default; 3 were there, 0 failed\n", ""}, calf(t, "", "knowledge", "add", "--db", db, dir))

	got := calf(t, "", "knowledge", "search", "--db", db, "--limit", "1", "what", "has", "rings?")
	require.Equal(t, exitOK, got.status, got.stderr)
	require.Regexp(t, `^1\. .*planets\.md, piece 3, Planets > Saturn \(0\.\d\d\)\n   ## Saturn It has rings of ice\.\n$`, got.stdout)
	got = calf(t, "", "knowledge", "search", "--db", db, "--vectors", "--exact", "--json", "--file", filepath.Join(dir, "sub", "moons.txt"), "volcano")
	require.Equal(t, exitOK, got.status, got.stderr)
	var matches []presenter.Match
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &matches))
	require.Len(t, matches, 1)
	require.Equal(t, "Io has volcanoes.\n\nEuropa has an ocean under ice.", matches[0].Content)
	require.Equal(t, outcome{exitOK, "nothing was found\n", ""}, calf(t, "", "knowledge", "search", "--db", db, "--vectors", "--threshold", "0.99", "volcano"))
	got = calf(t, "", "knowledge", "search", "--db", db, "--file", "none", "volcano")
	require.Equal(t, outcome{exitFailed, "", "calf: knowledge base \"default\" has no file none\n"}, got)

	// A file that changes takes the place of the old one.
	require.NoError(t, os.WriteFile(filepath.Join(dir, "planets.md"), []byte("Pluto is none."), 0o600))
	require.Equal(t, outcome{exitOK, "added 1 files in 1 pieces to default; 2 were there, 0 failed\n", ""}, calf(t, "", "knowledge", "add", "--db", db, dir))
	got = calf(t, "", "knowledge", "list", "--db", db)
	require.Equal(t, 3, strings.Count(got.stdout, "completed"), got.stdout)
	got = calf(t, "", "knowledge", "status", "--db", db)
	require.Equal(t, outcome{exitOK, "default\nmodel    hashing, 384 dimensions, cosine\nfiles    3\npieces   2\nvectors  2\nindex    none: searches compare all vectors\n", ""}, got)

	// What is no text is told, and the rest is added.
	got = calf(t, "", "knowledge", "add", "--db", db, "--base", "other", filepath.Join(dir, "image.png"), filepath.Join(dir, "planets.md"))
	require.Equal(t, exitFailed, got.status)
	require.Equal(t, "added 1 files in 1 pieces to other; 0 were there, 1 failed\n", got.stdout)
	require.Contains(t, got.stderr, "image.png: it is not a text in UTF-8\n")
	for _, command := range []string{"list", "search"} {
		got = calf(t, "", "knowledge", command, "--db", db, "--base", "none", "x")
		require.NotEqual(t, exitOK, got.status)
	}
	got = calf(t, "", "knowledge", "add", "--db", db, "--dimensions", "7", dir)
	require.Equal(t, outcome{exitFailed, "", "calf: knowledge base \"default\" has vectors of hashing, of 384 dimensions: others need another --base\n"}, got)
}

// Vectors come from an API, which may fail; adding again goes on.
func TestKnowledgeFromAPI(t *testing.T) {
	needsGuest(t)
	t.Setenv(keyVariable, "secret")
	var broken atomic.Bool
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var asked struct{ Input []string }
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil || r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("%v %v", err, r.Header)
		}
		if broken.Load() && strings.Contains(strings.Join(asked.Input, ""), "Europa") {
			http.Error(w, `{"error": {"message": "no more credit"}}`, http.StatusForbidden)
			return
		}
		var data []any
		for i, text := range asked.Input {
			data = append(data, map[string]any{"index": i, "embedding": []float32{float32(strings.Count(text, "o")), 1, 0}})
		}
		_ = json.NewEncoder(w).Encode(map[string]any{"data": data})
	}))
	defer api.Close()
	db := filepath.Join(t.TempDir(), "data")
	file := filepath.Join(texts(t, "moons.txt", "Io has volcanoes.\n\nEuropa has an ocean under ice."), "moons.txt")
	add := []string{"knowledge", "add", "--db", db, "--url", api.URL + "/v1", "--model", "m", "--chunk-size", "30", "--chunk-overlap", "0", file}
	broken.Store(true)
	got := calf(t, "", add...)
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "moons.txt: it is error: embed: asking m for vectors: status 403 Forbidden: no more credit\n")
	got = calf(t, "", "knowledge", "status", "--db", db)
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stdout, "model    m, 3 dimensions, cosine\nfiles    1, 1 error\npieces   2, 1 error\nvectors  1\n")
	require.Contains(t, got.stdout, "failed   "+file+": embed: asking m")
	broken.Store(false)
	require.Equal(t, outcome{exitOK, "added 1 files in 1 pieces to default; 0 were there, 0 failed\n", ""}, calf(t, "", add...))
	got = calf(t, "", "knowledge", "search", "--db", db, "--limit", "1", "Io")
	require.Contains(t, got.stdout, "Io has volcanoes.")
	require.NotContains(t, got.stdout+got.stderr, "secret")
	api.Close()
	got = calf(t, "", "knowledge", "search", "--db", db, "--limit", "1", "Io")
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "calf: asking m for vectors:")
}

// A database without the tables is told from one without files.
func TestKnowledgeMissing(t *testing.T) {
	needsGuest(t)
	db := filepath.Join(t.TempDir(), "data")
	require.Equal(t, exitOK, calf(t, "", "query", "--db", db, "select 1").status)
	got := calf(t, "", "knowledge", "status", "--db", db)
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "has no knowledge bases: \"calf knowledge add\" makes them")
	got = calf(t, "", "chat", "list", "--db", db)
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "has no conversations that this release knows")
	require.Equal(t, outcome{exitOK, "count\n0\n", ""}, calf(t, "", "query", "--db", db, "--csv", "select count(*) from pg_class where relname like 'knowledge%'"))
}
