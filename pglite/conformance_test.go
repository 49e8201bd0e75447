package pglite_test

import (
	"context"
	"testing"

	"github.com/calfdb/calf/conformance"
	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// target is a database as the conformance suites see it.
func target(db *pglite.DB) conformance.Target {
	return conformance.Target{
		NoShell:            true,
		RootCollationsOnly: true,
		AllExtensions:      true,
		MemoryLimited:      true,
		Connect:            connector(func(testing.TB) *pgx.ConnConfig { return db.ConnConfig() }),
	}
}

// connector connects with a configuration.
func connector(config func(testing.TB) *pgx.ConnConfig) func(context.Context, testing.TB, func(*pgx.ConnConfig)) *pgx.Conn {
	return func(ctx context.Context, t testing.TB, configure func(*pgx.ConnConfig)) *pgx.Conn {
		t.Helper()
		cfg := config(t)
		if configure != nil {
			configure(cfg)
		}
		conn, err := pgx.ConnectConfig(ctx, cfg)
		require.NoError(t, err)
		return conn
	}
}

func TestConformance(t *testing.T) {
	t.Parallel()
	conformance.Run(t, target(open(t, pglite.Config{})))
}

func TestConformanceExtensions(t *testing.T) {
	t.Parallel()
	conformance.RunExtensions(t, target(open(t, pglite.Config{
		Settings: map[string]string{"shared_preload_libraries": "pg_stat_statements"},
	})))
}

func TestConformanceConcurrency(t *testing.T) {
	t.Parallel()
	conformance.RunConcurrency(t, target(open(t, pglite.Config{})))
}

// The same where memory cannot be mapped copy-on-write.
func TestConformanceWithCopiedMemory(t *testing.T) {
	if testing.Short() || raced {
		t.Skip("takes minutes; TestConformanceConcurrencyWithCopiedMemory has what is peculiar to it")
	}
	t.Parallel()
	conformance.Run(t, target(open(t, pglite.Config{}.WithCopiedMemory())))
}

func TestConformanceConcurrencyWithCopiedMemory(t *testing.T) {
	if raced {
		t.Skip("takes long with the race detector; TestConnectionsWithCopiedMemory does not")
	}
	t.Parallel()
	conformance.RunConcurrency(t, target(open(t, pglite.Config{}.WithCopiedMemory())))
}
