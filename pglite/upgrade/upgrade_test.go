package upgrade_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/peers"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/upgrade"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// needLegacy skips a test on a machine where an earlier PostgreSQL is not
// installed, and with the race detector, with which it takes minutes.
func needLegacy(tb testing.TB, group string) {
	tb.Helper()
	dbtest.NeedGuest(tb)
	if dbtest.Raced {
		tb.Skip("takes minutes with the race detector; `make test` runs it without, too")
	}
	if _, err := assets.OpenGroup(group); errors.Is(err, assets.ErrAssetsMissing) {
		tb.Skipf("needs an earlier PostgreSQL: %v", err)
	}
}

// releases are the earlier releases of PGlite, with the groups of packages that
// read what they wrote.
var releases = []struct{ name, group, version string }{
	{"pglite-0.2", "legacy-16", "16"}, {"pglite-0.3", "legacy-17", "17"}, {"pglite-0.4", "legacy-17", "17"},
}

// expectations are what queries of the old directory returned: text by query.
type expectations struct{ Content, System, Other, Bytes, German map[string]string }

// fill makes a data directory with a release of PGlite, in which there is
// something of everything.
func fill(tb testing.TB, release, dir string, rows int, end string) (want expectations) {
	tb.Helper()
	script, err := os.ReadFile(filepath.Join("testdata", "fill.mjs"))
	require.NoError(tb, err)
	out := peers.Run(tb, string(script), release, dir, fmt.Sprint(rows), end)
	require.NoError(tb, json.Unmarshal(out, &want))
	require.NotEmpty(tb, want.Content)
	return want
}

// requireResults compares what queries return.
func requireResults(tb testing.TB, db *pglite.DB, database string, want map[string]string) {
	tb.Helper()
	cfg := db.ConnConfig()
	cfg.Database = database
	conn, err := pgx.ConnectConfig(tb.Context(), cfg)
	require.NoError(tb, err)
	defer conn.Close(context.Background())
	for query, rows := range want {
		var got string
		err := conn.QueryRow(tb.Context(), "SELECT coalesce(json_agg(q)::text, '[]') FROM ("+query+") q").Scan(&got)
		require.NoError(tb, err, query)
		require.Equal(tb, rows, got, query)
	}
}

func TestUpgrade(t *testing.T) {
	for _, r := range releases {
		for _, end := range []string{"close", "kill"} {
			t.Run(r.name+" "+end, func(t *testing.T) {
				t.Parallel()
				needLegacy(t, r.group)
				dir := filepath.Join(t.TempDir(), "data")
				rows := 3000
				if r.name == "pglite-0.3" && end == "kill" {
					rows = 100_000
				}
				want := fill(t, r.name, dir, rows, end)
				before := readTree(t, dir)
				if end == "close" {
					plan, err := upgrade.DryRun(t.Context(), upgrade.Config{Dir: dir})
					require.NoError(t, err)
					require.Empty(t, plan.Problems)
					require.Equal(t, before, readTree(t, dir))
					requireOnly(t, dir)
				}
				report, err := upgrade.Run(t.Context(), upgrade.Config{Dir: dir})
				require.NoError(t, err)
				require.Positive(t, report.Tables)
				require.Greater(t, report.Rows, int64(rows*9/10))
				require.EqualValues(t, 4, report.LargeObjects)
				require.Equal(t, []string{"effective_cache_size = 123MB", "statement_timeout = 17min"}, report.Settings)
				require.Equal(t, dir+".pg"+r.version+".bak", report.Backup)
				require.Equal(t, before, readTree(t, report.Backup), "the old directory is as it was")
				requireOnly(t, dir, report.Backup)

				db := dbtest.Open(t, pglite.Config{Dir: dir})
				requireResults(t, db, "postgres", want.Content)
				requireResults(t, db, "postgres", want.System)
				requireResults(t, db, "Other db", want.Other)
				requireResults(t, db, "bytes", want.Bytes)
				if want.German != nil {
					requireResults(t, db, "german", want.German)
				}
			})
		}
	}
}

// readTree returns what the files below a directory hold, in short, but for the
// lock.
func readTree(tb testing.TB, dir string) map[string]string {
	tb.Helper()
	files := map[string]string{}
	require.NoError(tb, filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() || e.Name() == "calf.lock" {
			return err
		}
		b, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = fmt.Sprintf("%d bytes, SHA-256 %x", len(b), sha256.Sum256(b))
		return err
	}))
	return files
}

// requireOnly makes sure that there is nothing but these directories where they
// are.
func requireOnly(tb testing.TB, dirs ...string) {
	tb.Helper()
	entries, err := os.ReadDir(filepath.Dir(dirs[0]))
	require.NoError(tb, err)
	var names []string
	for _, e := range entries {
		names = append(names, filepath.Join(filepath.Dir(dirs[0]), e.Name()))
	}
	require.ElementsMatch(tb, dirs, names)
}
