// Package peers runs JavaScript with the releases of PGlite that tests exchange data directories with.
package peers

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Dir returns the folder whose node_modules has the packages of scripts/peers/package.json, and skips the test where
// there is none.
func Dir(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("CALF_TEST_PEERS")
	if dir == "" {
		tb.Skip("needs PGlite's releases for Node: `make peers` installs them, and CALF_TEST_PEERS names their folder")
	}
	return dir
}

// Run runs an ECMAScript module under Node, gives it args from process.argv[2] on, and returns what it wrote to standard
// output. It may import the packages by the names that package.json has for them, such as "pglite-0.3". The test fails if
// the module does, with what it wrote to standard error.
func Run(tb testing.TB, script string, args ...string) []byte {
	tb.Helper()
	cmd := command(tb, script, args)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	require.NoErrorf(tb, cmd.Run(), "node: %s%s", &stderr, &stdout)
	return stdout.Bytes()
}

// A Program is a module that runs under Node.
type Program struct {
	*exec.Cmd
	// Stdin is its standard input, which stays open until it is closed.
	Stdin io.WriteCloser
	// Stdout is what is left of its standard output.
	Stdout *bufio.Reader
	tb     testing.TB
}

// Start starts a module as Run does, and does not wait for its end. The program is killed when the test ends; its standard
// error goes to the test's log.
func Start(tb testing.TB, script string, args ...string) *Program {
	tb.Helper()
	cmd := command(tb, script, args)
	cmd.Stderr = tb.Output()
	stdin, err := cmd.StdinPipe()
	require.NoError(tb, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(tb, err)
	require.NoError(tb, cmd.Start())
	tb.Cleanup(func() { _ = cmd.Process.Kill() })
	return &Program{cmd, stdin, bufio.NewReader(stdout), tb}
}

// Line returns the next line of the standard output. The test fails if there is none.
func (p *Program) Line() string {
	p.tb.Helper()
	line, err := p.Stdout.ReadString('\n')
	require.NoError(p.tb, err)
	return strings.TrimSuffix(line, "\n")
}

// command returns what runs a module.
func command(tb testing.TB, script string, args []string) *exec.Cmd {
	// Node looks for packages in the folders above the module.
	dir, err := os.MkdirTemp(Dir(tb), "run-")
	require.NoError(tb, err)
	tb.Cleanup(func() { os.RemoveAll(dir) })
	file := filepath.Join(dir, "main.mjs")
	require.NoError(tb, os.WriteFile(file, []byte(script), 0o600))
	return exec.CommandContext(tb.Context(), "node", append([]string{file}, args...)...)
}
