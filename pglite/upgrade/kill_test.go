package upgrade_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite/upgrade"
	"github.com/stretchr/testify/require"
)

// An upgrade that is killed at any step leaves the old directory as it was, or
// is completed by whoever opens it next.
func TestUpgradeKilled(t *testing.T) {
	t.Parallel()
	needLegacy(t, "legacy-17")
	dir := filepath.Join(t.TempDir(), "data")
	const rows = 2000
	smallDirectory(t, "pglite-0.4", dir, rows)
	backup := dir + ".pg17.bak"
	before := readTree(t, dir)
	for _, step := range []string{
		"making the new cluster", "moving the database", "comparing", "making the new directory durable", "putting the new directory in place",
	} {
		_, killed := upgrader{dir: dir, killAt: step, exchange: true}.run(t)
		require.True(t, killed, step)
		require.Equal(t, before, readTree(t, dir), step)
		// What it left behind is not in the way of the next.
	}
	for _, test := range []struct {
		step     string
		exchange bool
		there    bool
	}{
		{"the old directory is kept as", true, true},
		{"done", true, true},
		{"putting the new directory in place", false, true},
		{"the old directory is kept as", false, false},
		{"done", false, true},
	} {
		_, killed := upgrader{dir: dir, killAt: test.step, exchange: test.exchange}.run(t)
		require.True(t, killed, test.step)
		_, err := os.Stat(dir)
		require.Equal(t, test.there, err == nil)
		if strings.HasPrefix(test.step, "putting") {
			require.Equal(t, before, readTree(t, dir))
			continue
		}
		if test.exchange {
			_, err := upgrade.Run(t.Context(), upgrade.Config{Dir: dir})
			require.ErrorIs(t, err, upgrade.ErrUpToDate)
		}
		requireT(t, dir, rows)
		require.Equal(t, before, readTree(t, backup))
		requireOnly(t, dir, backup)
		require.NoError(t, os.RemoveAll(dir))
		require.NoError(t, os.Rename(backup, dir))
	}
}

// Whatever a killed upgrade has left where the new directory is made, is removed
// by the next; what is somebody else's is not.
func TestUpgradeLeftovers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		files map[string]string
		stays bool
	}{
		"nothing yet":  {},
		"half a mark":  {files: map[string]string{"calf.upgrade.new": "inc"}},
		"incomplete":   {files: map[string]string{"calf.upgrade": "incomplete: x", "base/1/2": "x", "PG_VERSION": "18\n"}},
		"complete":     {files: map[string]string{"calf.upgrade": "complete: x", "calf.upgrade.new": "x", "base/1/2": "x"}},
		"hardly there": {files: map[string]string{"calf.upgrade": "complete: x"}},
		"a file":       {files: map[string]string{"x": "x"}, stays: true},
		"a cluster":    {files: map[string]string{"PG_VERSION": "17\n"}, stays: true},
		"a mark of it": {files: map[string]string{"calf.upgrade": "x"}, stays: true},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		work := dir + ".pg18.new"
		require.NoError(t, os.Mkdir(dir, 0o700))
		require.NoError(t, os.Mkdir(work, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(dir, "PG_VERSION"), []byte("17\n"), 0o600))
		for file, content := range test.files {
			path := filepath.Join(work, filepath.FromSlash(file))
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
		}
		before := readTree(t, work)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, err := upgrade.Run(ctx, upgrade.Config{Dir: dir})
		if test.stays {
			require.ErrorContains(t, err, work+" exists, where the new directory would be made: move it away", name)
			require.Equal(t, before, readTree(t, work), name)
			continue
		}
		require.Error(t, err, name)
		require.NotContains(t, err.Error(), "move it away", name)
		requireOnly(t, dir)
	}
}

// upgradeKillsEnv says how many upgrades TestUpgradeKilledAnytime kills.
const upgradeKillsEnv = "CALF_UPGRADE_KILLS"

// The same at random moments. Then the next upgrade succeeds.
func TestUpgradeKilledAnytime(t *testing.T) {
	t.Parallel()
	needLegacy(t, "legacy-17")
	kills := 3
	if n, err := strconv.Atoi(os.Getenv(upgradeKillsEnv)); err == nil {
		kills = n
	}
	dir := filepath.Join(t.TempDir(), "data")
	const rows = 2000
	smallDirectory(t, "pglite-0.4", dir, rows)
	backup := dir + ".pg17.bak"
	before := readTree(t, dir)
	var took time.Duration
	var left [2]int // how often there was the old one, and the new one
	for i := range kills + 2 {
		u := upgrader{dir: dir, exchange: i%2 == 0}
		if i > 0 && i <= kills {
			u.killAfter = rand.N(took)
		}
		start := time.Now()
		said, killed := u.run(t)
		if i == 0 {
			took = time.Since(start)
		}
		if version, err := os.ReadFile(filepath.Join(dir, "PG_VERSION")); err == nil && string(version) == "17\n" {
			require.True(t, killed, said)
			require.Equal(t, before, readTree(t, dir), said)
			left[0]++
			continue
		}
		left[1]++
		requireT(t, dir, rows)
		require.Equal(t, before, readTree(t, backup), said)
		requireOnly(t, dir, backup)
		require.NoError(t, os.RemoveAll(dir))
		require.NoError(t, os.Rename(backup, dir))
	}
	t.Logf("the old one was there %d times, the new one %d times", left[0], left[1])
}
