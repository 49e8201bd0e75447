package pgdata_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/pglite"
)

// Pages that PostgreSQL wrote are right, and none is right at another place or
// with another byte.
func TestCheckPage(t *testing.T) {
	t.Parallel()
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	db, err := pglite.OpenConfig(ctx, pglite.Config{Dir: dir, Durability: pglite.None})
	require.NoError(t, err)
	_, err = db.Exec(ctx, "CREATE TABLE t AS SELECT g, md5(g::text) FROM generate_series(1, 1000) g")
	require.NoError(t, err)
	var path string
	require.NoError(t, db.QueryRow(ctx, "SELECT pg_relation_filepath('t')").Scan(&path))
	require.NoError(t, db.Close())

	content, err := os.ReadFile(filepath.Join(dir, path))
	require.NoError(t, err)
	require.Zero(t, len(content)%pgdata.PageSize)
	require.Greater(t, len(content), 5*pgdata.PageSize)
	checked := 0
	for at := 0; at < len(content); at += pgdata.PageSize {
		page, block := content[at:at+pgdata.PageSize], uint32(at/pgdata.PageSize)
		require.NoError(t, pgdata.CheckPage(page, block))
		if bytes.Equal(page, make([]byte, pgdata.PageSize)) {
			continue // PostgreSQL adds several pages at once, and did not need this one
		}
		checked++
		require.ErrorIs(t, pgdata.CheckPage(page, block+1), pgdata.ErrChecksum)
		for _, i := range []int{0, 8, 9, 100, pgdata.PageSize - 1} {
			page[i] ^= 1
			require.ErrorIs(t, pgdata.CheckPage(page, block), pgdata.ErrChecksum, fmt.Sprint("byte ", i))
			page[i] ^= 1
		}
	}
	require.Greater(t, checked, 5)
}

func TestCheckNewPage(t *testing.T) {
	t.Parallel()
	page := make([]byte, pgdata.PageSize)
	require.NoError(t, pgdata.CheckPage(page, 7))
	page[5000] = 1
	require.ErrorContains(t, pgdata.CheckPage(page, 7), "byte 5000 of a new page is 0x1")
	require.ErrorContains(t, pgdata.CheckPage(page[:100], 7), "a page of 100 bytes")
}
