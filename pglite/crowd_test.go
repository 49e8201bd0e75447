package pglite_test

import (
	"context"
	"io"
	"net"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// crowded is a database with few places, some of which are reserved.
var crowded = pglite.Config{Settings: map[string]string{
	"max_connections": "8", "superuser_reserved_connections": "2", "reserved_connections": "1",
}}

// requireSQLState requires an error of PostgreSQL.
func requireSQLState(t *testing.T, code string, err error) {
	t.Helper()
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Equal(t, code, pgErr.Code, pgErr.Message)
}

// silence opens connections to an address that say nothing.
func silence(t *testing.T, addr net.Addr, n int) {
	t.Helper()
	for range n {
		c, err := net.Dial(addr.Network(), addr.String())
		require.NoError(t, err)
		t.Cleanup(func() { c.Close() })
	}
}

// Places are given to sessions as PostgreSQL gives them, whoever else is connected; who is one too many is told at once.
func TestServeCrowd(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := open(t, crowded)
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{})
	admin, err := db.Connect(ctx)
	require.NoError(t, err)
	defer admin.Close(ctx)
	_, err = admin.Exec(ctx, "CREATE ROLE alice LOGIN; CREATE ROLE bob LOGIN IN ROLE pg_use_reserved_connections")
	require.NoError(t, err)
	silence(t, addr, 1100)

	connect := func(cfg *pgx.ConnConfig, user string) (*pgx.Conn, error) {
		cfg.User = user
		conn, err := pgx.ConnectConfig(ctx, cfg)
		if err == nil {
			t.Cleanup(func() { conn.Close(context.Background()) })
		}
		return conn, err
	}
	network := func() *pgx.ConnConfig { return clientConfig(t, addr, "sslmode=disable") }
	var last *pgx.Conn
	for _, step := range []struct {
		user    string
		places  int
		refusal string
	}{
		{"alice", 4, `remaining connection slots are reserved for roles with privileges of the "pg_use_reserved_connections" role`},
		{"bob", 1, "remaining connection slots are reserved for roles with the SUPERUSER attribute"},
		{"postgres", 2, "sorry, too many clients already"},
	} {
		for range step.places {
			last, err = connect(network(), step.user)
			require.NoError(t, err, step.user)
		}
		for name, cfg := range map[string]*pgx.ConnConfig{"network": network(), "memory": db.ConnConfig()} {
			_, err = connect(cfg, step.user)
			requireSQLState(t, "53300", err)
			require.ErrorContains(t, err, step.refusal, name)
		}
	}

	// However many come and say nothing, a statement can be cancelled.
	for range 20 {
		c, err := db.ConnConfig().DialFunc(ctx, "", "")
		require.NoError(t, err)
		defer c.Close()
	}
	for name, conn := range map[string]*pgx.Conn{"network": last, "memory": admin} {
		ended := make(chan error, 1)
		go func() {
			_, err := conn.Exec(ctx, "SELECT pg_sleep(1000)")
			ended <- err
		}()
		observer := admin
		if conn == admin {
			observer = last
		}
		for sleeping := false; !sleeping; {
			require.NoError(t, observer.QueryRow(ctx,
				"SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep'").Scan(&sleeping))
		}
		require.NoError(t, conn.PgConn().CancelRequest(ctx), name)
		requireSQLState(t, "57014", <-ended)
	}

	// A place is free when its client knows that its session has ended.
	bare, err := last.PgConn().Hijack()
	require.NoError(t, err)
	_, err = bare.Conn.Write([]byte{'X', 0, 0, 0, 4})
	require.NoError(t, err)
	_, err = bare.Conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
	bare.Conn.Close()
	_, err = connect(network(), "postgres")
	require.NoError(t, err)
}

// A server's own limit leaves places of the database for the program.
func TestServeMaxConnections(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db := open(t, crowded)
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{MaxConnections: 1})
	conn, err := pgx.ConnectConfig(ctx, clientConfig(t, addr, "sslmode=disable"))
	require.NoError(t, err)
	defer conn.Close(ctx)
	_, err = pgx.ConnectConfig(ctx, clientConfig(t, addr, "sslmode=disable"))
	requireSQLState(t, "53300", err)
	require.Equal(t, 1, query[int](t, db, "SELECT 1"))
}

// A client that does not begin a session is hung up on after authentication_timeout, as of the latest reload.
func TestServeAuthenticationTimeout(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{})
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{})
	exec(t, db, "ALTER SYSTEM SET authentication_timeout = '1s'")
	exec(t, db, "SELECT pg_reload_conf()")
	for query[string](t, db, "SHOW authentication_timeout") != "1s" {
	}
	c, err := net.Dial("tcp", addr.String())
	require.NoError(t, err)
	defer c.Close()
	_, err = c.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}
