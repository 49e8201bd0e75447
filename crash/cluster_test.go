package crash

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/calfdb/calf/wire"
)

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

// newFiles returns a fresh copy of a cluster that was shut down. It has the
// extension amcheck and WAL segments of 1 MB, the smallest there are, so that
// they are switched and recycled often.
func newFiles(tb testing.TB) *vfs.Memory {
	tb.Helper()
	module(tb)
	files, err := template()
	require.NoError(tb, err)
	return files.Fork()
}

var template = sync.OnceValues(func() (*vfs.Memory, error) {
	ctx := context.Background()
	m, err := loaded()
	if err != nil {
		return nil, err
	}
	files := vfs.NewMemory(0)
	if err := m.InitDB(ctx, files, runtime.InitConfig{Args: []string{"--wal-segsize=1"}}); err != nil {
		return nil, err
	}
	c, err := m.Start(ctx, runtime.ClusterConfig{Data: files})
	if err != nil {
		return nil, err
	}
	conn, err := connect(ctx, c, "postgres")
	if err == nil {
		_, err = conn.Exec(ctx, "CREATE EXTENSION amcheck; CREATE EXTENSION vector")
		err = errors.Join(err, conn.Close(ctx))
	}
	return files, errors.Join(err, c.Shutdown(ctx))
})

// connect opens a session.
func connect(ctx context.Context, c *runtime.Cluster, database string) (*pgx.Conn, error) {
	cfg, err := pgx.ParseConfig(fmt.Sprintf("host=calf user=postgres dbname=%s sslmode=disable", database))
	if err != nil {
		return nil, err
	}
	cfg.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) {
		client, socket := wire.Pipe()
		go func() {
			defer socket.Close()
			_ = c.Connect(context.Background(), socket) // the client notices
		}()
		return client, nil
	}
	return pgx.ConnectConfig(ctx, cfg)
}
