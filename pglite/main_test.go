package pglite_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		removeSample()
		os.Exit(status)
	}))
}

// needGuest skips a test on a machine where the guest is not installed.
func needGuest(tb testing.TB) {
	tb.Helper()
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		tb.Skipf("needs the guest: %v", err)
	}
}

// open opens a database that is closed when the test ends. The server log goes
// to the test's.
func open(tb testing.TB, cfg pglite.Config) *pglite.DB {
	tb.Helper()
	needGuest(tb)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelError + 1}))
	}
	db, err := pglite.OpenConfig(context.Background(), cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db
}
