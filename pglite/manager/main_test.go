package manager_test

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"os"
	"path/filepath"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/manager"
)

func TestMain(m *testing.M) {
	if spec := os.Getenv(childEnv); spec != "" {
		os.Exit(child(spec))
	}
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		flag.Parse()
		if err := flag.Set("test.skip", "^Example"); err != nil { // they need the guest, and cannot skip themselves
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// openManager opens a manager that is closed when the test ends, in a new folder
// unless there is one.
func openManager(tb testing.TB, cfg manager.Config) *manager.Manager {
	tb.Helper()
	dbtest.NeedGuest(tb)
	if cfg.Dir == "" {
		cfg.Dir = filepath.Join(tb.TempDir(), "databases")
	}
	cfg.DB.Durability = pglite.None // what these tests kill is the program
	cfg.DB.Logger = slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelError + 1}))
	m, err := manager.OpenConfig(context.Background(), cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, m.Close()) })
	return m
}

// create makes a database of that id.
func create(tb testing.TB, m *manager.Manager, id string) manager.Database {
	tb.Helper()
	d, err := m.Create(context.Background(), manager.NewDatabase{ID: id, Name: "About " + id})
	require.NoError(tb, err)
	return d
}

// use opens a database; its handle is closed when the test ends.
func use(tb testing.TB, m *manager.Manager, id string) *manager.Handle {
	tb.Helper()
	h, err := m.Open(context.Background(), id)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = h.Close() })
	return h
}

// value runs a query that returns one value, in a use of its own.
func value[T any](tb testing.TB, m *manager.Manager, id, sql string) (v T) {
	tb.Helper()
	h, err := m.Open(context.Background(), id)
	require.NoError(tb, err)
	defer h.Close()
	require.NoError(tb, h.QueryRow(context.Background(), sql).Scan(&v))
	return v
}

func exec(tb testing.TB, m *manager.Manager, id, sql string) {
	tb.Helper()
	h, err := m.Open(context.Background(), id)
	require.NoError(tb, err)
	defer h.Close()
	_, err = h.Exec(context.Background(), sql)
	require.NoError(tb, err)
}

func ids(list []manager.Database) []string {
	names := []string{}
	for _, d := range list {
		names = append(names, d.ID)
	}
	return names
}

// names returns what a folder holds, sorted.
func names(tb testing.TB, dir string) []string {
	tb.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(tb, err)
	list := []string{}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	sort.Strings(list)
	return list
}
