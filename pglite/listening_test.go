package pglite_test

import (
	"crypto/tls"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// What a session sees of where clients come from.
func TestListening(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db := open(t, pglite.Config{Dir: dir})
	shows := func() string {
		conn, err := db.Connect(t.Context()) // a new session
		require.NoError(t, err)
		defer conn.Close(t.Context())
		var s string
		require.NoError(t, conn.QueryRow(t.Context(), `SELECT concat_ws('|', current_setting('listen_addresses'), current_setting('port'),
			current_setting('unix_socket_directories'), current_setting('ssl'))`).Scan(&s))
		return s
	}
	file := func() []string {
		b, err := os.ReadFile(filepath.Join(dir, "postmaster.pid"))
		require.NoError(t, err)
		return strings.Split(string(b), "\n")
	}
	require.Equal(t, "|5432||off", shows())
	require.Equal(t, []string{strconv.Itoa(os.Getpid()), "/pglite/data"}, file()[:2])
	require.Equal(t, "ready   ", file()[7])
	t.Run("Served", func(t *testing.T) {
		socket := t.TempDir()
		serve(t, db, "unix", filepath.Join(socket, ".s.PGSQL.6543"), pglite.ServeConfig{})
		for shows() != "|6543|"+socket+"|off" { // Serve has begun
		}
		addr := serve(t, db, "tcp", "127.0.0.1:0", pglite.ServeConfig{TLS: &tls.Config{Certificates: []tls.Certificate{certificate(t)}}})
		conn, err := pgx.ConnectConfig(t.Context(), clientConfig(t, addr, "sslmode=require"))
		require.NoError(t, err)
		defer conn.Close(t.Context())
		_, port, _ := strings.Cut(addr.String(), ":")
		require.Equal(t, "127.0.0.1|"+port+"|"+socket+"|on", shows())
		require.Equal(t, []string{port, socket, "127.0.0.1"}, file()[3:6])
		require.NoError(t, db.Reload(t.Context()))
		require.Equal(t, "127.0.0.1|"+port+"|"+socket+"|on", shows())
	})
	require.Equal(t, "|5432||off", shows())
}

// What nobody would do is refused, in words.
func TestOpenRefusesSettings(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	require.NoError(t, open(t, pglite.Config{Dir: dir}).Close())
	for _, tt := range []struct{ name, file, line, says string }{
		{"Standby", "standby.signal", "", "the directory is a standby's"},
		{"Archive", "postgresql.conf", "archive_mode = on", `archive_mode is "on", but there are no programs`},
		{"PIDFile", "postgresql.conf", "external_pid_file = '/tmp/calf.pid'", "the guest's file system is not the host's"},
		{"SSL", "postgresql.conf", "ssl = on", "contains errors; SSL is not supported by this build"},
		{"Rules", "pg_hba.conf", "local all all gss", `invalid authentication method "gss": not supported by this build`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := copyDir(t, dir)
			f, err := os.OpenFile(filepath.Join(dir, tt.file), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			require.NoError(t, err)
			_, err = f.WriteString(tt.line + "\n")
			require.NoError(t, err)
			require.NoError(t, f.Close())
			_, err = pglite.Open(t.Context(), dir)
			require.ErrorContains(t, err, tt.says)
		})
	}
}

// What calf sets itself does not count in a file, and pg_settings says so.
func TestOwnSettingsInFiles(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{})
	for name, value := range map[string]string{
		"log_destination": "syslog", "logging_collector": "on", "listen_addresses": "*", "huge_pages": "try",
	} {
		exec(t, db, "ALTER SYSTEM SET "+name+" = '"+value+"'")
	}
	require.NoError(t, db.Reload(t.Context()))
	require.Equal(t, "huge_pages=off|listen_addresses=|log_destination=stderr|logging_collector=off", query[string](t, db,
		`SELECT string_agg(name || '=' || setting, '|' ORDER BY name) FROM pg_settings WHERE source = 'command line'
			AND name IN ('log_destination', 'logging_collector', 'listen_addresses', 'huge_pages')`))
	require.Equal(t, "off", query[string](t, db, "SHOW huge_pages_status"))
}
