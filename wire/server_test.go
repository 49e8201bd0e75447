package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// served is a Server that a test runs.
type served struct {
	*Server
	cluster *scripted
	ln      net.Listener
	log     *syncBuffer
	result  chan error // what Serve returned
}

// serve runs a Server for the test at an address of that network, with the fields that set fills in.
func serve(t *testing.T, network string, set func(s *Server, c *scripted)) *served {
	t.Helper()
	address := "127.0.0.1:0"
	if network == "unix" {
		address = filepath.Join(t.TempDir(), ".s.PGSQL.5432")
	}
	return serveAt(t, listen(t, network, address), set)
}

func serveAt(t *testing.T, ln net.Listener, set func(s *Server, c *scripted)) *served {
	t.Helper()
	c, log := &scripted{}, &syncBuffer{}
	handler := slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})
	s := &served{
		Server:  &Server{Cluster: c, Logger: slog.New(handler)},
		cluster: c, ln: ln, log: log, result: make(chan error, 1),
	}
	if set != nil {
		set(s.Server, c)
	}
	go func() { s.result <- s.Serve(context.Background(), ln) }()
	t.Cleanup(func() {
		require.NoError(t, s.Shutdown(context.Background(), Immediate))
		require.NoError(t, <-s.result)
	})
	return s
}

// dial opens a bare connection to the server.
func (s *served) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial(s.ln.Addr().Network(), s.ln.Addr().String())
	require.NoError(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// connect connects a real client; options are those of a connection string.
func (s *served) connect(t *testing.T, options string) (*pgx.Conn, error) {
	t.Helper()
	where := "host=" + filepath.Dir(s.ln.Addr().String()) + " port=5432"
	if a, ok := s.ln.Addr().(*net.TCPAddr); ok {
		where = fmt.Sprintf("host=127.0.0.1 port=%d", a.Port)
	}
	cfg, err := pgx.ParseConfig(where + " user=alice database=shop default_query_exec_mode=simple_protocol " + options)
	require.NoError(t, err)
	if cfg.TLSConfig != nil {
		_, client := tlsConfigs(t)
		cfg.TLSConfig.RootCAs, cfg.TLSConfig.ServerName, cfg.TLSConfig.InsecureSkipVerify = client.RootCAs, "localhost", false
	}
	c, err := pgx.ConnectConfig(t.Context(), cfg)
	if err == nil {
		t.Cleanup(func() { c.Close(context.Background()) })
	}
	return c, err
}

// requireAlive requires that the client can talk to its backend.
func requireAlive(t *testing.T, c *pgx.Conn) {
	t.Helper()
	var one int
	require.NoError(t, c.QueryRow(t.Context(), "select 1").Scan(&one))
	require.Equal(t, 1, one)
}

// leave ends c's session and waits until its backend has hung up, which Close of a client does not.
func leave(t *testing.T, c *pgx.Conn) {
	t.Helper()
	bare, err := c.PgConn().Hijack()
	require.NoError(t, err)
	defer bare.Conn.Close()
	terminate, err := (&pgproto3.Terminate{}).Encode(nil)
	require.NoError(t, err)
	_, err = bare.Conn.Write(terminate)
	require.NoError(t, err)
	_, err = bare.Conn.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF)
}

// requireFatal requires err to be an error with that SQLSTATE that ends a session.
func requireFatal(t *testing.T, state string, err error) {
	t.Helper()
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	require.Equal(t, state, pg.Code, pg.Message)
	require.Equal(t, "FATAL", pg.Severity)
}

// requireTerminated requires that an idle session was ended by the administrator. On Windows, who writes to a connection
// that the other side has closed may lose what it has not read.
func requireTerminated(t *testing.T, c *pgx.Conn) {
	t.Helper()
	_, err := c.Exec(t.Context(), "select 1")
	if runtime.GOOS == "windows" && sqlState(err) == "" {
		require.Error(t, err)
		return
	}
	requireFatal(t, "57P01", err)
}

// receiveFatal reads such an error.
func receiveFatal(t *testing.T, r io.Reader) *pgproto3.ErrorResponse {
	t.Helper()
	m, err := pgproto3.NewFrontend(r, io.Discard).Receive()
	require.NoError(t, err)
	require.IsType(t, &pgproto3.ErrorResponse{}, m)
	return m.(*pgproto3.ErrorResponse)
}

// requireClosed requires that nothing more comes from c.
func requireClosed(t *testing.T, c net.Conn) {
	t.Helper()
	got, err := io.ReadAll(c)
	if err != nil { // closing with unread bytes resets a connection
		require.Empty(t, got)
		return
	}
	require.Empty(t, got)
}

// syncBuffer is a buffer that a Logger may write to.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestServerSession(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct{ name, network, options string }{
		{"tcp", "tcp", "sslmode=disable"},
		{"tcp, prefers TLS", "tcp", "sslmode=prefer"},
		{"unix", "unix", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, tc.network, nil)
			c, err := s.connect(t, tc.options)
			require.NoError(t, err)
			requireAlive(t, c)
			_, err = c.Exec(t.Context(), "flood")
			require.NoError(t, err)
			requireAlive(t, c)
			require.NoError(t, c.Close(t.Context()))
			require.NoError(t, s.Shutdown(t.Context(), Smart))
			log := s.log.String()
			require.Contains(t, log, `level=INFO msg="session begins"`)
			require.Contains(t, log, "user=alice database=shop tls=false")
			require.Regexp(t, `level=INFO msg="session ends" remote=\S+ pid=1 duration=\S+ received=\d+ sent=4\d{6}\n`, log)
		})
	}
}

func TestServerTLS(t *testing.T) {
	t.Parallel()
	config, _ := tlsConfigs(t)
	s := serve(t, "tcp", func(s *Server, _ *scripted) { s.TLS, s.RequireTLS = config, true })
	for _, options := range []string{
		"sslmode=require",
		"sslmode=verify-full sslrootcert=system",
		"sslmode=require sslnegotiation=direct",
	} {
		c, err := s.connect(t, options)
		require.NoError(t, err, options)
		requireAlive(t, c)
		_, err = c.Exec(t.Context(), "flood")
		require.NoError(t, err, options)
		require.NoError(t, c.Close(t.Context()))
	}
	_, err := s.connect(t, "sslmode=disable")
	requireFatal(t, "28000", err)
	require.Contains(t, s.log.String(), "tls=true")
}

func TestServerRequireTLSExemptsLocalClients(t *testing.T) {
	t.Parallel()
	config, _ := tlsConfigs(t)
	s := serve(t, "unix", func(s *Server, _ *scripted) { s.TLS, s.RequireTLS = config, true })
	c, err := s.connect(t, "")
	require.NoError(t, err)
	requireAlive(t, c)
	bare := s.dial(t)
	_, err = bare.Write(packet(negotiateSSLCode, ""))
	require.NoError(t, err)
	answer := make([]byte, 1)
	_, err = bare.Read(answer)
	require.NoError(t, err)
	require.Equal(t, "N", string(answer))
}

func TestServerCancel(t *testing.T) {
	t.Parallel()
	config, _ := tlsConfigs(t)
	s := serve(t, "tcp", func(s *Server, c *scripted) {
		s.TLS, s.MaxConnections = config, 1 // a full server takes cancel requests
		c.waiting = make(chan struct{})
	})
	for _, options := range []string{"sslmode=disable", "sslmode=require"} {
		c, err := s.connect(t, options)
		require.NoError(t, err)
		var wg sync.WaitGroup
		wg.Go(func() {
			_, err := c.Exec(t.Context(), "wait")
			var pg *pgconn.PgError
			if assert.ErrorAs(t, err, &pg) {
				assert.Equal(t, "57014", pg.Code)
			}
		})
		<-s.cluster.waiting
		require.NoError(t, c.PgConn().CancelRequest(t.Context()))
		wg.Wait()
		requireAlive(t, c)
		leave(t, c)
	}
}

func TestServerCancelOverTLS(t *testing.T) {
	t.Parallel()
	server, client := tlsConfigs(t)
	s := serve(t, "tcp", func(s *Server, c *scripted) {
		s.TLS = server
		c.waiting = make(chan struct{})
	})
	c, err := s.connect(t, "sslmode=require")
	require.NoError(t, err)
	var wg sync.WaitGroup
	wg.Go(func() {
		_, err := c.Exec(t.Context(), "wait")
		assert.Error(t, err)
	})
	<-s.cluster.waiting
	secure := upgrade(t, s.dial(t), client)
	pid := c.PgConn().PID()
	_, err = secure.Write(packet(cancelRequestCode, string([]byte{0, 0, 0, byte(pid)})+string(cancelKey(pid))))
	require.NoError(t, err)
	_, err = secure.Read(make([]byte, 1))
	require.ErrorIs(t, err, io.EOF, "a proper end of TLS")
	wg.Wait()
	requireAlive(t, c)
}

// upgrade asks for TLS on c and begins it.
func upgrade(t *testing.T, c net.Conn, config *tls.Config) *tls.Conn {
	t.Helper()
	_, err := c.Write(packet(negotiateSSLCode, ""))
	require.NoError(t, err)
	answer := make([]byte, 1)
	_, err = c.Read(answer)
	require.NoError(t, err)
	require.Equal(t, "S", string(answer))
	secure := tls.Client(c, config)
	require.NoError(t, secure.Handshake())
	return secure
}

func TestServerTooManyClients(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", func(s *Server, _ *scripted) { s.MaxConnections = 2 })
	first, err := s.connect(t, "sslmode=disable")
	require.NoError(t, err)
	_, err = s.connect(t, "sslmode=disable")
	require.NoError(t, err)
	for range 5 {
		_, err = s.connect(t, "sslmode=disable")
		requireFatal(t, "53300", err)
		require.ErrorContains(t, err, "sorry, too many clients already")
	}
	requireAlive(t, first)
	for range 20 { // a place is free as soon as a client can know
		leave(t, first)
		first, err = s.connect(t, "sslmode=disable")
		require.NoError(t, err)
	}
	require.EqualValues(t, 2, s.cluster.most.Load())
}

func TestServerManyClients(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", func(s *Server, _ *scripted) { s.MaxConnections = 20 })
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			c, err := s.connect(t, "sslmode=disable")
			if assert.NoError(t, err) {
				for range 20 {
					_, err := c.Exec(t.Context(), "select 1")
					assert.NoError(t, err)
				}
			}
		})
	}
	wg.Wait()
}

func TestServerLastWordsOfABackend(t *testing.T) {
	t.Parallel()
	s := serve(t, "tcp", nil)
	c, err := s.connect(t, "sslmode=disable")
	require.NoError(t, err)
	_, err = c.Exec(t.Context(), "die")
	requireFatal(t, "57P02", err)
}

func TestServerBackendDoesNotStart(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		err   error
		state string
		text  string
	}{
		{"of PostgreSQL", fmt.Errorf("x: %w", &pgconn.PgError{Code: "3D000", Message: "no such database"}), "3D000", "no such database"},
		{"other", errors.New("secret detail"), "58000", "could not start backend for connection"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, "tcp", func(_ *Server, c *scripted) { c.fail = tc.err })
			_, err := s.connect(t, "sslmode=disable")
			requireFatal(t, tc.state, err)
			require.ErrorContains(t, err, tc.text)
			require.NotContains(t, err.Error(), "secret")
			require.NoError(t, s.Shutdown(t.Context(), Smart))
			require.Contains(t, s.log.String(), tc.err.Error())
		})
	}
}

func TestServerValidates(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		server *Server
		want   string
	}{
		{&Server{}, "Cluster"},
		{&Server{Cluster: &scripted{}, RequireTLS: true}, "RequireTLS"},
		{&Server{Cluster: &scripted{}, MaxConnections: -1}, "MaxConnections is -1"},
		{&Server{Cluster: &scripted{}, StartupTimeout: -1}, "StartupTimeout is -1ns"},
	} {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		err = tc.server.Serve(t.Context(), ln)
		require.ErrorContains(t, err, tc.want)
		require.True(t, strings.HasPrefix(err.Error(), "wire: serving: "))
		_, err = ln.Accept()
		require.ErrorIs(t, err, net.ErrClosed)
	}
}
