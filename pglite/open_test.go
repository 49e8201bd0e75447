package pglite_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{})
	require.Contains(t, query[string](t, db, "SELECT version()"), "PostgreSQL 18.6 (PGlite 0.5.16)")
	other := open(t, pglite.Config{})
	exec(t, db, "CREATE TABLE t ()")
	require.False(t, query[bool](t, other, "SELECT to_regclass('t') IS NOT NULL"), "databases share nothing")
}

func TestDirectoryKeepsItsData(t *testing.T) {
	t.Parallel()
	needGuest(t)
	dir := filepath.Join(t.TempDir(), "new", "data")
	ctx := context.Background()
	for i := range 3 {
		db, err := pglite.Open(ctx, dir)
		require.NoError(t, err)
		exec(t, db, "CREATE TABLE IF NOT EXISTS t (a int)")
		exec(t, db, "INSERT INTO t VALUES ($1)", i)
		require.Equal(t, i+1, query[int](t, db, "SELECT count(*) FROM t"))
		require.NoError(t, db.Close())
		require.NoError(t, db.Close(), "Close is idempotent")
		require.NoFileExists(t, filepath.Join(dir, "postmaster.pid"))
	}
	info, err := os.Stat(dir)
	require.NoError(t, err)
	if runtime.GOOS != "windows" { // which has no modes
		require.Equal(t, fs.FileMode(0o700), info.Mode().Perm())
	}
}

func TestDirectoryIsRecovered(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db := open(t, pglite.Config{Dir: dir})
	exec(t, db, "CREATE TABLE t AS SELECT g FROM generate_series(1, 1000) g")
	left := copyDir(t, dir)
	again := open(t, pglite.Config{Dir: left})
	require.Equal(t, 1000, query[int](t, again, "SELECT count(*) FROM t"))
}

// A directory in which making a cluster was interrupted is begun anew, however
// much of its files was there.
func TestInterruptedCreation(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"18\n", "", "1", "17\n"} {
		dir := t.TempDir()
		for _, name := range []string{"calf.incomplete", "PG_VERSION", "base/1/1259"} {
			path := filepath.Join(dir, name)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.WriteFile(path, []byte(version), 0o600))
		}
		db := open(t, pglite.Config{Dir: dir})
		require.Equal(t, 1, query[int](t, db, "SELECT 1"))
		require.NoFileExists(t, filepath.Join(dir, "calf.incomplete"))
	}
}

// A directory that PGlite made on the host has permissions of the user's
// umask, which PostgreSQL would refuse.
func TestDirectoryWithPermissionsForAll(t *testing.T) {
	t.Parallel()
	needGuest(t)
	dir := filepath.Join(t.TempDir(), "data")
	db, err := pglite.Open(context.Background(), dir)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	require.NoError(t, os.Chmod(dir, 0o755))
	again := open(t, pglite.Config{Dir: dir})
	require.Equal(t, 1, query[int](t, again, "SELECT 1"))
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	needGuest(t)
	write := func(t *testing.T, files map[string]string) string {
		dir := t.TempDir()
		for name, content := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
		}
		return dir
	}
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	for _, test := range []struct {
		name string
		ctx  context.Context
		cfg  func(t *testing.T) pglite.Config
		is   error
		says string
	}{
		{name: "NoDataDirectory", cfg: func(t *testing.T) pglite.Config {
			return pglite.Config{Dir: write(t, map[string]string{"letter.txt": "Dear"})}
		}, is: pglite.ErrNotPostgres, says: "letter.txt"},
		{name: "AFile", cfg: func(t *testing.T) pglite.Config {
			return pglite.Config{Dir: filepath.Join(write(t, map[string]string{"f": ""}), "f")}
		}, says: "not a directory"},
		{name: "DamagedVersion", cfg: func(t *testing.T) pglite.Config {
			return pglite.Config{Dir: write(t, map[string]string{"PG_VERSION": "\x00\x01"})}
		}, is: pglite.ErrNotPostgres, says: "PG_VERSION"},
		{name: "EmptyDataDirectory", cfg: func(t *testing.T) pglite.Config {
			return pglite.Config{Dir: write(t, map[string]string{"PG_VERSION": "18\n"})}
		}, says: "postgresql.conf"},
		{name: "UnknownScheme", cfg: func(*testing.T) pglite.Config { return pglite.Config{Dir: "idb://x"} }, says: "idb://x"},
		{name: "Cancelled", ctx: cancelled, cfg: func(*testing.T) pglite.Config { return pglite.Config{} }, is: context.Canceled},
		{name: "BadValue", cfg: func(*testing.T) pglite.Config {
			return pglite.Config{Settings: map[string]string{"work_mem": "much"}}
		}, says: `invalid value for parameter "work_mem": "much"`},
		{name: "UnknownSetting", cfg: func(*testing.T) pglite.Config {
			return pglite.Config{Settings: map[string]string{"work_memory": "4MB"}}
		}, says: `unrecognized configuration parameter "work_memory"`},
		{name: "OwnSetting", cfg: func(*testing.T) pglite.Config {
			return pglite.Config{Settings: map[string]string{"listen_addresses": "*"}}
		}, says: "listen_addresses"},
		{name: "UnknownExtension", cfg: func(*testing.T) pglite.Config {
			return pglite.Config{Extensions: []string{"nope"}}
		}, says: `creating extension nope: ERROR: extension "nope" is not available`},
		{name: "UnknownDatabase", cfg: func(*testing.T) pglite.Config {
			return pglite.Config{Database: "nope", Extensions: []string{"vector"}}
		}, says: `database "nope" does not exist`},
		{name: "LittleMemory", cfg: func(*testing.T) pglite.Config { return pglite.Config{MemoryLimit: 1 << 20} }, says: "MemoryLimit"},
		{name: "Initdb", cfg: func(*testing.T) pglite.Config {
			return pglite.Config{Init: pglite.Init{Encoding: "KLINGON"}}
		}, says: `"KLINGON" is not a valid server encoding name`},
		{name: "InitdbArgs", cfg: func(*testing.T) pglite.Config {
			return pglite.Config{Init: pglite.Init{Args: []string{"--nonsense"}}}
		}, says: "nonsense"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx := test.ctx
			if ctx == nil {
				ctx = context.Background()
			}
			db, err := pglite.OpenConfig(ctx, test.cfg(t))
			if err == nil {
				db.Close()
			}
			require.Error(t, err)
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
			require.ErrorContains(t, err, test.says)
			require.NotContains(t, err.Error(), "\n")
			require.True(t, strings.HasPrefix(err.Error(), "pglite: "), err.Error())
		})
	}
}

// Directories of other major versions are left as they are.
func TestOpenOtherVersions(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"16", "17", "19", "9.6"} {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte(version+"\n"), 0o600))
		_, err := pglite.Open(context.Background(), dir)
		var v *pglite.VersionError
		require.ErrorAs(t, err, &v)
		require.Equal(t, version, v.Found)
		entries, err := os.ReadDir(dir)
		require.NoError(t, err)
		require.Len(t, entries, 1)
	}
}

func TestOpenDamagedControlFile(t *testing.T) {
	t.Parallel()
	needGuest(t)
	dir := filepath.Join(t.TempDir(), "data")
	db, err := pglite.Open(context.Background(), dir)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	for name, damage := range map[string]func(string) error{
		"could not read file": func(path string) error { return os.Truncate(path, 100) },
		"PG_CONTROL_VERSION 0": func(path string) error {
			return os.WriteFile(path, make([]byte, 8192), 0o600)
		},
		"pg_control": func(path string) error { return os.Remove(path) },
	} {
		broken := copyDir(t, dir)
		require.NoError(t, damage(filepath.Join(broken, "global", "pg_control")))
		_, err := pglite.Open(context.Background(), broken)
		require.Error(t, err)
		require.ErrorContains(t, err, name)
	}
}

func TestNoWritePermission(t *testing.T) {
	switch {
	case os.Geteuid() == 0:
		t.Skip("permissions do not bind root")
	case runtime.GOOS == "windows":
		t.Skip("Windows has no modes")
	}
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.Mkdir(dir, 0o500))
	_, err := pglite.Open(ctx, dir)
	require.ErrorIs(t, err, fs.ErrPermission)

	needGuest(t)
	require.NoError(t, os.Chmod(dir, 0o700))
	db, err := pglite.Open(ctx, dir)
	require.NoError(t, err)
	exec(t, db, "CREATE TABLE t AS SELECT 1 AS a")
	require.NoError(t, db.Close())
	require.NoError(t, os.Chmod(dir, 0o500))
	_, err = pglite.Open(ctx, dir)
	require.ErrorContains(t, err, "Permission denied")
	require.NoError(t, os.Chmod(dir, 0o700))
	again := open(t, pglite.Config{Dir: dir})
	require.Equal(t, 1, query[int](t, again, "SELECT a FROM t"))
}

func TestMethodsAfterClose(t *testing.T) {
	t.Parallel()
	needGuest(t)
	ctx := context.Background()
	db, err := pglite.Open(ctx, pglite.Memory)
	require.NoError(t, err)
	conn, err := db.Connect(ctx)
	require.NoError(t, err)
	require.NoError(t, db.Close())
	_, err = conn.Exec(ctx, "SELECT 1")
	require.Error(t, err)
	_, err = db.Exec(ctx, "SELECT 1")
	require.ErrorIs(t, err, pglite.ErrClosed)
	_, err = db.Query(ctx, "SELECT 1")
	require.ErrorIs(t, err, pglite.ErrClosed)
	require.ErrorIs(t, db.QueryRow(ctx, "SELECT 1").Scan(nil), pglite.ErrClosed)
	_, err = db.Connect(ctx)
	require.ErrorIs(t, err, pglite.ErrClosed)
}

func TestInitCancelled(t *testing.T) {
	needGuest(t)
	ctx, cancel := context.WithCancel(context.Background())
	_, err := pglite.OpenConfig(ctx, pglite.Config{
		Init: pglite.Init{NoDataChecksums: true},
		Progress: func(what string) {
			if strings.Contains(what, "initdb") {
				cancel()
			}
		},
	})
	require.ErrorIs(t, err, context.Canceled)
}

func TestEnvironmentIsNotConsulted(t *testing.T) {
	for name, value := range map[string]string{
		"PGSERVICE": "elsewhere", "PGSERVICEFILE": "/nowhere", "PGHOST": "example.com", "PGPORT": "1", "PGUSER": "x",
		"PGDATABASE": "x", "PGAPPNAME": "x", "PGOPTIONS": "-c x=y", "PGTZ": "Mars", "PGSSLMODE": "verify-full",
	} {
		t.Setenv(name, value)
	}
	db := open(t, pglite.Config{})
	require.Equal(t, "postgres  UTC", query[string](t, db,
		"SELECT concat_ws(' ', current_user, current_setting('application_name'), current_setting('TimeZone'))"))
	pool, err := db.Pool(context.Background())
	require.NoError(t, err)
	defer pool.Close()
	require.NoError(t, pool.Ping(context.Background()))
	sqldb := db.SQL()
	defer sqldb.Close()
	require.NoError(t, sqldb.Ping())
}

func TestInitOptions(t *testing.T) {
	t.Parallel()
	for _, dir := range []string{"", filepath.Join(t.TempDir(), "data")} {
		db := open(t, pglite.Config{Dir: dir, Init: pglite.Init{
			Username: "moo", Encoding: "SQL_ASCII", LocaleProvider: "builtin", Locale: "C",
			NoDataChecksums: true, Args: []string{"--wal-segsize=1"},
		}})
		require.Equal(t, "moo", query[string](t, db, "SELECT current_user::text"))
		require.Equal(t, "SQL_ASCII", query[string](t, db, "SHOW server_encoding"))
		require.Equal(t, "off", query[string](t, db, "SHOW data_checksums"))
		require.Equal(t, "1MB", query[string](t, db, "SHOW wal_segment_size"))
		require.Equal(t, "b", query[string](t, db, "SELECT datlocprovider::text FROM pg_database WHERE datname = 'postgres'"))
	}
}

func TestICU(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{Init: pglite.Init{LocaleProvider: "icu"}})
	require.Equal(t, "i", query[string](t, db, "SELECT datlocprovider::text FROM pg_database WHERE datname = 'postgres'"))
	require.Equal(t, []string{"a", "ä", "b"}, query[[]string](t, db, "SELECT array_agg(x ORDER BY x) FROM unnest('{b,ä,a}'::text[]) x"))
}

func TestSettings(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{Settings: map[string]string{"work_mem": "7MB", "search_path": `"a b", c`}})
	require.Equal(t, "7MB", query[string](t, db, "SHOW work_mem"))
	require.Equal(t, `"a b", c`, query[string](t, db, "SHOW search_path"))
	require.Equal(t, "off", query[string](t, db, "SHOW fsync"), "there is no disk")
}

func TestDurability(t *testing.T) {
	t.Parallel()
	show := func(db *pglite.DB) (got [3]string) {
		for i, name := range []string{"fsync", "synchronous_commit", "full_page_writes"} {
			got[i] = query[string](t, db, "SELECT current_setting($1)", name)
		}
		return got
	}
	for d, want := range map[pglite.Durability][3]string{
		pglite.Full:    {"on", "on", "on"},
		pglite.Relaxed: {"on", "off", "on"},
		pglite.None:    {"off", "on", "on"},
	} {
		dir := t.TempDir()
		db, err := pglite.OpenConfig(context.Background(), pglite.Config{Dir: dir, Durability: d})
		require.NoError(t, err)
		require.Equal(t, want, show(db))
		for _, name := range []string{"fsync", "synchronous_commit"} {
			exec(t, db, "ALTER SYSTEM SET "+name+" = off")
		}
		require.NoError(t, db.Close())
		again := open(t, pglite.Config{Dir: dir, Durability: d})
		require.Equal(t, want, show(again), "whatever is in the directory")
	}
	db := open(t, pglite.Config{Dir: t.TempDir(), Settings: map[string]string{"fsync": "off"}})
	require.Equal(t, "off", query[string](t, db, "SHOW fsync"), "what is asked for in so many words")
}

// Nothing that SQL can say reaches files of the host outside the directory.
func TestNoWayOutOfTheDirectory(t *testing.T) {
	t.Parallel()
	needGuest(t)
	outside := filepath.Join(t.TempDir(), "secret")
	require.NoError(t, os.WriteFile(outside, []byte("secret"), 0o600))
	dir := filepath.Join(t.TempDir(), "data")
	db := open(t, pglite.Config{Dir: dir})
	for link, target := range map[string]string{"link": outside, "dirlink": filepath.Dir(outside)} {
		err := os.Symlink(target, filepath.Join(dir, link))
		if runtime.GOOS != "windows" { // where it needs a privilege, and other paths remain to be tried
			require.NoError(t, err)
		}
	}
	rel, err := filepath.Rel(dir, outside)
	require.NoError(t, err)
	for _, path := range []string{
		outside, "link", "dirlink/secret", rel, "/pglite/data/link", "/pglite/data/dirlink/secret",
		"/pglite/data/../../../" + outside, "base/../" + rel,
	} {
		_, err := db.Exec(context.Background(), "SELECT pg_read_file($1)", path)
		var pgErr *pgconn.PgError
		require.True(t, errors.As(err, &pgErr), "%s: %v", path, err)
		_, err = db.Exec(context.Background(), "COPY (SELECT 'changed') TO '"+path+"'")
		if err == nil {
			t.Logf("%s was written inside of the guest", path)
		}
	}
	for _, cmd := range []string{"CREATE TABLESPACE s LOCATION '" + filepath.Dir(outside) + "'"} {
		_, err := db.Exec(context.Background(), cmd)
		require.Error(t, err)
	}
	content, err := os.ReadFile(outside)
	require.NoError(t, err)
	require.Equal(t, "secret", string(content))
	require.Equal(t, 1, query[int](t, db, "SELECT 1"))
}

func TestMemoryLimit(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{MemoryLimit: 400 << 20})
	ctx := context.Background()
	conn, err := db.Connect(ctx)
	require.NoError(t, err)
	defer conn.Close(ctx)
	for range 3 {
		_, err = conn.Exec(ctx, "SELECT string_agg(repeat('x', 10000000), '') FROM generate_series(1, 60)")
		var pgErr *pgconn.PgError
		require.ErrorAs(t, err, &pgErr)
		require.Equal(t, "53200", pgErr.Code)
		var one int
		require.NoError(t, conn.QueryRow(ctx, "SELECT 1").Scan(&one))
	}
}
