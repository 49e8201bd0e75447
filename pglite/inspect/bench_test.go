package inspect_test

import (
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/inspect"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/stretchr/testify/require"
)

// BenchmarkInspect inspects a directory of 1 GB, a tar of it and a tar.gz, and with and without reading every block.
func BenchmarkInspect(b *testing.B) {
	if testing.Short() {
		b.Skip("makes a directory of 1 GB")
	}
	dbtest.NeedGuest(b)
	ctx := context.Background()
	dir := filepath.Join(b.TempDir(), "data")
	db, err := pglite.OpenConfig(ctx, pglite.Config{Dir: dir, Durability: pglite.None, Settings: map[string]string{"max_wal_size": "128MB", "wal_level": "minimal", "max_wal_senders": "0"}})
	require.NoError(b, err)
	_, err = db.Exec(ctx, `CREATE TABLE large (id int, body text)`)
	require.NoError(b, err)
	// A row has 1000 bytes, a page 7 rows.
	for range 8 {
		_, err = db.Exec(ctx, `INSERT INTO large SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, 110000) g`)
		require.NoError(b, err)
	}
	require.NoError(b, db.Close())
	info, err := inspect.Path(ctx, dir, inspect.Options{})
	require.NoError(b, err)
	require.Greater(b, info.Size, int64(1_000_000_000))

	plain := filepath.Join(b.TempDir(), "data.tar")
	require.NoError(b, os.WriteFile(plain, dbtest.TarOf(b, dir, "/"), 0o600))
	packed := filepath.Join(b.TempDir(), "data.tar.gz")
	content, err := os.ReadFile(plain)
	require.NoError(b, err)
	require.NoError(b, os.WriteFile(packed, zipped(b, content, gzip.BestSpeed), 0o600))
	content = nil
	for _, path := range []string{dir, plain, packed} {
		for _, verify := range []bool{false, true} {
			name := filepath.Base(path)
			if verify {
				name += "/verify"
			}
			b.Run(name, func(b *testing.B) {
				b.SetBytes(info.Size)
				for b.Loop() {
					found, err := inspect.Path(ctx, path, inspect.Options{Verify: verify})
					require.NoError(b, err)
					require.Empty(b, found.Problems)
				}
			})
		}
	}
	// What reading alone takes.
	b.Run("read", func(b *testing.B) {
		b.SetBytes(info.Size)
		for b.Loop() {
			f, err := os.Open(plain)
			require.NoError(b, err)
			_, err = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{f}, make([]byte, 1<<20))
			require.NoError(b, err)
			require.NoError(b, f.Close())
		}
	})
}
