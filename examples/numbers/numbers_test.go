package numbers

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
)

func open(b *testing.B, cfg pglite.Config) *pglite.DB {
	b.Helper()
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		b.Skipf("needs the guest: %v", err)
	}
	db, err := pglite.OpenConfig(b.Context(), cfg)
	require.NoError(b, err)
	return db
}

// BenchmarkOpen opens a database until its first query is answered, and closes it.
func BenchmarkOpen(b *testing.B) {
	require.NoError(b, open(b, pglite.Config{}).Close()) // compiles the guest
	once := func(b *testing.B, dir string) {
		db := open(b, pglite.Config{Dir: dir})
		_, err := db.Exec(b.Context(), "SELECT 1")
		require.NoError(b, err)
		require.NoError(b, db.Close())
	}
	b.Run("new/memory", func(b *testing.B) {
		for b.Loop() {
			once(b, pglite.Memory)
		}
	})
	b.Run("new/directory", func(b *testing.B) {
		parent, n := b.TempDir(), 0
		for b.Loop() {
			n++
			once(b, filepath.Join(parent, string(rune('a'+n/26%26))+string(rune('a'+n%26))))
		}
	})
	b.Run("existing/directory", func(b *testing.B) {
		dir := b.TempDir()
		once(b, dir)
		for b.Loop() {
			once(b, dir)
		}
	})
}

// A target is a PostgreSQL to measure.
type target struct {
	name    string
	connect func(context.Context) (*pgx.Conn, error)
}

// targets are calf, in memory and in a directory, and a native PostgreSQL if there is one.
func targets(b *testing.B) []target {
	b.Helper()
	memory, directory := open(b, pglite.Config{}), open(b, pglite.Config{Dir: b.TempDir()})
	b.Cleanup(func() { require.NoError(b, errors.Join(memory.Close(), directory.Close())) })
	list := []target{{"memory", memory.Connect}, {"directory", directory.Connect}}
	if url := os.Getenv("CALF_TEST_POSTGRES_URL"); url != "" {
		list = append(list, target{"native", func(ctx context.Context) (*pgx.Conn, error) { return pgx.Connect(ctx, url) }})
	}
	return list
}

// onEach measures a function of a connection on each target.
func onEach(b *testing.B, f func(context.Context, *pgx.Conn) error) {
	for _, t := range targets(b) {
		b.Run(t.name, func(b *testing.B) {
			conn, err := t.connect(b.Context())
			require.NoError(b, err)
			defer conn.Close(b.Context())
			_, err = conn.Exec(b.Context(), "CREATE TEMP TABLE fast (n int, s text); CREATE TABLE kept (n int, s text)")
			require.NoError(b, err)
			for b.Loop() {
				require.NoError(b, f(b.Context(), conn))
			}
			_, err = conn.Exec(b.Context(), "DROP TABLE kept")
			require.NoError(b, err)
		})
	}
}

// exec runs a statement, prepared once.
func exec(sql string, args ...any) func(context.Context, *pgx.Conn) error {
	return func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, sql, args...)
		return err
	}
}

// BenchmarkConnect opens and closes a connection.
func BenchmarkConnect(b *testing.B) {
	for _, t := range targets(b) {
		b.Run(t.name, func(b *testing.B) {
			for b.Loop() {
				conn, err := t.connect(b.Context())
				require.NoError(b, err)
				require.NoError(b, conn.Close(b.Context()))
			}
		})
	}
}

// BenchmarkSelect is a round trip with a prepared statement that does nothing.
func BenchmarkSelect(b *testing.B) { onEach(b, exec("SELECT $1::int", 1)) }

// BenchmarkInsertTemp is a transaction of one row that writes no WAL.
func BenchmarkInsertTemp(b *testing.B) {
	onEach(b, exec("INSERT INTO fast VALUES ($1, $2)", 1, "text"))
}

// BenchmarkInsert is a transaction of one row. A directory waits for the disk, memory does not.
func BenchmarkInsert(b *testing.B) { onEach(b, exec("INSERT INTO kept VALUES ($1, $2)", 1, "text")) }

// BenchmarkCommit is that with several clients at once, on the disk: one transaction of one row for each op. Clients that
// commit at the same time may share one wait. Both servers' directories are below /tmp, unless TMPDIR says otherwise.
func BenchmarkCommit(b *testing.B) {
	for _, t := range targets(b) {
		if t.name == "memory" {
			continue
		}
		for _, clients := range []int{1, 4} {
			b.Run(fmt.Sprintf("%s/%d", t.name, clients), func(b *testing.B) { benchmarkCommit(b, t, clients) })
		}
	}
}

func benchmarkCommit(b *testing.B, t target, clients int) {
	ctx := b.Context()
	conns := make([]*pgx.Conn, clients)
	for i := range conns {
		var err error
		conns[i], err = t.connect(ctx)
		require.NoError(b, err)
		defer conns[i].Close(ctx)
	}
	var fsync, waits string
	require.NoError(b, conns[0].QueryRow(ctx, "SELECT current_setting('fsync'), current_setting('synchronous_commit')").Scan(&fsync, &waits))
	require.Equal(b, "on on", fsync+" "+waits)
	_, err := conns[0].Exec(ctx, "CREATE TABLE kept (n int, s text)")
	require.NoError(b, err)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	errs := make([]error, clients)
	b.ResetTimer()
	for i, conn := range conns {
		wg.Go(func() {
			for errs[i] == nil && left.Add(-1) >= 0 {
				_, errs[i] = conn.Exec(ctx, "INSERT INTO kept VALUES ($1, $2)", 1, "text")
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	require.NoError(b, errors.Join(errs...))
	_, err = conns[0].Exec(ctx, "DROP TABLE kept")
	require.NoError(b, err)
}

// BenchmarkSum is arithmetic on a million numbers, without parallel workers.
func BenchmarkSum(b *testing.B) {
	onEach(b, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SELECT sum(n::bigint * n) FROM generate_series(1, 1000000) AS n")
		return err
	})
}

// BenchmarkSort sorts a hundred thousand strings.
func BenchmarkSort(b *testing.B) {
	onEach(b, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "SELECT count(*) FROM (SELECT md5(n::text) AS s FROM generate_series(1, 100000) AS n ORDER BY s OFFSET 0) AS sorted")
		return err
	})
}

// BenchmarkCopy loads ten thousand rows with COPY, in one transaction.
func BenchmarkCopy(b *testing.B) {
	onEach(b, func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.CopyFrom(ctx, pgx.Identifier{"kept"}, []string{"n", "s"},
			pgx.CopyFromSlice(10000, func(i int) ([]any, error) { return []any{i, "some text of a row"}, nil }))
		return err
	})
}
