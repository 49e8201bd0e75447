package presenter_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
)

// What is more than the limit is not read, and not taken.
func TestMemoryOfOneCall(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, large *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		small := present(t, pool, presenter.Config{Memory: presenter.MinMemory})
		create(t, large, "a")
		megabyte := strings.Repeat("x", 1<<20)
		for i := range 5 {
			say(t, large, "a", fmt.Sprint(i), "", megabyte)
		}
		_, err := small.Messages(ctx, "a")
		require.ErrorIs(t, err, presenter.ErrMemory)
		require.ErrorContains(t, err, `reading messages of conversation "a"`)
		_, err = small.Transcript(ctx, "a")
		require.ErrorIs(t, err, presenter.ErrMemory)
		list, err := large.Messages(ctx, "a")
		require.NoError(t, err)
		require.Len(t, list, 5)
		list, more, err := small.ListMessages(ctx, "a", presenter.MessageList{Limit: 2})
		require.NoError(t, err, "the connections work, and parts can be read")
		require.Len(t, list, 2)
		require.NotEmpty(t, more)

		var messages []presenter.NewMessage
		for range 5 {
			messages = append(messages, presenter.NewMessage{ConversationID: "a", Role: presenter.User, Content: megabyte})
		}
		_, err = small.InsertMessages(ctx, messages)
		require.ErrorIs(t, err, presenter.ErrMemory)
		_, err = small.InsertConversations(ctx, []presenter.NewConversation{{Title: strings.Repeat(megabyte, 5)}})
		require.ErrorIs(t, err, presenter.ErrMemory)
		_, err = small.InsertMessages(ctx, messages[:3])
		require.NoError(t, err)
		_, err = presenter.New(ctx, pool, presenter.Config{Memory: 1000})
		require.ErrorContains(t, err, "Config.Memory 1000 is less than")
	})
}

// copies remembers how many rows each COPY had.
type copies struct {
	sync.Mutex
	rows []int64
}

func (c *copies) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}
func (c *copies) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}
func (c *copies) TraceCopyFromStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceCopyFromStartData) context.Context {
	return ctx
}
func (c *copies) TraceCopyFromEnd(_ context.Context, _ *pgx.Conn, data pgx.TraceCopyFromEndData) {
	c.Lock()
	defer c.Unlock()
	c.rows = append(c.rows, data.CommandTag.RowsAffected())
}

// An import takes messages as it goes, and never has more than the limit.
func TestImportMessages(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			ctx, copied := context.Background(), new(copies)
			pool := d.open(t, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = copied })
			p := present(t, pool, presenter.Config{Memory: presenter.MinMemory})
			create(t, p, "a")
			content := strings.Repeat("x", 100_000) // five fit in an eighth of four megabytes
			source := func(fail error) func(yield func(presenter.NewMessage, error) bool) {
				return func(yield func(presenter.NewMessage, error) bool) {
					for i := range 22 {
						if !yield(presenter.NewMessage{ID: fmt.Sprint(i), ConversationID: "a", Role: presenter.User, Content: content}, nil) {
							return
						}
					}
					if fail != nil {
						yield(presenter.NewMessage{}, fail)
					}
				}
			}
			broken := errors.New("the file ends too early")
			_, err := p.ImportMessages(ctx, source(broken))
			require.ErrorIs(t, err, broken)
			last, err := p.MaxOrderSeq(ctx, "a")
			require.NoError(t, err)
			require.Zero(t, last, "all or none")

			copied.rows = nil
			n, err := p.ImportMessages(ctx, source(nil))
			require.NoError(t, err)
			require.EqualValues(t, 22, n)
			require.Equal(t, []int64{5, 5, 5, 5, 2}, copied.rows)
			last, err = p.MaxOrderSeq(ctx, "a")
			require.NoError(t, err)
			require.Equal(t, 22, last)

			copied.rows = nil
			n, err = p.ImportMessages(ctx, func(yield func(presenter.NewMessage, error) bool) {
				for i := 0; i < 2500 && yield(presenter.NewMessage{ConversationID: "a", Role: presenter.User}, nil); i++ {
				}
			})
			require.NoError(t, err)
			require.EqualValues(t, 2500, n)
			require.Equal(t, []int64{1000, 1000, 500}, copied.rows)
		})
	}
}

// The server is kept from using more memory than the configuration allows:
// what needs more goes to disk.
func TestMemoryOfServer(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			ctx := context.Background()
			pool := d.open(t, func(cfg *pgxpool.Config) { cfg.ConnConfig.RuntimeParams["work_mem"] = "64MB" })
			p := present(t, pool, presenter.Config{})
			exec(t, pool, `INSERT INTO conversations (conv_id, title, created_at, updated_at) VALUES ('c', '', 0, 0);
			INSERT INTO messages (msg_id, conversation_id, parent_id, role, content, created_at, order_seq)
			SELECT 'm' || n, 'c', 'm' || nullif(n / 2, 0), 'user', '', n, n FROM generate_series(1, 15000) AS n`)
			temporary := func() (bytes int64) {
				flush(t, pool)
				require.NoError(t, pool.QueryRow(ctx, "SELECT temp_bytes FROM pg_stat_database WHERE datname = current_database()").Scan(&bytes))
				return bytes
			}
			integrity, err := p.ValidateIntegrity(ctx)
			require.NoError(t, err)
			require.Empty(t, integrity.Problems)
			before := temporary()

			small := present(t, pool, presenter.Config{Memory: presenter.MinMemory})
			integrity, err = small.ValidateIntegrity(ctx)
			require.NoError(t, err)
			require.Empty(t, integrity.Problems)
			require.Eventually(t, func() bool { return temporary() > before }, time.Minute, 50*time.Millisecond)

			_, err = small.Optimize(ctx, presenter.OptimizeOptions{Everything: true})
			require.NoError(t, err)
			for _, c := range pool.AcquireAllIdle(ctx) {
				var work string
				require.NoError(t, c.QueryRow(ctx, "SHOW work_mem").Scan(&work))
				c.Release()
				require.Equal(t, "64MB", work, "no connection keeps the limit")
			}
		})
	}
}

// Calls that need much together wait for each other.
func TestWithMemory(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, _ *presenter.Presenter, pool *pgxpool.Pool) {
		ctx := context.Background()
		p := present(t, pool, presenter.Config{Memory: presenter.MinMemory})
		var mu sync.Mutex
		var used, most, calls int64
		var wg sync.WaitGroup
		for i := range 50 {
			bytes := int64(presenter.MinMemory) / int64(1+i%5)
			wg.Go(func() {
				err := p.WithMemory(ctx, bytes, func() error {
					mu.Lock()
					used += bytes
					most, calls = max(most, used), calls+1
					mu.Unlock()
					_, err := p.ConversationCount(ctx)
					mu.Lock()
					used -= bytes
					mu.Unlock()
					return err
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		require.EqualValues(t, 50, calls)
		require.LessOrEqual(t, most, int64(presenter.MinMemory))

		require.ErrorIs(t, p.WithMemory(ctx, presenter.MinMemory+1, func() error { return nil }), presenter.ErrMemory)
		require.ErrorIs(t, p.WithMemory(ctx, -1, func() error { return nil }), presenter.ErrMemory)
		require.NoError(t, p.WithMemory(ctx, presenter.MinMemory, func() error {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			require.ErrorIs(t, p.WithMemory(ctx, 1, func() error { return nil }), context.Canceled)
			return nil
		}))
	})
}
