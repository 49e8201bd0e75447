package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets"
)

func TestServe(t *testing.T) {
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(t.Context())
	served := make(chan error, 1)
	go func() { served <- serve(ctx, t.TempDir(), "it's secret", listener) }()

	port := listener.Addr().(*net.TCPAddr).Port
	connect := func(user, password string) (*pgx.Conn, error) {
		config, err := pgx.ParseConfig(fmt.Sprintf("host=127.0.0.1 port=%d dbname=postgres sslmode=disable", port))
		require.NoError(t, err)
		config.User, config.Password = user, password
		return pgx.ConnectConfig(t.Context(), config)
	}
	conn, err := connect("guest", "it's secret")
	require.NoError(t, err)
	var user string
	require.NoError(t, conn.QueryRow(t.Context(), "SELECT session_user").Scan(&user))
	require.Equal(t, "guest", user)
	require.NoError(t, conn.Close(t.Context()))

	_, err = connect("guest", "wrong")
	require.Equal(t, "28P01", sqlState(err))
	_, err = connect("postgres", "it's secret")
	require.Equal(t, "28000", sqlState(err))

	stop()
	require.NoError(t, <-served)
}

func sqlState(err error) string {
	if pg := (*pgconn.PgError)(nil); errors.As(err, &pg) {
		return pg.Code
	}
	return fmt.Sprint(err)
}
