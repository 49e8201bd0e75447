package pglite_test

import (
	"context"
	"errors"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
)

// resident returns the memory that this process has, without garbage, in bytes.
func resident(tb testing.TB) uint64 {
	tb.Helper()
	debug.FreeOSMemory()
	n, err := residentSize()
	if errors.Is(err, errors.ErrUnsupported) {
		tb.Skipf("resident memory is not known here: %v", err)
	}
	require.NoError(tb, err)
	return n
}

// Opening and closing leaves nothing behind. The test runs alone: it measures
// the whole process.
func TestOpenCloseCycles(t *testing.T) {
	needGuest(t)
	cycles := 200
	if testing.Short() || raced {
		cycles = 30
	}
	ctx := context.Background()
	var tenth uint64
	for i := range cycles {
		db, err := pglite.Open(ctx, pglite.Memory)
		require.NoError(t, err)
		require.Equal(t, 1, query[int](t, db, "SELECT 1"))
		require.NoError(t, db.Close())
		if i+1 == 10 {
			tenth = resident(t)
		}
	}
	last := resident(t)
	t.Logf("resident after 10 cycles %d MB, after %d cycles %d MB", tenth>>20, cycles, last>>20)
	require.Less(t, last, tenth+tenth/10)
}

// So do connections.
func TestConnectCycles(t *testing.T) {
	ctx := context.Background()
	cycles := 10_000
	if testing.Short() || raced {
		cycles = 300
	}
	db := open(t, pglite.Config{})
	// settle waits until the last backends have ended.
	settle := func() {
		for query[int](t, db, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'") > 1 {
			exec(t, db, "SELECT pg_sleep(0.001)")
		}
	}
	goroutines := 0
	var early uint64
	for i := range cycles {
		conn, err := db.Connect(ctx)
		require.NoError(t, err)
		require.NoError(t, conn.Close(ctx))
		if i+1 == 100 {
			settle()
			goroutines = runtime.NumGoroutine()
			early = resident(t)
		}
	}
	settle()
	require.Eventually(t, func() bool { return runtime.NumGoroutine() <= goroutines+5 }, time.Minute, time.Millisecond)
	last := resident(t)
	t.Logf("resident after 100 connections %d MB, after %d %d MB", early>>20, cycles, last>>20)
	require.Less(t, last, early+early/10)
}
