package push_test

import (
	"bytes"
	"context"
	"io"
	osexec "os/exec"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/calfdb/calf/pglite/push"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// scale10 makes the tables of pgbench at scale 10: a million accounts.
var scale10 = strings.NewReplacer("(1, 5)", "(1, 10)", "(1, 50)", "(1, 100)", "(1, 500000)", "(1, 1000000)").Replace(dbtest.Scale5)

// BenchmarkPush moves scale 10 of pgbench, indexes and verification included. A native server takes part if there is one;
// there pg_dump | psql stands beside it, which verifies nothing. MB/s are of the text that COPY carries.
func BenchmarkPush(b *testing.B) {
	db := dbtest.Open(b, pglite.Config{Dir: b.TempDir()})
	_, err := db.Exec(b.Context(), scale10)
	require.NoError(b, err)
	var text dbtest.ByteCount
	conn, err := db.Connect(b.Context())
	require.NoError(b, err)
	_, err = conn.PgConn().CopyTo(b.Context(), &text, "COPY pgbench_accounts TO STDOUT")
	require.NoError(b, err)
	require.NoError(b, conn.Close(b.Context()))

	bench := func(name string, fresh func(b *testing.B) *pgx.ConnConfig, move func(b *testing.B, to *pgx.ConnConfig)) {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(text))
			for range b.N {
				b.StopTimer()
				to := fresh(b)
				b.StartTimer()
				move(b, to)
			}
		})
	}
	push := func(from *pgx.ConnConfig) func(*testing.B, *pgx.ConnConfig) {
		return func(b *testing.B, to *pgx.ConnConfig) {
			_, err := push.Run(b.Context(), from, to, push.Config{})
			require.NoError(b, err)
		}
	}
	calf := func(b *testing.B) *pgx.ConnConfig {
		return dbtest.Open(b, pglite.Config{Dir: b.TempDir()}).ConnConfig()
	}
	bench("CalfToCalf", calf, push(db.ConnConfig()))

	server, err := dbtest.NativeConfig()
	if err != nil {
		b.Skip(err)
	}
	native := func(b *testing.B) *pgx.ConnConfig { return emptyNative(b, server, "calf_bench_to") }
	bench("CalfToNative", native, push(db.ConnConfig()))
	source := emptyNative(b, server, "calf_bench_from")
	push(db.ConnConfig())(b, source)
	bench("NativeToNative", native, push(source))
	bench("NativeDumpToPsql", native, func(b *testing.B, to *pgx.ConnConfig) {
		args := func(c *pgx.ConnConfig) []string { return []string{"-h", c.Host, "-U", c.User, "-d", c.Database} }
		dump := osexec.CommandContext(b.Context(), "pg_dump", args(source)...)
		psql := osexec.CommandContext(b.Context(), "psql", append(args(to), "-X", "-q", "-v", "ON_ERROR_STOP=1")...)
		var errs bytes.Buffer
		dump.Stderr, psql.Stderr = &errs, &errs
		psql.Stdin, err = dump.StdoutPipe()
		require.NoError(b, err)
		require.NoError(b, dump.Start())
		require.NoError(b, psql.Run(), errs.String())
		require.NoError(b, dump.Wait(), errs.String())
	})
	bench("NativeDumpAlone", native, func(b *testing.B, _ *pgx.ConnConfig) {
		dump := osexec.CommandContext(b.Context(), "pg_dump", "-h", source.Host, "-U", source.User, "-d", source.Database)
		dump.Stdout = io.Discard
		require.NoError(b, dump.Run())
	})
}

// emptyNative makes a new database on a native server.
func emptyNative(b *testing.B, server *pgx.ConnConfig, name string) *pgx.ConnConfig {
	b.Helper()
	conn, err := pgx.ConnectConfig(context.Background(), server)
	require.NoError(b, err)
	for _, sql := range []string{"DROP DATABASE IF EXISTS " + name + " WITH (FORCE)", "CREATE DATABASE " + name + " TEMPLATE template0"} {
		_, err := conn.Exec(context.Background(), sql)
		require.NoError(b, err)
	}
	require.NoError(b, conn.Close(context.Background()))
	db := server.Copy()
	db.Database = name
	return db
}
