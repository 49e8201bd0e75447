package runtime_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/wire"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// pgDump returns pg_dump, loaded once for all tests.
func pgDump(tb testing.TB) *runtime.Tool {
	tb.Helper()
	tool, err := loadedPgDump()
	if errors.Is(err, assets.ErrAssetsMissing) {
		tb.Skipf("needs the guest: %v", err)
	}
	require.NoError(tb, err)
	return tool
}

var loadedPgDump = sync.OnceValues(func() (*runtime.Tool, error) {
	set, err := assets.Open()
	if err != nil {
		return nil, err
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return runtime.LoadTool(context.Background(), runtime.Config{Assets: set, CacheDir: filepath.Join(cache, "calf", "compiled")}, "pg_dump")
})

// A served is a cluster to which tools connect.
type served struct {
	*runtime.Cluster
	sessions sync.WaitGroup
}

func serve(tb testing.TB) *served {
	s := &served{Cluster: start(tb, runtime.ClusterConfig{})}
	tb.Cleanup(s.sessions.Wait)
	return s
}

// dial starts a session. Those that ended must be waited for before the test's
// end, or they would be taken for leaks.
func (s *served) dial(context.Context) (net.Conn, error) {
	client, socket := wire.Pipe()
	s.sessions.Go(func() {
		_ = s.Connect(context.Background(), socket)
		socket.Close()
	})
	return client, nil
}

var asPostgres = []string{"PGUSER=postgres", "PGDATABASE=postgres"}

func TestToolRuns(t *testing.T) {
	t.Parallel()
	tool, c := pgDump(t), serve(t)
	conn, _ := connect(t, c.Cluster)
	defer conn.Close(t.Context())
	exec(t, conn, "CREATE TABLE t AS SELECT i, repeat('ü', i) AS text FROM generate_series(1, 3) i")
	var stdout, stderr bytes.Buffer
	cfg := runtime.ToolConfig{Env: asPostgres, Stdout: &stdout, Stderr: &stderr, Dial: c.dial}
	require.NoError(t, tool.Run(t.Context(), cfg))
	require.Contains(t, stdout.String(), "\nCOPY public.t (i, text) FROM stdin;\n1\tü\n2\tüü\n3\tüüü\n\\.\n")
	require.Empty(t, stderr.String())

	stdout.Reset()
	cfg.Args = []string{"--version"}
	require.NoError(t, tool.Run(t.Context(), cfg))
	require.Regexp(t, `^pg_dump \(PostgreSQL\) 18\.\d+\n$`, stdout.String())

	stdout.Reset()
	cfg.Args = []string{"--verbose", "--schema-only", "--table=t"}
	require.NoError(t, tool.Run(t.Context(), cfg))
	require.Contains(t, stderr.String(), "pg_dump: creating TABLE \"public.t\"\n")
	require.NotContains(t, stdout.String(), "COPY")
}

// TestToolLargeRows sends what fits into no buffer.
func TestToolLargeRows(t *testing.T) {
	t.Parallel()
	tool, c := pgDump(t), serve(t)
	conn, _ := connect(t, c.Cluster)
	defer conn.Close(t.Context())
	exec(t, conn, "CREATE TABLE t AS SELECT repeat('x', n) AS text FROM unnest(ARRAY[1, 8191, 32767, 32768, 32769, 40960, 65536, 10000000, 5]) n")
	var stdout bytes.Buffer
	require.NoError(t, tool.Run(t.Context(), runtime.ToolConfig{Env: asPostgres, Stdout: &stdout, Dial: c.dial}))
	_, data, _ := strings.Cut(stdout.String(), "FROM stdin;\n")
	data, _, _ = strings.Cut(data, `\.`)
	var sizes []int
	for line := range strings.Lines(data) {
		sizes = append(sizes, len(line)-1)
	}
	require.Equal(t, []int{1, 8191, 32767, 32768, 32769, 40960, 65536, 10000000, 5}, sizes)
}

func TestToolFails(t *testing.T) {
	t.Parallel()
	tool, c := pgDump(t), serve(t)
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"NoTable":    {[]string{"-t", "nowhere"}, "no matching tables were found"},
		"NoOption":   {[]string{"--nonsense"}, "it exited with status 1: "},
		"NoDatabase": {[]string{"-d", "nowhere"}, `connection to server on socket "/tmp/.s.PGSQL.5432" failed: FATAL:  database "nowhere" does not exist`},
		"NoNetwork":  {[]string{"-h", "127.0.0.1"}, ""},
		"NoProcess":  {[]string{"-Fd", "-j2", "-f", "/tmp/d"}, "could not create communication channels: Function not implemented"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			err := tool.Run(t.Context(), runtime.ToolConfig{Args: tt.args, Env: asPostgres, Stdout: &stdout, Stderr: &stderr, Dial: c.dial})
			var failure *runtime.ToolError
			require.ErrorAs(t, err, &failure)
			require.Equal(t, 1, failure.Status)
			require.Equal(t, "pg_dump", failure.Tool)
			require.Equal(t, stderr.String(), failure.Stderr)
			require.ErrorContains(t, err, "runtime: running pg_dump: "+tt.says)
			require.Empty(t, stdout.String())
		})
	}
}

var errNo = errors.New("no")

func TestToolCannotConnect(t *testing.T) {
	t.Parallel()
	err := pgDump(t).Run(t.Context(), runtime.ToolConfig{Env: asPostgres, Dial: func(context.Context) (net.Conn, error) { return nil, errNo }})
	require.ErrorIs(t, err, errNo)
	require.EqualError(t, err, "runtime: running pg_dump: connecting to the server: no")

	err = pgDump(t).Run(t.Context(), runtime.ToolConfig{Env: asPostgres, Dial: func(context.Context) (net.Conn, error) {
		client, server := net.Pipe()
		go func() {
			_, _ = server.Read(make([]byte, 8))
			server.Close() // in the middle of the startup packet
		}()
		return client, nil
	}})
	var failure *runtime.ToolError
	require.ErrorAs(t, err, &failure)
}

type failingWriter struct{}

func (failingWriter) Write([]byte) (int, error) { return 0, errNo }

func TestToolCannotWrite(t *testing.T) {
	t.Parallel()
	tool, c := pgDump(t), serve(t)
	err := tool.Run(t.Context(), runtime.ToolConfig{Env: asPostgres, Stdout: failingWriter{}, Dial: c.dial})
	require.ErrorIs(t, err, errNo)
	require.EqualError(t, err, "runtime: running pg_dump: writing its output: no")
}

// TestToolIsCancelled cancels a run before it begins, while it waits for the
// server, and while it computes.
func TestToolIsCancelled(t *testing.T) {
	t.Parallel()
	tool, c := pgDump(t), serve(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errNo)
	err := tool.Run(ctx, runtime.ToolConfig{Env: asPostgres, Dial: c.dial})
	require.ErrorIs(t, err, errNo)

	conn, _ := connect(t, c.Cluster)
	defer conn.Close(t.Context())
	exec(t, conn, "CREATE TABLE locked (a int); BEGIN; LOCK locked")
	ctx, cancel = context.WithCancelCause(t.Context())
	said := &watcher{for_: "executing SELECT pg_catalog.set_config", do: func() { cancel(errNo) }}
	err = tool.Run(ctx, runtime.ToolConfig{Args: []string{"--verbose"}, Env: asPostgres, Stderr: said, Dial: c.dial})
	require.ErrorIs(t, err, errNo)
	exec(t, conn, "ROLLBACK")

	ctx, cancel = context.WithCancelCause(t.Context())
	server := &silent{read: func() { cancel(errNo) }}
	err = tool.Run(ctx, runtime.ToolConfig{Env: asPostgres, Dial: func(context.Context) (net.Conn, error) { return server.conn() }})
	require.ErrorIs(t, err, errNo)
}

// A watcher calls a function when a text is written.
type watcher struct {
	for_ string
	do   func()
}

func (w *watcher) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.for_) {
		w.do()
	}
	return len(p), nil
}

// A silent server takes the startup packet and says nothing.
type silent struct{ read func() }

func (s *silent) conn() (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		_, _ = server.Read(make([]byte, 4096))
		s.read()
		_, _ = io.Copy(io.Discard, server)
	}()
	return client, nil
}

func TestToolsRunInParallel(t *testing.T) {
	t.Parallel()
	tool, c := pgDump(t), serve(t)
	conn, _ := connect(t, c.Cluster)
	defer conn.Close(t.Context())
	exec(t, conn, "CREATE TABLE t AS SELECT generate_series(1, 10000) AS i")
	var outs [4]bytes.Buffer
	var wg sync.WaitGroup
	errs := make(chan error, len(outs))
	for i := range outs {
		wg.Go(func() {
			errs <- tool.Run(t.Context(), runtime.ToolConfig{Args: []string{"--restrict-key=k"}, Env: asPostgres, Stdout: &outs[i], Dial: c.dial})
		})
	}
	wg.Wait()
	for i := range outs {
		require.NoError(t, <-errs)
		require.Equal(t, outs[0].String(), outs[i].String())
	}
	require.Contains(t, outs[0].String(), "\n10000\n")
}

// TestToolKnowsEncodings compares the names that the host has with those of
// PostgreSQL: pg_dump writes the encoding of the client, which can be asked for.
func TestToolKnowsEncodings(t *testing.T) {
	t.Parallel()
	tool, c := pgDump(t), serve(t)
	conn, _ := connect(t, c.Cluster)
	defer conn.Close(t.Context())
	for i := range 42 {
		name := one[string](t, conn, "SELECT pg_encoding_to_char($1)", i)
		require.Equal(t, name, runtime.EncodingName(i), i)
	}
	require.Empty(t, one[string](t, conn, "SELECT pg_encoding_to_char(42)"))
	require.Empty(t, runtime.EncodingName(42))
	require.Empty(t, runtime.EncodingName(-1))
	exec(t, conn, "CREATE DATABASE ascii TEMPLATE template0 ENCODING SQL_ASCII LOCALE 'C'")
	var stdout bytes.Buffer
	require.NoError(t, tool.Run(t.Context(), runtime.ToolConfig{Args: []string{"ascii"}, Env: asPostgres, Stdout: &stdout, Dial: c.dial}))
	require.Contains(t, stdout.String(), "SET client_encoding = 'SQL_ASCII';")
}

func TestLoadToolFails(t *testing.T) {
	t.Parallel()
	set, err := assets.Open()
	if errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	require.NoError(t, err)
	_, err = runtime.LoadTool(t.Context(), runtime.Config{Assets: set}, "nonsense")
	require.ErrorContains(t, err, "runtime: loading nonsense: ")
	_, err = runtime.LoadTool(t.Context(), runtime.Config{Assets: set}, "initdb")
	require.ErrorContains(t, err, "runtime: loading initdb: ")
}

func exec(tb testing.TB, conn *pgx.Conn, sql string) {
	tb.Helper()
	_, err := conn.Exec(context.Background(), sql)
	require.NoError(tb, err)
}
