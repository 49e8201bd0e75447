package main

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/calfdb/calf/assets"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// writeCertificate makes a self-signed certificate that says a name, and writes it and its key to files.
func writeCertificate(t *testing.T, name, cert, key string) tls.Certificate {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, k.Public(), k)
	require.NoError(t, err)
	encoded, err := x509.MarshalPKCS8PrivateKey(k)
	require.NoError(t, err)
	write := func(path, kind string, b []byte) {
		require.NoError(t, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: b}), 0o600))
	}
	write(cert, "CERTIFICATE", der)
	write(key, "PRIVATE KEY", encoded)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}
}

// Certificates are those of the files as they were at the last reload, and rules of the directory can demand them.
func TestServeCertificates(t *testing.T) {
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	writeCertificate(t, "first", file("cert"), file("key"))
	client := writeCertificate(t, "postgres", file("ca"), file("client-key"))
	ctx, cancel := context.WithCancel(t.Context())
	out, stdout := io.Pipe()
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"serve", "--db", file("data"), "--listen", "127.0.0.1:0", "--auth", "hba",
			"--tls-cert", file("cert"), "--tls-key", file("key"), "--tls-ca", file("ca")}, strings.NewReader(""), stdout, io.Discard)
		stdout.Close()
	}()
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	host, port, err := net.SplitHostPort(strings.TrimPrefix(lines.Text(), "ready on "))
	require.NoError(t, err)
	connect := func(certificates ...tls.Certificate) (*pgx.Conn, string, error) {
		cfg, err := pgx.ParseConfig("host=" + host + " port=" + port + " user=postgres sslmode=require")
		require.NoError(t, err)
		cfg.TLSConfig.Certificates = certificates
		shown := ""
		cfg.TLSConfig.VerifyConnection = func(state tls.ConnectionState) error {
			shown = state.PeerCertificates[0].Subject.CommonName
			return nil
		}
		conn, err := pgx.ConnectConfig(ctx, cfg)
		return conn, shown, err
	}
	conn, shown, err := connect()
	require.NoError(t, err)
	require.Equal(t, "first", shown)
	reload := func() {
		var at, now time.Time
		require.NoError(t, conn.QueryRow(ctx, "SELECT pg_conf_load_time() FROM pg_reload_conf()").Scan(&at))
		for now = at; !now.After(at); {
			other, _, err := connect(client)
			require.NoError(t, err)
			require.NoError(t, other.QueryRow(ctx, "SELECT pg_conf_load_time()").Scan(&now))
			require.NoError(t, other.Close(ctx))
		}
	}
	writeCertificate(t, "second", file("cert"), file("key"))
	require.NoError(t, os.WriteFile(file("data/pg_hba.conf"), []byte("hostssl all all all cert\n"), 0o600))
	reload()
	for shown != "second" { // the files are read after the rules
		other, name, err := connect(client)
		require.NoError(t, err)
		require.NoError(t, other.Close(ctx))
		shown = name
	}
	_, _, err = connect()
	require.ErrorContains(t, err, "connection requires a valid client certificate")
	require.NoError(t, os.WriteFile(file("cert"), []byte("broken"), 0o600))
	reload()
	other, shown, err := connect(client)
	require.NoError(t, err)
	require.Equal(t, "second", shown, "what was read before stays")
	require.NoError(t, other.Close(ctx))
	require.NoError(t, conn.Close(ctx))
	cancel()
	require.Equal(t, exitOK, <-status)
}
