package filelock_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/calfdb/calf/internal/filelock"
	"github.com/stretchr/testify/require"
)

// Many wait for a lock and remove its file when they give it back. Never do
// two have it.
func TestWaitHammer(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	var inside atomic.Int32
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for range 5 {
				f, err := filelock.Wait(t.Context(), path)
				require.NoError(t, err)
				require.EqualValues(t, 1, inside.Add(1))
				inside.Add(-1)
				if i%2 == 0 {
					require.NoError(t, filelock.Remove(f))
				} else {
					require.NoError(t, filelock.Unlock(f))
				}
			}
		})
	}
	wg.Wait()
}

func TestHeld(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "lock")
	f, err := filelock.Open(path)
	require.NoError(t, err)
	require.True(t, filelock.Names(path, f))
	_, err = filelock.Open(path)
	require.ErrorIs(t, err, filelock.ErrHeld)
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	_, err = filelock.Wait(ctx, path)
	require.ErrorIs(t, err, gone)
	require.NoError(t, filelock.Remove(f))
	require.NoFileExists(t, path)
	_, err = filelock.Open(filepath.Join(path, "missing"))
	require.ErrorIs(t, err, os.ErrNotExist)
}
