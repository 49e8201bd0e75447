package manager_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/manager"
)

// closings is a logger that tells which databases were closed, and why.
func closings() (*slog.Logger, <-chan string) {
	told := make(chan string, 1000)
	return slog.New(closingHandler{slog.DiscardHandler, told}), told
}

type closingHandler struct {
	slog.Handler
	told chan<- string
}

func (closingHandler) Enabled(context.Context, slog.Level) bool { return true }

func (h closingHandler) Handle(_ context.Context, r slog.Record) error {
	text := r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.Value.String()
		return true
	})
	h.told <- text
	return nil
}

func TestHandles(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	a, b := use(t, m, "abc"), use(t, m, "abc")
	require.Equal(t, manager.Stats{Open: 1, InUse: 1, Opens: 1}, m.Stats())
	require.Equal(t, "abc", a.ID())
	require.ErrorIs(t, m.CloseDatabase(ctx, "abc"), manager.ErrInUse)
	require.ErrorIs(t, m.Delete(ctx, "abc"), manager.ErrInUse)

	conn, err := a.Connect(ctx)
	require.NoError(t, err)
	pool, err := a.Pool(ctx)
	require.NoError(t, err)
	require.NoError(t, pool.Ping(ctx))
	std := a.SQL()
	require.NoError(t, std.PingContext(ctx))
	require.NoError(t, a.Close())
	require.NoError(t, a.Close(), "it is idempotent")
	_, err = a.Exec(ctx, "SELECT 1")
	require.ErrorIs(t, err, manager.ErrClosed)
	_, err = a.Query(ctx, "SELECT 1")
	require.ErrorIs(t, err, manager.ErrClosed)
	require.ErrorIs(t, a.QueryRow(ctx, "SELECT 1").Scan(new(int)), manager.ErrClosed)
	require.Error(t, conn.Ping(ctx), "a connection ends with its handle")
	require.Error(t, pool.Ping(ctx))
	require.Error(t, std.PingContext(ctx))
	_, err = a.Connect(ctx)
	require.ErrorIs(t, err, manager.ErrClosed)
	pool.Close()
	require.NoError(t, std.Close())
	var one int
	require.NoError(t, b.QueryRow(ctx, "SELECT 1").Scan(&one), "others use it on")
	require.NoError(t, b.Close())
	require.Equal(t, manager.Stats{Open: 1, Opens: 1}, m.Stats())
	require.NoError(t, m.CloseDatabase(ctx, "abc"))
	require.NoError(t, m.CloseDatabase(ctx, "abc"), "one that is not open")
	require.Equal(t, manager.Stats{Opens: 1}, m.Stats())
}

func TestIdleClose(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	logger, told := closings()
	m := openManager(t, manager.Config{IdleClose: time.Millisecond, Logger: logger})
	create(t, m, "abc")
	create(t, m, "def")
	h := use(t, m, "abc")
	exec(t, m, "def", "SELECT 1")
	require.Equal(t, "closed a database def idle", <-told)
	require.NoError(t, h.QueryRow(ctx, "SELECT 1").Scan(new(int)), "one that is used stays")
	require.NoError(t, h.Close())
	require.Equal(t, "closed a database abc idle", <-told)
	exec(t, m, "abc", "SELECT 1")
	require.Equal(t, "closed a database abc idle", <-told)
	require.EqualValues(t, 3, m.Stats().Opens)
}

func TestLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	logger, told := closings()
	m := openManager(t, manager.Config{MaxOpen: 2, IdleClose: -1, Logger: logger})
	for _, id := range []string{"a", "b", "c", "d"} {
		create(t, m, id)
	}
	exec(t, m, "a", "SELECT 1")
	exec(t, m, "b", "SELECT 1")
	exec(t, m, "a", "SELECT 1")
	exec(t, m, "c", "SELECT 1")
	require.Equal(t, "closed a database b too many", <-told)
	a, c := use(t, m, "a"), use(t, m, "c")
	d := use(t, m, "d") // there are more while more are used
	require.Equal(t, manager.Stats{Open: 3, InUse: 3, Opens: 4}, m.Stats())
	for _, h := range []*manager.Handle{a, c, d} {
		require.NoError(t, h.QueryRow(ctx, "SELECT 1").Scan(new(int)))
	}
	require.NoError(t, c.Close())
	require.Equal(t, "closed a database c too many", <-told)
	require.NoError(t, a.Close())
	require.NoError(t, d.Close())
	require.Equal(t, manager.Stats{Open: 2, Opens: 4}, m.Stats())
}

// Many open the same new database: it is made once.
func TestSingleFlight(t *testing.T) {
	t.Parallel()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	var wg sync.WaitGroup
	errs := make([]error, 16)
	for i := range errs {
		wg.Go(func() {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			if i%4 == 0 {
				cancel() // of those who give up, nobody else hears
			}
			h, err := m.Open(ctx, "abc")
			if err == nil {
				err = errors.Join(h.QueryRow(ctx, "SELECT 1").Scan(new(int)), h.Close())
			} else if i%4 == 0 && errors.Is(err, context.Canceled) {
				err = nil
			}
			if i%4 != 0 {
				errs[i] = err
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	require.Equal(t, manager.Stats{Open: 1, Opens: 1}, m.Stats())
	_, err := m.Open(t.Context(), "nobody")
	require.ErrorIs(t, err, manager.ErrNotFound)
	create(t, m, "nobody")
	require.Equal(t, 1, value[int](t, m, "nobody", "SELECT 1"), "failures are not remembered")
}

// Hammer: many goroutines use, close, delete and make a few databases, with room
// for fewer, and then the manager is closed.
func TestHammer(t *testing.T) {
	t.Parallel()
	const databases, workers = 5, 8
	rounds := 20
	if testing.Short() {
		rounds = 5
	}
	m := openManager(t, manager.Config{MaxOpen: 2, IdleClose: time.Millisecond})
	for i := range databases {
		create(t, m, fmt.Sprint("db", i))
		exec(t, m, fmt.Sprint("db", i), "CREATE TABLE t (a int)")
	}
	ctx := context.Background()
	var wg sync.WaitGroup
	errs := make([]error, workers)
	written := make([][databases]int, workers)
	for w := range workers {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(w)))
			for range rounds {
				i := random.IntN(databases)
				id := fmt.Sprint("db", i)
				h, err := m.Open(ctx, id)
				if err == nil {
					if _, err = h.Exec(ctx, "INSERT INTO t VALUES ($1)", w); err == nil {
						written[w][i]++
					}
					err = errors.Join(err, h.Close())
				}
				if random.IntN(4) == 0 && err == nil {
					if err = m.CloseDatabase(ctx, id); errors.Is(err, manager.ErrInUse) {
						err = nil
					}
				}
				if random.IntN(8) == 0 && err == nil {
					other := fmt.Sprintf("w%d", w)
					if _, err = m.Create(ctx, manager.NewDatabase{ID: other}); err == nil {
						err = m.Delete(ctx, other)
					}
				}
				errs[w] = errors.Join(errs[w], err)
			}
		})
	}
	wg.Wait()
	require.NoError(t, errors.Join(errs...))
	for i := range databases {
		want := 0
		for w := range workers {
			want += written[w][i]
		}
		require.Equal(t, want, value[int](t, m, fmt.Sprint("db", i), "SELECT count(*) FROM t"))
	}
	problems, err := m.Check(ctx)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// Close ends what is open and what is being opened.
func TestCloseWhileUsed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	m := openManager(t, manager.Config{})
	create(t, m, "abc")
	create(t, m, "def")
	h := use(t, m, "abc")
	conn, err := h.Connect(ctx)
	require.NoError(t, err)
	opening := make(chan error, 1)
	go func() {
		h, err := m.Open(ctx, "def")
		if err == nil {
			err = h.Close()
		}
		opening <- err
	}()
	require.NoError(t, m.Close())
	if err := <-opening; err != nil {
		require.ErrorIs(t, err, manager.ErrClosed)
	}
	require.Error(t, conn.Ping(ctx))
	_, err = h.Exec(ctx, "SELECT 1")
	require.ErrorIs(t, err, manager.ErrClosed)
	require.NoError(t, h.Close())
}
