package assets

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/assets/internal/lock"
)

func TestReadmeNamesWhatIsPinned(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(readme)
	require.NoError(t, err)
	g, err := pinned().Group(lock.DefaultGroup)
	require.NoError(t, err)
	for _, p := range g.Packages {
		require.Contains(t, string(text), "`"+p.Name+"` "+p.Version)
	}
}

// By default, an installation goes where Open looks for it.
func TestInstallDefaultsToWhereOpenLooks(t *testing.T) {
	w := given(t, nil)
	t.Setenv(envAssets, w.dir)
	w.config.Dir = ""
	w.install(t)
	w.requireWhole(t)

	cache := t.TempDir()
	t.Setenv(envAssets, "")
	t.Setenv("HOME", cache)
	t.Setenv("XDG_CACHE_HOME", cache)
	t.Setenv("LocalAppData", cache)
	dir, err := Install(t.Context(), w.config)
	require.NoError(t, err)
	require.Equal(t, w.group().Digest()[:12], filepath.Base(dir))
	within, err := filepath.Rel(cache, dir)
	require.NoError(t, err)
	require.True(t, filepath.IsLocal(within))
}
