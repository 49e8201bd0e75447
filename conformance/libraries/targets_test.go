package libraries

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/pglitetest"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("gorm.io/gorm/internal/lru.NewLRU[...].func1")) // gorm never ends it
}

// A target is an empty database of a test's own, and a way to it: in this process, or by a URL.
type target struct {
	db  *pglite.DB // nil if there is a URL
	url string

	pooled bool // sql opens connections of a pool of pgx
}

// eachTarget runs a test on calf in memory and over TCP, and on a native server if there is one.
func eachTarget(t *testing.T, test func(t *testing.T, on target)) {
	t.Helper()
	t.Parallel()
	t.Run("Memory", func(t *testing.T) {
		t.Parallel()
		test(t, target{db: pglitetest.Open(t)})
	})
	eachServer(t, test)
}

// eachSQL runs a test of a library for database/sql on the targets, and in memory on both DB.SQL and DB.Pool.
func eachSQL(t *testing.T, test func(t *testing.T, on target)) {
	t.Helper()
	eachTarget(t, test)
	t.Run("MemoryPool", func(t *testing.T) {
		t.Parallel()
		test(t, target{db: pglitetest.Open(t), pooled: true})
	})
}

// eachServer runs a test on the targets that are reached by a URL.
func eachServer(t *testing.T, test func(t *testing.T, on target)) {
	t.Helper()
	t.Run("TCP", func(t *testing.T) {
		t.Parallel()
		test(t, target{url: serve(t, pglitetest.Open(t))})
	})
	t.Run("Native", func(t *testing.T) {
		t.Parallel()
		test(t, target{url: nativeDatabase(t)})
	})
}

// serve serves a database on a loopback address until the test ends, and returns the URL for clients.
func serve(t *testing.T, db *pglite.DB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- db.Serve(ctx, listener, pglite.ServeConfig{}) }()
	t.Cleanup(func() {
		stop()
		require.NoError(t, <-served)
	})
	return "postgres://postgres@" + listener.Addr().String() + "/postgres?sslmode=disable"
}

var nativeDatabases atomic.Int64

// nativeDatabase makes a database on the native server until the test ends, and returns its URL.
func nativeDatabase(t *testing.T) string {
	t.Helper()
	server := os.Getenv("CALF_TEST_POSTGRES_URL")
	if server == "" {
		t.Skip("needs a native PostgreSQL: scripts/native-postgres starts one")
	}
	config, err := pgx.ParseConfig(server)
	require.NoError(t, err)
	name := fmt.Sprintf("calf_libraries_%d_%d", os.Getpid(), nativeDatabases.Add(1))
	run := func(sql string) {
		conn, err := pgx.ConnectConfig(context.Background(), config)
		require.NoError(t, err)
		defer conn.Close(context.Background())
		_, err = conn.Exec(context.Background(), sql)
		require.NoError(t, err)
	}
	run("CREATE DATABASE " + name + " TEMPLATE template0")
	t.Cleanup(func() { run("DROP DATABASE " + name) }) // which nobody is connected to any more
	return "postgres:///" + name + "?" + url.Values{
		"host": {config.Host}, "port": {fmt.Sprint(config.Port)}, "user": {config.User}, "password": {config.Password}, "sslmode": {"disable"},
	}.Encode()
}

// connect opens a connection of pgx, for a test to look at what a library did.
func (on target) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	var conn *pgx.Conn
	var err error
	if on.db != nil {
		conn, err = on.db.Connect(t.Context())
	} else {
		conn, err = pgx.Connect(t.Context(), on.url)
	}
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, conn.Close(context.Background())) })
	return conn
}

// pool opens a pool of pgx.
func (on target) pool(t *testing.T) *pgxpool.Pool {
	t.Helper()
	var pool *pgxpool.Pool
	var err error
	if on.db != nil {
		pool, err = on.db.Pool(t.Context())
	} else {
		pool, err = pgxpool.New(t.Context(), on.url)
	}
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

// sql opens a handle of database/sql with pgx as its driver.
func (on target) sql(t *testing.T) *sql.DB {
	t.Helper()
	var handle *sql.DB
	switch {
	case on.pooled:
		handle = stdlib.OpenDBFromPool(on.pool(t))
	case on.db != nil:
		handle = on.db.SQL()
	default:
		var err error
		handle, err = sql.Open("pgx", on.url)
		require.NoError(t, err)
	}
	t.Cleanup(func() { require.NoError(t, handle.Close()) })
	return handle
}

// patience is how long a test waits for what should happen at once, so that a hang fails and says where.
const patience = 30 * time.Second

// bounded returns a context that ends when a test has lost its patience.
func bounded(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// sleeps is a query that takes much longer than any test.
const sleeps = "SELECT pg_sleep(1000)"

// expire lets the context of a call that runs sleeps reach its deadline, and returns what the call says. By then the server
// has stopped: it is asked on watch, a connection of its own.
func expire(t *testing.T, watch *pgx.Conn, call func(ctx context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(bounded(t), 200*time.Millisecond)
	defer cancel()
	err := call(ctx)
	requireIdle(t, watch)
	return err
}

// interrupt is expire for a context that is cancelled as soon as the server is at it.
func interrupt(t *testing.T, watch *pgx.Conn, call func(ctx context.Context) error) error {
	t.Helper()
	ctx, cancel := context.WithCancel(bounded(t))
	defer cancel()
	ended := make(chan error, 1)
	go func() { ended <- call(ctx) }()
	eventually(t, watch, "SELECT count(*) = 1 FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()")
	cancel()
	err := <-ended
	requireIdle(t, watch)
	return err
}

// requireContextError ends the context of a call that runs sleeps, by its deadline and by cancelling it: the error is the
// context's.
func requireContextError(t *testing.T, watch *pgx.Conn, call func(ctx context.Context) error) {
	t.Helper()
	require.ErrorIs(t, expire(t, watch, call), context.DeadlineExceeded)
	require.ErrorIs(t, interrupt(t, watch, call), context.Canceled)
}

// requireIdle waits until nothing but watch runs a statement in its database.
func requireIdle(t *testing.T, watch *pgx.Conn) {
	t.Helper()
	eventually(t, watch, `SELECT count(*) = 0 FROM pg_stat_activity
		WHERE state = 'active' AND pid <> pg_backend_pid() AND datname = current_database()`)
}

// eventually waits until a query's answer is true.
func eventually(t *testing.T, watch *pgx.Conn, query string, args ...any) {
	t.Helper()
	ctx := bounded(t)
	for is := false; !is; {
		require.NoError(t, watch.QueryRow(ctx, query, args...).Scan(&is), query)
	}
}
