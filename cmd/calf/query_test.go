package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
)

// TestQueryLikePsql compares what calf prints for scripts with what psql 15
// printed on PostgreSQL 15.
func TestQueryLikePsql(t *testing.T) {
	needsGuest(t)
	for _, name := range []string{"statements", "errors", "copy"} {
		t.Run(name, func(t *testing.T) {
			script, err := os.ReadFile(filepath.Join("testdata", name+".sql"))
			require.NoError(t, err)
			stdout, stderr := psql(t, name, string(script))
			got := calf(t, string(script), "query")
			require.Equal(t, stdout, got.stdout)
			require.Equal(t, stderr, got.stderr)
			status := exitOK
			if strings.Contains(stderr, "ERROR") {
				status = exitFailed
			}
			require.Equal(t, status, got.status)
		})
	}
}

func TestQueryArgument(t *testing.T) {
	needsGuest(t)
	got := calf(t, "1\n2\n\\.\n3\n",
		"query", "create table t (a int); copy t from stdin; copy t from stdin; select sum(a), count(*) from t; select 1/0; select 'on'")
	require.Equal(t, outcome{exitFailed,
		"CREATE TABLE\nCOPY 2\nCOPY 1\n sum | count \n-----+-------\n   6 |     3\n(1 row)\n\n ?column? \n----------\n on\n(1 row)\n\n",
		"ERROR:  division by zero\n"}, got)
}

func TestQueryStopsOnError(t *testing.T) {
	needsGuest(t)
	want := outcome{exitFailed, "", "ERROR:  division by zero\n"}
	require.Equal(t, want, calf(t, "", "query", "--stop-on-error", "select 1/0; select 'on'"))
	require.Equal(t, want, calf(t, "\\set ON_ERROR_STOP on\nselect 1/0;\nselect 'on';\n", "query"))
}

func TestQueryFormats(t *testing.T) {
	needsGuest(t)
	const sql = `create table t (a int, b text); insert into t values (1, 'x,"y"'), (null, ''); table t;
		select 1.50, 'NaN'::float8, true as bool, null, '{"a":  1}'::json, now() - now(), array['a'] as "bool";
		copy t to stdout; select from t limit 0; insert into t values (2) returning a; do $$ begin raise notice 'n'; end $$`
	require.Equal(t, outcome{exitOK,
		`[{"a":1,"b":"x,\"y\""},{"a":null,"b":""}]` + "\n" +
			`[{"?column?":1.50,"float8":"NaN","bool":true,"?column?_2":null,"json":{"a":1},"?column?_3":"00:00:00","bool_2":"{a}"}]` + "\n" +
			"1\tx,\"y\"\n\\N\t\n[]\n" + `[{"a":2}]` + "\n",
		"NOTICE:  n\n"}, calf(t, "", "query", "--json", sql))
	require.Equal(t, outcome{exitOK,
		"a,b\n1,\"x,\"\"y\"\"\"\n-,\n?column?,float8,bool,?column?,json,?column?,bool\n1.50,NaN,t,-,\"{\"\"a\"\":  1}\",00:00:00,{a}\n" +
			"1\tx,\"y\"\n\\N\t\n\na\n2\n",
		"NOTICE:  n\n"}, calf(t, "", "query", "--csv", "--null", "-", sql))
	require.Equal(t, outcome{exitOK, " a | b \n---+---\n 1 | -\n(1 row)\n\n", ""},
		calf(t, "", "query", "--quiet", "--null", "-", "create table t as select 1 as a, null as b; table t"))
}

func TestQueryResultThatFails(t *testing.T) {
	needsGuest(t)
	const sql = "select 1 / (3 - i) as x from generate_series(1, 5) i; select 'on' as x"
	require.Equal(t, outcome{exitFailed, "[{\"x\":0},{\"x\":1}\n[{\"x\":\"on\"}]\n", "ERROR:  division by zero\n"},
		calf(t, "", "query", "--json", sql))
	require.Equal(t, outcome{exitFailed, " x  \n----\n on\n(1 row)\n\n", "ERROR:  division by zero\n"},
		calf(t, "", "query", sql))
}

func TestQueryCommands(t *testing.T) {
	needsGuest(t)
	got := calf(t, `\restrict key
create database "d'1";
create role bob login;
\d
\unrestrict wrong
\unrestrict key
\encoding SQL_ASCII
\connect -reuse-previous=on "dbname='d\'1'"
select current_database(), current_user;
\c - bob
select current_database(), current_user;
select 'not run' \g
\d
copy nowhere from stdin;
drop table students;
\.
\q
select 'not run';
`, "query")
	require.Equal(t, `CREATE DATABASE
CREATE ROLE
You are now connected to database "d'1" as user "postgres".
 current_database | current_user 
------------------+--------------
 d'1              | postgres
(1 row)

You are now connected to database "d'1" as user "bob".
 current_database | current_user 
------------------+--------------
 d'1              | bob
(1 row)

`, got.stdout)
	require.Equal(t, `calf: line 4: \d: between \restrict and \unrestrict there are no other commands
calf: line 5: \unrestrict: this is not the key
calf: line 12: \g is not supported, and what is before it was not run
calf: line 13: \d: not supported
ERROR:  relation "nowhere" does not exist
`, got.stderr)
	require.Equal(t, exitFailed, got.status)
}

func TestQueryEndsTheScript(t *testing.T) {
	needsGuest(t)
	for script, says := range map[string]string{
		"\\if true\nselect 1;":   "calf: line 1: \\if is not supported, and without it the rest means something else\n",
		"\\c nowhere\nselect 1;": "calf: line 1: \\c: connecting to database nowhere as postgres: FATAL: database \"nowhere\" does not exist\n",
		"select pg_terminate_backend(pg_backend_pid());\nselect 1;": "FATAL:  terminating connection due to administrator command\n" +
			"calf: the connection to PostgreSQL was lost\n",
	} {
		require.Equal(t, outcome{exitFailed, "", says}, calf(t, script, "query"))
	}
}

func TestQueryZeroByte(t *testing.T) {
	needsGuest(t)
	require.Equal(t, outcome{exitFailed, "", "calf: line 1: the statement has a zero byte in it and was not run\n"},
		calf(t, "select 'a\x00b';", "query"))
}

func TestQueryDirectory(t *testing.T) {
	needsGuest(t)
	dir := filepath.Join(t.TempDir(), "data")
	require.Equal(t, outcome{exitOK, "SELECT 3\n", ""}, calf(t, "", "query", "--db", dir, "create table t as select generate_series(1, 3) a"))
	require.Equal(t, outcome{exitOK, "count\n3\n", ""}, calf(t, "", "query", "--db", dir, "--csv", "select count(*) from t"))

	db, err := pglite.Open(t.Context(), dir)
	require.NoError(t, err)
	defer db.Close()
	got := calf(t, "", "query", "--db", dir, "select 1")
	require.Equal(t, exitFailed, got.status)
	require.Regexp(t, `^calf: opening .*: the data directory is in use by another DB of this process, which has not been closed\n$`, got.stderr)
}

func TestQueryWrongPlaces(t *testing.T) {
	needsGuest(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	for _, tt := range []struct {
		args []string
		says string
	}{
		{[]string{"--db", file}, "not a directory\n"},
		{[]string{"--db", filepath.Dir(file)}, "not a PostgreSQL data directory"},
		{[]string{"-d", "nowhere"}, "calf: connecting to database nowhere as postgres: FATAL: database \"nowhere\" does not exist\n"},
		{[]string{"-U", "nobody"}, "calf: connecting to database postgres as nobody: FATAL: role \"nobody\" does not exist\n"},
	} {
		got := calf(t, "", append([]string{"query", "select 1"}, tt.args...)...)
		require.Equal(t, exitFailed, got.status)
		require.Contains(t, got.stderr, tt.says)
		require.Equal(t, 1, strings.Count(got.stderr, "\n"), got.stderr)
	}
}

// TestQueryInterrupted cancels a statement that runs, the reading of the script,
// and that of data.
func TestQueryInterrupted(t *testing.T) {
	needsGuest(t)
	const notice = "do $$ begin raise notice 'ready'; perform %s; end $$;"
	for name, tt := range map[string]struct{ script, says string }{
		"Running": {fmt.Sprintf(notice, "count(*) from generate_series(1, 100000000000)") + "\nselect 'not run';\n",
			"ERROR:  canceling statement due to user request\n"},
		"Waiting": {fmt.Sprintf(notice, "1") + "\n", ""},
		"Copying": {"create temp table t (a int);\n" + fmt.Sprintf(notice, "1") + " copy t from stdin;\n1\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			stdin, script := io.Pipe()
			defer script.Close()
			go io.WriteString(script, tt.script)
			messages, stderr := io.Pipe()
			var stdout bytes.Buffer
			status := make(chan int, 1)
			go func() {
				status <- run(ctx, []string{"query"}, stdin, &stdout, stderr)
				stderr.Close()
			}()
			says := ""
			for lines := bufio.NewScanner(messages); lines.Scan(); {
				if lines.Text() == "NOTICE:  ready" {
					cancel()
				} else {
					says += lines.Text() + "\n"
				}
			}
			require.Equal(t, exitFailed, <-status)
			require.True(t, strings.HasSuffix(says, "calf: interrupted\n"), says)
			require.Contains(t, says, tt.says)
			require.NotContains(t, stdout.String(), "not run")
		})
	}
}

// failingWriter takes so many bytes.
type failingWriter struct{ left int }

var errFull = errors.New("no space left")

func (w *failingWriter) Write(p []byte) (int, error) {
	if w.left -= len(p); w.left < 0 {
		return 0, errFull
	}
	return len(p), nil
}

// TestQueryCannotWrite ends a result that would go on for ever.
func TestQueryCannotWrite(t *testing.T) {
	needsGuest(t)
	var stderr bytes.Buffer
	const sql = "select i from (select generate_series(1, 100000000000) i) s; select 'not run'"
	for _, format := range []string{"--csv", "--json"} {
		stderr.Reset()
		status := run(t.Context(), []string{"query", format, sql}, strings.NewReader(""), &failingWriter{1 << 20}, &stderr)
		require.Equal(t, exitFailed, status)
		require.Equal(t, "calf: writing: no space left\n", withoutSteps(stderr.String()))
	}
	stderr.Reset()
	status := run(t.Context(), []string{"query", "copy (" + strings.TrimSuffix(sql, "; select 'not run'") + ") to stdout"},
		strings.NewReader(""), &failingWriter{1 << 20}, &stderr)
	require.Equal(t, exitFailed, status)
	require.Equal(t, "calf: writing: no space left\n", withoutSteps(stderr.String()))
}

// TestQueryLargeCopy moves more than fits into any buffer, while the server has
// much to say.
func TestQueryLargeCopy(t *testing.T) {
	needsGuest(t)
	const rows = 20000
	var script strings.Builder
	script.WriteString(`create temp table t (a int);
create function pg_temp.f() returns trigger language plpgsql as 'begin raise notice ''%'', repeat(''x'', 1000); return new; end';
create trigger tr before insert on t for each row execute function pg_temp.f();
copy t from stdin;
`)
	for range rows {
		script.WriteString("1\n")
	}
	script.WriteString("\\.\nselect count(*) from t;\n")
	got := calf(t, script.String(), "query", "--csv")
	require.Equal(t, "count\n20000\n", got.stdout)
	require.Equal(t, rows, strings.Count(got.stderr, "NOTICE"))
	require.Equal(t, exitOK, got.status)
}
