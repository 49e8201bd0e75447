package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

func TestServeRefusals(t *testing.T) {
	for name, test := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"TrustElsewhere": {[]string{"--listen", "0.0.0.0:0"}, exitFailed, "use --auth scram"},
		"PlainElsewhere": {[]string{"--listen", "0.0.0.0:0", "--auth", "scram"}, exitFailed, "use --tls-cert and --tls-key"},
		"NoListener":     {[]string{"--listen", ""}, exitUsage, "nothing to listen on"},
		"Auth":           {[]string{"--auth", "guess"}, exitUsage, "trust, scram or hba"},
		"HBAPlain":       {[]string{"--listen", "0.0.0.0:0", "--auth", "hba"}, exitFailed, "use --tls-cert and --tls-key"},
		"CAAlone":        {[]string{"--tls-ca", "/nowhere"}, exitUsage, "--tls-ca needs --tls-cert"},
		"KeyMissing":     {[]string{"--tls-cert", "x"}, exitUsage, "tls-key"},
		"NoCertificate":  {[]string{"--tls-cert", "/nowhere", "--tls-key", "/nowhere"}, exitFailed, "reading the certificate"},
		"Setting":        {[]string{"-c", "work_mem"}, exitUsage, "not name=value"},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			status := run(context.Background(), append([]string{"serve"}, test.args...), strings.NewReader(""), io.Discard, &stderr)
			require.Equal(t, test.status, status)
			require.Contains(t, stderr.String(), test.says)
		})
	}
}

func TestServe(t *testing.T) {
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	dir := t.TempDir()
	manager, err := net.ListenPacket("unixgram", filepath.Join(dir, "notify"))
	require.NoError(t, err)
	defer manager.Close()
	t.Setenv("NOTIFY_SOCKET", filepath.Join(dir, "notify"))

	ctx, cancel := context.WithCancel(context.Background())
	out, stdout := io.Pipe()
	status := make(chan int, 1)
	go func() {
		status <- run(ctx, []string{"serve", "--db", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0", "--socket", dir,
			"-c", "work_mem=9MB"}, strings.NewReader(""), stdout, io.Discard)
		stdout.Close()
	}()
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	address := strings.TrimPrefix(lines.Text(), "ready on ")
	host, port, err := net.SplitHostPort(address)
	require.NoError(t, err)
	socket := filepath.Join(dir, ".s.PGSQL."+port)
	require.True(t, lines.Scan())
	require.Equal(t, "ready on "+socket, lines.Text())
	told := make([]byte, 100)
	n, _, err := manager.ReadFrom(told)
	require.NoError(t, err)
	require.Equal(t, "READY=1", string(told[:n]))

	for _, where := range []string{"host=" + host, "host=" + dir} {
		conn, err := pgx.Connect(ctx, where+" port="+port+" user=postgres sslmode=disable")
		require.NoError(t, err)
		var mem, portSetting string
		require.NoError(t, conn.QueryRow(ctx, "SELECT current_setting('work_mem'), current_setting('port')").Scan(&mem, &portSetting))
		require.Equal(t, "9MB", mem)
		require.Equal(t, port, portSetting)
		require.NoError(t, conn.Close(ctx))
	}
	info, err := os.Stat(socket)
	require.NoError(t, err)
	require.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	cancel()
	require.Equal(t, exitOK, <-status)
	require.NoFileExists(t, socket)
	require.NoFileExists(t, socket+".lock")
	require.NoFileExists(t, filepath.Join(dir, "data", "postmaster.pid"))
}
