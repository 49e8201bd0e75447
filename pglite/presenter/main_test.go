package presenter_test

import (
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"log/slog"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/presenter"
)

func TestMain(m *testing.M) {
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		flag.Parse()
		if err := flag.Set("test.skip", "^Example"); err != nil { // they need the guest, and cannot skip themselves
			panic(err)
		}
	}
	goleak.VerifyTestMain(m)
}

// databases are where the suite runs. Each function returns a pool of an empty
// database.
var databases = []struct {
	name string
	open func(testing.TB, func(*pgxpool.Config)) *pgxpool.Pool
}{
	{"memory", func(tb testing.TB, configure func(*pgxpool.Config)) *pgxpool.Pool {
		return calfPool(tb, calf(tb, pglite.Config{}), configure)
	}},
	{"directory", func(tb testing.TB, configure func(*pgxpool.Config)) *pgxpool.Pool {
		return calfPool(tb, calf(tb, pglite.Config{Dir: tb.TempDir()}), configure)
	}},
	{"tcp", tcpPool},
	{"native", nativePool},
}

// onEach runs a test on each database, with a presenter of it.
func onEach(t *testing.T, test func(*testing.T, *presenter.Presenter, *pgxpool.Pool)) {
	t.Helper()
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			pool := d.open(t, nil)
			test(t, present(t, pool, presenter.Config{}), pool)
		})
	}
}

// present makes a presenter that is closed when the test ends.
func present(tb testing.TB, pool *pgxpool.Pool, cfg presenter.Config) *presenter.Presenter {
	tb.Helper()
	p, err := presenter.New(context.Background(), pool, cfg)
	require.NoError(tb, err)
	tb.Cleanup(p.Close)
	return p
}

func calf(tb testing.TB, cfg pglite.Config) *pglite.DB {
	tb.Helper()
	if _, err := assets.Open(); errors.Is(err, assets.ErrAssetsMissing) {
		tb.Skipf("needs the guest: %v", err)
	}
	cfg.Logger = slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelError + 1}))
	db, err := pglite.OpenConfig(context.Background(), cfg)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, db.Close()) })
	return db
}

func newPool(tb testing.TB, cfg *pgxpool.Config, configure func(*pgxpool.Config)) *pgxpool.Pool {
	tb.Helper()
	if configure != nil {
		configure(cfg)
	}
	pool, err := pgxpool.NewWithConfig(context.Background(), cfg)
	require.NoError(tb, err)
	tb.Cleanup(pool.Close)
	return pool
}

func calfPool(tb testing.TB, db *pglite.DB, configure func(*pgxpool.Config)) *pgxpool.Pool {
	tb.Helper()
	cfg, err := pgxpool.ParseConfig("user=postgres")
	require.NoError(tb, err)
	cfg.ConnConfig = db.ConnConfig()
	return newPool(tb, cfg, configure)
}

func tcpPool(tb testing.TB, configure func(*pgxpool.Config)) *pgxpool.Pool {
	tb.Helper()
	db := calf(tb, pglite.Config{})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- db.Serve(ctx, l, pglite.ServeConfig{}) }()
	tb.Cleanup(func() {
		cancel()
		require.NoError(tb, <-done)
	})
	cfg, err := pgxpool.ParseConfig("postgres://postgres@" + l.Addr().String() + "/postgres?sslmode=disable")
	require.NoError(tb, err)
	return newPool(tb, cfg, configure)
}

func nativePool(tb testing.TB, configure func(*pgxpool.Config)) *pgxpool.Pool {
	tb.Helper()
	url := os.Getenv("CALF_TEST_POSTGRES_URL")
	if url == "" {
		tb.Skip("CALF_TEST_POSTGRES_URL is not set: no native PostgreSQL to run on")
	}
	ctx := context.Background()
	admin, err := pgx.Connect(ctx, url)
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, admin.Close(ctx)) })
	name := "presenter_" + strings.ToLower(rand.Text())
	_, err = admin.Exec(ctx, "CREATE DATABASE "+name)
	require.NoError(tb, err)
	tb.Cleanup(func() {
		_, err := admin.Exec(ctx, "DROP DATABASE "+name)
		require.NoError(tb, err)
	})
	cfg, err := pgxpool.ParseConfig(url)
	require.NoError(tb, err)
	cfg.ConnConfig.Database = name
	return newPool(tb, cfg, configure)
}

// at is a time that the database can hold, some milliseconds after a fixed one.
func at(ms int64) time.Time { return time.UnixMilli(1757376000000 + ms).UTC() }

// create makes a conversation of that id.
func create(tb testing.TB, p interface {
	CreateConversation(context.Context, presenter.NewConversation) (presenter.Conversation, error)
}, id string) presenter.Conversation {
	tb.Helper()
	c, err := p.CreateConversation(context.Background(), presenter.NewConversation{ID: id, Title: "About " + id, CreatedAt: at(0)})
	require.NoError(tb, err)
	return c
}

// say adds a user's message of that id.
func say(tb testing.TB, p *presenter.Presenter, conversation, id, parent, content string) presenter.Message {
	tb.Helper()
	m, err := p.InsertMessage(context.Background(), presenter.NewMessage{
		ID: id, ConversationID: conversation, ParentID: parent, Role: presenter.User, Content: content, CreatedAt: at(0), Status: presenter.Sent,
	})
	require.NoError(tb, err)
	return m
}

func ids[T any](list []T, id func(T) string) []string {
	names := []string{}
	for _, x := range list {
		names = append(names, id(x))
	}
	return names
}

func conversationID(c presenter.Conversation) string { return c.ID }
func messageID(m presenter.Message) string           { return m.ID }
