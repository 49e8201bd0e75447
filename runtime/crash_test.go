package runtime_test

import (
	"context"
	"io"
	"testing"

	"github.com/calfdb/calf/runtime"
	"github.com/stretchr/testify/require"
)

// A crash of one backend ends all sessions with 57P02. The cluster recovers
// with what was committed, and without what was not.
func TestCrashRestartsTheCluster(t *testing.T) {
	bothWays(t, func(t *testing.T, cfg runtime.ClusterConfig) {
		ctx := context.Background()
		crashes := make(chan *runtime.CrashError, 1)
		cfg.OnCrash = func(e *runtime.CrashError) { crashes <- e }
		c := start(t, cfg)
		victim, victimEnded := connect(t, c)
		other, otherEnded := connect(t, c)
		_, err := other.Exec(ctx, "CREATE TABLE t AS SELECT 1 AS a")
		require.NoError(t, err)
		_, err = other.Exec(ctx, "BEGIN; INSERT INTO t VALUES (2)")
		require.NoError(t, err)

		require.NoError(t, c.Signal(victim.PgConn().PID(), runtime.SIGKILL))
		_, err = victim.Exec(ctx, "SELECT 1")
		require.Error(t, err)
		var crash *runtime.CrashError
		require.ErrorAs(t, <-victimEnded, &crash)
		require.EqualValues(t, victim.PgConn().PID(), crash.PID)
		require.Equal(t, "client backend", crash.Process)
		require.Same(t, crash, <-crashes)

		require.NoError(t, <-otherEnded, "only the crashed backend's connection reports the crash")
		said, err := io.ReadAll(other.PgConn().Conn())
		require.NoError(t, err)
		require.Contains(t, string(said), "\x00C57P02\x00")

		again, ended := connect(t, c) // waits for the recovery
		require.Equal(t, []int{1}, one[[]int](t, again, "SELECT array_agg(a) FROM t"))
		require.NoError(t, again.Close(ctx))
		require.NoError(t, <-ended)
	})
}

// The checkpointer is a process like any other.
func TestCrashOfTheCheckpointer(t *testing.T) {
	bothWays(t, func(t *testing.T, cfg runtime.ClusterConfig) {
		ctx := context.Background()
		c := start(t, cfg)
		conn, ended := connect(t, c)
		pid := one[uint32](t, conn, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")
		require.NoError(t, c.Signal(pid, runtime.SIGKILL))
		<-ended
		again, ended := connect(t, c)
		require.NotEqual(t, pid, one[uint32](t, again, "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'"))
		require.NoError(t, again.Close(ctx))
		require.NoError(t, <-ended)
	})
}
