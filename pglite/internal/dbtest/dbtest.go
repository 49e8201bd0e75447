// Package dbtest is what the tests of the packages below pglite share.
package dbtest

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
)

// NeedGuest skips a test on a machine where the guest is not installed.
func NeedGuest(tb testing.TB) {
	tb.Helper()
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		tb.Skipf("needs the guest: %v", err)
	}
}

// Open opens a database that is closed when the test ends. The server log goes
// to the test's.
func Open(tb testing.TB, cfg pglite.Config) *pglite.DB {
	tb.Helper()
	NeedGuest(tb)
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelError + 1}))
	}
	db, err := pglite.OpenConfig(context.Background(), cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db
}

// Exec runs a statement.
func Exec(tb testing.TB, db *pglite.DB, sql string, args ...any) {
	tb.Helper()
	_, err := db.Exec(context.Background(), sql, args...)
	require.NoError(tb, err)
}

// Query returns the one value of a query.
func Query[T any](tb testing.TB, db *pglite.DB, sql string, args ...any) (v T) {
	tb.Helper()
	require.NoError(tb, db.QueryRow(context.Background(), sql, args...).Scan(&v))
	return v
}

// WaitFor asks until the answer is yes.
func WaitFor(tb testing.TB, db *pglite.DB, sql string) {
	tb.Helper()
	for !Query[bool](tb, db, sql) {
	}
}
