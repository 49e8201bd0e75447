package assets

import (
	"bufio"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A process that installs in a loop is killed at any point. Then the destination is whole, and so it is after the next
// installation, which has also removed what was left.
func TestKilledInstallLeavesOldOrNew(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	require.NoError(t, err)
	w := given(t, nil)
	tgz := filepath.Join(w.parent, "tgz")
	require.NoError(t, os.Mkdir(tgz, 0o755))
	for _, path := range w.config.From {
		require.NoError(t, os.Rename(path, filepath.Join(tgz, filepath.Base(path))))
	}
	w.config.From, err = filepath.Glob(filepath.Join(tgz, "*.tgz"))
	require.NoError(t, err)
	rounds := 20
	if testing.Short() {
		rounds = 3
	}
	for range rounds {
		cmd := exec.Command(self)
		cmd.Env = append(os.Environ(), "CALF_TEST_INSTALL_FOREVER="+w.dir)
		cmd.Stderr = os.Stderr
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = bufio.NewReader(out).ReadString('\n')
		require.NoError(t, err)
		// Not to wait for anything, but to hit every part of an installation.
		time.Sleep(rand.N(20 * time.Millisecond))
		require.NoError(t, cmd.Process.Kill())
		_ = cmd.Wait()
		requireReadable(t, w.open(t))
	}
	w.install(t)
	requireReadable(t, w.open(t))
	w.requireClean(t, "guest", "tgz")
}
