package manager_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/manager"
)

func openBench(b *testing.B, cfg manager.Config) *manager.Manager {
	b.Helper()
	dbtest.NeedGuest(b)
	cfg.Dir = filepath.Join(b.TempDir(), "databases")
	m, err := manager.OpenConfig(context.Background(), cfg)
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, m.Close()) })
	return m
}

// BenchmarkOpen opens a database, asks it one question, and gives it back: one
// that is open, one that was closed, and a new one.
func BenchmarkOpen(b *testing.B) {
	once := func(b *testing.B, m *manager.Manager, id string) {
		h, err := m.Open(b.Context(), id)
		require.NoError(b, err)
		require.NoError(b, h.QueryRow(b.Context(), "SELECT 1").Scan(new(int)))
		require.NoError(b, h.Close())
	}
	b.Run("open", func(b *testing.B) {
		m := openBench(b, manager.Config{})
		create(b, m, "abc")
		once(b, m, "abc")
		for b.Loop() {
			once(b, m, "abc")
		}
	})
	b.Run("closed", func(b *testing.B) {
		m := openBench(b, manager.Config{})
		create(b, m, "abc")
		once(b, m, "abc")
		for b.Loop() {
			require.NoError(b, m.CloseDatabase(b.Context(), "abc"))
			once(b, m, "abc")
		}
	})
	b.Run("evicting", func(b *testing.B) { // each is closed for the other
		m := openBench(b, manager.Config{MaxOpen: 1})
		create(b, m, "a0")
		create(b, m, "a1")
		n := 0
		for b.Loop() {
			once(b, m, fmt.Sprint("a", n%2))
			n++
		}
	})
	b.Run("new", func(b *testing.B) {
		m := openBench(b, manager.Config{})
		n := 0
		for b.Loop() {
			id := fmt.Sprint("a", n)
			create(b, m, id)
			once(b, m, id)
			n++
		}
	})
}

// BenchmarkMeta makes a message, and lists databases.
func BenchmarkMeta(b *testing.B) {
	m := openBench(b, manager.Config{})
	for n := range 100 {
		create(b, m, fmt.Sprint("a", n))
	}
	b.Run("CreateMessage", func(b *testing.B) {
		for b.Loop() {
			_, err := m.CreateMessage(b.Context(), manager.Message{DatabaseID: "a1", Role: manager.User, Content: "hello"})
			require.NoError(b, err)
		}
	})
	b.Run("Databases/100", func(b *testing.B) {
		for b.Loop() {
			list, err := m.Databases(b.Context(), false)
			require.NoError(b, err)
			require.Len(b, list, 100)
		}
	})
}

// BenchmarkMemory reports what ten open databases add to the memory of this
// process, and what is left of it when they are closed: its proportional set
// size, because they share most of what they have.
func BenchmarkMemory(b *testing.B) {
	const n = 10
	for b.Loop() {
		m := openBench(b, manager.Config{MaxOpen: n})
		for i := range n + 1 {
			create(b, m, fmt.Sprint("a", i))
		}
		exec(b, m, "a10", "SELECT 1")
		require.NoError(b, m.CloseDatabase(b.Context(), "a10"))
		before := proportional(b)
		for i := range n {
			exec(b, m, fmt.Sprint("a", i), "SELECT count(*) FROM pg_class")
		}
		b.ReportMetric(float64(before)/(1<<20), "MiB-before")
		b.ReportMetric((float64(proportional(b))-float64(before))/n/(1<<20), "MiB/database")
		for i := range n {
			require.NoError(b, m.CloseDatabase(b.Context(), fmt.Sprint("a", i)))
		}
		b.ReportMetric((float64(proportional(b))-float64(before))/(1<<20), "MiB-left")
	}
}

func proportional(b *testing.B) uint64 {
	b.Helper()
	debug.FreeOSMemory()
	rollup, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		b.Skipf("the proportional set size is not known here: %v", err)
	}
	_, rest, _ := strings.Cut(string(rollup), "\nPss:")
	kib, err := strconv.ParseUint(strings.Fields(rest)[0], 10, 64)
	require.NoError(b, err)
	return kib << 10
}
