package pglite_test

import (
	"context"
	"crypto/tls"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/conformance"
	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
)

// transports are the ways to a database beside [pglite.DB.Connect], which TestConformance takes.
var transports = map[string]func(t *testing.T) conformance.Target{
	"TCP": func(t *testing.T) conformance.Target {
		db := open(t, transported)
		addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{})
		return served(db, func(t testing.TB) *pgx.ConnConfig { return clientConfig(t, addr, "sslmode=disable") })
	},
	"Unix": func(t *testing.T) conformance.Target {
		db := open(t, transported)
		addr := serve(t, db, "unix", filepath.Join(t.TempDir(), ".s.PGSQL.5432"), pglite.ServeConfig{})
		return served(db, func(t testing.TB) *pgx.ConnConfig { return clientConfig(t, addr, "sslmode=disable") })
	},
	"TLS": func(t *testing.T) conformance.Target {
		cfg := transported
		cfg.HBA = scram
		db := open(t, cfg)
		exec(t, db, "ALTER ROLE postgres PASSWORD 'secret'")
		addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{
			TLS: &tls.Config{Certificates: []tls.Certificate{certificate(t)}}, RequireTLS: true,
		})
		return served(db, func(t testing.TB) *pgx.ConnConfig {
			return clientConfig(t, addr, "sslmode=require password=secret max_protocol_version=3.2")
		})
	},
	"Pool": func(t *testing.T) conformance.Target {
		db := open(t, transported)
		cfg, err := db.PoolConfig()
		require.NoError(t, err)
		cfg.MaxConns, cfg.MinConns = 20, 20
		pool, err := pgxpool.NewWithConfig(t.Context(), cfg)
		require.NoError(t, err)
		t.Cleanup(pool.Close)
		suite := target(db)
		suite.Connect = func(ctx context.Context, t testing.TB, configure func(*pgx.ConnConfig)) *pgx.Conn {
			t.Helper()
			if configure != nil { // a pool's connections are all alike
				return target(db).Connect(ctx, t, configure)
			}
			c, err := pool.Acquire(ctx)
			require.NoError(t, err)
			return c.Hijack()
		}
		return suite
	},
	"SQL": func(t *testing.T) conformance.Target {
		db := open(t, transported)
		handle := db.SQL()
		t.Cleanup(func() { require.NoError(t, handle.Close()) })
		handle.SetMaxIdleConns(0)
		suite := target(db)
		suite.Connect = func(ctx context.Context, t testing.TB, configure func(*pgx.ConnConfig)) (conn *pgx.Conn) {
			t.Helper()
			if configure != nil {
				return target(db).Connect(ctx, t, configure)
			}
			c, err := handle.Conn(ctx)
			require.NoError(t, err)
			t.Cleanup(func() { _ = c.Close() }) // it says that the suite has closed what is beneath it
			require.NoError(t, c.Raw(func(driver any) error {
				conn = driver.(*stdlib.Conn).Conn()
				return nil
			}))
			return conn
		}
		return suite
	},
}

// transported is the configuration of databases that other transports lead to. What a backend does when memory ends is the
// same with less of it, and takes less time.
var transported = pglite.Config{MemoryLimit: 1408 << 20}

// served is a database that is reached with a configuration of pgx.
func served(db *pglite.DB, config func(testing.TB) *pgx.ConnConfig) conformance.Target {
	suite := target(db)
	suite.Connect = connector(config)
	return suite
}

// The suites pass through every kind of connection.
func TestTransports(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("the suites run in memory, which is enough for a short run and with the race detector")
	}
	for name, transport := range transports {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite := transport(t)
			if name != "Pool" && name != "SQL" { // whose connections are those of TestConformance, once they are made
				conformance.Run(t, suite)
			}
			conformance.RunConcurrency(t, suite)
		})
	}
}
