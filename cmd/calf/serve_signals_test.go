//go:build unix

package main

import (
	"bufio"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// A serving is calf serve in a process of its own.
type serving struct {
	cmd  *exec.Cmd
	port string
	dir  string // where its socket is
	log  *bufio.Scanner
}

// startServing starts one on a directory.
func startServing(t *testing.T, dir string, args ...string) *serving {
	t.Helper()
	args = append([]string{"serve", "--db", filepath.Join(dir, "data"), "--listen", "127.0.0.1:0", "--socket", dir}, args...)
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	log, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		if cmd.ProcessState == nil {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
		}
	})
	s := &serving{cmd: cmd, dir: dir, log: bufio.NewScanner(log)}
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	_, s.port, err = net.SplitHostPort(strings.TrimPrefix(lines.Text(), "ready on "))
	require.NoError(t, err)
	require.True(t, lines.Scan())
	return s
}

func (s *serving) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), "user=postgres sslmode=disable host="+s.dir+" port="+s.port)
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close(context.Background()) })
	return conn
}

func (s *serving) signal(t *testing.T, signal syscall.Signal) {
	t.Helper()
	require.NoError(t, s.cmd.Process.Signal(signal))
}

// says waits until the server logs a text.
func (s *serving) says(t *testing.T, text string) {
	t.Helper()
	for s.log.Scan() {
		if strings.Contains(s.log.Text(), text) {
			return
		}
	}
	t.Fatalf("it never said %q", text)
}

// ends waits until it has ended, and returns its exit status.
func (s *serving) ends(t *testing.T) int {
	t.Helper()
	for s.log.Scan() {
	}
	_ = s.cmd.Wait()
	return s.cmd.ProcessState.ExitCode()
}

func TestServeSignals(t *testing.T) {
	needsGuest(t)
	t.Parallel()
	t.Run("Smart", func(t *testing.T) {
		t.Parallel()
		s := startServing(t, t.TempDir())
		conn := s.connect(t)
		s.signal(t, syscall.SIGTERM)
		s.says(t, "received smart shutdown request")
		_, err := conn.Exec(t.Context(), "CREATE TABLE t ()")
		require.NoError(t, err)
		require.NoError(t, conn.Close(t.Context()))
		require.Equal(t, exitOK, s.ends(t))
		require.NoFileExists(t, filepath.Join(s.dir, "data", "postmaster.pid"))
	})
	t.Run("Fast", func(t *testing.T) {
		t.Parallel()
		s := startServing(t, t.TempDir())
		conn := s.connect(t)
		s.signal(t, syscall.SIGTERM)
		s.says(t, "received smart shutdown request")
		s.signal(t, syscall.SIGINT)
		require.Equal(t, exitOK, s.ends(t))
		_, err := conn.Exec(t.Context(), "SELECT 1")
		require.Error(t, err)
		require.NoFileExists(t, filepath.Join(s.dir, "data", "postmaster.pid"))
	})
	t.Run("Immediate", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		s := startServing(t, dir)
		_, err := s.connect(t).Exec(t.Context(), "CREATE TABLE t AS SELECT 7 AS a")
		require.NoError(t, err)
		s.signal(t, syscall.SIGQUIT)
		require.Equal(t, exitOK, s.ends(t))
		require.FileExists(t, filepath.Join(dir, "data", "postmaster.pid"))
		require.NoFileExists(t, filepath.Join(dir, ".s.PGSQL."+s.port))
		s = startServing(t, dir)
		var a int
		require.NoError(t, s.connect(t).QueryRow(t.Context(), "SELECT a FROM t").Scan(&a))
		require.Equal(t, 7, a)
	})
	t.Run("Reload", func(t *testing.T) {
		t.Parallel()
		s := startServing(t, t.TempDir())
		conn := s.connect(t)
		_, err := conn.Exec(t.Context(), "ALTER SYSTEM SET work_mem = '9MB'")
		require.NoError(t, err)
		s.signal(t, syscall.SIGHUP)
		for mem := ""; mem != "9MB"; {
			require.NoError(t, conn.QueryRow(t.Context(), "SHOW work_mem").Scan(&mem))
		}
	})
}

// A socket is its server's as long as that lives, however it dies.
func TestServeSocketOfAnother(t *testing.T) {
	needsGuest(t)
	t.Parallel()
	dir := t.TempDir()
	s := startServing(t, dir)
	lock, err := os.ReadFile(filepath.Join(dir, ".s.PGSQL."+s.port+".lock"))
	require.NoError(t, err)
	require.Regexp(t, `^\d+\n`+filepath.Join(dir, "data")+`\n\d+\n`+s.port+`\n`+dir+`\n$`, string(lock))

	got := calf(t, "", "serve", "--listen", "", "--socket", dir, "-c", "port="+s.port)
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "another server listens there")
	require.NoError(t, s.connect(t).Ping(t.Context()))

	require.NoError(t, s.cmd.Process.Kill())
	require.Equal(t, -1, s.ends(t))
	require.FileExists(t, filepath.Join(dir, ".s.PGSQL."+s.port))
	again := startServing(t, dir, "-c", "port="+s.port)
	again.port = s.port
	require.NoError(t, again.connect(t).Ping(t.Context()))
}
