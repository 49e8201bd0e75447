package pglitetest_test

import (
	"context"
	"os"
	"os/exec"
	"testing"

	"github.com/calfdb/calf/pglite/pglitetest"
	"github.com/stretchr/testify/require"
)

// leakers are tests that leave connections in use. They run in a child of TestLeaks, since they fail.
var leakers = map[string]struct {
	run  func(t *testing.T)
	want []string
}{
	"FatalBeforeClose": {func(t *testing.T) {
		db := pglitetest.Open(t)
		rows, err := db.Query(t.Context(), "SELECT generate_series(1, 1000) AS fatal")
		require.NoError(t, err)
		require.True(t, rows.Next())
		t.Fatal("its own message")
	}, []string{"its own message", "has left a connection in use", "AS fatal"}},
	"PanicBeforeClose": {func(t *testing.T) {
		rows, err := pglitetest.Pool(t).Query(t.Context(), "SELECT generate_series(1, 1000) AS panic")
		require.NoError(t, err)
		require.True(t, rows.Next())
		panic("its own panic")
	}, []string{"panic: its own panic", "has left a connection in use", "AS panic"}},
	"Transaction": {func(t *testing.T) {
		tx, err := pglitetest.Pool(t).Begin(t.Context())
		require.NoError(t, err)
		_, err = tx.Exec(t.Context(), "CREATE TABLE forgotten ()")
		require.NoError(t, err)
	}, []string{"has left a connection in use", "(idle in transaction)", "CREATE TABLE forgotten ()"}},
	"Row": {func(t *testing.T) {
		_ = pglitetest.Open(t).QueryRow(t.Context(), "SELECT 'a row'")
	}, []string{"has left a connection in use", "SELECT 'a row'"}},
	"Acquired": {func(t *testing.T) {
		conn, err := pglitetest.Pool(t).Acquire(t.Context())
		require.NoError(t, err)
		require.NoError(t, conn.Ping(t.Context()))
	}, []string{"has left a connection in use", "(idle)"}},
	"Running": {func(t *testing.T) {
		db := pglitetest.Open(t)
		go func() { _, _ = db.Exec(context.Background(), "SELECT pg_sleep(1000)") }()
		conn, err := db.Connect(t.Context())
		require.NoError(t, err)
		defer conn.Close(context.Background())
		for n := 0; n == 0; {
			require.NoError(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").Scan(&n))
		}
	}, []string{"has left a connection in use", "(active)", "SELECT pg_sleep(1000)"}},
}

// leakerEnv names the leaker that a child is to be.
const leakerEnv = "CALF_TEST_LEAKER"

func TestLeaker(t *testing.T) {
	name := os.Getenv(leakerEnv)
	if name == "" {
		t.Skip("TestLeaks runs it, in a child")
	}
	leakers[name].run(t)
}

// A test that leaves something in use fails with its own message, ends, and names what it is.
func TestLeaks(t *testing.T) {
	t.Parallel()
	for name, leaker := range leakers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestLeaker$", "-test.timeout=5m")
			child.Env = append(os.Environ(), leakerEnv+"="+name)
			out, err := child.CombinedOutput()
			require.Error(t, err, "it fails")
			for _, text := range leaker.want {
				require.Contains(t, string(out), text)
			}
			require.NotContains(t, string(out), "test timed out")
		})
	}
}

// What is idle is no leak, nor is what ends with the test.
func TestNoLeaks(t *testing.T) {
	t.Parallel()
	db, pool := pglitetest.Open(t), pglitetest.Pool(t)
	conn, err := db.Connect(t.Context())
	require.NoError(t, err)
	_, err = conn.Exec(t.Context(), "LISTEN news")
	require.NoError(t, err)
	other, err := db.Pool(t.Context())
	require.NoError(t, err)
	require.NoError(t, other.Ping(t.Context()))
	require.NoError(t, pool.Ping(t.Context()))
	_, err = pool.Exec(t.Context(), "SELECT 1/0")
	require.Error(t, err)
	for _, exec := range []func(context.Context, string) error{
		func(ctx context.Context, sql string) error { _, err := db.Exec(ctx, sql); return err },
		func(ctx context.Context, sql string) error { _, err := pool.Exec(ctx, sql); return err },
	} {
		go func() { _ = exec(t.Context(), "SELECT pg_sleep(1000)") }() // until the test's context ends
	}
	t.Cleanup(other.Close)
}
