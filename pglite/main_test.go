package pglite_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// holdEnv names the variable that makes this program one that opens the
// directory it names, says so, and keeps it open as long as its input.
const holdEnv = "CALF_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holdEnv); dir != "" {
		if err := hold(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if spec := os.Getenv(childEnv); spec != "" {
		fmt.Fprintln(os.Stderr, child(spec))
		os.Exit(1)
	}
	if name := os.Getenv(memoryEnv); name != "" {
		os.Exit(memoryChild(name))
	}
	if os.Getenv(upgradeEnv) != "" {
		os.Exit(upgradeChild())
	}
	goleak.VerifyTestMain(m, goleak.Cleanup(func(status int) {
		removeSample()
		os.Exit(status)
	}))
}

// symlink makes a symbolic link. It skips where the user may not, as mostly on
// Windows.
func symlink(tb testing.TB, target, link string) {
	tb.Helper()
	err := os.Symlink(target, link)
	if err == nil {
		_, err = os.Readlink(link)
	}
	if err != nil && runtime.GOOS == "windows" {
		tb.Skipf("no symbolic links: %v", err)
	}
	require.NoError(tb, err)
}

func hold(dir string) error {
	db, err := pglite.Open(context.Background(), dir)
	if err != nil {
		return err
	}
	fmt.Println("open")
	_, err = io.Copy(io.Discard, os.Stdin)
	return errors.Join(err, db.Close())
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
