package pglite_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"math/big"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// serve serves a database until the test ends and returns the address.
func serve(t *testing.T, db *pglite.DB, network, address string, cfg pglite.ServeConfig) net.Addr {
	t.Helper()
	l, err := net.Listen(network, address)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- db.Serve(ctx, l, cfg) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-done)
	})
	return l.Addr()
}

// clientConfig returns what a client of that address needs.
func clientConfig(t testing.TB, addr net.Addr, more string) *pgx.ConnConfig {
	t.Helper()
	host, port := filepath.Dir(addr.String()), "5432"
	if addr.Network() == "tcp" {
		var err error
		host, port, err = net.SplitHostPort(addr.String())
		require.NoError(t, err)
	}
	cfg, err := pgx.ParseConfig("user=postgres database=postgres host=" + host + " port=" + port + " " + more)
	require.NoError(t, err)
	return cfg
}

func certificate(t *testing.T) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestServeTCP(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, pglite.Config{})
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{})
	conn, err := pgx.ConnectConfig(ctx, clientConfig(t, addr, "sslmode=disable"))
	require.NoError(t, err)
	defer conn.Close(ctx)
	var client string
	require.NoError(t, conn.QueryRow(ctx, "SELECT host(client_addr) FROM pg_stat_activity WHERE pid = pg_backend_pid()").Scan(&client))
	require.Equal(t, "127.0.0.1", client)
	_, err = pgx.ConnectConfig(ctx, clientConfig(t, addr, "sslmode=require"))
	require.ErrorContains(t, err, "refused TLS")
}

// A request to cancel comes on a connection of its own, with the secret that
// the backend gave to its client.
func TestServeCancel(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, pglite.Config{})
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{})
	conn, err := pgx.ConnectConfig(ctx, clientConfig(t, addr, "sslmode=disable"))
	require.NoError(t, err)
	defer conn.Close(ctx)
	started := make(chan struct{})
	go func() {
		for {
			if query[int](t, db, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") == 1 {
				break
			}
		}
		close(started)
		_ = conn.PgConn().CancelRequest(ctx)
	}()
	_, err = conn.Exec(ctx, "SELECT pg_sleep(1000)")
	<-started
	var pgErr *pgconn.PgError
	require.ErrorAs(t, err, &pgErr)
	require.Equal(t, "57014", pgErr.Code)
	var one int
	require.NoError(t, conn.QueryRow(ctx, "SELECT 1").Scan(&one))
}

const scram = `
local all all trust
host all all all scram-sha-256
`

func TestServeTLSAndSCRAM(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, pglite.Config{HBA: scram})
	exec(t, db, "CREATE ROLE alice LOGIN PASSWORD 'open sesame'")
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{
		TLS: &tls.Config{Certificates: []tls.Certificate{certificate(t)}}, RequireTLS: true,
	})
	connect := func(more string) error {
		conn, err := pgx.ConnectConfig(ctx, clientConfig(t, addr, more))
		if err != nil {
			return err
		}
		defer conn.Close(ctx)
		var user string
		if err := conn.QueryRow(ctx, "SELECT current_user").Scan(&user); err != nil {
			return err
		}
		require.Equal(t, "alice", user)
		return nil
	}
	require.NoError(t, connect("user=alice password='open sesame' sslmode=require"))
	for more, code := range map[string]string{
		"user=alice password=wrong sslmode=require":                       "28P01",
		"user=nobody password=x sslmode=require":                          "28P01",
		"user=alice password='open sesame' sslmode=disable":               "28000",
		"user=alice password='open sesame' sslmode=require database=nope": "3D000",
	} {
		var pgErr *pgconn.PgError
		require.ErrorAs(t, connect(more), &pgErr, more)
		require.Equal(t, code, pgErr.Code, more)
	}
}

// A client that asks for protocol 3.2 gets it, and a secret of the length that goes with it; one that asks for more is
// offered 3.2.
func TestServeProtocolVersions(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{})
	addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{})
	for version, keyLength := range map[string]int{"3.0": 4, "3.2": 32, "latest": 32} {
		cfg := clientConfig(t, addr, "sslmode=disable max_protocol_version="+version)
		conn, err := pgx.ConnectConfig(t.Context(), cfg)
		require.NoError(t, err, version)
		require.Len(t, conn.PgConn().SecretKey(), keyLength, version)
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for query[int](t, db, "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'") != 1 {
			}
			cancel()
		}()
		_, err = conn.Exec(ctx, "SELECT pg_sleep(1000)")
		require.ErrorIs(t, err, context.Canceled)
		require.NoError(t, conn.Close(t.Context()))
	}
}
