package lazy_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/calfdb/calf/internal/lazy"
	"github.com/stretchr/testify/require"
)

func TestOncePerKey(t *testing.T) {
	t.Parallel()
	var m lazy.Map[string, int]
	var made atomic.Int32
	var wg sync.WaitGroup
	for i := range 20 {
		key := []string{"a", "b"}[i%2]
		wg.Go(func() {
			v, err := m.Get(t.Context(), key, func() (int, error) { made.Add(1); return int(key[0]), nil })
			require.NoError(t, err)
			require.EqualValues(t, key[0], v)
		})
	}
	wg.Wait()
	require.EqualValues(t, 2, made.Load())
}

func TestFailuresAreTriedAgain(t *testing.T) {
	t.Parallel()
	var m lazy.Map[string, int]
	failure := errors.New("no")
	_, err := m.Get(t.Context(), "a", func() (int, error) { return 0, failure })
	require.ErrorIs(t, err, failure)
	v, err := m.Get(t.Context(), "a", func() (int, error) { return 1, nil })
	require.NoError(t, err)
	require.Equal(t, 1, v)
}

// Who waits for another goes when its own context ends, and does not disturb
// the other; another key waits for nobody.
func TestWaitingEndsWithTheContext(t *testing.T) {
	t.Parallel()
	var m lazy.Map[string, int]
	making, finish := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		v, err := m.Get(t.Context(), "a", func() (int, error) { close(making); <-finish; return 1, nil })
		require.NoError(t, err)
		require.Equal(t, 1, v)
	})
	<-making
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	cancel(gone)
	_, err := m.Get(ctx, "a", nil)
	require.ErrorIs(t, err, gone)
	v, err := m.Get(t.Context(), "b", func() (int, error) { return 2, nil })
	require.NoError(t, err)
	require.Equal(t, 2, v)
	close(finish)
	wg.Wait()
}
