package runtime_test

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/calfdb/calf/wire"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// module returns the guest, loaded once for all tests.
func module(tb testing.TB) *runtime.Module {
	tb.Helper()
	m, err := loaded()
	if errors.Is(err, assets.ErrAssetsMissing) {
		tb.Skipf("needs the guest: %v", err)
	}
	require.NoError(tb, err)
	return m
}

var loaded = sync.OnceValues(func() (*runtime.Module, error) {
	set, err := assets.Open()
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return runtime.Load(context.Background(), runtime.Config{Assets: set, CacheDir: filepath.Join(cache, "calf", "compiled")})
})

// start starts a new cluster in memory, which is shut down when the test ends.
func start(tb testing.TB, cfg runtime.ClusterConfig) *runtime.Cluster {
	tb.Helper()
	if cfg.Data == nil {
		data := vfs.NewMemory(0)
		require.NoError(tb, module(tb).CopyTemplate(context.Background(), data))
		cfg.Data = data
	}
	c, err := module(tb).Start(context.Background(), cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = c.Shutdown(context.Background()) })
	return c
}

// bothWays runs a test with memory that processes map, and with memory that
// they copy.
func bothWays(t *testing.T, test func(t *testing.T, cfg runtime.ClusterConfig)) {
	t.Parallel()
	for name, copied := range map[string]bool{"mapped": false, "copied": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, runtime.ClusterConfig{CopyMemory: copied})
		})
	}
}

// connect opens a session. The channel gets the error of Cluster.Connect when
// the session has ended.
func connect(tb testing.TB, c *runtime.Cluster) (*pgx.Conn, <-chan error) {
	tb.Helper()
	cfg, ended := dialing(tb, c)
	conn, err := pgx.ConnectConfig(context.Background(), cfg)
	require.NoError(tb, err)
	return conn, ended
}

// dialing is the configuration with which connect connects, once.
func dialing(tb testing.TB, c *runtime.Cluster) (*pgx.ConnConfig, <-chan error) {
	tb.Helper()
	ended := make(chan error, 1)
	cfg, err := pgx.ParseConfig("host=calf user=postgres database=postgres sslmode=disable")
	require.NoError(tb, err)
	cfg.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) {
		client, socket := wire.Pipe()
		go func() {
			err := c.Connect(context.Background(), socket)
			socket.Close()
			ended <- err
		}()
		return client, nil
	}
	return cfg, ended
}

func one[T any](tb testing.TB, conn *pgx.Conn, sql string, args ...any) (v T) {
	tb.Helper()
	require.NoError(tb, conn.QueryRow(context.Background(), sql, args...).Scan(&v))
	return v
}
