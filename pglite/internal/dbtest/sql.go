package dbtest

import (
	"bytes"
	"context"
	"embed"
	"regexp"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/stretchr/testify/require"
)

// RestoreSQL restores a dump.
func RestoreSQL(tb testing.TB, db *pglite.DB, dump string, cfg dump.RestoreSQLConfig) {
	tb.Helper()
	require.NoError(tb, db.RestoreSQL(context.Background(), strings.NewReader(dump), cfg))
}

// DumpSQL returns a dump in which the key of \restrict is always the same.
func DumpSQL(tb testing.TB, db *pglite.DB, args ...string) string {
	tb.Helper()
	var out bytes.Buffer
	require.NoError(tb, db.DumpSQL(context.Background(), &out, dump.SQLConfig{Args: args}))
	return WithKey(out.String())
}

var restrictKey = regexp.MustCompile(`(?m)^\\restrict (\w+)$`)

// WithKey is a dump in which the key of \restrict is always the same.
func WithKey(dump string) string {
	m := restrictKey.FindStringSubmatch(dump[:min(len(dump), 1000)])
	if m == nil {
		return dump
	}
	return strings.ReplaceAll(dump, "restrict "+m[1]+"\n", "restrict key\n")
}

// RequireSame compares dumps, and shows the first line that differs.
func RequireSame(t *testing.T, want, got string) {
	t.Helper()
	if want == got {
		return
	}
	w, g := strings.Split(want, "\n"), strings.Split(got, "\n")
	for i := range w {
		if i == len(g) || w[i] != g[i] {
			at := 0
			for i < len(g) && at < min(len(w[i]), len(g[i])) && w[i][at] == g[i][at] {
				at++
			}
			from := max(0, at-40)
			t.Fatalf("line %d of %d and %d differs at %d:\n%.200s\n%.200s", i+1, len(w), len(g), at,
				w[i][from:], append(g, "")[min(i, len(g))][from:])
		}
	}
	t.Fatalf("%d lines, but then more", len(w))
}

// names18 are names of constraints that PostgreSQL 18 keeps and older releases
// do not have.
var names18 = regexp.MustCompile(`CONSTRAINT \w+_not_null NOT NULL`)

// Comparable is a dump without what depends on the server that it is of.
func Comparable(dump string) string {
	dump = names18.ReplaceAllString(dump, "NOT NULL")
	return regexp.MustCompile(`(?m)^-- Dumped .*\n`).ReplaceAllString(dump, "")
}

//go:embed testdata
var testdata embed.FS

// TestFile returns a script of the folder testdata.
func TestFile(tb testing.TB, name string) string {
	tb.Helper()
	b, err := testdata.ReadFile("testdata/" + name)
	require.NoError(tb, err)
	return string(b)
}

// Scale5 makes the tables of pgbench at scale 5: 500,000 accounts.
const Scale5 = `CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
CREATE TABLE pgbench_accounts (aid int, bid int, abalance int, filler char(84));
INSERT INTO pgbench_branches SELECT i, 0, '' FROM generate_series(1, 5) i;
INSERT INTO pgbench_tellers SELECT i, (i - 1) / 10 + 1, 0, '' FROM generate_series(1, 50) i;
INSERT INTO pgbench_accounts SELECT i, (i - 1) / 100000 + 1, 0, '' FROM generate_series(1, 500000) i;
ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid);`
