package schema_test

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
)

func TestMain(m *testing.M) {
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		flag.Parse()
		if err := flag.Set("test.skip", "^Example"); err != nil { // they need the guest, and cannot skip themselves
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// onEach runs a test on an empty database of calf, and on one of the native
// PostgreSQL that CALF_TEST_POSTGRES_URL names, if it does.
func onEach(t *testing.T, test func(*testing.T, *pgxpool.Pool)) {
	t.Run("calf", func(t *testing.T) {
		t.Parallel()
		test(t, calfPool(t))
	})
	t.Run("native", func(t *testing.T) {
		t.Parallel()
		test(t, nativePool(t))
	})
}

func calfPool(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		tb.Skipf("needs the guest: %v", err)
	}
	db, err := pglite.OpenConfig(context.Background(), pglite.Config{
		Logger: slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelError + 1})),
	})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	pool, err := db.Pool(context.Background())
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	return pool
}

// nativePool makes a database for the test and drops it afterwards.
func nativePool(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	url := os.Getenv("CALF_TEST_POSTGRES_URL")
	if url == "" {
		tb.Skip("CALF_TEST_POSTGRES_URL is not set: no native PostgreSQL to run on")
	}
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, url)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, admin.Close(ctx)) })
	name := "schema_" + strings.ToLower(rand.Text())
	_, err = admin.Exec(ctx, "CREATE DATABASE "+name)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		_, err := admin.Exec(ctx, "DROP DATABASE "+name)
		require.NoError(tb, err)
	})
	cfg, err := pgxpool.ParseConfig(url)
	require.NoError(tb, err)
	cfg.ConnConfig.Database = name
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	return pool
}

// exec runs one or more statements.
func exec(tb testing.TB, pool *pgxpool.Pool, sql string) {
	tb.Helper()
	_, err := pool.Exec(context.Background(), sql, pgx.QueryExecModeSimpleProtocol)
	require.NoError(tb, err)
}

// exists reports whether there is a table of that name.
func exists(tb testing.TB, pool *pgxpool.Pool, name string) bool {
	tb.Helper()
	var found bool
	require.NoError(tb, pool.QueryRow(context.Background(), "SELECT to_regclass($1) IS NOT NULL", name).Scan(&found))
	return found
}
