package driver_test

import (
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/driver"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/pgvector/pgvector-go"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a data source, and closes it when the test is over.
func open(t *testing.T, name string) *sql.DB {
	t.Helper()
	dbtest.NeedGuest(t)
	db, err := sql.Open(driver.Name, name)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func exec(t *testing.T, db *sql.DB, statement string) {
	t.Helper()
	_, err := db.ExecContext(t.Context(), statement)
	require.NoError(t, err)
}

func one(t *testing.T, db *sql.DB, query string) (value string) {
	t.Helper()
	require.NoError(t, db.QueryRowContext(t.Context(), query).Scan(&value))
	return value
}

func TestMemory(t *testing.T) {
	t.Parallel()
	a, b := open(t, pglite.Memory), open(t, pglite.Memory)
	exec(t, a, "CREATE TABLE t AS SELECT 1 AS n")
	require.Equal(t, "1", one(t, a, "SELECT n FROM t"))
	require.Equal(t, "", one(t, b, "SELECT coalesce(to_regclass('t')::text, '')"), "each has its own")
}

// All who open a directory share an engine, by whatever path; the last one closes it.
func TestShared(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	dir, link := filepath.Join(root, "data"), filepath.Join(root, "link")
	if err := os.Symlink(root, link); runtime.GOOS == "windows" && err != nil {
		link = root // not everybody may make links there
	} else {
		require.NoError(t, err)
	}
	a := open(t, dir)
	b := open(t, filepath.Join(link, "data"))
	var all sync.WaitGroup
	for _, db := range []*sql.DB{a, b} {
		all.Go(func() { require.NoError(t, db.Ping()) })
	}
	all.Wait()
	exec(t, a, "CREATE TABLE t AS SELECT 1 AS n")
	require.Equal(t, "1", one(t, b, "SELECT n FROM t"))
	require.NoError(t, a.Close())
	require.Equal(t, "1", one(t, b, "SELECT n FROM t"))
	require.NoError(t, b.Close())

	// Now nobody has it.
	db, err := pglite.Open(t.Context(), dir)
	require.NoError(t, err)
	_, err = open(t, dir).ExecContext(t.Context(), "SELECT 1")
	require.ErrorContains(t, err, "in use")
	require.NoError(t, db.Close())
	require.Equal(t, "1", one(t, open(t, dir), "SELECT n FROM t"))
}

func TestOptions(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "100%25 sure%3F")
	db := open(t, dir+"?search_path=app&statement_timeout=5s&application_name=a%20b")
	exec(t, db, "CREATE ROLE alice LOGIN")
	exec(t, db, "CREATE DATABASE wonderland")
	require.Equal(t, "app/5s/a b", one(t, db, "SELECT concat_ws('/', current_setting('search_path'), current_setting('statement_timeout'), current_setting('application_name'))"))
	alice := open(t, dir+"?user=alice&database=wonderland&durability=full")
	require.Equal(t, "alice wonderland", one(t, alice, "SELECT current_user || ' ' || current_database()"))
	require.ErrorContains(t, open(t, dir+"?durability=relaxed").Ping(), "another durability")
	require.DirExists(t, strings.NewReplacer("%25", "%", "%3F", "?").Replace(dir))

	refused := (*pgconn.PgError)(nil)
	require.ErrorAs(t, open(t, dir+"?moo=1").Ping(), &refused)
	require.Equal(t, "42704", refused.Code)
}

func TestBadNames(t *testing.T) {
	t.Parallel()
	for name, says := range map[string]string{
		"":                         "neither a directory nor memory://",
		"?user=x":                  "neither a directory nor memory://",
		"postgres://localhost/app": "neither a directory nor memory://",
		"d?durability=maybe":       "durability must be full, relaxed or none",
		"d?user=a&user=b":          "says user more than once",
		"d?%zz":                    "invalid URL escape",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := sql.Open(driver.Name, name)
			require.ErrorContains(t, err, says)
		})
	}
}

func TestTypes(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Memory)
	exec(t, db, "CREATE EXTENSION vector")
	var v pgvector.Vector
	require.NoError(t, db.QueryRowContext(t.Context(), "SELECT $1::vector", pgvector.NewVector([]float32{1, 2})).Scan(&v))
	require.Equal(t, []float32{1, 2}, v.Slice())
}

// A driver that is used without sql.DB closes the database with the connection.
func TestLoneConnection(t *testing.T) {
	t.Parallel()
	dbtest.NeedGuest(t)
	dir := filepath.Join(t.TempDir(), "data")
	conn, err := driver.Driver{}.Open(dir)
	require.NoError(t, err)
	require.NoError(t, conn.Close())
	require.NoError(t, open(t, dir).Ping())
}

// Who gives up opening has opened nothing, and nobody else is kept from it.
func TestGivenUp(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db := open(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, db.PingContext(ctx), context.Canceled)
	require.NoError(t, db.Ping())
}
