package atomicdir

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/calfdb/calf/internal/filelock"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func noExchange(string, string) error { return errors.ErrUnsupported }

// ways are the two ways to replace a folder.
var ways = map[string]func(string, string) error{"exchange": exchange, "two renames": noExchange}

func begin(t testing.TB, target string, way func(string, string) error) *Dir {
	t.Helper()
	d, err := Begin(target)
	require.NoError(t, err)
	d.exchange = way
	return d
}

func replace(t testing.TB, target, content string, way func(string, string) error) {
	t.Helper()
	d := begin(t, target, way)
	fill(t, d, content)
	require.NoError(t, d.Commit())
	require.NoError(t, d.Close())
}

func fill(t testing.TB, d *Dir, content string) {
	t.Helper()
	require.NoError(t, write(d, content))
}

func write(d *Dir, content string) error {
	if err := os.Mkdir(filepath.Join(d.New(), "sub"), 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(d.New(), "sub", "file"), []byte(content), 0o644)
}

// look returns the content at target as a reader finds it.
func look(target string) (string, error) {
	var err error
	for dir := range Candidates(target) {
		var content []byte
		if content, err = os.ReadFile(filepath.Join(dir, "sub", "file")); err == nil {
			return string(content), nil
		}
	}
	return "", err
}

func requireTree(t testing.TB, target, content string) {
	t.Helper()
	found, err := look(target)
	require.NoError(t, err)
	require.Equal(t, content, found)
}

// requireClean proves that nothing lies beside target.
func requireClean(t testing.TB, target string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(target))
	require.NoError(t, err)
	require.Len(t, entries, 1)
	require.Equal(t, filepath.Base(target), entries[0].Name())
}

func TestReplace(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := filepath.Join(t.TempDir(), "deep", "er", "target")
			for _, content := range []string{"one", "two", "three"} {
				replace(t, target, content, way)
				requireTree(t, target, content)
				requireClean(t, target)
			}
		})
	}
}

func TestReplaceEmptyFolder(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := filepath.Join(t.TempDir(), "target")
			require.NoError(t, os.Mkdir(target, 0o755))
			replace(t, target, "one", way)
			requireTree(t, target, "one")
			requireClean(t, target)
		})
	}
}

func TestReplaceBehindSymbolicLink(t *testing.T) {
	t.Parallel()
	target := filepath.Join(t.TempDir(), "target")
	replace(t, target, "one", exchange)
	link := filepath.Join(t.TempDir(), "link")
	if err := os.Symlink(target, link); err != nil {
		t.Skip("this system does not let the test make a symbolic link: ", err)
	}
	replace(t, link, "two", exchange)
	requireTree(t, target, "two")
	requireClean(t, target)
	info, err := os.Lstat(link)
	require.NoError(t, err)
	require.Equal(t, fs.ModeSymlink, info.Mode().Type())
}

func TestCloseWithoutCommit(t *testing.T) {
	t.Parallel()
	target := filepath.Join(t.TempDir(), "target")
	replace(t, target, "one", exchange)
	d := begin(t, target, exchange)
	fill(t, d, "two")
	require.NoError(t, d.Close())
	requireTree(t, target, "one")
	requireClean(t, target)
}

// abandon leaves a replacement as a kill does: the lock is gone, all else stays.
func abandon(d *Dir) { _ = filelock.Unlock(d.lock) }

func TestKilledBetweenTheRenames(t *testing.T) {
	t.Parallel()
	target := filepath.Join(t.TempDir(), "target")
	replace(t, target, "one", noExchange)
	d := begin(t, target, noExchange)
	fill(t, d, "two")
	require.NoError(t, os.Rename(target, d.old()))
	abandon(d)

	requireTree(t, target, "one")
	next := begin(t, target, noExchange)
	require.DirExists(t, target, "the old tree is back in its place")
	require.NoError(t, next.Close())
	requireTree(t, target, "one")
	requireClean(t, target)
}

func TestSweepKeepsWhatIsInUse(t *testing.T) {
	t.Parallel()
	target := filepath.Join(t.TempDir(), "target")
	living, dead := begin(t, target, exchange), begin(t, target, exchange)
	fill(t, living, "one")
	abandon(dead)
	orphan := workPrefix(target) + "lock-only" + lockEnding
	require.NoError(t, os.WriteFile(orphan, nil, 0o644))
	folder := workPrefix(target) + "folder-only"
	require.NoError(t, os.Mkdir(folder, 0o755))

	sweep(target)
	require.DirExists(t, living.work)
	for _, gone := range []string{dead.work, dead.work + lockEnding, orphan, folder} {
		_, err := os.Lstat(gone)
		require.ErrorIs(t, err, fs.ErrNotExist)
	}
	require.NoError(t, living.Commit())
	require.NoError(t, living.Close())
	requireTree(t, target, "one")
	requireClean(t, target)
}

func TestLock(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	first, err := createLock(path)
	require.NoError(t, err)
	_, err = createLock(path)
	require.ErrorIs(t, err, fs.ErrExist)
	_, err = filelock.Open(path)
	require.ErrorIs(t, err, filelock.ErrHeld)
	require.NoError(t, filelock.Remove(first))
	second, err := filelock.Open(path)
	require.NoError(t, err)
	require.NoError(t, filelock.Remove(second))
}

func TestRootCannotBeReplaced(t *testing.T) {
	t.Parallel()
	_, err := Begin("/")
	require.ErrorContains(t, err, "cannot be replaced")
}

// Writers replace the folder while readers look. Every look finds a whole tree.
func TestHammer(t *testing.T) {
	t.Parallel()
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			target := filepath.Join(t.TempDir(), "target")
			replace(t, target, "content", way)
			rounds := 50
			if testing.Short() {
				rounds = 5
			}
			stop := make(chan struct{})
			var readers, writers sync.WaitGroup
			for range 2 {
				readers.Go(func() {
					for {
						select {
						case <-stop:
							return
						default:
						}
						if content, err := look(target); err != nil || content != "content" {
							t.Errorf("found %q: %v", content, err)
							return
						}
					}
				})
			}
			for range 3 {
				writers.Go(func() {
					for range rounds {
						d, err := Begin(target)
						if err != nil {
							t.Error(err)
							return
						}
						d.exchange = way
						if err := errors.Join(write(d, "content"), d.Commit(), d.Close()); err != nil {
							t.Error(err)
						}
					}
				})
			}
			writers.Wait()
			close(stop)
			readers.Wait()
			requireTree(t, target, "content")
			requireClean(t, target)
		})
	}
}
