package presenter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/calfdb/calf/pglite/presenter"
	"github.com/calfdb/calf/schema"
)

// spans is a tracer as OpenTelemetry's would be: a span's parent is in the
// context of the caller.
type spans struct {
	mu  sync.Mutex
	got [][2]string // parent, operation
}

type parentKey struct{}

func (s *spans) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	s.mu.Lock()
	defer s.mu.Unlock()
	if parent, ok := ctx.Value(parentKey{}).(string); ok {
		s.got = append(s.got, [2]string{parent, presenter.Operation(ctx)})
	}
	return ctx
}

func (s *spans) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func TestTracing(t *testing.T) {
	t.Parallel()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			tracer := &spans{}
			p := present(t, d.open(t, func(cfg *pgxpool.Config) { cfg.ConnConfig.Tracer = tracer }), presenter.Config{})
			ctx := context.WithValue(context.Background(), parentKey{}, "request")
			require.Empty(t, presenter.Operation(ctx))
			_, err := p.ConversationCount(ctx)
			require.NoError(t, err)
			require.NoError(t, p.WithTx(ctx, func(tx presenter.Tx) error {
				_, err := tx.CreateConversation(ctx, presenter.NewConversation{})
				return err
			}))
			require.Equal(t, [][2]string{
				{"request", "counting conversations"},
				{"request", "running a transaction"}, {"request", "creating conversation"}, {"request", "running a transaction"},
			}, tracer.got)
		})
	}
}

func TestLog(t *testing.T) {
	t.Parallel()
	onEachPool(t, func(t *testing.T, pool *pgxpool.Pool) {
		ctx := context.Background()
		var log bytes.Buffer
		logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
		p := present(t, pool, presenter.Config{Logger: logger, SlowQuery: -1})
		require.Contains(t, log.String(), "migrated the schema")
		log.Reset()
		_, err := p.CreateConversation(ctx, presenter.NewConversation{ID: "secret id", Title: "secret title"})
		require.NoError(t, err)
		_, err = p.InsertMessage(ctx, presenter.NewMessage{ConversationID: "secret id", Role: "secret role", Content: "secret", OrderSeq: 1})
		require.Error(t, err)
		_, err = p.InsertMessages(ctx, []presenter.NewMessage{{ConversationID: "secret id", Role: presenter.User, Content: "secret", OrderSeq: 1}})
		require.NoError(t, err)
		require.NotContains(t, log.String(), "secret")
		var lines []map[string]any
		for _, line := range bytes.Split(bytes.TrimSpace(log.Bytes()), []byte("\n")) {
			var entry map[string]any
			require.NoError(t, json.Unmarshal(line, &entry))
			lines = append(lines, entry)
		}
		require.Len(t, lines, 3)
		require.Equal(t, "DEBUG", lines[0]["level"])
		require.Equal(t, "creating conversation", lines[0]["operation"])
		require.Contains(t, lines[0]["sql"], "INSERT INTO conversations")
		require.EqualValues(t, 1, lines[0]["rows"])
		require.Equal(t, "23514", lines[1]["sqlstate"])
		require.Contains(t, lines[2]["sql"], "COPY messages")

		// Everything takes longer than a nanosecond.
		log.Reset()
		slow := present(t, pool, presenter.Config{Logger: slog.New(slog.NewJSONHandler(&log, nil)), SlowQuery: time.Nanosecond})
		log.Reset()
		_, err = slow.Conversation(ctx, "secret id")
		require.NoError(t, err)
		require.Contains(t, log.String(), `"level":"WARN","msg":"slow statement","operation":"reading conversation"`)
		require.NotContains(t, log.String(), "secret")
	})
}

// onEachPool runs a test on each database before there is a presenter.
func onEachPool(t *testing.T, test func(*testing.T, *pgxpool.Pool)) {
	t.Helper()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			test(t, d.open(t, nil))
		})
	}
}

func TestNoMigrate(t *testing.T) {
	t.Parallel()
	onEachPool(t, func(t *testing.T, pool *pgxpool.Pool) {
		ctx := context.Background()
		_, err := presenter.New(ctx, pool, presenter.Config{NoMigrate: true})
		var failed *presenter.MigrationError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, schema.PhaseHistory, failed.Phase)
		require.Equal(t, "conversations", failed.Name)
		require.False(t, failed.Recoverable)

		p := present(t, pool, presenter.Config{})
		version, err := p.SchemaVersion(ctx)
		require.NoError(t, err)
		require.Equal(t, schema.Chat().LatestVersion(), version)
		problems, err := p.ValidateSchema(ctx)
		require.NoError(t, err)
		require.Empty(t, problems)
		present(t, pool, presenter.Config{NoMigrate: true})

		h := p.Health(ctx)
		require.True(t, h.Ready, h.Error)
		require.Equal(t, version, h.SchemaVersion)
		require.NotEmpty(t, h.ServerVersion)
		require.Positive(t, h.DatabaseBytes)
		require.Positive(t, h.LatencyMillis)
		require.Positive(t, h.Pool.Open)
		_, err = json.Marshal(h)
		require.NoError(t, err)

		require.NoError(t, p.Migrate(ctx, "202509090001"))
		h = p.Health(ctx)
		require.False(t, h.Ready)
		require.Len(t, h.Pending, 2)
		require.NoError(t, p.Migrate(ctx, schema.Latest))
		gone, cancel := context.WithCancel(ctx)
		cancel()
		h = p.Health(gone)
		require.False(t, h.Ready)
		require.Contains(t, h.Error, "context canceled")
		require.NoError(t, p.Migrate(ctx, schema.Empty))
	})
}

// Programs that start at the same time all start.
func TestNewRace(t *testing.T) {
	t.Parallel()
	onEachPool(t, func(t *testing.T, pool *pgxpool.Pool) {
		var wg sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			wg.Go(func() {
				var p *presenter.Presenter
				if p, errs[i] = presenter.New(context.Background(), pool, presenter.Config{}); errs[i] == nil {
					p.Close()
				}
			})
		}
		wg.Wait()
		for _, err := range errs {
			require.NoError(t, err)
		}
	})
}

func TestConfig(t *testing.T) {
	t.Parallel()
	pool := databases[0].open(t, nil)
	for _, cfg := range []presenter.Config{{Language: "no such"}, {TxTimeout: -1}} {
		_, err := presenter.New(context.Background(), pool, cfg)
		require.ErrorContains(t, err, "Config.")
	}
}
