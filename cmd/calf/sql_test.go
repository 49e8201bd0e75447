package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
)

func TestSQLUsage(t *testing.T) {
	data := t.TempDir()
	dump := filepath.Join(data, "x.sql")
	require.NoError(t, os.WriteFile(dump, []byte("SELECT 1;\n"), 0o600))
	tarred := filepath.Join(data, "x.tar")
	var b bytes.Buffer
	require.NoError(t, tar.NewWriter(&b).WriteHeader(&tar.Header{Name: "/PG_VERSION"}))
	require.NoError(t, os.WriteFile(tarred, b.Bytes(), 0o600))
	for name, tt := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"NoFile":         {[]string{"dump", "--db", data, "--", "-s"}, exitUsage, "accepts 1 arg(s), received 0"},
		"TwoFiles":       {[]string{"dump", "--db", data, "a", "b", "--", "-s"}, exitUsage, "accepts 1 arg(s), received 2"},
		"Arguments":      {[]string{"dump", "--db", data, "x.tar", "--", "-s"}, exitUsage, "--format tar copies all of a database"},
		"All":            {[]string{"dump", "--db", data, "--all", "x.dump"}, exitUsage, "--all makes a script: use --format sql"},
		"AllOfOne":       {[]string{"dump", "--db", data, "--all", "-d", "x", "x.sql"}, exitUsage, "--all and --database exclude each other"},
		"Format":         {[]string{"dump", "--db", data, "x.sql", "--", "-Fc"}, exitUsage, "--format stands before the --"},
		"NoDirectory":    {[]string{"dump", "--db", filepath.Join(data, "new"), "x.sql"}, exitFailed, "not a PostgreSQL data directory"},
		"URL":            {[]string{"dump", "--db", "postgres://[", "x.sql"}, exitFailed, "cannot parse"},
		"OnError":        {[]string{"restore", "--db", data, "--on-error", "x", dump}, exitUsage, `--on-error is stop or continue, not "x"`},
		"OnErrorInOne":   {[]string{"restore", "--db", data, "--on-error", "continue", "--single-transaction", dump}, exitUsage, "exclude each other"},
		"CreateInOne":    {[]string{"restore", "--db", data, "--create", "--single-transaction", dump}, exitUsage, "exclude each other"},
		"TarTold":        {[]string{"restore", "--db", data, "--no-owner", tarred}, exitUsage, "format tar restores all as it was"},
		"TarToURL":       {[]string{"restore", "--db", "postgres://localhost", tarred}, exitUsage, "--db must be a directory: this dump is not SQL"},
		"RestoreURL":     {[]string{"restore", "--db", "postgres://[", dump}, exitFailed, "cannot parse"},
		"RestoreWrongly": {[]string{"restore", "--db", data, "--format", "custom", dump}, exitFailed, "not a PostgreSQL data directory"},
	} {
		t.Run(name, func(t *testing.T) {
			got := calf(t, "", tt.args...)
			require.Equal(t, tt.status, got.status, got.stderr)
			require.Contains(t, got.stderr, tt.says)
			require.Empty(t, got.stdout)
		})
	}
}

func TestRecognizeSQL(t *testing.T) {
	t.Parallel()
	for head, want := range map[string]string{
		"--\n-- PostgreSQL database dump\n--\n\n\\restrict x\n": "sql",
		"-- c\n\nset x = 1;":             "sql",
		"\\connect x\n":                  "sql",
		"CREATE TABLE t (a int":          "sql",
		"PGDMP\x01\x0e":                  "custom",
		"\x28\xb5\x2f\xfd":               "sql.gz",
		"package main\n":                 "",
		"":                               "",
		"\x00\x01":                       "",
		"\\d\n":                          "",
		"--\n-- PostgreSQL database clu": "sql",
		"hello; SELECT":                  "",
		"SELECTED;":                      "",
	} {
		got := ""
		for _, f := range formats {
			if f.is != nil && f.is([]byte(head)) {
				got = f.name
				break
			}
		}
		require.Equal(t, want, got, head)
	}
}

func TestSQLDumpAndRestore(t *testing.T) {
	needsGuest(t)
	tmp := t.TempDir()
	at := func(name string) string { return filepath.Join(tmp, name) }
	ok := func(args ...string) outcome {
		t.Helper()
		got := calf(t, "", args...)
		require.Equal(t, exitOK, got.status, got.stderr)
		return got
	}
	ok("query", "--db", at("data"), "CREATE TABLE t AS SELECT 42 AS a; CREATE TABLE secret (); CREATE DATABASE other; CREATE ROLE bob")
	ok("query", "--db", at("data"), "-d", "other", "CREATE TABLE o AS SELECT 43 AS a; ALTER TABLE o OWNER TO bob")
	ok("dump", "--db", at("data"), at("a.sql"))
	ok("dump", "--db", at("data"), at("b.sql.gz"), "--", "--inserts")
	ok("dump", "--db", at("data"), at("c.dump"))
	plain, err := os.ReadFile(at("a.sql"))
	require.NoError(t, err)
	z, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(at("d.zst"), z.EncodeAll(plain, nil), 0o600))
	for _, from := range []string{"a.sql", "b.sql.gz", "c.dump", "d.zst"} {
		to := at("restored-" + from)
		require.Equal(t, outcome{}, ok("restore", "--db", to, "--single-transaction", at(from)))
		require.Equal(t, "a\n42\n", ok("query", "--db", to, "--csv", "TABLE t").stdout)
	}
	got := ok("dump", "--db", at("data"), "--format", "sql", "--", "--schema-only", "--exclude-table", "secret")
	require.Contains(t, got.stdout, "CREATE TABLE public.t (")
	require.NotContains(t, got.stdout, "secret")
	require.NotContains(t, got.stdout, "COPY public.t") // a token in it is random
	require.Contains(t, ok("dump", "--db", at("data"), "-d", "other", "--format", "sql", "-").stdout, "CREATE TABLE public.o (")
	got = calf(t, "", "dump", "--db", at("data"), at("a.sql"), "--", "-t", "nowhere")
	require.Equal(t, exitFailed, got.status)
	require.Equal(t, "calf: dumping postgres: no matching tables were found\n", got.stderr)
	again, err := os.ReadFile(at("a.sql"))
	require.NoError(t, err)
	require.Equal(t, plain, again, "what was there stays")

	// All databases, through a pipe.
	all := ok("dump", "--db", at("data"), "--all", "--format", "sql").stdout
	got = calf(t, all, "restore", "--db", at("all"), "-")
	require.Equal(t, outcome{}, got)
	require.Equal(t, "a\n43\n", ok("query", "--db", at("all"), "-d", "other", "--csv", "TABLE o").stdout)

	// One database, made anew.
	ok("dump", "--db", at("data"), "-d", "other", at("o.dump"))
	got = calf(t, "", "restore", "--db", at("made"), "--create", at("o.dump"))
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "roles that this server does not have: bob")
	require.Empty(t, names(t, at("made")), "a new directory is emptied")
	ok("restore", "--db", at("made"), "--create", "--no-owner", "--no-privileges", at("o.dump"))
	require.Equal(t, "a\n43\n", ok("query", "--db", at("made"), "-d", "other", "--csv", "TABLE o").stdout)

	// Into a database that is there; what fails is told.
	got = calf(t, "", "restore", "--db", at("made"), "-d", "other", "--on-error", "continue", at("o.dump"))
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, `calf: TABLE public.o: CREATE TABLE public.o ( a integer ): ERROR: relation "o" already exists`)
	require.Contains(t, got.stderr, "statements failed; the others were run\n")
	require.Equal(t, "a\n43\n43\n", ok("query", "--db", at("made"), "-d", "other", "--csv", "TABLE o").stdout, "the data again")
	got = calf(t, "", "restore", "--db", at("made"), "-d", "other", at("o.dump"))
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, names(t, at("made")), "PG_VERSION", "a database that was there stays")
}

// TestSQLThroughConnection dumps a database that is served, and restores into it.
func TestSQLThroughConnection(t *testing.T) {
	needsGuest(t)
	db, err := pglite.Open(t.Context(), pglite.Memory)
	require.NoError(t, err)
	defer db.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	ctx := t.Context()
	go func() { ended <- db.Serve(ctx, l, pglite.ServeConfig{}) }()
	url := fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", l.Addr())
	got := calf(t, "CREATE TABLE t AS SELECT 42 AS a;\n", "restore", "--db", url, "-")
	require.Equal(t, outcome{}, got)
	got = calf(t, "", "dump", "--db", url, "--format", "sql", "--", "--inserts")
	require.Equal(t, exitOK, got.status, got.stderr)
	require.Contains(t, got.stdout, "INSERT INTO public.t VALUES (42);")
	got = calf(t, "", "dump", "--db", strings.Replace(url, "/postgres?", "/nowhere?", 1), "--format", "sql")
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, `database "nowhere" does not exist`)
	require.Equal(t, 1, strings.Count(got.stderr, "\n"), got.stderr)
	require.NoError(t, db.Close())
	l.Close()
	<-ended
}
