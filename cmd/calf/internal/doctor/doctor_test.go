package doctor

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestThisMachine(t *testing.T) {
	if runtime.GOOS != "linux" || runtime.GOARCH != "amd64" {
		t.Skip("of other machines the tests know nothing")
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	for name, check := range map[string]func(context.Context) Finding{
		"platform": platform, "executable memory": executableMemory, "copied memory": copiedMemory, "cache folder": cacheFolder,
	} {
		f := check(t.Context())
		require.Equal(t, OK, f.Status, "%s: %s", name, f.Detail)
		require.NotEmpty(t, f.Detail)
	}
	require.NotEqual(t, Fail, addressSpace(t.Context()).Status)
}

func TestCacheFolderNotWritable(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	t.Setenv("XDG_CACHE_HOME", file)
	t.Setenv("HOME", file)
	t.Setenv("LocalAppData", file)
	f := cacheFolder(t.Context())
	require.Equal(t, Fail, f.Status, f.Detail)
	require.NotEmpty(t, f.Hint)
}

func TestAssetsMissing(t *testing.T) {
	t.Setenv("CALF_ASSETS", t.TempDir())
	f := installed(t.Context())
	require.Equal(t, Fail, f.Status)
	require.Contains(t, f.Detail, "not installed")
	require.Contains(t, f.Hint, "calf assets install")
}

func TestNoNpm(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	require.Equal(t, Warn, npm(t.Context()).Status)
}

func TestExamineStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	require.False(t, Examine(ctx, func(f Finding) {
		require.NotEmpty(t, f.Check)
		if n++; n == 2 {
			cancel()
		}
	}))
	require.Equal(t, 2, n)
}
