package crash

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/calfdb/calf/runtime/vfs/vfstest"
)

// A failed sync is a PANIC, as in PostgreSQL: whoever goes on would believe that
// something is durable that is not. The cluster recovers from its WAL, by itself.
func TestFailedSync(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, path, sql string
		process         string
	}{
		{"WAL", "pg_wal/0", "INSERT INTO t VALUES (2)", "client backend"},
		{"Table", "base/5/", "CHECKPOINT", "checkpointer"},
		{"Control", "global/pg_control", "CHECKPOINT", "checkpointer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			disk := vfstest.NewDisk(newFiles(t), vfstest.Rules{})
			faults := vfstest.NewFaults(disk)
			crashes := make(chan *runtime.CrashError, 10)
			c, err := module(t).Start(ctx, runtime.ClusterConfig{Data: faults, OnCrash: func(e *runtime.CrashError) { crashes <- e }})
			require.NoError(t, err)
			conn, err := connect(ctx, c, "postgres")
			require.NoError(t, err)
			_, err = conn.Exec(ctx, "CREATE TABLE t AS SELECT 1 AS a")
			require.NoError(t, err)

			faults.Set(vfstest.Fault{
				Ops: vfstest.Sync, Name: func(name string) bool { return strings.HasPrefix(name, test.path) },
				Times: 1, Err: vfs.EIO, Lose: true,
			})
			_, err = conn.Exec(ctx, test.sql)
			require.Error(t, err)
			require.NotNil(t, faults.First())
			crash := <-crashes
			require.Equal(t, test.process, crash.Process)
			require.Regexp(t, "PANIC:  could not (fsync|fdatasync) file", strings.Join(crash.Log, "\n"))
			_ = conn.Close(ctx)

			again, err := connect(ctx, c, "postgres")
			require.NoError(t, err)
			_, err = again.Exec(ctx, "INSERT INTO t VALUES (3)")
			require.NoError(t, err)
			got, err := list[int](ctx, again, "SELECT a FROM t WHERE a <> 2 ORDER BY a")
			require.NoError(t, err)
			require.Equal(t, []int{1, 3}, got)
			for seed := range uint64(5) {
				require.Subset(t, rowsAfterCrash(t, disk, seed), []int{1, 3})
			}
			require.NoError(t, again.Close(ctx))
			require.NoError(t, c.Shutdown(ctx))
			require.Empty(t, crashes)
		})
	}
}

// rowsAfterCrash starts a cluster on what a power cut leaves and reads t.
func rowsAfterCrash(t *testing.T, disk *vfstest.Disk, seed uint64) []int {
	t.Helper()
	ctx := context.Background()
	c, err := module(t).Start(ctx, runtime.ClusterConfig{Data: disk.Crash(seed)})
	require.NoError(t, err)
	conn, err := connect(ctx, c, "postgres")
	require.NoError(t, err)
	got, err := list[int](ctx, conn, "SELECT a FROM t ORDER BY a")
	require.NoError(t, err)
	require.NoError(t, conn.Close(ctx))
	require.NoError(t, c.Shutdown(ctx))
	return got
}

// A full disk fails statements, with SQLSTATE 53100, and not the cluster. When
// there is room again, they work.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	faults := vfstest.NewFaults(newFiles(t))
	c, err := module(t).Start(ctx, runtime.ClusterConfig{Data: faults})
	require.NoError(t, err)
	defer c.Shutdown(ctx)
	conn, err := connect(ctx, c, "postgres")
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE TABLE t (a int, pad text STORAGE EXTERNAL); INSERT INTO t VALUES (0)")
	require.NoError(t, err)
	// The WAL has room in its segments; a segment that is full is another matter.
	faults.Set(vfstest.Fault{
		Ops: vfstest.Space, Name: func(name string) bool { return strings.HasPrefix(name, "base/") }, Err: vfs.ENOSPC, Short: true,
	})
	for range 3 {
		_, err = conn.Exec(ctx, "INSERT INTO t SELECT g, repeat('x', 100000) FROM generate_series(1, 10) AS g")
		var e *pgconn.PgError
		require.ErrorAs(t, err, &e)
		require.Equal(t, "53100", e.Code)
	}
	faults.Heal()
	_, err = conn.Exec(ctx, "INSERT INTO t SELECT g, repeat('x', 100000) FROM generate_series(1, 10) AS g")
	require.NoError(t, err)
	got, err := list[int](ctx, conn, "SELECT count(*) FROM t")
	require.NoError(t, err)
	require.Equal(t, []int{11}, got)
}

// With synchronous_commit = off the WAL writer makes commits durable soon.
func TestRelaxedIsWrittenSoon(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	disk := vfstest.NewDisk(newFiles(t), vfstest.Rules{})
	c, err := module(t).Start(ctx, runtime.ClusterConfig{Data: disk, Settings: map[string]string{"synchronous_commit": "off"}})
	require.NoError(t, err)
	defer c.Shutdown(ctx)
	conn, err := connect(ctx, c, "postgres")
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE TABLE t (a int)")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "INSERT INTO t VALUES (1)")
	require.NoError(t, err)
	// Asking writes nothing.
	for flushed := false; !flushed; {
		err := conn.QueryRow(ctx, "SELECT pg_current_wal_flush_lsn() >= pg_current_wal_insert_lsn(), pg_sleep(0.01)", pgx.QueryExecModeSimpleProtocol).
			Scan(&flushed, nil)
		require.NoError(t, err, "the WAL writer does nothing")
	}
	for seed := range uint64(5) {
		require.Equal(t, []int{1}, rowsAfterCrash(t, disk, seed))
	}
}

// A new cluster is durable when it counts as made, whichever way it was.
func TestNewClusterIsDurable(t *testing.T) {
	t.Parallel()
	alone(t)
	for name, create := range map[string]func(context.Context, vfs.Volume) error{
		"Template": module(t).CopyTemplate,
		"Initdb": func(ctx context.Context, v vfs.Volume) error {
			return module(t).InitDB(ctx, v, runtime.InitConfig{Args: []string{"--wal-segsize=1"}})
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			disk := vfstest.NewDisk(vfs.NewMemory(0), vfstest.Rules{StrictNames: true})
			require.NoError(t, create(ctx, disk))
			for seed := range uint64(4) {
				files := disk.Crash(seed)
				c, err := module(t).Start(ctx, runtime.ClusterConfig{Data: files})
				require.NoError(t, err)
				conn, err := connect(ctx, c, "postgres")
				require.NoError(t, err)
				used := map[string]bool{}
				require.NoError(t, checkDatabase(ctx, conn, used))
				require.NoError(t, conn.Close(ctx))
				require.NoError(t, c.Shutdown(ctx))
				require.NoError(t, checkPages(files, used, false))
			}
		})
	}
}
