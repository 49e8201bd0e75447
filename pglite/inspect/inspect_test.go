package inspect_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite/inspect"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// look inspects, and expects no error.
func look(tb testing.TB, path string, o inspect.Options) *inspect.Info {
	tb.Helper()
	info, err := inspect.Path(context.Background(), path, o)
	require.NoError(tb, err)
	_, err = json.Marshal(info)
	require.NoError(tb, err)
	return info
}

// database returns what Inspect found of a database.
func database(tb testing.TB, info *inspect.Info, name string) inspect.Database {
	tb.Helper()
	for _, db := range info.Databases {
		if db.Name == name {
			return db
		}
	}
	require.Fail(tb, "there is no database "+name)
	return inspect.Database{}
}

// rows returns the number of live rows that Inspect found in tables of the schema public.
func rows(tb testing.TB, db inspect.Database) map[string]int64 {
	tb.Helper()
	found := map[string]int64{}
	for _, r := range db.Relations {
		if r.Schema == "public" && r.Tuples != nil {
			require.True(tb, r.Tuples.Exact, r.Name)
			require.Zero(tb, r.Tuples.Uncertain, r.Name)
			found[r.Name] = r.Tuples.Live
		}
	}
	return found
}

// counted returns the number of rows that SQL finds in the same tables.
func counted(tb testing.TB, db *pglite.DB) map[string]int64 {
	tb.Helper()
	found := map[string]int64{}
	for name := range rowsOf(tb, db, "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'm')") {
		found[name] = dbtest.Query[int64](tb, db, "SELECT count(*) FROM "+pgx.Identifier{name}.Sanitize())
	}
	return found
}

func rowsOf(tb testing.TB, db *pglite.DB, sql string) map[string]bool {
	tb.Helper()
	r, err := db.Query(context.Background(), sql)
	require.NoError(tb, err)
	names, err := pgx.CollectRows(r, pgx.RowTo[string])
	require.NoError(tb, err)
	set := map[string]bool{}
	for _, n := range names {
		set[n] = true
	}
	return set
}

// A directory that is open is inspected, a copy of it as a crash would leave it, and the same after it was closed. Each
// time Inspect finds what PostgreSQL does.
func TestInspectDirectory(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	cfg := pglite.Config{
		Dir: dir, Extensions: []string{"vector", "pg_trgm"},
		Settings: map[string]string{"max_prepared_transactions": "5", "autovacuum": "off"},
	}
	db := dbtest.Open(t, cfg)
	dbtest.Exec(t, db, "CREATE TABLE item (id int PRIMARY KEY, name text, v vector(3))")
	dbtest.Exec(t, db, "INSERT INTO item SELECT g, 'item ' || g, '[1,2,3]' FROM generate_series(1, 1000) g")
	dbtest.Exec(t, db, "CREATE INDEX ON item USING hnsw (v vector_l2_ops)")
	dbtest.Exec(t, db, "CHECKPOINT")
	dbtest.Exec(t, db, "UPDATE item SET name = name || ' changed' WHERE id % 2 = 0")
	dbtest.Exec(t, db, "DELETE FROM item WHERE id > 900")
	dbtest.Exec(t, db, "CREATE TABLE line (item int REFERENCES item, n int)")
	dbtest.Exec(t, db, "INSERT INTO line SELECT 1 + g % 50, g FROM generate_series(1, 2000) g")
	dbtest.Exec(t, db, "CREATE MATERIALIZED VIEW even AS SELECT * FROM item WHERE id % 2 = 0")
	dbtest.Exec(t, db, `INSERT INTO item SELECT g, 'again' FROM generate_series(1, 10) g ON CONFLICT (id) DO UPDATE SET name = excluded.name`)
	dbtest.Exec(t, db, "INSERT INTO item VALUES (1, 'no') ON CONFLICT DO NOTHING")

	dbtest.Exec(t, db, "VACUUM FULL line")

	// Two sessions hold a row: one has locked it, the other changes it.
	locker, err := db.Connect(ctx)
	require.NoError(t, err)
	defer locker.Close(ctx)
	for _, sql := range []string{"BEGIN", "SELECT FROM item WHERE id = 5 FOR KEY SHARE"} {
		_, err = locker.Exec(ctx, sql)
		require.NoError(t, err)
	}
	dbtest.Exec(t, db, "UPDATE item SET name = 'of two transactions' WHERE id = 5")
	_, err = locker.Exec(ctx, "COMMIT")
	require.NoError(t, err)

	// Parts of transactions, and one that is not finished.
	for _, sql := range []string{
		"BEGIN", "INSERT INTO line VALUES (1, 1)", "SAVEPOINT a", "INSERT INTO line VALUES (2, 2)", "ROLLBACK TO a",
		"SAVEPOINT b", "INSERT INTO line VALUES (3, 3)", "RELEASE b", "COMMIT",
		"BEGIN", "INSERT INTO line SELECT 1, g FROM generate_series(1, 300) g",
	} {
		_, err = locker.Exec(ctx, sql)
		require.NoError(t, err)
	}

	want := counted(t, db)
	info := look(t, dir, inspect.Options{Verify: true})
	require.True(t, info.InUse)
	require.False(t, info.Clean)
	require.Contains(t, info.Summary, "in use")

	left := dbtest.CopyDir(t, dir)
	info = look(t, left, inspect.Options{Verify: true})
	require.Empty(t, info.Problems)
	require.False(t, info.InUse)
	require.True(t, info.Recovers)
	require.False(t, info.Stale)
	require.Equal(t, want, rows(t, database(t, info, "postgres")))
	require.Equal(t, []inspect.Extension{{"pg_trgm", "1.6", "public"}, {"plpgsql", "1.0", "pg_catalog"}, {"vector", "0.8.7", "public"}},
		database(t, info, "postgres").Extensions)
	require.Equal(t, []string{"PGlite 0.5", "calf"}, info.OpenedBy)

	cfg.Dir = left
	again := dbtest.Open(t, cfg)
	require.Equal(t, want, counted(t, again), "recovery finds what Inspect has found")

	require.NoError(t, locker.Close(ctx))
	require.NoError(t, db.Close())
	info = look(t, dir, inspect.Options{Verify: true})
	require.Empty(t, info.Problems)
	require.True(t, info.Clean)
	require.Equal(t, want, rows(t, database(t, info, "postgres")))
	for _, r := range database(t, info, "postgres").Relations {
		if r.Name == "item_v_idx" {
			require.Equal(t, "public.item", r.Of)
			require.Equal(t, "index", r.Kind)
		}
	}
}

// After whatever was done since the last checkpoint, Inspect counts what recovery will find.
func TestInspectRecovers(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db := dbtest.Open(t, pglite.Config{Dir: dir, Settings: map[string]string{"autovacuum": "off"}})
	conn, err := db.Connect(context.Background())
	require.NoError(t, err)
	defer conn.Close(context.Background())
	r := rand.New(rand.NewPCG(3, 4))
	for n := range 3 {
		dbtest.Exec(t, db, fmt.Sprintf("CREATE TABLE t%d (id int, body text) WITH (fillfactor = %d)", n, 50+20*n))
	}
	statements := []string{
		"INSERT INTO $t SELECT g, repeat('a', g % 100) FROM generate_series(1, $n) g",
		"INSERT INTO $t VALUES ($n, 'one')",
		"UPDATE $t SET body = body || 'u' WHERE id % 7 = $n % 7",
		"UPDATE $t SET body = left(body, 3) WHERE id = $n",
		"UPDATE $t SET id = id + 1 WHERE id > $n",
		"DELETE FROM $t WHERE id % 11 = $n % 11",
		"DELETE FROM $t WHERE id > $n",
		"BEGIN; DELETE FROM $t; INSERT INTO $t SELECT $n; ROLLBACK",
		"BEGIN; SAVEPOINT a; DELETE FROM $t WHERE id < $n; ROLLBACK TO a; INSERT INTO $t SELECT g FROM generate_series(1, 50) g; COMMIT",
		"BEGIN; SAVEPOINT a; INSERT INTO $t VALUES ($n); RELEASE a; SAVEPOINT b; UPDATE $t SET body = 'sub' WHERE id < 5; RELEASE b; COMMIT",
		"SELECT FROM $t WHERE id = $n FOR UPDATE",
		"VACUUM $t",
		"VACUUM FREEZE $t",
		"VACUUM FULL $t",
		"TRUNCATE $t",
		"BEGIN; TRUNCATE $t; INSERT INTO $t VALUES ($n); ROLLBACK",
		"CHECKPOINT",
		"ANALYZE $t",
		"ALTER TABLE $t ADD COLUMN IF NOT EXISTS c$n int DEFAULT 3",
		"CREATE INDEX ON $t (id)",
		"BEGIN; DROP TABLE $t; CREATE TABLE $t (id int, body text); INSERT INTO $t SELECT g, 'new' FROM generate_series(1, $n) g; COMMIT",
	}
	rounds := 4
	if dbtest.Raced {
		rounds = 1
	}
	for round := range rounds {
		for range 60 {
			table, n := fmt.Sprintf("t%d", r.IntN(3)), 1+r.IntN(900)
			statement := strings.NewReplacer("$t", table, "$n", fmt.Sprint(n)).Replace(statements[r.IntN(len(statements))])
			for part := range strings.SplitSeq(statement, ";") {
				_, err := conn.Exec(context.Background(), part)
				require.NoError(t, err, part)
			}
		}
		want := counted(t, db)
		left := dbtest.CopyDir(t, dir)
		info := look(t, left, inspect.Options{Verify: true})
		require.Empty(t, info.Problems)
		require.False(t, info.Stale)
		require.Equal(t, want, rows(t, database(t, info, "postgres")), "round %d", round)
		again := dbtest.Open(t, pglite.Config{Dir: left})
		require.Equal(t, want, counted(t, again))
	}
}

// What Inspect says of the control file is what PostgreSQL says of it.
func TestInspectControl(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db := dbtest.Open(t, pglite.Config{Dir: dir})
	dbtest.Exec(t, db, "CREATE TABLE t AS SELECT g FROM generate_series(1, 10000) g")
	require.NoError(t, db.Close())
	info := look(t, dir, inspect.Options{})
	require.Empty(t, info.Problems)

	// A start after a clean shutdown changes the state only.
	db = dbtest.Open(t, pglite.Config{Dir: dbtest.CopyDir(t, dir)})
	c, ck := info.Control, info.Control.Checkpoint
	for _, is := range []struct {
		sql string
		got any
	}{
		{"system_identifier FROM pg_control_system()", c.SystemIdentifier},
		{"pg_control_version FROM pg_control_system()", c.Version},
		{"catalog_version_no FROM pg_control_system()", c.CatalogVersion},
		{"checkpoint_lsn FROM pg_control_checkpoint()", ck.Location},
		{"redo_lsn FROM pg_control_checkpoint()", ck.Redo},
		{"timeline_id FROM pg_control_checkpoint()", ck.Timeline},
		{"prev_timeline_id FROM pg_control_checkpoint()", ck.PrevTimeline},
		{"full_page_writes FROM pg_control_checkpoint()", ck.FullPageWrites},
		{"next_xid FROM pg_control_checkpoint()", fmt.Sprintf("%d:%d", ck.NextXID>>32, uint32(ck.NextXID))},
		{"next_oid FROM pg_control_checkpoint()", ck.NextOID},
		{"next_multixact_id FROM pg_control_checkpoint()", ck.NextMulti},
		{"next_multi_offset FROM pg_control_checkpoint()", ck.NextMultiOffset},
		{"oldest_xid FROM pg_control_checkpoint()", ck.OldestXID},
		{"oldest_xid_dbid FROM pg_control_checkpoint()", ck.OldestXIDDB},
		{"oldest_active_xid FROM pg_control_checkpoint()", ck.OldestActiveXID},
		{"oldest_multi_xid FROM pg_control_checkpoint()", ck.OldestMulti},
		{"oldest_multi_dbid FROM pg_control_checkpoint()", ck.OldestMultiDB},
		{"extract(epoch FROM checkpoint_time)::bigint FROM pg_control_checkpoint()", ck.Time.Unix()},
		{"max_data_alignment FROM pg_control_init()", c.MaxAlign},
		{"database_block_size FROM pg_control_init()", c.BlockSize},
		{"blocks_per_segment FROM pg_control_init()", c.BlocksPerSegment},
		{"wal_block_size FROM pg_control_init()", c.WALBlockSize},
		{"bytes_per_wal_segment FROM pg_control_init()", c.WALSegmentSize},
		{"max_identifier_length FROM pg_control_init()", c.NameDataLen},
		{"max_index_columns FROM pg_control_init()", c.IndexMaxKeys},
		{"max_toast_chunk_size FROM pg_control_init()", c.ToastMaxChunk},
		{"large_object_chunk_size FROM pg_control_init()", c.LargeObjectBlock},
		{"float8_pass_by_value FROM pg_control_init()", c.Float8ByVal},
		{"data_page_checksum_version FROM pg_control_init()", c.ChecksumVersion},
		{"default_char_signedness FROM pg_control_init()", c.CharSigned},
		{"setting FROM pg_settings WHERE name = 'wal_level'", c.WALLevel},
		{"setting FROM pg_settings WHERE name = 'max_connections'", c.MaxConnections},
		{"setting FROM pg_settings WHERE name = 'max_locks_per_transaction'", c.MaxLocksPerXact},
		{"setting FROM pg_settings WHERE name = 'max_wal_senders'", c.MaxWALSenders},
	} {
		want := dbtest.Query[string](t, db, "SELECT x::text FROM (SELECT "+is.sql+") AS _(x)")
		require.Equal(t, want, fmt.Sprint(is.got), is.sql)
	}
}

// The rows of a large table are extrapolated from some pages, and counted if every block is read.
func TestInspectCounts(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db := dbtest.Open(t, pglite.Config{Dir: dir})
	dbtest.Exec(t, db, "CREATE TABLE large AS SELECT g, repeat('x', 300) FROM generate_series(1, 40000) g")
	dbtest.Exec(t, db, "DELETE FROM large WHERE g % 4 = 0")
	require.NoError(t, db.Close())

	of := func(o inspect.Options) *inspect.Tuples {
		for _, r := range database(t, look(t, dir, o), "postgres").Relations {
			if r.Name == "large" {
				require.Greater(t, r.Pages, int64(1000))
				return r.Tuples
			}
		}
		return nil
	}
	require.Equal(t, &inspect.Tuples{Live: 30000, Dead: 10000, Exact: true}, of(inspect.Options{Verify: true}))
	about := of(inspect.Options{})
	require.False(t, about.Exact)
	require.InEpsilon(t, 30000, about.Live, 0.02)
	require.InEpsilon(t, 10000, about.Dead, 0.1)
}

// A tablespace may be in the directory, or a link out of it, which is not followed.
func TestInspectTablespaces(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	db := dbtest.Open(t, pglite.Config{Dir: dir, Settings: map[string]string{"allow_in_place_tablespaces": "on"}})
	dbtest.Exec(t, db, "CREATE TABLESPACE fast LOCATION ''")
	dbtest.Exec(t, db, "CREATE TABLE here AS SELECT generate_series(1, 10)")
	dbtest.Exec(t, db, "CREATE TABLE there TABLESPACE fast AS SELECT generate_series(1, 20)")
	dbtest.Exec(t, db, "CREATE DATABASE whole TABLESPACE fast")
	cfg := db.ConnConfig()
	cfg.Database = "whole"
	conn, err := pgx.ConnectConfig(ctx, cfg)
	require.NoError(t, err)
	_, err = conn.Exec(ctx, "CREATE TABLE inside AS SELECT generate_series(1, 30)")
	require.NoError(t, err)
	require.NoError(t, conn.Close(ctx))
	require.NoError(t, db.Close())

	info := look(t, dir, inspect.Options{Verify: true})
	require.Empty(t, info.Problems)
	require.Len(t, info.Tablespaces, 1)
	require.Equal(t, "fast", info.Tablespaces[0].Name)
	require.Empty(t, info.Tablespaces[0].Target)
	require.Equal(t, map[string]int64{"here": 10, "there": 20}, rows(t, database(t, info, "postgres")))
	require.Equal(t, map[string]int64{"inside": 30}, rows(t, database(t, info, "whole")))
	require.Greater(t, database(t, info, "whole").Size, int64(1<<20))

	link := filepath.Join(dir, "pg_tblspc", fmt.Sprint(info.Tablespaces[0].OID))
	outside := filepath.Join(t.TempDir(), "outside")
	require.NoError(t, os.Rename(link, outside))
	dbtest.Symlink(t, outside, link)
	info = look(t, dir, inspect.Options{Verify: true})
	require.Equal(t, []string{"link"}, problemKinds(info))
	require.Equal(t, outside, info.Tablespaces[0].Target)
	require.Equal(t, map[string]int64{"here": 10}, rows(t, database(t, info, "postgres")))
	require.Empty(t, database(t, info, "whole").Relations)
}

func TestInspectConfiguration(t *testing.T) {
	t.Parallel()
	dbtest.NeedGuest(t)
	dir := filepath.Join(t.TempDir(), "data")
	db := dbtest.Open(t, pglite.Config{Dir: dir})
	dbtest.Exec(t, db, "ALTER SYSTEM SET work_mem = '8MB'")
	dbtest.Exec(t, db, "ALTER SYSTEM SET search_path = app, public")
	require.NoError(t, db.Close())
	info := look(t, dir, inspect.Options{})
	require.Nil(t, info.Config.HBA)
	require.Equal(t, []inspect.Setting{
		{Name: "search_path", Value: "app, public", Default: `"$user", public`, File: "postgresql.auto.conf", Line: 4},
		{Name: "work_mem", Value: "8MB", Default: "4MB", File: "postgresql.auto.conf", Line: 3},
	}, info.Config.Settings)
	require.Equal(t, "calf.lock", info.Leftovers[0].File)

	dbtest.AppendTo(t, filepath.Join(dir, "postgresql.conf"), "max_connections = 7\nshared_buffers = 128MB\nthis is wrong\n")
	dbtest.AppendTo(t, filepath.Join(dir, "pg_hba.conf"), "host all all 10.0.0.0/8 scram-sha-256 # the office\n")
	for _, name := range []string{"backup_label", "recovery.signal", "standby.signal", "calf.incomplete"} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o600))
	}
	info = look(t, dir, inspect.Options{})
	require.Len(t, info.Config.Settings, 3)
	require.Equal(t, "max_connections", info.Config.Settings[0].Name)
	require.Equal(t, "100", info.Config.Settings[0].Default)
	require.Equal(t, "host all all 10.0.0.0/8 scram-sha-256", info.Config.HBA[6])
	require.Equal(t, []string{"config"}, problemKinds(info))
	require.Len(t, info.Leftovers, 5)
	require.Equal(t, inspect.Incomplete, info.Kind)
}

func problemKinds(info *inspect.Info) (kinds []string) {
	for _, p := range info.Problems {
		kinds = append(kinds, p.Kind)
	}
	return kinds
}
