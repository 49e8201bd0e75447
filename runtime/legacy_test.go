package runtime_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/peers"
	"github.com/calfdb/calf/runtime"
	"github.com/calfdb/calf/runtime/vfs"
	"github.com/calfdb/calf/wire"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// legacies are the earlier versions, each loaded once for all tests.
var legacies = map[string]func() (*runtime.Legacy, error){}

func init() {
	for _, major := range runtime.LegacyVersions() {
		legacies[major] = sync.OnceValues(func() (*runtime.Legacy, error) {
			set, err := assets.OpenGroup(runtime.LegacyGroup(major))
			if err != nil {
				return nil, err
			}
			cache, err := os.UserCacheDir()
			if err != nil {
				return nil, err
			}
			return runtime.LoadLegacy(context.Background(), major, runtime.Config{Assets: set, CacheDir: filepath.Join(cache, "calf", "compiled")})
		})
	}
}

func legacy(tb testing.TB, major string) *runtime.Legacy {
	tb.Helper()
	l, err := legacies[major]()
	if errors.Is(err, assets.ErrAssetsMissing) {
		tb.Skipf("needs PostgreSQL %s: %v", major, err)
	}
	require.NoError(tb, err)
	return l
}

// oldDirectory makes a data directory with a release of PGlite, which is not
// closed.
func oldDirectory(tb testing.TB, release string) string {
	tb.Helper()
	dir := filepath.Join(tb.TempDir(), "data")
	peers.Run(tb, `
		const [, , release, dir] = process.argv
		const { PGlite } = await import(release)
		const db = await PGlite.create({ dataDir: 'file://' + dir })
		await db.exec("CREATE TABLE t AS SELECT g AS id, repeat('x', g % 100) AS s FROM generate_series(1, 20000) g")
		process.exit(0)`, release, dir)
	return dir
}

// An oldCluster is a cluster of an earlier version on an overlay.
type oldCluster struct {
	*runtime.LegacyCluster
	ctx   context.Context // of the sessions
	ended chan error      // gets the results of Connect
}

func openOld(tb testing.TB, l *runtime.Legacy, dir string) *oldCluster {
	tb.Helper()
	host, err := vfs.OpenHost(dir, vfs.HostOptions{Sync: vfs.SyncNone})
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, host.Close()) })
	overlay, err := vfs.NewOverlay(host, tb.TempDir())
	require.NoError(tb, err)
	tb.Cleanup(func() { require.NoError(tb, overlay.Close()) })
	return &oldCluster{l.Open(overlay, nil), context.Background(), make(chan error, 10)}
}

// dial opens a connection.
func (c *oldCluster) dial() net.Conn { return c.dialFor(c.ctx, c.ended) }

// dialFor opens a connection that ends with ctx.
func (c *oldCluster) dialFor(ctx context.Context, ended chan<- error) net.Conn {
	client, socket := wire.Pipe()
	go func() {
		err := c.Connect(ctx, socket)
		socket.Close()
		ended <- err
	}()
	return client
}

// connect opens a session in template1, which every cluster has.
func (c *oldCluster) connect(tb testing.TB, options string) (*pgx.Conn, error) {
	tb.Helper()
	cfg, err := pgx.ParseConfig("host=calf user=postgres database=template1 sslmode=disable " + options)
	require.NoError(tb, err)
	cfg.LookupFunc = func(_ context.Context, host string) ([]string, error) { return []string{host}, nil }
	ctx, ended := c.ctx, c.ended
	cfg.DialFunc = func(context.Context, string, string) (net.Conn, error) {
		conn := c.dialFor(ctx, ended)
		ended = make(chan error, 1) // pgx may dial once more, later, to ask for a cancellation
		return conn, nil
	}
	return pgx.ConnectConfig(tb.Context(), cfg)
}

func TestLegacy(t *testing.T) {
	t.Parallel()
	for release, major := range map[string]string{"pglite-0.2": "16", "pglite-0.3": "17", "pglite-0.4": "17"} {
		t.Run(release, func(t *testing.T) {
			t.Parallel()
			l, dir := legacy(t, major), oldDirectory(t, release)
			database := "template1"
			if release == "pglite-0.4" {
				database = "postgres"
			}
			for name, test := range map[string]func(*testing.T, *oldCluster, *pgx.Conn){
				"queries": testOldQueries, "errors": testOldErrors, "copy": testOldCopy, "large": testOldLarge,
				"extensions": testOldExtensions, "recursion": testOldRecursion,
			} {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					c := openOld(t, l, dir)
					conn, err := c.connect(t, "database="+database)
					require.NoError(t, err)
					test(t, c, conn)
					require.EqualValues(t, 20000, one[int](t, conn, "SELECT count(*) FROM t"), "the session is well")
					require.NoError(t, conn.Close(t.Context()))
					require.NoError(t, <-c.ended)
				})
			}
			t.Run("sessions", func(t *testing.T) {
				t.Parallel()
				testOldSessions(t, openOld(t, l, dir))
			})
			t.Run("clients", func(t *testing.T) {
				t.Parallel()
				testOldClients(t, openOld(t, l, dir))
			})
		})
	}
}

func testOldQueries(t *testing.T, _ *oldCluster, conn *pgx.Conn) {
	ctx := t.Context()
	require.Contains(t, one[string](t, conn, "SELECT version()"), "PostgreSQL 1")
	require.Equal(t, one[string](t, conn, "SHOW server_version"), conn.PgConn().ParameterStatus("server_version"))
	require.Equal(t, "on", conn.PgConn().ParameterStatus("standard_conforming_strings"))
	require.Equal(t, "UTF8", conn.PgConn().ParameterStatus("client_encoding"))
	require.EqualValues(t, 5, one[int](t, conn, "SELECT count(*) FROM t WHERE id <= $1", 5))
	results, err := conn.PgConn().Exec(ctx, "SELECT 1; SELECT 2, 'b'; SELECT WHERE false").ReadAll()
	require.NoError(t, err)
	require.Len(t, results, 3)
	require.Equal(t, "b", string(results[1].Rows[0][1]))

	_, err = conn.Exec(ctx, "BEGIN; CREATE TABLE mine (a integer)")
	require.NoError(t, err)
	require.EqualValues(t, 'T', conn.PgConn().TxStatus())
	_, err = conn.Exec(ctx, "ROLLBACK")
	require.NoError(t, err)
	require.EqualValues(t, 'I', conn.PgConn().TxStatus())

	rows, err := conn.Query(ctx, "SELECT id FROM t WHERE id % $1 = 0 ORDER BY id LIMIT 3", 7)
	require.NoError(t, err)
	ids, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(t, err)
	require.Equal(t, []int{7, 14, 21}, ids)
	_, err = conn.Exec(ctx, "DO $$ BEGIN RAISE NOTICE 'heard'; END $$")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "")
	require.NoError(t, err)
}

func testOldErrors(t *testing.T, _ *oldCluster, conn *pgx.Conn) {
	ctx := t.Context()
	failsWith := func(code string, err error) {
		t.Helper()
		var e *pgconn.PgError
		require.ErrorAs(t, err, &e)
		require.Equal(t, code, e.Code)
	}
	for range 30 {
		_, err := conn.Exec(ctx, "SELECT nothing") // simple protocol, as there are no arguments
		failsWith("42703", err)
		failsWith("22012", conn.QueryRow(ctx, "SELECT 1 / $1::integer", 0).Scan(new(int)))
		require.Equal(t, 3, one[int](t, conn, "SELECT $1::integer + 1", 2))
	}
	// In a batch nothing runs after an error until its end.
	b := &pgx.Batch{}
	for _, sql := range []string{"SELECT 1", "CREATE TABLE made (a integer)", "SELECT 1 / 0", "SELECT 3"} {
		b.Queue(sql)
	}
	results := conn.SendBatch(ctx, b)
	require.Equal(t, 1, func() (n int) { require.NoError(t, results.QueryRow().Scan(&n)); return n }())
	_, err := results.Exec()
	require.NoError(t, err)
	_, err = results.Exec()
	failsWith("22012", err)
	require.Error(t, results.Close())
	require.True(t, one[bool](t, conn, "SELECT to_regclass('made') IS NULL"), "the batch was one transaction")

	_, err = conn.Exec(ctx, "BEGIN; SELECT nothing; SELECT 1")
	failsWith("42703", err)
	require.EqualValues(t, 'E', conn.PgConn().TxStatus())
	_, err = conn.Exec(ctx, "SELECT 1")
	failsWith("25P02", err)
	_, err = conn.Exec(ctx, "ROLLBACK")
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "DO $$ BEGIN BEGIN PERFORM 1 / 0; EXCEPTION WHEN division_by_zero THEN NULL; END; RAISE 'out' USING ERRCODE = 'P0042'; END $$")
	failsWith("P0042", err)
}

func testOldCopy(t *testing.T, _ *oldCluster, conn *pgx.Conn) {
	ctx := t.Context()
	var out bytes.Buffer
	tag, err := conn.PgConn().CopyTo(ctx, &out, "COPY (SELECT * FROM t ORDER BY id) TO STDOUT")
	require.NoError(t, err)
	require.EqualValues(t, 20000, tag.RowsAffected())
	require.Equal(t, 20000, bytes.Count(out.Bytes(), []byte("\n")))
	_, err = conn.PgConn().CopyTo(ctx, io.Discard, "COPY (SELECT 1 / (id - 500) FROM t) TO STDOUT")
	require.ErrorContains(t, err, "22012")
	_, err = conn.Exec(ctx, "CREATE TEMP TABLE c (LIKE t)")
	require.NoError(t, err)
	tag, err = conn.PgConn().CopyFrom(ctx, &out, "COPY c FROM STDIN")
	require.NoError(t, err)
	require.EqualValues(t, 20000, tag.RowsAffected())
	_, err = conn.PgConn().CopyFrom(ctx, strings.NewReader("1\tx\nno number\ty\n"+strings.Repeat("2\tz\n", 100_000)), "COPY c FROM STDIN")
	require.ErrorContains(t, err, "22P02")
	require.EqualValues(t, 20000, one[int](t, conn, "SELECT count(*) FROM c"))
}

func testOldLarge(t *testing.T, _ *oldCluster, conn *pgx.Conn) {
	const n = 20 << 20
	text := one[string](t, conn, "SELECT repeat('y', $1)", n)
	require.Len(t, text, n)
	require.EqualValues(t, n, one[int](t, conn, "SELECT length($1)", text))
	require.EqualValues(t, n, one[int](t, conn, "SELECT length('"+text+"')"))
	rows, err := conn.Query(t.Context(), "SELECT repeat('z', 3000) FROM generate_series(1, 10000)")
	require.NoError(t, err)
	count := 0
	for rows.Next() {
		count++
	}
	require.NoError(t, rows.Err())
	require.Equal(t, 10000, count)
}

func testOldExtensions(t *testing.T, _ *oldCluster, conn *pgx.Conn) {
	ctx := t.Context()
	_, err := conn.Exec(ctx, `CREATE EXTENSION vector; CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION pg_trgm;
		CREATE EXTENSION ltree; CREATE EXTENSION cube; CREATE EXTENSION seg; CREATE EXTENSION isn`)
	require.NoError(t, err)
	require.Equal(t, "[1,2.5,-3]", one[string](t, conn, "SELECT '[1,2.5,-3]'::vector::text"))
	require.InDelta(t, 2.449489742783178, one[float64](t, conn, "SELECT '[1,2,3]'::vector <-> '[3,1,2]'"), 1e-9)
	require.Equal(t, `"a"=>"1"`, one[string](t, conn, "SELECT 'a=>1'::hstore::text"))
	require.True(t, one[bool](t, conn, "SELECT 'A'::citext = 'a'"))
	require.Equal(t, "a.b", one[string](t, conn, "SELECT 'a.b'::ltree::text"))
	require.Equal(t, "(1, 2)", one[string](t, conn, "SELECT '(1,2)'::cube::text"))
	_, err = conn.Exec(ctx, "LOAD 'no_such_library'")
	require.Error(t, err)
}

// Deep recursion is an error of PostgreSQL's, not the end of the engine.
func testOldRecursion(t *testing.T, _ *oldCluster, conn *pgx.Conn) {
	_, err := conn.Exec(t.Context(), `CREATE FUNCTION deep(n integer) RETURNS integer LANGUAGE plpgsql AS $$ BEGIN RETURN deep(n + 1); END $$; SELECT deep(1)`)
	require.ErrorContains(t, err, "54001")
	_, err = conn.Exec(t.Context(), "SELECT repeat('[', 1000000)::json")
	require.ErrorContains(t, err, "54001")
}

// testOldSessions tests what there is to sessions.
func testOldSessions(t *testing.T, c *oldCluster) {
	ctx := t.Context()
	_, err := c.connect(t, "database=nosuch")
	require.ErrorContains(t, err, "database \"nosuch\" does not exist (SQLSTATE 3D000)")
	require.NoError(t, <-c.ended)
	_, err = c.connect(t, "options='-c nosuch=1'")
	require.ErrorContains(t, err, "SQLSTATE 42704")
	require.NoError(t, <-c.ended)
	_, err = c.connect(t, "options='--'")
	require.ErrorContains(t, err, "SQLSTATE 08P01")
	require.NoError(t, <-c.ended)

	first, err := c.connect(t, `application_name=it\'s options='-c work_mem=7MB --search-path=pg_temp' timezone=Europe/Berlin`)
	require.NoError(t, err)
	require.Equal(t, "7MB", one[string](t, first, "SHOW work_mem"))
	require.Equal(t, "pg_temp", one[string](t, first, "SHOW search_path"))
	require.Equal(t, "it's", one[string](t, first, "SHOW application_name"))
	require.Equal(t, "Europe/Berlin", first.PgConn().ParameterStatus("TimeZone"))
	_, err = first.Exec(ctx, "CREATE TABLE public.kept AS SELECT 1 AS a; PREPARE p AS SELECT 1")
	require.NoError(t, err)

	// The next session begins when the first has ended, and is new.
	connected := make(chan *pgx.Conn)
	go func() {
		conn, err := c.connect(t, "")
		if err != nil {
			t.Error(err)
		}
		connected <- conn
	}()
	select {
	case <-connected:
		t.Fatal("two sessions at a time")
	default:
	}
	require.NoError(t, first.Close(ctx))
	second := <-connected
	require.NoError(t, <-c.ended)
	require.Equal(t, 1, one[int](t, second, "SELECT a FROM kept"))
	require.Zero(t, one[int](t, second, "SELECT count(*) FROM pg_prepared_statements WHERE name = 'p'"))
	require.NotEqual(t, "7MB", one[string](t, second, "SHOW work_mem"))
	require.NoError(t, second.Close(ctx))
	require.NoError(t, <-c.ended)

	// Who cancels, ends the session, whatever it computes. Nothing is lost.
	running, cancel := context.WithCancel(ctx)
	c.ctx = running
	third, err := c.connect(t, "")
	require.NoError(t, err)
	time.AfterFunc(100*time.Millisecond, cancel)
	_, err = third.Exec(ctx, "SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b")
	require.Error(t, err)
	require.ErrorIs(t, <-c.ended, context.Canceled)
	require.ErrorIs(t, c.Connect(running, nil), context.Canceled)
	c.ctx = context.Background()
	fourth, err := c.connect(t, "")
	require.NoError(t, err)
	require.Equal(t, 1, one[int](t, fourth, "SELECT a FROM kept"))
	require.NoError(t, fourth.Close(ctx))
	require.NoError(t, <-c.ended)
}

// testOldClients tests clients that do not behave.
func testOldClients(t *testing.T, c *oldCluster) {
	startup := func(code uint32, body string) string {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(body)+8))
		return string(binary.BigEndian.AppendUint32(b, code)) + body
	}
	message := func(kind byte, body string) string {
		return string(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))) + body
	}
	good := startup(3<<16, "user\x00postgres\x00database\x00template1\x00\x00")
	for name, test := range map[string]struct{ sends, answer string }{
		"nothing":            {"", ""},
		"half a length":      {"\x00\x00", ""},
		"half a packet":      {good[:20], ""},
		"a length of nine":   {"\x00\x00\x00\x09\x00\x03\x00\x00x", "expected terminator"},
		"a huge length":      {"\x7f\xff\xff\xff\x00\x03\x00\x00", "invalid length of startup packet"},
		"an old protocol":    {startup(2<<16, ""), "unsupported frontend protocol"},
		"a cancel request":   {startup(1234<<16|5678, "\x00\x00\x00\x2a\x00\x00\x00\x00"), ""},
		"TLS, then nothing":  {startup(1234<<16|5679, ""), "N"},
		"an unknown message": {good + "?\x00\x00\x00\x04", "invalid frontend message type 63"},
		"a negative length":  {good + "Q\x00\x00\x00\x01", "invalid message length"},
		"half a message":     {good + "Q\x00\x00\x00\x20SELECT", "Z"},
		"half a copy":        {good + message('Q', "CREATE TEMP TABLE x (a integer); COPY x FROM STDIN\x00") + message('d', "1\n"), "G"},
		"a stray copy":       {good + message('d', "") + message('c', "") + message('X', ""), "Z"},
		"a bad query":        {good + message('Q', "a\x00b\x00\x00"), "invalid message format"},
	} {
		client := c.dial()
		_, err := client.Write([]byte(test.sends))
		require.NoError(t, err, name)
		require.NoError(t, client.(interface{ CloseWrite() error }).CloseWrite(), name)
		said, err := io.ReadAll(client)
		require.NoError(t, err, name)
		require.Contains(t, string(said), test.answer, name)
		require.NoError(t, <-c.ended, name)
	}
	conn, err := c.connect(t, "")
	require.NoError(t, err)
	require.Equal(t, 1, one[int](t, conn, "SELECT 1"))
	require.NoError(t, conn.PgConn().Conn().Close(), "without saying goodbye")
	require.NoError(t, <-c.ended)
}

func TestLegacyRefusesWhatItDoesNotHave(t *testing.T) {
	t.Parallel()
	require.Equal(t, []string{"16", "17"}, runtime.LegacyVersions())
	require.Empty(t, runtime.LegacyGroup("15"))
	require.Equal(t, "legacy-17", runtime.LegacyGroup("17"))
	_, err := runtime.LoadLegacy(t.Context(), "15", runtime.Config{})
	require.EqualError(t, err, "runtime: there is no PostgreSQL 15 to load")
	set, err := assets.Open()
	if errors.Is(err, assets.ErrAssetsMissing) {
		t.Skipf("needs the guest: %v", err)
	}
	require.NoError(t, err)
	_, err = runtime.LoadLegacy(t.Context(), "17", runtime.Config{Assets: set})
	require.ErrorContains(t, err, "no facts about an artifact", "today's program is none of the old ones")
}

// A directory that is none of the version's, or damaged, is PostgreSQL's own
// error, and leaves the next attempt alone.
func TestLegacyWithoutACluster(t *testing.T) {
	t.Parallel()
	l := legacy(t, "17")
	for name, files := range map[string]map[string]string{
		"empty":         {},
		"other version": {"PG_VERSION": "16\n"},
		"no control":    {"PG_VERSION": "17\n", "postgresql.conf": ""},
		"bad settings":  {"PG_VERSION": "17\n", "postgresql.conf": "nonsense\n"},
	} {
		dir := t.TempDir()
		for file, content := range files {
			require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(content), 0o600))
		}
		c := openOld(t, l, dir)
		for range 2 {
			_, err := c.connect(t, "")
			require.Error(t, err, name)
			require.NoError(t, <-c.ended, name)
			require.NotContains(t, fmt.Sprint(err), "EOF", name)
		}
	}
}
