package main

import (
	"encoding/json"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/push"
	"github.com/stretchr/testify/require"
)

func TestPushUsage(t *testing.T) {
	data := t.TempDir()
	for name, tt := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"NoDatabase":   {[]string{"push", "--to", "postgres://x"}, exitUsage, "--db is missing"},
		"NoTarget":     {[]string{"push", "--db", data}, exitUsage, "--to is missing"},
		"Memory":       {[]string{"push", "--db", "memory://", "--to", "postgres://x"}, exitUsage, "nothing to move"},
		"ToDirectory":  {[]string{"push", "--db", data, "--to", data}, exitUsage, "--to must be a postgres:// URL"},
		"Jobs":         {[]string{"push", "--db", data, "--to", "postgres://x", "--jobs", "-2"}, exitUsage, "--jobs must be 1 or more"},
		"Argument":     {[]string{"push", "--db", data, "postgres://x"}, exitUsage, "unknown command"},
		"BadURL":       {[]string{"push", "--db", data, "--to", "postgres://["}, exitFailed, "cannot parse"},
		"NotADatabase": {[]string{"push", "--db", data, "--to", "postgres://x"}, exitFailed, "not a PostgreSQL data directory"},
	} {
		t.Run(name, func(t *testing.T) {
			got := calf(t, "", tt.args...)
			require.Equal(t, tt.status, got.status, got.stderr)
			require.Contains(t, got.stderr, tt.says)
			require.Empty(t, got.stdout)
		})
	}
	require.Empty(t, names(t, data))
}

// TestPush moves a directory to a database that calf serves, vectors included.
func TestPush(t *testing.T) {
	needsGuest(t)
	to, err := pglite.Open(t.Context(), pglite.Memory)
	require.NoError(t, err)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	ctx := t.Context()
	go func() { ended <- to.Serve(ctx, l, pglite.ServeConfig{}) }()
	defer func() {
		require.NoError(t, to.Close())
		l.Close()
		<-ended
	}()
	url := fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", l.Addr())
	data := filepath.Join(t.TempDir(), "data")
	got := calf(t, `CREATE EXTENSION vector; CREATE ROLE alice; CREATE TABLE "two
lines" AS SELECT '[1,2]'::vector AS v; CREATE TABLE n AS SELECT generate_series(1, 20000) AS i; CREATE SEQUENCE s; ALTER TABLE n OWNER TO alice;
`, "restore", "--db", data, "--format", "sql", "-")
	require.Equal(t, outcome{}, got)

	got = calf(t, "", "push", "--db", data, "--to", url)
	require.Equal(t, outcome{status: exitFailed, stderr: "calf: the target does not have roles that something belongs to or is granted to; " +
		"create them there, or leave out owners and privileges: alice\n"}, got)
	got = calf(t, "", "push", "--db", data, "--to", url, "--no-owner", "--dry-run")
	require.Equal(t, exitOK, got.status, got.stderr)
	require.Regexp(t, `^"public"."n" +1024 KiB\n"public"."two lines" +16 KiB\nnothing hinders to move 2 tables, 1 sequences, 0 large objects; PostgreSQL 18.\d+ to 18.\d+\n$`, got.stdout)
	got = calf(t, "", "push", "--db", data, "--to", url, "--no-owner")
	require.Equal(t, exitOK, got.status, got.stderr)
	require.Empty(t, got.stderr)
	require.Regexp(t, `^"public"."n" +20000 rows\n"public"."two lines" +1 rows\nmoved and compared: 2 tables, 20001 rows, 1 sequences, 0 large objects; PostgreSQL `, got.stdout)
	var v string
	require.NoError(t, to.QueryRow(t.Context(), `SELECT v::text FROM "two
lines"`).Scan(&v))
	require.Equal(t, "[1,2]", v)

	got = calf(t, "", "push", "--db", url, "--to", url, "--json")
	require.Equal(t, exitFailed, got.status)
	var r push.Report
	require.NoError(t, json.Unmarshal([]byte(got.stdout), &r))
	require.Equal(t, "not-empty", r.Obstacles[0].Kind)
	require.Len(t, r.Tables, 2)

	got = calf(t, "", "push", "--db", data, "--to", strings.Replace(url, "/postgres?", "/nowhere?", 1))
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, `database "nowhere" does not exist`)
	require.Equal(t, 1, strings.Count(got.stderr, "\n"), got.stderr)
}
