package sqlscript

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// psqlSplit returns what psql sends to a server when it runs a script.
func psqlSplit(t *testing.T, psql, script string) []string {
	t.Helper()
	dir := t.TempDir()
	l, err := net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432"))
	require.NoError(t, err)
	defer l.Close()
	got := make(chan []string, 1)
	go func() {
		defer close(got)
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		got <- recordQueries(conn)
	}()
	cmd := exec.Command(psql, "-X", "-q", "-h", dir, "-U", "u", "-d", "d", "-f", "-")
	cmd.Env = []string{"PGSSLMODE=disable", "PGGSSENCMODE=disable", "PGCLIENTENCODING=UTF8", "LC_ALL=C.UTF-8"}
	cmd.Stdin = strings.NewReader(script)
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return <-got
}

// recordQueries is a server that does nothing. It returns what it was asked.
func recordQueries(conn net.Conn) (queries []string) {
	b := pgproto3.NewBackend(conn, conn)
	if _, err := b.ReceiveStartupMessage(); err != nil {
		return nil
	}
	b.Send(&pgproto3.AuthenticationOk{})
	for name, value := range map[string]string{
		"server_version": "15.0", "client_encoding": "UTF8", "standard_conforming_strings": "on",
	} {
		b.Send(&pgproto3.ParameterStatus{Name: name, Value: value})
	}
	for {
		b.Send(&pgproto3.ReadyForQuery{TxStatus: 'I'})
		if err := b.Flush(); err != nil {
			return queries
		}
		msg, err := b.Receive()
		if err != nil {
			return queries
		}
		if q, ok := msg.(*pgproto3.Query); ok {
			queries = append(queries, q.String)
			b.Send(&pgproto3.CommandComplete{CommandTag: []byte("OK")})
		}
	}
}

// ours is what the scanner makes of a script, in the form in which psql sends
// it: psql leaves empty lines out, except inside of quotes, and the last line
// break.
func ours(t *testing.T, script string) (sql []string) {
	for _, s := range statements(t, script) {
		sql = append(sql, strings.TrimRight(s, "\n"))
	}
	return sql
}

// TestSplitLikePsql compares the scanner with psql: on the table of the other
// test, and on scripts made of whatever the rules are about.
func TestSplitLikePsql(t *testing.T) {
	t.Parallel()
	psql, err := exec.LookPath("psql")
	switch {
	case testing.Short():
		t.Skip("starts psql many times")
	case err != nil:
		t.Skip("psql is not installed")
	}
	unlike := map[string]bool{
		// psql takes the second part for a plain string, see the package comment.
		"escape string goes on":                 true,
		"escape string goes on after a comment": true,
	}
	for _, tt := range splits {
		if unlike[tt.name] || strings.Contains(tt.script, "\r") {
			continue
		}
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, psqlSplit(t, psql, tt.script), ours(t, tt.script), tt.script)
		})
	}
	r := rand.New(rand.NewPCG(1, 2))
	for i := range 100 {
		script := randomScript(r)
		want := psqlSplit(t, psql, script)
		got := ours(t, script)
		if i == 0 {
			require.NotEmpty(t, want)
		}
		require.Equal(t, want, got, "%q", script)
	}
}

var tokens = []string{
	"'", "'", "''", `"`, `""`, "$$", "$a$", "$b$", "$", "$1", "--", "/*", "*/", "/", "*", "-", "+", "(", ")", ";", ";", ";",
	"e'", "E'", "b'", "x'", "n'", "u&'", `U&"`, "1", ".", "..", "1e", "a", "é", "_", "e",
	" create ", " or ", " replace ", " function ", " procedure ", " begin ", " end ", " case ", " END;", " BEGIN ATOMIC ",
	" create function ", " create or replace procedure ", " ", "\n", "\t", " x\n", "; -- c\n",
}

// randomScript returns a script without what psql does otherwise on purpose:
// backslashes, variables, empty lines and strings that go on.
func randomScript(r *rand.Rand) string {
	for {
		var b strings.Builder
		fmt.Fprint(&b, "x ")
		for range 3 + r.IntN(25) {
			b.WriteString(tokens[r.IntN(len(tokens))])
		}
		s := b.String()
		if !strings.Contains(s, "\n\n") && !goesOn(s) {
			return s
		}
	}
}

// goesOn reports whether a string might go on after a line break.
func goesOn(s string) bool {
	lines := strings.Split(s, "\n")
	for _, line := range lines[1:] {
		if strings.HasPrefix(strings.TrimLeft(line, " \t"), "'") {
			return true
		}
	}
	return false
}
