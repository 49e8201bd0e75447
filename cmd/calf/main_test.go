package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// The environment variable CALF_TEST_PSQL gives the connection string of a
// PostgreSQL server. With -update, what psql prints there is written to
// testdata.
var update = flag.Bool("update", false, "write what psql prints to testdata")

// outcome is what a run of calf left.
type outcome struct {
	status         int
	stdout, stderr string
}

// calf runs calf in this process.
func calf(t *testing.T, stdin string, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	status := run(t.Context(), args, strings.NewReader(stdin), &stdout, &stderr)
	return outcome{status, stdout.String(), withoutSteps(stderr.String())}
}

var stepLine = regexp.MustCompile(`(?m)^ *\d+\.\ds  .*\n`)

// withoutSteps leaves out what calf says when a slow machine makes it wait.
func withoutSteps(stderr string) string { return stepLine.ReplaceAllString(stderr, "") }

// asProgram is a variable that makes the test binary calf.
const asProgram = "CALF_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	if sql := os.Getenv(asClient); sql != "" {
		os.Exit(client(sql))
	}
	goleak.VerifyTestMain(m)
}

// needsGuest skips a test where PostgreSQL is not installed.
func needsGuest(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts PostgreSQL")
	}
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
}

func TestUsage(t *testing.T) {
	for name, tt := range map[string]struct {
		args   []string
		status int
		says   string
	}{
		"NoCommand":      {nil, exitOK, ""},
		"Help":           {[]string{"query", "--help"}, exitOK, ""},
		"UnknownCommand": {[]string{"moo"}, exitUsage, "calf: unknown command \"moo\" (see calf --help)\n"},
		"UnknownAsset":   {[]string{"assets", "moo"}, exitUsage, "calf: unknown command \"moo\" (see calf assets --help)\n"},
		"UnknownFlag":    {[]string{"query", "--moo"}, exitUsage, "calf: unknown flag: --moo (see calf query --help)\n"},
		"TooMany":        {[]string{"query", "a", "b"}, exitUsage, "calf: accepts at most 1 arg(s), received 2 (see calf query --help)\n"},
		"TwoFormats":     {[]string{"query", "--csv", "--json", "x"}, exitUsage, "calf: --table, --csv and --json exclude each other (see calf query --help)\n"},
		"NullInJSON":     {[]string{"query", "--null", "x", "--json", "x"}, exitUsage, "calf: --null is not for --json, where NULL is null (see calf query --help)\n"},
		"NoDirectory":    {[]string{"query", "--db", "ftp://x", "x"}, exitUsage, "calf: --db \"ftp://x\" is neither a directory nor memory:// (see calf query --help)\n"},
		"NoFolder":       {[]string{"assets", "vendor"}, exitUsage, "calf: accepts 1 arg(s), received 0 (see calf assets vendor --help)\n"},
	} {
		t.Run(name, func(t *testing.T) {
			got := calf(t, "", tt.args...)
			require.Equal(t, tt.status, got.status)
			require.Equal(t, tt.says, got.stderr)
			require.Equal(t, tt.status == exitOK, got.stdout != "", got.stdout)
		})
	}
}

func TestAssetsMissing(t *testing.T) {
	t.Setenv("CALF_ASSETS", t.TempDir())
	for _, args := range [][]string{{"assets", "info"}, {"assets", "vendor", filepath.Join(t.TempDir(), "pg")}} {
		got := calf(t, "", args...)
		require.Equal(t, exitFailed, got.status)
		require.Empty(t, got.stdout)
		require.Contains(t, got.stderr, "the guest is not installed: run `calf assets install`")
		require.Equal(t, 1, strings.Count(got.stderr, "\n"), got.stderr)
	}
	got := calf(t, "", "version")
	require.Equal(t, exitOK, got.status)
	require.Contains(t, got.stdout, "not installed")
}

func TestInstallFails(t *testing.T) {
	got := calf(t, "", "assets", "install", "--dir", filepath.Join(t.TempDir(), "d"), "--from", "nowhere.tgz")
	require.Equal(t, exitFailed, got.status)
	require.Contains(t, got.stderr, "nowhere.tgz")
	require.Empty(t, got.stdout)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var stdout, stderr bytes.Buffer
	require.Equal(t, exitFailed, run(ctx, []string{"assets", "install", "--dir", filepath.Join(t.TempDir(), "d")}, strings.NewReader(""), &stdout, &stderr))
	require.Contains(t, stderr.String(), "calf: interrupted")
}

// psql returns what psql prints for a script, from testdata.
func psql(t *testing.T, name, script string) (stdout, stderr string) {
	t.Helper()
	outFile, errFile := filepath.Join("testdata", name+".out"), filepath.Join("testdata", name+".err")
	if server := os.Getenv("CALF_TEST_PSQL"); server != "" && *update {
		var out, errs bytes.Buffer
		cmd := exec.Command("psql", "-X", server)
		cmd.Env = append(os.Environ(), "PGCLIENTENCODING=UTF8", "LC_ALL=C.UTF-8")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(script), &out, &errs
		require.NoError(t, cmd.Run())
		require.NoError(t, os.WriteFile(outFile, out.Bytes(), 0o644))
		require.NoError(t, os.WriteFile(errFile, errs.Bytes(), 0o644))
	}
	for _, f := range []struct {
		name string
		text *string
	}{{outFile, &stdout}, {errFile, &stderr}} {
		b, err := os.ReadFile(f.name)
		require.NoError(t, err)
		*f.text = string(b)
	}
	return stdout, stderr
}
