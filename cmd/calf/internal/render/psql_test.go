package render

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgtype"
	"github.com/stretchr/testify/require"
)

// The environment variable CALF_TEST_PSQL gives the connection string of a
// PostgreSQL server. With it, tests compare with what psql prints now; and with
// -update, they also write what psql prints to testdata.
var update = flag.Bool("update", false, "write what psql prints to testdata")

// psql returns the standard output and error of psql running a script, or false
// if it is not to be asked.
func psql(t testing.TB, script string) (stdout, stderr string, ok bool) {
	t.Helper()
	server := os.Getenv("CALF_TEST_PSQL")
	if server == "" {
		return "", "", false
	}
	var out, errs bytes.Buffer
	cmd := exec.Command("psql", "-X", server)
	cmd.Env = append(os.Environ(), "PGCLIENTENCODING=UTF8", "LC_ALL=C.UTF-8")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(script), &out, &errs
	require.NoError(t, cmd.Run(), errs.String())
	return out.String(), errs.String(), true
}

// requireLikePsql compares got with what psql printed for a script, which is
// kept in testdata/name.
func requireLikePsql(t *testing.T, name, script string, pick func(stdout, stderr string) string, got string) {
	t.Helper()
	file := filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".txt")
	stdout, stderr, asked := psql(t, script)
	if asked && *update {
		require.NoError(t, os.WriteFile(file, []byte(pick(stdout, stderr)), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	if asked {
		require.Equal(t, pick(stdout, stderr), string(want), "testdata is not what psql prints")
	}
	require.Equal(t, string(want), got, script)
}

func pickStdout(stdout, _ string) string { return stdout }
func pickStderr(_, stderr string) string { return stderr }

// A result for a printer; a value is a string or nil.
type result struct {
	columns []Column
	rows    [][]any
}

var typeNames = map[uint32]string{
	pgtype.Int4OID: "int4", pgtype.NumericOID: "numeric", pgtype.TextOID: "text", pgtype.BoolOID: "bool",
	moneyOID: "money", pgtype.JSONOID: "json",
}

// query returns a query that has the result.
func (r result) query() string {
	var b strings.Builder
	b.WriteString("SELECT ")
	for i, c := range r.columns {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "c%d::%s AS \"%s\"", i, typeNames[c.Type], strings.ReplaceAll(c.Name, `"`, `""`))
	}
	b.WriteString(" FROM (VALUES ")
	rows := r.rows
	if len(rows) == 0 {
		rows = [][]any{make([]any, len(r.columns))}
	}
	for i, row := range rows {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "(%d", i)
		for _, v := range row {
			if v == nil {
				b.WriteString(", NULL")
			} else {
				b.WriteString(", " + quote(v.(string)))
			}
		}
		b.WriteByte(')')
	}
	b.WriteString(") AS v(n")
	for i := range r.columns {
		fmt.Fprintf(&b, ", c%d", i)
	}
	b.WriteString(") ")
	if len(r.rows) == 0 {
		b.WriteString("WHERE false ")
	}
	b.WriteString("ORDER BY n;\n")
	return b.String()
}

func quote(s string) string {
	return "E'" + strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\r", `\r`).Replace(s) + "'"
}

func (r result) print(t testing.TB, p Printer) {
	t.Helper()
	require.NoError(t, p.Begin(r.columns))
	for _, row := range r.rows {
		values := make([][]byte, len(row))
		for i, v := range row {
			if v != nil {
				values[i] = []byte(v.(string))
			}
		}
		require.NoError(t, p.Row(values))
		for _, v := range values { // printers do not keep values
			for i := range v {
				v[i] = '#'
			}
		}
	}
	require.NoError(t, p.End(fmt.Sprintf("SELECT %d", len(r.rows))))
}
