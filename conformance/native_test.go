package conformance_test

import (
	"context"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/conformance"
)

// nativeTarget is the PostgreSQL that CALF_TEST_POSTGRES_URL names, whose user is a superuser.
func nativeTarget(t *testing.T) conformance.Target {
	t.Helper()
	url := os.Getenv("CALF_TEST_POSTGRES_URL")
	if url == "" {
		t.Skip("CALF_TEST_POSTGRES_URL is not set: no native PostgreSQL to run on")
	}
	return conformance.Target{
		Connect: func(ctx context.Context, t testing.TB, configure func(*pgx.ConnConfig)) *pgx.Conn {
			t.Helper()
			config, err := pgx.ParseConfig(url)
			require.NoError(t, err)
			if configure != nil {
				configure(config)
			}
			conn, err := pgx.ConnectConfig(ctx, config)
			require.NoError(t, err)
			return conn
		},
	}
}

func TestNative(t *testing.T) {
	conformance.Run(t, nativeTarget(t))
}

func TestNativeExtensions(t *testing.T) {
	conformance.RunExtensions(t, nativeTarget(t))
}

func TestNativeConcurrency(t *testing.T) {
	conformance.RunConcurrency(t, nativeTarget(t))
}
