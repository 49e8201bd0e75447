package pglite_test

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
)

func TestCapabilities(t *testing.T) {
	t.Parallel()
	mapped := slices.Contains([]string{"linux", "darwin", "windows"}, runtime.GOOS)
	compiled := slices.Contains([]string{"amd64", "arm64"}, runtime.GOARCH)
	db := open(t, pglite.Config{})
	require.Equal(t, pglite.Capabilities{CopyOnWrite: mapped, Compiler: compiled}, db.Capabilities())
	if mapped {
		require.Equal(t, "128MB", query[string](t, db, "SHOW shared_buffers"))
	}
	copied := open(t, pglite.Config{}.WithCopiedMemory())
	require.Equal(t, pglite.Capabilities{CopyOnWrite: false, Compiler: compiled}, copied.Capabilities())
	require.Equal(t, "8MB", query[string](t, copied, "SHOW shared_buffers"))
	own := open(t, pglite.Config{Settings: map[string]string{"shared_buffers": "16MB"}}.WithCopiedMemory())
	require.Equal(t, "16MB", query[string](t, own, "SHOW shared_buffers"), "what is configured counts")
}

// Connections share one database also where each process has a copy of shared
// memory.
func TestConnectionsWithCopiedMemory(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, pglite.Config{Dir: t.TempDir()}.WithCopiedMemory())
	exec(t, db, "CREATE TABLE counter AS SELECT 0 AS n")
	const clients, each = 4, 25
	var wg sync.WaitGroup
	for range clients {
		conn, err := db.Connect(ctx)
		require.NoError(t, err)
		wg.Go(func() {
			defer conn.Close(ctx)
			for range each {
				if _, err := conn.Exec(ctx, "UPDATE counter SET n = n + 1"); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	require.Equal(t, clients*each, query[int](t, db, "SELECT n FROM counter"))
	exec(t, db, "CHECKPOINT")
	var kinds []string
	rows, err := db.Query(ctx, "SELECT backend_type FROM pg_stat_activity WHERE backend_type <> 'client backend'")
	require.NoError(t, err)
	for rows.Next() {
		var kind string
		require.NoError(t, rows.Scan(&kind))
		kinds = append(kinds, kind)
	}
	require.NoError(t, rows.Err())
	slices.Sort(kinds)
	require.Equal(t, []string{"autovacuum launcher", "background writer", "checkpointer", "walwriter"}, kinds)
}
