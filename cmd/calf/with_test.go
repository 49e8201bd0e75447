//go:build unix

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRun(t *testing.T) {
	needsGuest(t)
	t.Setenv("PGHOSTADDR", "192.0.2.1") // of which the command hears nothing
	t.Setenv("PGSSLMODE", "verify-full")
	do := func(t *testing.T, sql string, flags ...string) outcome {
		t.Helper()
		return calf(t, "", append(append([]string{"run"}, flags...), "--", "env", asClient+"="+sql, os.Args[0])...)
	}
	t.Run("Memory", func(t *testing.T) {
		require.Equal(t, outcome{status: 7, stdout: "postgres postgres\n"}, do(t, "SELECT current_user"))
		require.Equal(t, outcome{status: 7, stdout: "3MB 3MB\n"}, do(t, "SHOW work_mem", "-c", "work_mem=3MB"))
		require.Equal(t, outcome{status: 7, stdout: "t t\n"}, do(t, "SELECT CASE WHEN current_setting('port') = inet_server_port()::text THEN 't' END"))
	})
	t.Run("Password", func(t *testing.T) {
		got := calf(t, "", "run", "--", "env", "PGPASSWORD=wrong", "DATABASE_URL=", asClient+"=SELECT 1", os.Args[0])
		require.Equal(t, outcome{status: 7, stdout: "28P01 28P01\n"}, got)
	})
	t.Run("Directory", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "data")
		do(t, "CREATE TABLE IF NOT EXISTS t (a int)", "--db", dir)
		require.Equal(t, outcome{status: 7, stdout: "t t\n"}, do(t, "SELECT 't'::regclass", "--db", dir))
		require.Equal(t, outcome{status: 7, stdout: "true true\n"}, do(t, "SELECT (rolpassword IS NULL)::text FROM pg_authid WHERE rolname = 'postgres'", "--db", dir))
	})
	t.Run("Input", func(t *testing.T) {
		require.Equal(t, outcome{stdout: "given\n"}, calf(t, "given\n", "run", "cat"))
	})
}

func TestRunStatus(t *testing.T) {
	needsGuest(t)
	t.Parallel()
	plain := filepath.Join(t.TempDir(), "plain")
	require.NoError(t, os.WriteFile(plain, nil, 0o600))
	for name, tt := range map[string]struct {
		command []string
		status  int
		says    string
	}{
		"Zero":       {[]string{"true"}, 0, ""},
		"Its":        {[]string{"sh", "-c", "exit 42"}, 42, ""},
		"Signal":     {[]string{"sh", "-c", "kill -KILL $$"}, 128 + 9, ""},
		"NotFound":   {[]string{"calf-has-no-such-command"}, 127, "calf-has-no-such-command"},
		"NoProgram":  {[]string{plain}, 126, plain},
		"NoCommand":  {nil, exitUsage, "requires at least 1 arg"},
		"ItsOwnFlag": {[]string{"sh", "-c", "exit 3", "--db"}, 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := calf(t, "", append([]string{"run"}, tt.command...)...)
			require.Equal(t, tt.status, got.status, got.stderr)
			require.Contains(t, got.stderr, tt.says)
			require.Equal(t, tt.says == "", got.stderr == "", got.stderr)
		})
	}
	got := calf(t, "", "run", "-c", "moo", "true")
	require.Equal(t, exitUsage, got.status)
	require.Contains(t, got.stderr, "-c moo is not name=value")
}

// Signals reach the command, whose status is calf's, and the database is shut down.
func TestRunSignals(t *testing.T) {
	needsGuest(t)
	t.Parallel()
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			cmd := exec.CommandContext(t.Context(), os.Args[0], "run", "--db", dir, "--", "sh", "-c",
				fmt.Sprintf("trap 'echo caught; exit 5' %d; echo ready; while :; do sleep 0.01; done", s))
			cmd.Env = append(os.Environ(), asProgram+"=1")
			out, err := cmd.StdoutPipe()
			require.NoError(t, err)
			require.NoError(t, cmd.Start())
			lines := bufio.NewScanner(out)
			require.True(t, lines.Scan())
			require.Equal(t, "ready", lines.Text())
			require.NoError(t, cmd.Process.Signal(s))
			require.True(t, lines.Scan())
			require.Equal(t, "caught", lines.Text())
			require.False(t, lines.Scan())
			_ = cmd.Wait()
			require.Equal(t, 5, cmd.ProcessState.ExitCode())
			require.Contains(t, calf(t, "", "inspect", dir).stdout, "shut down")
		})
	}
}
