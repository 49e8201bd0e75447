package pglite_test

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// peersOf runs a benchmark on calf and, if CALF_TEST_POSTGRES_URL names one, on a native PostgreSQL.
func peersOf(b *testing.B, run func(b *testing.B, cfg *pgx.ConnConfig)) {
	b.Run("calf", func(b *testing.B) { run(b, open(b, pglite.Config{}).ConnConfig()) })
	b.Run("native", func(b *testing.B) {
		url := os.Getenv("CALF_TEST_POSTGRES_URL")
		if url == "" {
			b.Skip("CALF_TEST_POSTGRES_URL names no server")
		}
		cfg, err := pgx.ParseConfig(url)
		require.NoError(b, err)
		run(b, cfg)
	})
}

// percentiles reports the median and the 99th percentile of durations, in milliseconds.
func percentiles(b *testing.B, durations []time.Duration) {
	slices.Sort(durations)
	for name, p := range map[string]int{"p50-ms": 50, "p99-ms": 99} {
		b.ReportMetric(float64(durations[(len(durations)-1)*p/100])/1e6, name)
	}
}

// BenchmarkConnections opens a connection and closes it; the percentiles are those of opening alone.
func BenchmarkConnections(b *testing.B) {
	peersOf(b, func(b *testing.B, cfg *pgx.ConnConfig) {
		var took []time.Duration
		for b.Loop() {
			start := time.Now()
			conn, err := pgx.ConnectConfig(b.Context(), cfg)
			took = append(took, time.Since(start))
			require.NoError(b, err)
			require.NoError(b, conn.Close(b.Context()))
		}
		percentiles(b, took)
	})
}

// BenchmarkBesideComputation asks for SELECT 1 while another session computes without end.
func BenchmarkBesideComputation(b *testing.B) {
	peersOf(b, func(b *testing.B, cfg *pgx.ConnConfig) {
		conn, err := pgx.ConnectConfig(b.Context(), cfg)
		require.NoError(b, err)
		defer conn.Close(context.Background())
		other, err := pgx.ConnectConfig(b.Context(), cfg)
		require.NoError(b, err)
		defer other.Close(context.Background())
		ctx, cancel := context.WithCancel(b.Context())
		computing := make(chan struct{})
		go func() {
			defer close(computing)
			_, _ = other.Exec(ctx, "SELECT sum(i) FROM generate_series(1, 1000000000000) i")
		}()
		var took []time.Duration
		for b.Loop() {
			start := time.Now()
			_, err := conn.Exec(b.Context(), "SELECT 1")
			took = append(took, time.Since(start))
			require.NoError(b, err)
		}
		cancel()
		<-computing
		percentiles(b, took)
	})
}

// BenchmarkIdleConnections opens 200 connections that have run a query, and reports what each adds to the memory of this
// process: its proportional set size, because connections share most of their pages.
func BenchmarkIdleConnections(b *testing.B) {
	const n = 200
	for b.Loop() {
		db, err := pglite.OpenConfig(b.Context(), pglite.Config{Settings: map[string]string{"max_connections": strconv.Itoa(n + 10)}})
		require.NoError(b, err)
		require.Equal(b, 1, query[int](b, db, "SELECT 1"))
		before := proportional(b)
		conns := make([]*pgx.Conn, n)
		for i := range conns {
			conns[i], err = db.Connect(b.Context())
			require.NoError(b, err)
			_, err = conns[i].Exec(b.Context(), "SELECT count(*) FROM pg_class")
			require.NoError(b, err)
		}
		b.ReportMetric(float64(proportional(b)-before)/n/(1<<20), "MiB/conn")
		for _, c := range conns {
			require.NoError(b, c.Close(b.Context()))
		}
		require.NoError(b, db.Close())
	}
}

// proportional returns this process' proportional set size in bytes.
func proportional(b *testing.B) uint64 {
	resident(b) // frees what is garbage
	rollup, err := os.ReadFile("/proc/self/smaps_rollup")
	if err != nil {
		b.Skipf("the proportional set size is not known here: %v", err)
	}
	_, rest, _ := strings.Cut(string(rollup), "\nPss:")
	kib, err := strconv.ParseUint(strings.Fields(rest)[0], 10, 64)
	require.NoError(b, err)
	return kib << 10
}

// BenchmarkClusters computes the same in one cluster and in two at a time: on two cores they should take as long.
func BenchmarkClusters(b *testing.B) {
	for _, n := range []int{1, 2} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			dbs := make([]*pglite.DB, n)
			for i := range dbs {
				dbs[i] = open(b, pglite.Config{})
				require.Equal(b, 1, query[int](b, dbs[i], "SELECT 1"))
			}
			for b.Loop() {
				var wg sync.WaitGroup
				for _, db := range dbs {
					wg.Go(func() { query[int](b, db, "SELECT count(*) FROM generate_series(1, 1000000) i WHERE sqrt(i) > 7") })
				}
				wg.Wait()
			}
		})
	}
}
