package pglite_test

import (
	"context"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/runtime"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// BenchmarkColdCompile compiles the guest without a cache.
func BenchmarkColdCompile(b *testing.B) { benchmarkLoad(b, func() string { return "" }) }

// BenchmarkCachedLoad loads the guest that has been compiled before.
func BenchmarkCachedLoad(b *testing.B) {
	dir, err := runtime.DefaultCacheDir()
	require.NoError(b, err)
	benchmarkLoad(b, func() string { return dir })
}

func benchmarkLoad(b *testing.B, cache func() string) {
	needGuest(b)
	set, err := assets.Open()
	require.NoError(b, err)
	for b.Loop() {
		m, err := runtime.Load(context.Background(), runtime.Config{Assets: set, CacheDir: cache()})
		require.NoError(b, err)
		require.NoError(b, m.Close())
	}
}

// BenchmarkOpen opens a new database in memory, asks it something and closes
// it; the guest is loaded.
func BenchmarkOpen(b *testing.B) {
	needGuest(b)
	require.NoError(b, pglite.Preload(context.Background(), pglite.Config{}))
	for b.Loop() {
		db, err := pglite.Open(context.Background(), pglite.Memory)
		require.NoError(b, err)
		require.Equal(b, 1, query[int](b, db, "SELECT 1"))
		require.NoError(b, db.Close())
	}
}

// BenchmarkOpenDirectory opens an existing directory.
func BenchmarkOpenDirectory(b *testing.B) {
	dir := b.TempDir()
	for b.Loop() {
		db, err := pglite.Open(context.Background(), dir)
		require.NoError(b, err)
		require.NoError(b, db.Close())
	}
}

func benchmarkConn(b *testing.B) *pgx.Conn {
	db := open(b, pglite.Config{})
	conn, err := db.Connect(context.Background())
	require.NoError(b, err)
	b.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func BenchmarkSelect1(b *testing.B) {
	peersOf(b, func(b *testing.B, cfg *pgx.ConnConfig) {
		conn, err := pgx.ConnectConfig(b.Context(), cfg)
		require.NoError(b, err)
		defer conn.Close(context.Background())
		b.ReportAllocs()
		for b.Loop() {
			var n int
			if err := conn.QueryRow(b.Context(), "SELECT 1").Scan(&n); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// BenchmarkInsert1000 inserts 1000 rows, each in a transaction of its own.
func BenchmarkInsert1000(b *testing.B) {
	ctx := context.Background()
	conn := benchmarkConn(b)
	_, err := conn.Exec(ctx, "CREATE TABLE t (a int, b text)")
	require.NoError(b, err)
	for b.Loop() {
		for i := range 1000 {
			if _, err := conn.Exec(ctx, "INSERT INTO t VALUES ($1, $2)", i, "some text of usual length"); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkCopy copies 100 000 rows in.
func BenchmarkCopy(b *testing.B) {
	ctx := context.Background()
	conn := benchmarkConn(b)
	_, err := conn.Exec(ctx, "CREATE TABLE t (a int, b text)")
	require.NoError(b, err)
	for b.Loop() {
		n, err := conn.CopyFrom(ctx, pgx.Identifier{"t"}, []string{"a", "b"}, pgx.CopyFromSlice(100_000, func(i int) ([]any, error) {
			return []any{i, "some text of usual length"}, nil
		}))
		require.NoError(b, err)
		require.EqualValues(b, 100_000, n)
		_, err = conn.Exec(ctx, "TRUNCATE t")
		require.NoError(b, err)
	}
}

// BenchmarkScan reads 200 000 rows.
func BenchmarkScan(b *testing.B) {
	ctx := context.Background()
	conn := benchmarkConn(b)
	_, err := conn.Exec(ctx, "CREATE TABLE t AS SELECT g AS a, md5(g::text) AS b FROM generate_series(1, 200000) g")
	require.NoError(b, err)
	for b.Loop() {
		rows, err := conn.Query(ctx, "SELECT a, b FROM t")
		require.NoError(b, err)
		n := 0
		for rows.Next() {
			n++
		}
		require.NoError(b, rows.Err())
		require.Equal(b, 200_000, n)
	}
}
