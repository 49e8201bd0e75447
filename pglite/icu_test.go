package pglite_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/conformance"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// allLanguages returns ICU's data of all languages, and skips the test where it is not.
func allLanguages(tb testing.TB) *pglite.ICUData {
	tb.Helper()
	needGuest(tb)
	path := os.Getenv("CALF_TEST_ICU")
	if path == "" {
		tb.Skip("needs ICU's data of all languages: `make icu` fetches it, and CALF_TEST_ICU names the archive")
	}
	f, err := os.Open(path)
	require.NoError(tb, err)
	defer f.Close()
	icu, err := pglite.ReadICUData(f)
	require.NoError(tb, err)
	return icu
}

func TestConformanceWithAllLanguages(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{ICU: allLanguages(t)})
	to := target(db)
	to.RootCollationsOnly = false
	conformance.RunCollations(t, to)
}

// What is not refused without the data of all languages sorts as with it.
func TestRootOrderIsThatOfAllLanguages(t *testing.T) {
	t.Parallel()
	with := query[[]string](t, open(t, pglite.Config{ICU: allLanguages(t)}), `SELECT array(SELECT collname || ' ' || collversion
		FROM pg_collation c WHERE collprovider = 'i' AND collversion = (SELECT collversion FROM pg_collation WHERE collname = 'und-x-icu') ORDER BY 1)`)
	without := query[[]string](t, open(t, pglite.Config{}), `SELECT array(SELECT collname || ' ' || collversion
		FROM pg_collation WHERE collprovider = 'i' ORDER BY 1)`)
	require.Equal(t, with, without)
}

func TestICUInit(t *testing.T) {
	t.Parallel()
	needGuest(t)
	_, err := pglite.OpenConfig(t.Context(), pglite.Config{Init: pglite.Init{LocaleProvider: "icu", Locale: "sv"}})
	require.ErrorContains(t, err, `locale "sv" has unknown language "sv"`)
	_, err = pglite.OpenConfig(t.Context(), pglite.Config{Init: pglite.Init{LocaleProvider: "icu", Locale: "de-u-co-phonebk"}})
	require.ErrorContains(t, err, `could not open collator for locale "de-u-co-phonebk": U_MISSING_RESOURCE_ERROR`)

	db := open(t, pglite.Config{Init: pglite.Init{LocaleProvider: "icu", Locale: "en-US-u-kn-true-ks-level2"}})
	require.Equal(t, []string{"a9", "A10", "b"}, query[[]string](t, db, "SELECT array_agg(x ORDER BY x) FROM unnest('{b,A10,a9}'::text[]) x"))
	_, err = db.Exec(t.Context(), `CREATE DATABASE swedish TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'sv'`)
	require.ErrorContains(t, err, "U_MISSING_RESOURCE_ERROR")
}

func TestICUInitWithAllLanguages(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{ICU: allLanguages(t), Init: pglite.Init{LocaleProvider: "icu", Locale: "sv"}})
	require.Equal(t, []string{"a", "z", "ä"}, query[[]string](t, db, "SELECT array_agg(x ORDER BY x) FROM unnest('{ä,z,a}'::text[]) x"))
}

// A database that was opened with ICU's data says so when it is opened without, wherever it went.
func TestICUIsMissed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	icu := dbtest.RootAsSwedish(t)
	dir := filepath.Join(t.TempDir(), "data")
	with := func(cfg pglite.Config) pglite.Config {
		cfg.ICU = icu
		return cfg
	}
	db := open(t, with(pglite.Config{Dir: dir}))
	_, err := db.Exec(ctx, `CREATE COLLATION swedish (provider = icu, locale = 'sv'); CREATE TABLE t (a text COLLATE swedish PRIMARY KEY); INSERT INTO t VALUES ('b'), ('a')`)
	require.NoError(t, err)
	var archive bytes.Buffer
	require.NoError(t, db.Dump(ctx, &archive, dump.ArchiveConfig{}))
	fork, err := db.Fork(ctx)
	require.NoError(t, err)
	const first = "SELECT a FROM t ORDER BY a LIMIT 1"
	require.Equal(t, "a", query[string](t, fork, first))
	require.NoError(t, fork.Close())
	require.NoError(t, db.Close())

	missed := func(cfg pglite.Config) {
		t.Helper()
		_, err := pglite.OpenConfig(ctx, cfg)
		require.ErrorIs(t, err, pglite.ErrNeedsICU)
		require.ErrorContains(t, err, "set Config.ICU (calf --icu FILE)")
	}
	missed(pglite.Config{Dir: dir})
	missed(pglite.Config{Load: bytes.NewReader(archive.Bytes())})
	require.Equal(t, "a", query[string](t, open(t, with(pglite.Config{Load: bytes.NewReader(archive.Bytes())})), first))
	db = open(t, with(pglite.Config{Dir: dir}))
	require.Equal(t, "a", query[string](t, db, first))
	require.NoError(t, db.Close())

	// Whoever knows better still gets no wrong order.
	require.NoError(t, os.Remove(filepath.Join(dir, "calf.icu")))
	db = open(t, pglite.Config{Dir: dir})
	require.Equal(t, int64(2), query[int64](t, db, "SELECT count(*) FROM t"))
	_, err = db.Exec(ctx, "INSERT INTO t VALUES ('c')")
	require.ErrorContains(t, err, `could not open collator for locale "sv": U_MISSING_RESOURCE_ERROR`)
}

func TestICUOfTemplate(t *testing.T) {
	t.Parallel()
	tmpl, err := pglite.NewTemplate(t.Context(), pglite.Config{ICU: dbtest.RootAsSwedish(t)}, func(ctx context.Context, db *pglite.DB) error {
		_, err := db.Exec(ctx, `CREATE COLLATION swedish (provider = icu, locale = 'sv')`)
		return err
	})
	require.NoError(t, err)
	require.True(t, query[bool](t, open(t, pglite.Config{Template: tmpl}), "SELECT 'a' < 'b' COLLATE swedish"))
}

func TestReadICUData(t *testing.T) {
	t.Parallel()
	for name, content := range map[string][]byte{
		"empty":           {},
		"text":            []byte("hello"),
		"another version": dbtest.TarWith(t, "icudt75l/coll/sv.res", []byte("ResB")),
		"big-endian":      dbtest.TarWith(t, "icudt76b/coll/sv.res", []byte("ResB")),
		"another tar":     dbtest.TarWith(t, "PG_VERSION", []byte("18\n")),
	} {
		_, err := pglite.ReadICUData(bytes.NewReader(content))
		require.ErrorIs(t, err, pglite.ErrBadICU, name)
	}
	_, err := pglite.ReadICUData(bytes.NewReader(dbtest.TarWith(t, "icudt75l/coll/sv.res", nil)))
	require.ErrorContains(t, err, "icudt75l")
	_, err = pglite.ReadICUData(bytes.NewReader(dbtest.TarWith(t, "icudt76l/coll/sv.res", make([]byte, 10))[:520]))
	require.Error(t, err)
}

// notices connects and returns what the server says beside the results.
func notices(t *testing.T, db *pglite.DB) (*pgx.Conn, *[]string) {
	t.Helper()
	cfg, said := db.ConnConfig(), new([]string)
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { *said = append(*said, n.Severity+": "+n.Message) }
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn, said
}

// A collation whose order is another than when its indexes were made has another version, of which PostgreSQL warns.
func TestCollationVersions(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for _, c := range []struct {
		name, locale string
		before       string // what PGlite writes, which ignores attributes
		changed      bool
	}{
		{"attributes", "und-u-kn-true", "153.128", true},
		{"attributes of a language", "en-US-u-ks-level2", "153.128", true},
		{"kind", "und-u-co-emoji", "153.128", true},
		{"root", "und", "153.128", false},
		{"language", "de-DE", "153.128", false},
		{"another extension", "en-t-fr", "153.128", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			db := open(t, pglite.Config{})
			_, err := db.Exec(ctx, `CREATE COLLATION c (provider = icu, locale = '`+c.locale+`')`)
			require.NoError(t, err)
			conn, said := notices(t, db)
			_, err = conn.Exec(ctx, `SELECT 'a' < 'b' COLLATE c`)
			require.NoError(t, err)
			require.Empty(t, *said)
			_, err = conn.Exec(ctx, `UPDATE pg_collation SET collversion = '`+c.before+`' WHERE collname = 'c'`)
			require.NoError(t, err)

			conn, said = notices(t, db)
			_, err = conn.Exec(ctx, `SELECT 'a' < 'b' COLLATE c`)
			require.NoError(t, err)
			if !c.changed {
				require.Empty(t, *said)
				return
			}
			require.Equal(t, []string{`WARNING: collation "c" has version mismatch`}, *said)
			_, err = conn.Exec(ctx, `ALTER COLLATION c REFRESH VERSION`)
			require.NoError(t, err)
			conn, said = notices(t, db)
			_, err = conn.Exec(ctx, `SELECT 'a' < 'b' COLLATE c`)
			require.NoError(t, err)
			require.Empty(t, *said)
		})
	}
}

// The same of a database as a whole.
func TestDatabaseCollationVersion(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{Init: pglite.Init{LocaleProvider: "icu", Locale: "und-u-kn-true"}})
	_, said := notices(t, db)
	require.Empty(t, *said)
	_, err := db.Exec(t.Context(), `UPDATE pg_database SET datcollversion = '153.128' WHERE datname = 'postgres'`)
	require.NoError(t, err)
	_, said = notices(t, db)
	require.Equal(t, []string{`WARNING: database "postgres" has a collation version mismatch`}, *said)
}

// PGlite, which ignores attributes, and calf notice each other's indexes.
func TestCollationVersionsWithPGlite(t *testing.T) {
	t.Parallel()
	needPeers(t)
	const (
		create = `CREATE COLLATION n (provider = icu, locale = 'und-u-kn-true'); CREATE TABLE t (a text COLLATE n PRIMARY KEY)`
		order  = `SELECT 'a9' < 'a10' COLLATE n`
		same   = `SELECT collversion = pg_collation_actual_version(oid) FROM pg_collation WHERE collname = 'n'`
	)
	ours, theirs := filepath.Join(t.TempDir(), "ours"), filepath.Join(t.TempDir(), "theirs")
	db := open(t, pglite.Config{Dir: ours})
	require.Equal(t, []any{nil, "t", "t"}, scripts(t, db, create, order, same))
	require.NoError(t, db.Close())
	require.Equal(t, []any{false, false}, dbtest.Peer{Dir: ours, SQL: []string{order, same}}.Run(t))
	require.Equal(t, []any{false, true}, dbtest.Peer{Dir: theirs, SQL: []string{create + "; " + order, same}}.Run(t))
	require.Equal(t, []any{"t", "f"}, scripts(t, open(t, pglite.Config{Dir: theirs}), order, same))
}
