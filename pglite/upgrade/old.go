package upgrade

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/lazy"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/guest"
	"github.com/calfdb/calf/pglite/internal/inmemory"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/calfdb/calf/wire"
	"github.com/jackc/pgx/v5"
)

// legacies are the earlier versions of PostgreSQL that were loaded, by major
// version.
var legacies lazy.Map[string, *runtime.Legacy]

// loadLegacy returns an earlier version of PostgreSQL, loading it if need be.
func loadLegacy(ctx context.Context, major string, cfg Config) (*runtime.Legacy, error) {
	return legacies.Get(ctx, major, func() (*runtime.Legacy, error) {
		set, err := assets.OpenGroup(runtime.LegacyGroup(major))
		if err != nil {
			return nil, err
		}
		return runtime.LoadLegacy(ctx, major, guest.Config{Assets: set, CacheDir: cfg.CacheDir, Logger: cfg.Logger}.Runtime())
	})
}

// An oldServer is the cluster that is upgraded. The old version runs on an
// overlay of its directory, which is only read.
type oldServer struct {
	host    *vfs.Host
	overlay *vfs.Overlay
	cluster *runtime.LegacyCluster

	ctx      context.Context // of the sessions
	cancel   context.CancelFunc
	sessions sync.WaitGroup

	mu  sync.Mutex
	err error // the first crash
}

// openOld opens a data directory of an earlier version. What that writes goes
// to a file in the folder tmp.
func openOld(l *runtime.Legacy, dir, tmp string, log func(runtime.LogMessage)) (*oldServer, error) {
	host, err := vfs.OpenHost(dir, vfs.HostOptions{Sync: vfs.SyncNone})
	if err != nil {
		return nil, err
	}
	overlay, err := vfs.NewOverlay(host, tmp)
	if err != nil {
		return nil, errors.Join(err, host.Close())
	}
	s := &oldServer{host: host, overlay: overlay, cluster: l.Open(overlay, log)}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// close ends the session that there may be.
func (s *oldServer) close() error {
	s.cancel()
	s.sessions.Wait()
	return errors.Join(s.overlay.Close(), s.host.Close())
}

// config returns what pgx needs to connect to a database.
func (s *oldServer) config(database string) *pgx.ConnConfig {
	return inmemory.Config("postgres", database, func(context.Context, string, string) (net.Conn, error) { return s.dial(), nil })
}

func (s *oldServer) dial() net.Conn {
	conn, sock := wire.Pipe()
	s.sessions.Go(func() {
		defer sock.Close()
		if err := s.cluster.Connect(s.ctx, sock); err != nil && s.ctx.Err() == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.err == nil {
				s.err = err
			}
		}
	})
	return conn
}

// Connect connects to a database.
func (s *oldServer) Connect(ctx context.Context, database string) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, s.config(database))
	if err != nil {
		return nil, fmt.Errorf("connecting to the old database %s: %w", database, s.explain(err))
	}
	return conn, nil
}

// explain returns why a connection broke, if PostgreSQL crashed, and err
// otherwise.
func (s *oldServer) explain(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil && err != nil {
		return s.err
	}
	return err
}

// A newServer is the cluster that is made.
type newServer struct{ db *pglite.DB }

// Connect connects to a database.
func (s newServer) Connect(ctx context.Context, database string) (*pgx.Conn, error) {
	cfg := s.db.ConnConfig()
	cfg.Database = database
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connecting to the new database %s: %w", database, err)
	}
	return conn, nil
}
