package pglite_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/calfdb/calf/internal/peers"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/stretchr/testify/require"
)

// scripts runs scripts in a session, and returns what [dbtest.Peer.Run] does.
func scripts(tb testing.TB, db *pglite.DB, sqls ...string) (values []any) {
	tb.Helper()
	ctx := context.Background()
	conn, err := db.Connect(ctx)
	require.NoError(tb, err)
	defer conn.Close(ctx)
	for _, sql := range sqls {
		results, err := conn.PgConn().Exec(ctx, sql).ReadAll()
		require.NoError(tb, err)
		var v any
		if rows := results[len(results)-1].Rows; len(rows) > 0 {
			v = string(rows[0][0])
		}
		values = append(values, v)
	}
	return values
}

// needPeers skips a test where PGlite is not installed under Node.
func needPeers(tb testing.TB) {
	tb.Helper()
	needGuest(tb)
	if raced {
		tb.Skip("most of it runs under Node; `make test` runs it without the race detector, too")
	}
	peers.Dir(tb)
}

// checks are scripts whose values must be equal at both ends of an interchange: the sums of all there is, where sequences
// are, and what is wrong with tables and indexes, which is nothing.
func checks(tb testing.TB) []string {
	return []string{testFile(tb, "sums.sql"), testFile(tb, "sequences.sql"), testFile(tb, "amcheck.sql")}
}

// TestContentHasEveryType: there is a table for each type that a table can have.
func TestContentHasEveryType(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{})
	scripts(t, db, testFile(t, "content.sql"))
	missing := query[[]string](t, db, `SELECT array_agg(typname::text ORDER BY typname) FROM pg_type t
		WHERE typtype IN ('b', 'd', 'e', 'm', 'r') AND typrelid = 0 AND typcategory <> 'A'
		AND (typnamespace = 'pg_catalog'::regnamespace
			OR EXISTS (SELECT FROM pg_depend WHERE classid = 'pg_type'::regclass AND objid = t.oid AND deptype = 'e'))
		AND NOT EXISTS (SELECT FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
			WHERE attname = 'v' AND relname LIKE 'typed_%' AND atttypid = t.oid)`)
	require.Equal(t, []string{
		// What only indexes have.
		"gbtreekey16", "gbtreekey2", "gbtreekey32", "gbtreekey4", "gbtreekey8", "gbtreekey_var",
		"ghstore", "gtsvector", "intbig_gkey", "ltree_gist",
		// What has no input, and only catalogs and indexes have.
		"pg_brin_bloom_summary", "pg_brin_minmax_multi_summary", "pg_dependencies", "pg_mcv_list", "pg_ndistinct", "pg_node_tree",
	}, missing)
}

// TestInterchangeToPGlite carries a database with something of everything from calf to PGlite and back, in each form that
// both understand, from memory and from a directory.
func TestInterchangeToPGlite(t *testing.T) {
	t.Parallel()
	needPeers(t)
	everywhere(t, func(t *testing.T, cfg pglite.Config) {
		tmp := t.TempDir()
		db := open(t, cfg)
		want := scripts(t, db, append([]string{testFile(t, "content.sql")}, checks(t)...)...)[1:]
		require.Contains(t, want[0], "typed_1")
		require.Empty(t, want[2])
		tar, dir := dumped(t, db), filepath.Join(tmp, "copy")
		var sent map[string]dbtest.Peer
		if cfg.Dir == "" {
			sent = map[string]dbtest.Peer{"tar.gz": {Load: file(t, tmp, "calf.tar.gz", compressed(t, tar)), Dump: filepath.Join(tmp, "pglite.tar")}}
		} else {
			require.NoError(t, db.DumpDirectory(t.Context(), dir, dump.ArchiveConfig{}))
			sent = map[string]dbtest.Peer{"directory": {Dir: dir}, "tar": {Load: file(t, tmp, "calf.tar", tar), Dump: filepath.Join(tmp, "pglite.tgz")}}
		}
		for name, p := range sent {
			p.SQL = checks(t)
			require.Equal(t, want, p.Run(t), "calf to PGlite, %s", name)
			back := pglite.Config{Dir: p.Dir}
			if p.Dump != "" {
				back.Load = reader(t, p.Dump)
			}
			require.Equal(t, want, scripts(t, open(t, back), checks(t)...), "PGlite to calf, %s", name)
		}
	})
}

// TestInterchangeFromPGlite carries a database that PGlite made to calf and back.
func TestInterchangeFromPGlite(t *testing.T) {
	t.Parallel()
	needPeers(t)
	tmp := t.TempDir()
	dir := filepath.Join(tmp, "data")
	// The archive is of a database in use: calf recovers it.
	made := dbtest.Peer{SQL: append([]string{testFile(t, "content.sql")}, checks(t)...), Dir: dir, Dump: filepath.Join(tmp, "pglite.tar.gz")}
	want := made.Run(t)[1:]
	require.Empty(t, want[2])
	for name, cfg := range map[string]pglite.Config{
		"directory": {Dir: dir},
		"archive":   {Load: reader(t, made.Dump), Dir: filepath.Join(tmp, "loaded")},
	} {
		db := open(t, cfg)
		got := scripts(t, db, checks(t)...)
		if cfg.Load != nil {
			movedOn(t, want[1], got[1])
			got[1] = want[1]
		}
		require.Equal(t, want, got, name)
		back := dbtest.Peer{Load: file(t, tmp, "calf.tar", dumped(t, db)), SQL: checks(t)}
		require.Equal(t, got[0], back.Run(t)[0], name)
	}
}

// TestInterchangeOfUnusualClusters: what initdb was told does not matter to PGlite, nor what PGlite writes to
// postgresql.conf to calf.
func TestInterchangeOfUnusualClusters(t *testing.T) {
	t.Parallel()
	needPeers(t)
	tmp := t.TempDir()
	db := open(t, pglite.Config{Init: pglite.Init{
		Username: "chief", LocaleProvider: "icu", NoDataChecksums: true, Args: []string{"--wal-segsize=1"},
	}})
	exec(t, db, "CREATE TABLE t AS SELECT g, md5(g::text) FROM generate_series(1, 50000) g")
	sum := "SELECT md5(string_agg(t::text, '' ORDER BY g)) FROM t"
	want := query[string](t, db, sum)
	dir := filepath.Join(tmp, "data")
	require.NoError(t, db.DumpDirectory(t.Context(), dir, dump.ArchiveConfig{}))
	for range 2 {
		p := dbtest.Peer{Dir: dir, Preload: "pg_stat_statements", SQL: []string{
			"CREATE EXTENSION IF NOT EXISTS pg_stat_statements", "SELECT count(*) > 0 FROM pg_stat_statements", sum,
		}}
		require.Equal(t, []any{nil, true, want}, p.Run(t))
		db, err := pglite.OpenConfig(t.Context(), pglite.Config{Dir: dir, Username: "chief"})
		require.NoError(t, err)
		require.Equal(t, "pg_stat_statements", query[string](t, db, "SHOW shared_preload_libraries"))
		require.True(t, query[bool](t, db, "SELECT count(*) > 0 FROM pg_stat_statements"))
		require.Equal(t, want, query[string](t, db, sum))
		require.NoError(t, db.Close())
	}
}

// movedOn requires of the results of sequences.sql that sequences are where they were, or further by what recovery may
// skip: the 32 numbers that are logged ahead (SEQ_LOG_VALS), and what a session has cached.
func movedOn(tb testing.TB, was, is any) {
	tb.Helper()
	var before, after map[string]*int
	require.NoError(tb, json.Unmarshal([]byte(was.(string)), &before))
	require.NoError(tb, json.Unmarshal([]byte(is.(string)), &after))
	require.Len(tb, after, len(before))
	for name, b := range before {
		a := after[name]
		switch {
		case b == nil:
			require.Nil(tb, a, name)
		case strings.Contains(name, "counter"): // by -3, and 5 are cached
			require.True(tb, *a <= *b && *a >= *b-3*(32+5), "%s: %d, then %d", name, *b, *a)
		default:
			require.True(tb, *a >= *b && *a <= *b+32, "%s: %d, then %d", name, *b, *a)
		}
	}
}

// TestInterchangeOldReleases: archives and directories of releases of PGlite with another version of PostgreSQL are
// refused by name, and left as they are.
func TestInterchangeOldReleases(t *testing.T) {
	t.Parallel()
	needPeers(t)
	for release, version := range map[string]string{
		"pglite-0.2": "16 (PGlite 0.2)", "pglite-0.3": "17 (PGlite 0.3 and PGlite 0.4)", "pglite-0.4": "17 (PGlite 0.3 and PGlite 0.4)",
	} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			tmp := t.TempDir()
			p := dbtest.Peer{Release: release, Dir: filepath.Join(tmp, "data"), SQL: []string{"CREATE TABLE t ()"}, Dump: filepath.Join(tmp, "dump.tar")}
			p.Run(t)
			before := tree(t, p.Dir)
			for _, cfg := range []pglite.Config{{Dir: p.Dir}, {Load: reader(t, p.Dump)}, {Load: reader(t, p.Dump), Dir: filepath.Join(tmp, "new")}} {
				_, err := pglite.OpenConfig(t.Context(), cfg)
				var v *pglite.VersionError
				require.ErrorAs(t, err, &v)
				require.ErrorContains(t, err, "is of PostgreSQL "+version+", and this is PostgreSQL 18")
			}
			require.Equal(t, before, tree(t, p.Dir))
			require.NoDirExists(t, filepath.Join(tmp, "new"))
		})
	}
}

// reader opens a file.
func reader(tb testing.TB, path string) io.Reader {
	tb.Helper()
	f, err := os.Open(path)
	require.NoError(tb, err)
	tb.Cleanup(func() { f.Close() })
	return f
}

func compressed(tb testing.TB, b []byte) []byte {
	tb.Helper()
	var z bytes.Buffer
	w, err := gzip.NewWriterLevel(&z, gzip.BestSpeed)
	require.NoError(tb, err)
	_, err = w.Write(b)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return z.Bytes()
}
