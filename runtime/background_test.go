package runtime_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/calfdb/calf/runtime"
	"github.com/stretchr/testify/require"
)

// Much WAL makes a checkpoint, as max_wal_size says.
func TestWALSizeMakesCheckpoints(t *testing.T) {
	bothWays(t, func(t *testing.T, cfg runtime.ClusterConfig) {
		ctx := context.Background()
		cfg.Settings = map[string]string{"max_wal_size": "64MB", "min_wal_size": "32MB", "fsync": "off"}
		c := start(t, cfg)
		conn, _ := connect(t, c)
		defer conn.Close(ctx)
		_, err := conn.Exec(ctx, "CREATE TABLE t (b text)")
		require.NoError(t, err)
		requested := "SELECT num_requested FROM pg_stat_checkpointer"
		before := one[int](t, conn, requested)
		for i := 0; one[int](t, conn, requested) == before; i++ {
			require.Less(t, i, 50, "no checkpoint after 50 times 16 MB of WAL")
			_, err := conn.Exec(ctx, "INSERT INTO t SELECT repeat(md5(g::text), 32) FROM generate_series(1, 16384) g")
			require.NoError(t, err)
			_, err = conn.Exec(ctx, "SELECT pg_stat_clear_snapshot(), pg_sleep(0.02)")
			require.NoError(t, err)
		}
	})
}

// Dynamic shared memory, which has to be mapped when the main segment has no
// room for it, is one memory for all processes: here that of the statistics.
func TestDynamicSharedMemory(t *testing.T) {
	bothWays(t, func(t *testing.T, cfg runtime.ClusterConfig) {
		ctx := context.Background()
		cfg.Settings = map[string]string{
			"min_dynamic_shared_memory": "0", "autovacuum": "off", "fsync": "off", "max_locks_per_transaction": "1000",
		}
		c := start(t, cfg)
		writer, _ := connect(t, c)
		defer writer.Close(ctx)
		const tables = 1500
		_, err := writer.Exec(ctx, fmt.Sprintf(`DO $$ BEGIN FOR i IN 1..%d LOOP
			EXECUTE format('CREATE TABLE t%%s (a int); INSERT INTO t%%s VALUES (1), (2)', i, i);
		END LOOP; END $$`, tables))
		require.NoError(t, err)
		_, err = writer.Exec(ctx, "SELECT pg_stat_force_next_flush()")
		require.NoError(t, err)
		reader, _ := connect(t, c)
		defer reader.Close(ctx)
		require.Equal(t, tables*2, one[int](t, reader, "SELECT sum(n_tup_ins) FROM pg_stat_user_tables"))
	})
}

func TestReload(t *testing.T) {
	bothWays(t, func(t *testing.T, cfg runtime.ClusterConfig) {
		ctx := context.Background()
		c := start(t, cfg)
		conn, _ := connect(t, c)
		defer conn.Close(ctx)
		other, _ := connect(t, c)
		defer other.Close(ctx)
		_, err := conn.Exec(ctx, "ALTER SYSTEM SET work_mem = '5MB'")
		require.NoError(t, err)
		require.True(t, one[bool](t, conn, "SELECT pg_reload_conf()"))
		for i := 0; one[string](t, other, "SHOW work_mem") != "5MB"; i++ {
			require.Less(t, i, 1000)
			_, err := conn.Exec(ctx, "SELECT pg_sleep(0.01)")
			require.NoError(t, err)
		}
		again, _ := connect(t, c)
		defer again.Close(ctx)
		require.Equal(t, "5MB", one[string](t, again, "SHOW work_mem"), "a new backend starts from the image, and must know too")
	})
}

func TestBackgroundProcesses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	kinds := "SELECT array_agg(backend_type ORDER BY backend_type COLLATE \"C\") FROM pg_stat_activity"
	for noBackground, want := range map[bool][]string{
		false: {"autovacuum launcher", "background writer", "checkpointer", "client backend", "walwriter"},
		true:  {"checkpointer", "client backend"},
	} {
		c := start(t, runtime.ClusterConfig{NoBackground: noBackground})
		conn, _ := connect(t, c)
		require.Equal(t, want, one[[]string](t, conn, kinds))
		require.NoError(t, conn.Close(ctx))
	}
}

// Processes beside the backends come and go with their settings, and come back when somebody ends them.
func TestBackgroundProcessesFollowSettings(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	c := start(t, runtime.ClusterConfig{})
	conn, _ := connect(t, c)
	defer conn.Close(ctx)
	running := func(kind string, want int) {
		t.Helper()
		for one[int](t, conn, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = '"+kind+"'") != want {
			_, err := conn.Exec(ctx, "SELECT pg_stat_clear_snapshot(), pg_sleep(0.01)")
			require.NoError(t, err)
		}
	}
	for _, step := range []struct {
		sql, kind string
		want      int
	}{
		{"ALTER SYSTEM SET autovacuum = off", "autovacuum launcher", 0},
		{"ALTER SYSTEM SET autovacuum = on", "autovacuum launcher", 1},
		{"ALTER SYSTEM SET summarize_wal = on", "walsummarizer", 1},
		{"ALTER SYSTEM SET summarize_wal = off", "walsummarizer", 0},
	} {
		_, err := conn.Exec(ctx, step.sql)
		require.NoError(t, err)
		require.NoError(t, c.Reload(ctx))
		running(step.kind, step.want)
	}
	was := one[int](t, conn, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'autovacuum launcher'")
	require.True(t, one[bool](t, conn, fmt.Sprintf("SELECT pg_terminate_backend(%d, 60000)", was)))
	running("autovacuum launcher", 1)
	require.NotEqual(t, was, one[int](t, conn, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'autovacuum launcher'"))
}

// Autovacuum runs in workers of its own.
func TestAutovacuum(t *testing.T) {
	bothWays(t, func(t *testing.T, cfg runtime.ClusterConfig) {
		ctx := context.Background()
		cfg.Settings = map[string]string{"autovacuum_naptime": "1s", "fsync": "off"}
		c := start(t, cfg)
		conn, _ := connect(t, c)
		defer conn.Close(ctx)
		_, err := conn.Exec(ctx, "CREATE TABLE t AS SELECT g FROM generate_series(1, 10000) g; DELETE FROM t")
		require.NoError(t, err)
		for i := 0; one[int](t, conn, "SELECT autovacuum_count FROM pg_stat_user_tables WHERE relname = 't'") == 0; i++ {
			require.Less(t, i, 1200)
			_, err := conn.Exec(ctx, "SELECT pg_stat_clear_snapshot(), pg_sleep(0.05)")
			require.NoError(t, err)
		}
	})
}
