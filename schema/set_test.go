package schema_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/schema"
)

// files makes a file system of names and contents.
func files(nameAndText ...string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for i := 0; i < len(nameAndText); i += 2 {
		fsys[nameAndText[i]] = &fstest.MapFile{Data: []byte(nameAndText[i+1])}
	}
	return fsys
}

// load makes a set whose history is in the table history.
func load(t *testing.T, nameAndText ...string) *schema.Set {
	t.Helper()
	set, err := schema.Load("test", files(nameAndText...), "history")
	require.NoError(t, err)
	return set
}

func TestLoad(t *testing.T) {
	t.Parallel()
	set := load(t,
		"202501010002_second.sql", "SELECT 2",
		"202501010001_first.sql", "SELECT 1",
		"202501010001_first.down.sql", "SELECT -1",
		"readme.md", "not a migration")
	require.Equal(t, []schema.Migration{
		{Version: "202501010001", Name: "first", Up: "SELECT 1", Down: "SELECT -1"},
		{Version: "202501010002", Name: "second", Up: "SELECT 2"},
	}, set.Migrations())
	require.Equal(t, "202501010002", set.LatestVersion())
	require.Equal(t, "test", set.Name())
	require.Equal(t, "history", set.Table())
}

func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		fsys  fstest.MapFS
		table []string
		want  string
	}{
		"a name without a version": {files("first.sql", ""), []string{"h"}, "first.sql is not named like"},
		"a short version":          {files("2025_first.sql", ""), []string{"h"}, "is not named like"},
		"one version twice":        {files("202501010001_a.sql", "", "202501010001_b.sql", ""), []string{"h"}, "has two migrations, a and b"},
		"a way back from nowhere":  {files("202501010001_a.sql", "", "202501010001_b.down.sql", ""), []string{"h"}, "202501010001_b.down.sql has no"},
		"nothing":                  {files(), []string{"h"}, "there are none"},
		"a rule without a table":   {files("202501010001_a.sql", "", "rules/order.sql", "-- words\nSELECT 1"), []string{"h"}, "rules/order.sql is not named like rules/TABLE.NAME.sql"},
		"a rule without words":     {files("202501010001_a.sql", "", "rules/t.order.sql", "SELECT 1"), []string{"h"}, "needs a comment"},
		"a rule without a query":   {files("202501010001_a.sql", "", "rules/t.order.sql", "-- words\n"), []string{"h"}, "and a query"},
		"no table":                 {files("202501010001_a.sql", ""), nil, "needs a name"},
		"an empty table":           {files("202501010001_a.sql", ""), []string{"s", ""}, "needs a name"},
		"too much of a table":      {files("202501010001_a.sql", ""), []string{"d", "s", "t"}, "needs a name"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := schema.Load("test", test.fsys, test.table...)
			require.ErrorContains(t, err, test.want)
		})
	}
}

// A checkout may have changed the line ends.
func TestChecksumIgnoresCarriageReturns(t *testing.T) {
	t.Parallel()
	unix, windows := schema.Migration{Up: "SELECT 1;\nSELECT 2;\n"}, schema.Migration{Up: "SELECT 1;\r\nSELECT 2;\r\n"}
	require.Equal(t, unix.Checksum(), windows.Checksum())
	require.NotEqual(t, unix.Checksum(), schema.Migration{Up: "SELECT 1; SELECT 2;\n"}.Checksum())
}

func TestRules(t *testing.T) {
	t.Parallel()
	set := load(t, "202501010001_a.sql", "", "rules/t.order.sql", "-- All is\n-- in order.\nSELECT 1\n-- or so\n")
	require.Equal(t, []schema.Rule{{Table: "t", Name: "order", Text: "All is in order.", Query: "SELECT 1\n-- or so"}}, set.Rules())
	require.Empty(t, load(t, "202501010001_a.sql", "").Rules())
}

// What a catalog.txt promises can be made from it.
func TestPromise(t *testing.T) {
	t.Parallel()
	set := load(t, "202501010001_a.sql", "", "catalog.txt", `
constraint s.t.t_pkey: PRIMARY KEY (a)
constraint u.u_key: UNIQUE (a)
index s.t.t_pkey: unique USING btree (a)
index u.by: USING gin (b) WHERE (a > 0)
index u.only: unique USING btree (b)
index u.u_key: unique USING btree (a)
table s.t: table
table u: table
`)
	require.Equal(t, []string{"s.t", "u"}, set.Tables())
	var sql []string
	for _, i := range set.Indexes() {
		sql = append(sql, i.SQL(i.Table == "u")...)
	}
	require.Equal(t, []string{
		`CREATE UNIQUE INDEX "t_pkey" ON "s"."t" USING btree (a)`,
		`ALTER TABLE "s"."t" ADD CONSTRAINT "t_pkey" PRIMARY KEY USING INDEX "t_pkey"`,
		`CREATE INDEX CONCURRENTLY "by" ON "u" USING gin (b) WHERE (a > 0)`,
		`CREATE UNIQUE INDEX CONCURRENTLY "only" ON "u" USING btree (b)`,
		`CREATE UNIQUE INDEX CONCURRENTLY "u_key" ON "u" USING btree (a)`,
		`ALTER TABLE "u" ADD CONSTRAINT "u_key" UNIQUE USING INDEX "u_key"`,
	}, sql)
}
