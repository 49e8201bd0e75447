package codecache

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/calfdb/calf/internal/filelock"
	"github.com/stretchr/testify/require"
)

func TestSweep(t *testing.T) {
	t.Parallel()
	dir, now := t.TempDir(), time.Now()
	const day = 24 * time.Hour
	type file struct {
		path string
		size int64
		age  time.Duration
		gone bool
	}
	files := []file{
		{"wazero-now/a.b.c", 1 << 20, 29 * day, false},
		{"wazero-now/unused.b.c", 1 << 20, 31 * day, true},
		{"wazero-old/unused.b.c", 1 << 20, 31 * day, true},
		{"wazero-big/new.b.c", maxSize / 2, time.Minute, false},
		{"wazero-big/newer.b.c", maxSize/2 - 4<<20, 0, false},
		{"wazero-big/old.b.c", 8 << 20, 3 * day, true},
		{"wazero-big/x.lock", 0, 31 * day, true},
		{"wazero-big/held.lock", 0, 31 * day, false},
		{"wazero-now/work-x/wazero-dev/file", 1 << 20, 2 * time.Hour, true},
		{"wazero-now/work-y/wazero-dev/file", 1 << 20, time.Minute, false},
		{"else/file", maxSize, 99 * day, false},
		{"wazero-file", maxSize, 99 * day, false},
	}
	for _, f := range files {
		path := filepath.Join(dir, f.path)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, nil, 0o600))
		require.NoError(t, os.Truncate(path, f.size))
		require.NoError(t, os.Chtimes(path, now.Add(-f.age), now.Add(-f.age)))
		if top := filepath.Dir(filepath.Dir(path)); strings.HasPrefix(filepath.Base(top), workPrefix) {
			require.NoError(t, os.Chtimes(top, now.Add(-f.age), now.Add(-f.age)))
		}
	}
	lock, err := filelock.Open(filepath.Join(dir, "wazero-big/held.lock"))
	require.NoError(t, err)
	defer filelock.Unlock(lock)
	sweep(dir, now)
	for _, f := range files {
		if path := filepath.Join(dir, f.path); f.gone {
			require.NoFileExists(t, path)
		} else {
			require.FileExists(t, path)
		}
	}
	sweep(dir, now.Add(2*busy))
	require.NoDirExists(t, filepath.Join(dir, "wazero-old"))
}

// What is used does not grow old.
func TestUseKeepsYoung(t *testing.T) {
	t.Parallel()
	needCompiler(t)
	dir := t.TempDir()
	use(t, dir, program(1, 1), 1)
	path, old := entries(t, dir)[0], time.Now().Add(-maxAge/2)
	require.NoError(t, os.Chtimes(path, old, old))
	use(t, dir, program(1, 1), 1)
	info, err := os.Stat(path)
	require.NoError(t, err)
	require.Less(t, time.Since(info.ModTime()), maxAge/4)
}
