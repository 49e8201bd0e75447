package runtime_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/stretchr/testify/require"
)

// slowDisk is a volume on which syncing the WAL waits while it is held.
type slowDisk struct {
	vfs.Volume
	gate    chan chan struct{} // asked by each sync; nil lets it pass
	held    atomic.Bool
	waiting chan struct{} // told of each sync that waits
	syncs   atomic.Int32
}

func (d *slowDisk) Open(name string, flags int, mode uint32) (vfs.Handle, error) {
	h, err := d.Volume.Open(name, flags, mode)
	if err == nil && strings.HasPrefix(name, "pg_wal/") {
		h = &slowHandle{h, d}
	}
	return h, err
}

type slowHandle struct {
	vfs.Handle
	d *slowDisk
}

func (h *slowHandle) Sync(dataOnly bool) error {
	h.d.syncs.Add(1)
	if h.d.held.Load() {
		h.d.waiting <- struct{}{}
		<-<-h.d.gate
	}
	return h.Handle.Sync(dataOnly)
}

// While a process waits for the disk, others run; and what they commit meanwhile reaches the disk together.
func TestOthersRunWhileOneWaitsForTheDisk(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	data := vfs.NewMemory(0)
	require.NoError(t, module(t).CopyTemplate(ctx, data))
	disk := &slowDisk{Volume: data, gate: make(chan chan struct{}, 100), waiting: make(chan struct{}, 100)}
	// Nobody else writes WAL: no walwriter, no autovacuum.
	c := start(t, runtime.ClusterConfig{Data: disk, NoBackground: true, Settings: map[string]string{"checkpoint_timeout": "1h"}})
	watch, _ := connect(t, c)
	_, err := watch.Exec(ctx, "CREATE TABLE t (a int)")
	require.NoError(t, err)

	const n = 10
	done := make(chan error, n)
	commit := func(i int) {
		conn, _ := connect(t, c)
		go func() {
			_, err := conn.Exec(ctx, fmt.Sprintf("INSERT INTO t VALUES (%d)", i))
			done <- err
			_ = conn.Close(ctx)
		}()
	}
	open := make(chan struct{})
	disk.held.Store(true)
	commit(0)
	<-disk.waiting
	for i := 1; i < n; i++ {
		commit(i)
	}
	// All others wait for the lock that the first one holds, and can be seen.
	for one[int](t, watch, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'WALWrite'") < n-1 {
	}
	require.Equal(t, 0, one[int](t, watch, "SELECT count(*) FROM t"), "nothing is committed before it is on the disk")
	before := disk.syncs.Load()
	disk.held.Store(false)
	close(open)
	disk.gate <- open
	for range n {
		require.NoError(t, <-done)
	}
	require.Equal(t, n, one[int](t, watch, "SELECT count(*) FROM t"))
	require.LessOrEqual(t, disk.syncs.Load()-before, int32(2), "nine commits, at most two syncs")
}

// A process that waits for a lock takes signals: a crash ends it, and the cluster restarts.
func TestCrashWhileOthersWaitForTheDisk(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	data := vfs.NewMemory(0)
	require.NoError(t, module(t).CopyTemplate(ctx, data))
	disk := &slowDisk{Volume: data, gate: make(chan chan struct{}, 100), waiting: make(chan struct{}, 100)}
	c := start(t, runtime.ClusterConfig{Data: disk, NoBackground: true, Settings: map[string]string{"checkpoint_timeout": "1h"}})
	watch, watchEnded := connect(t, c)
	_, err := watch.Exec(ctx, "CREATE TABLE t (a int)")
	require.NoError(t, err)
	disk.held.Store(true)
	var ended []<-chan error
	for range 3 {
		conn, end := connect(t, c)
		ended = append(ended, end)
		go func() { _, _ = conn.Exec(ctx, "INSERT INTO t VALUES (1)") }()
	}
	<-disk.waiting
	for one[int](t, watch, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'WALWrite'") < 2 {
	}
	disk.held.Store(false)
	require.NoError(t, c.Signal(watch.PgConn().PID(), runtime.SIGKILL))
	open := make(chan struct{})
	close(open)
	disk.gate <- open
	require.Error(t, <-watchEnded)
	for _, e := range ended {
		require.NoError(t, <-e)
	}
	again, end := connect(t, c)
	require.LessOrEqual(t, one[int](t, again, "SELECT count(*) FROM t"), 3)
	require.NoError(t, again.Close(ctx))
	require.NoError(t, <-end)
}
