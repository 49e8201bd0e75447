package dbtest

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/calfdb/calf/pglite/dump"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// NativeServer returns a native server, unless there is none.
func NativeServer(t *testing.T) *pgx.ConnConfig {
	t.Helper()
	cfg, err := NativeConfig()
	if errors.Is(err, errNoNative) {
		t.Skip(err)
	}
	require.NoError(t, err)
	return cfg
}

var errNoNative = errors.New("needs a native PostgreSQL: scripts/native-postgres starts one")

// NativeConfig says how to connect to the native server.
func NativeConfig() (*pgx.ConnConfig, error) {
	url := os.Getenv("CALF_TEST_POSTGRES_URL")
	if url == "" {
		return nil, errNoNative
	}
	return pgx.ParseConfig(url)
}

// A NativeDatabase is a database on a native server, for one test.
type NativeDatabase struct{ *pgx.ConnConfig }

// NewNativeDatabase makes one.
func NewNativeDatabase(t *testing.T, name string) NativeDatabase {
	t.Helper()
	server := NativeServer(t)
	conn, err := pgx.ConnectConfig(context.Background(), server)
	require.NoError(t, err)
	run := func(sql string) {
		_, err := conn.Exec(context.Background(), sql)
		require.NoError(t, err)
	}
	run("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)")
	run("CREATE DATABASE " + name + " TEMPLATE template0")
	t.Cleanup(func() {
		run("DROP DATABASE " + name + " WITH (FORCE)")
		require.NoError(t, conn.Close(context.Background()))
	})
	db := server.Copy()
	db.Database = name
	return NativeDatabase{db}
}

// Run runs one of PostgreSQL's programs on the database.
func (db NativeDatabase) Run(t *testing.T, program string, args ...string) []byte {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, append([]string{"-h", db.Host, "-U", db.User, "-d", db.Database}, args...)...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	require.NoError(t, err, stderr.String())
	return out
}

// Restore restores a dump with calf.
func (db NativeDatabase) Restore(t *testing.T, script []byte, cfg dump.RestoreSQLConfig) {
	t.Helper()
	conn, err := pgx.ConnectConfig(t.Context(), db.ConnConfig)
	require.NoError(t, err)
	require.NoError(t, dump.RestoreSQL(t.Context(), conn, bytes.NewReader(script), cfg))
	require.NoError(t, conn.Close(t.Context()))
}

// Dump dumps the database with calf.
func (db NativeDatabase) Dump(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, dump.SQL(t.Context(), db.ConnConfig, &out, dump.SQLConfig{}))
	return WithKey(out.String())
}

// RichRoles makes the roles of rich.sql for the time of a test.
func RichRoles(t *testing.T) {
	t.Helper()
	conn, err := pgx.ConnectConfig(context.Background(), NativeServer(t))
	require.NoError(t, err)
	run := func(sql string) {
		_, err := conn.Exec(context.Background(), sql)
		require.NoError(t, err)
	}
	drop := `DROP ROLE IF EXISTS rich_owner, "Rich ""Reader"""`
	run(drop)
	run(`CREATE ROLE rich_owner; CREATE ROLE "Rich ""Reader"""`)
	t.Cleanup(func() {
		run(drop)
		require.NoError(t, conn.Close(context.Background()))
	})
}

// CreatesRole matches the statements that make roles.
var CreatesRole = regexp.MustCompile(`(?m)^CREATE ROLE .*\n`)
