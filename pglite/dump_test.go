package pglite_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/calfdb/calf/pglite/dump"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// dumped dumps a database.
func dumped(tb testing.TB, db *pglite.DB) []byte {
	tb.Helper()
	var b bytes.Buffer
	require.NoError(tb, db.Dump(tb.Context(), &b, dump.ArchiveConfig{}))
	return b.Bytes()
}

// everywhere runs a test on a database in memory and on one in a directory.
func everywhere(t *testing.T, test func(t *testing.T, cfg pglite.Config)) {
	needGuest(t)
	t.Run("Memory", func(t *testing.T) {
		t.Parallel()
		test(t, pglite.Config{})
	})
	t.Run("Directory", func(t *testing.T) {
		t.Parallel()
		test(t, pglite.Config{Dir: filepath.Join(t.TempDir(), "data")})
	})
}

// noBackup requires that no dump has left anything in the server.
func noBackup(tb testing.TB, db *pglite.DB) {
	tb.Helper()
	require.Equal(tb, 0, query[int](tb, db, "SELECT count(*) FROM pg_replication_slots"))
	conn, err := db.Connect(tb.Context())
	require.NoError(tb, err)
	defer conn.Close(tb.Context())
	_, err = conn.Exec(tb.Context(), "SELECT pg_backup_stop(false)")
	require.ErrorContains(tb, err, "backup is not in progress")
}

// A dump holds what all databases hold, and roles.
func TestDump(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, cfg pglite.Config) {
		db := open(t, cfg)
		exec(t, db, "CREATE TABLE t AS SELECT g FROM generate_series(1, 10000) g")
		exec(t, db, "CREATE DATABASE other")
		exec(t, db, "CREATE ROLE clerk")
		exec(t, db, "CREATE UNLOGGED TABLE u AS SELECT g FROM generate_series(1, 10000) g")
		exec(t, db, "CREATE INDEX ON u (g)")
		exec(t, db, "CREATE SEQUENCE s")
		exec(t, db, "SELECT nextval('s') FROM generate_series(1, 10)")
		exec(t, db, "ALTER SYSTEM SET work_mem = '7MB'")
		archive := dumped(t, db)
		exec(t, db, "DROP TABLE t")
		copied := filepath.Join(t.TempDir(), "a", "copy")
		require.NoError(t, db.DumpDirectory(t.Context(), copied, dump.ArchiveConfig{}))
		noBackup(t, db)

		for name, cfg := range map[string]pglite.Config{
			"memory":    {Load: bytes.NewReader(archive)},
			"directory": {Load: bytes.NewReader(compressed(t, archive)), Dir: filepath.Join(t.TempDir(), "data")},
		} {
			db := open(t, cfg)
			require.Equal(t, 10000, query[int](t, db, "SELECT count(*) FROM t"), name)
			require.Equal(t, 0, query[int](t, db, "SELECT count(*) FROM u"), name)
			exec(t, db, "INSERT INTO u VALUES (1)")
			require.Equal(t, 11, query[int](t, db, "SELECT nextval('s')"), name)
			require.Equal(t, "7MB", query[string](t, db, "SHOW work_mem"), name)
			require.Equal(t, 2, query[int](t, db, "SELECT (SELECT count(*) FROM pg_database WHERE datname = 'other')"+
				" + (SELECT count(*) FROM pg_roles WHERE rolname = 'clerk')"), name)
			require.Empty(t, scripts(t, db, testFile(t, "amcheck.sql"))[0])
		}
		require.NoFileExists(t, filepath.Join(copied, "calf.lock"))
		require.NoFileExists(t, filepath.Join(copied, "postmaster.pid"))
		again := open(t, pglite.Config{Dir: copied})
		require.Nil(t, query[*string](t, again, "SELECT to_regclass('t')::text"), "it was dropped before")
		require.Equal(t, 0, query[int](t, again, "SELECT count(*) FROM u"))
	})
}

// A database can be dumped as soon as it is open, and a copy of a copy is like the first.
func TestDumpOfDump(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{})
	exec(t, db, "CREATE TABLE t AS SELECT 42 AS a")
	for range 3 {
		db = open(t, pglite.Config{Load: bytes.NewReader(dumped(t, db)), Dir: filepath.Join(t.TempDir(), "data"), Durability: pglite.None})
		db = open(t, pglite.Config{Load: bytes.NewReader(dumped(t, db))})
	}
	require.Equal(t, 42, query[int](t, db, "SELECT a FROM t"))
}

// A gate is a writer that stops after so many bytes, until it is opened.
type gate struct {
	bytes.Buffer
	after   int
	reached chan struct{} // closed when it stops
	open    chan struct{}
}

func newGate(after int) *gate {
	return &gate{after: after, reached: make(chan struct{}), open: make(chan struct{})}
}

func (g *gate) Write(p []byte) (int, error) {
	if g.Len() < g.after && g.Len()+len(p) >= g.after {
		close(g.reached)
		<-g.open
	}
	return g.Buffer.Write(p)
}

// TestDumpOfLiveDatabase dumps while others write: the archive holds a state in which the database was, and no writer
// waits for the dump. In the middle of it, checkpoints throw away all of the log that they may.
func TestDumpOfLiveDatabase(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, cfg pglite.Config) {
		cfg.Durability = pglite.None // no test of the disk
		cfg.Settings = map[string]string{"max_wal_size": "32MB", "min_wal_size": "32MB"}
		db := open(t, cfg)
		ctx := t.Context()
		exec(t, db, "CREATE TABLE account (id int PRIMARY KEY, balance int NOT NULL)")
		exec(t, db, "INSERT INTO account SELECT g, 1000 FROM generate_series(1, 500) g")
		exec(t, db, "CREATE TABLE log (id bigserial PRIMARY KEY, a int, b int, amount int, pad text)")
		exec(t, db, "CREATE INDEX ON log (pad)")

		var writers sync.WaitGroup
		stop := make(chan struct{})
		done := make(chan struct{}, 1000) // told of each transaction
		for w := range 4 {
			writers.Go(func() { write(t, db, w, stop, done) })
		}
		for range 200 {
			<-done
		}
		before := query[int](t, db, "SELECT count(*) FROM log")

		g := newGate(2 << 20)
		dumped := make(chan error, 1)
		go func() { dumped <- db.Dump(ctx, g, dump.ArchiveConfig{}) }()
		<-g.reached
		// The dump stands still, and the database does not.
		segment := "SELECT pg_walfile_name(pg_current_wal_lsn())"
		for range 5 {
			for before := query[string](t, db, segment); query[string](t, db, segment) == before; {
				exec(t, db, "INSERT INTO log (a, b, amount, pad) SELECT 1, 2, 0, repeat('x', 500) FROM generate_series(1, 10000)")
			}
			exec(t, db, "CHECKPOINT")
		}
		exec(t, db, "CREATE TABLE later AS SELECT g, md5(g::text) AS t FROM generate_series(1, 20000) g")
		exec(t, db, "CREATE INDEX ON later (t)")
		exec(t, db, "VACUUM FULL account")
		exec(t, db, "CREATE DATABASE another STRATEGY file_copy")
		exec(t, db, "CREATE DATABASE yet_another STRATEGY wal_log")
		close(g.open)
		require.NoError(t, <-dumped)
		close(stop)
		writers.Wait()
		noBackup(t, db)

		loaded := open(t, pglite.Config{Load: bytes.NewReader(g.Bytes()), Dir: filepath.Join(t.TempDir(), "data")})
		require.Equal(t, 500*1000, query[int](t, loaded, "SELECT sum(balance) FROM account"))
		require.Equal(t, 0, query[int](t, loaded, `SELECT count(*) FROM account LEFT JOIN (
			SELECT id, sum(moved) AS moved FROM (SELECT a AS id, -amount AS moved FROM log UNION ALL SELECT b, amount FROM log) m GROUP BY id
		) m USING (id) WHERE balance <> 1000 + coalesce(moved, 0)`))
		require.GreaterOrEqual(t, query[int](t, loaded, "SELECT count(*) FROM log"), before)
		require.Empty(t, scripts(t, loaded, testFile(t, "amcheck.sql"))[0])
		later := query[bool](t, loaded, "SELECT to_regclass('later') IS NOT NULL")
		require.Equal(t, cfg.Dir != "", later, "a snapshot is of the beginning, a base backup of the end")
		if later {
			require.Equal(t, 20000, query[int](t, loaded, "SELECT count(*) FROM later WHERE t = md5(g::text)"))
			conn := loaded.ConnConfig()
			conn.Database = "another"
			c, err := pgx.ConnectConfig(ctx, conn)
			require.NoError(t, err)
			require.NoError(t, c.Close(ctx))
		}
	})
}

// write moves money between accounts until it is stopped.
func write(t *testing.T, db *pglite.DB, w int, stop <-chan struct{}, done chan<- struct{}) {
	ctx := context.Background()
	conn, err := pgx.ConnectConfig(ctx, db.ConnConfig())
	if err != nil {
		t.Error(err)
		return
	}
	defer conn.Close(ctx)
	for i := 0; ; i++ {
		select {
		case <-stop:
			return
		default:
		}
		a, b := (i*7+w)%500+1, (i*13+w*3)%500+1
		err := pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
			for _, id := range []int{min(a, b), max(a, b)} { // in this order: no deadlocks
				if _, err := tx.Exec(ctx, "SELECT FROM account WHERE id = $1 FOR UPDATE", id); err != nil {
					return err
				}
			}
			_, err := tx.Exec(ctx, "UPDATE account SET balance = balance - 1 WHERE id = $1", a)
			if err == nil {
				_, err = tx.Exec(ctx, "UPDATE account SET balance = balance + 1 WHERE id = $1", b)
			}
			if err == nil {
				_, err = tx.Exec(ctx, "INSERT INTO log (a, b, amount, pad) VALUES ($1, $2, 1, md5($3))", a, b, fmt.Sprint(w, i))
			}
			return err
		})
		if err != nil {
			t.Error(err)
			return
		}
		select {
		case done <- struct{}{}:
		default:
		}
	}
}

// Dumps can run side by side.
func TestDumpsSideBySide(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, cfg pglite.Config) {
		db := open(t, cfg)
		exec(t, db, "CREATE TABLE t AS SELECT 1 AS a")
		g := newGate(1 << 20)
		first := make(chan error, 1)
		go func() { first <- db.Dump(t.Context(), g, dump.ArchiveConfig{}) }()
		<-g.reached
		second := dumped(t, db)
		close(g.open)
		require.NoError(t, <-first)
		for _, b := range [][]byte{g.Bytes(), second} {
			require.Equal(t, 1, query[int](t, open(t, pglite.Config{Load: bytes.NewReader(b)}), "SELECT a FROM t"))
		}
		noBackup(t, db)
	})
}

func TestDumpProgress(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, cfg pglite.Config) {
		db := open(t, cfg)
		var phases []string
		var last dump.Progress
		calls := 0
		var b bytes.Buffer
		require.NoError(t, db.Dump(t.Context(), &b, dump.ArchiveConfig{Progress: func(p dump.Progress) {
			if p.Phase != last.Phase {
				phases = append(phases, p.Phase)
			}
			require.GreaterOrEqual(t, p.Done, last.Done)
			require.GreaterOrEqual(t, p.Total, p.Done)
			last = p
			calls++
		}}))
		require.Equal(t, []string{"writing a checkpoint", "copying the files", "copying the write-ahead log"}, phases)
		require.EqualValues(t, b.Len(), last.Done)
		require.Equal(t, last.Done, last.Total)
		require.Greater(t, calls, 100)
	})
}

// A dump that fails leaves the database as it was, and what it wrote is not taken for a dump.
func TestDumpFails(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, cfg pglite.Config) {
		db := open(t, cfg)
		exec(t, db, "CREATE TABLE t AS SELECT g FROM generate_series(1, 10000) g")
		whole := len(dumped(t, db))
		cause := errors.New("the client is gone")
		for _, after := range []int{0, 1, 1 << 20, whole - 100_000, whole - 1000} {
			w := &failing{After: after, Err: cause}
			err := db.Dump(t.Context(), w, dump.ArchiveConfig{})
			require.ErrorIs(t, err, cause)
			require.ErrorContains(t, err, "pglite: dumping the database: ")
			noBackup(t, db)
			_, err = pglite.OpenConfig(t.Context(), pglite.Config{Load: &w.Buffer})
			require.ErrorIs(t, err, dump.ErrBadArchive)
		}
		for _, after := range []int{1, 1 << 20} {
			ctx, cancel := context.WithCancelCause(t.Context())
			w := &calling{after: after, do: func() { cancel(cause) }}
			err := db.Dump(ctx, w, dump.ArchiveConfig{})
			require.ErrorIs(t, err, cause)
			require.Less(t, w.Len(), after+1<<20)
			noBackup(t, db)
		}
		cancelled, cancel := context.WithCancel(t.Context())
		cancel()
		require.ErrorIs(t, db.Dump(cancelled, io.Discard, dump.ArchiveConfig{}), context.Canceled)
		require.Equal(t, 10000, query[int](t, db, "SELECT count(*) FROM t"))
		require.Len(t, dumped(t, db), whole)
	})
}

// calling is a writer that does something once, after so many bytes.
type calling struct {
	bytes.Buffer
	after int
	do    func()
}

func (c *calling) Write(p []byte) (int, error) {
	if c.do != nil && c.Len()+len(p) >= c.after {
		c.do()
		c.do = nil
	}
	return c.Buffer.Write(p)
}

// A session that is ended, and with it the backup mode, ends the dump.
func TestDumpSessionIsTerminated(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{Dir: filepath.Join(t.TempDir(), "data")})
	terminate := func() {
		exec(t, db, "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'calf dump'")
	}
	err := db.Dump(t.Context(), &calling{after: 1 << 20, do: terminate}, dump.ArchiveConfig{})
	require.ErrorContains(t, err, "pglite: dumping the database: ")
	noBackup(t, db)
	dumped(t, db)
}

func TestDumpAfterClose(t *testing.T) {
	t.Parallel()
	needGuest(t)
	everywhere(t, func(t *testing.T, cfg pglite.Config) {
		db, err := pglite.OpenConfig(t.Context(), cfg)
		require.NoError(t, err)
		err = db.Dump(t.Context(), &calling{after: 1 << 20, do: func() { require.NoError(t, db.Close()) }}, dump.ArchiveConfig{})
		require.ErrorIs(t, err, pglite.ErrClosed)
		require.ErrorIs(t, db.Dump(t.Context(), io.Discard, dump.ArchiveConfig{}), pglite.ErrClosed)
		require.ErrorIs(t, db.DumpDirectory(t.Context(), filepath.Join(t.TempDir(), "x"), dump.ArchiveConfig{}), pglite.ErrClosed)
	})
}

// Who may not make backups dumps as the cluster's superuser; and no setting of roles or databases is in the way.
func TestDumpAsAnyUser(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	needGuest(t)
	db, err := pglite.OpenConfig(t.Context(), pglite.Config{Dir: dir, Init: pglite.Init{Username: "chief"}})
	require.NoError(t, err)
	scripts(t, db, `CREATE ROLE clerk LOGIN;
		ALTER ROLE ALL SET default_transaction_read_only = on;
		ALTER DATABASE postgres SET search_path = "$user";
		ALTER ROLE chief SET statement_timeout = 1`)
	require.NoError(t, db.Close())
	db = open(t, pglite.Config{Dir: dir, Username: "clerk"})
	require.Equal(t, "clerk", query[string](t, db, "SELECT current_user::text"))
	loaded := open(t, pglite.Config{Load: bytes.NewReader(dumped(t, db)), Username: "clerk"})
	require.Equal(t, "chief", query[string](t, loaded, "SELECT pg_get_userbyid(10)::text"))
}

// Tablespaces: in place they are part of the data directory, elsewhere they are not.
func TestDumpTablespaces(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, cfg pglite.Config) {
		db := open(t, cfg)
		scripts(t, db, "SET allow_in_place_tablespaces = on", "CREATE TABLESPACE inside LOCATION ''")
		exec(t, db, "CREATE TABLE s TABLESPACE inside AS SELECT g FROM generate_series(1, 1000) g")
		loaded := open(t, pglite.Config{
			Load:     bytes.NewReader(dumped(t, db)),
			Settings: map[string]string{"allow_in_place_tablespaces": "on"}, // or recovery stops
		})
		require.Equal(t, 1000, query[int](t, loaded, "SELECT count(*) FROM s"))
		require.Equal(t, "inside", query[string](t, loaded, "SELECT tablespace::text FROM pg_tables WHERE tablename = 's'"))

		_, err := db.Exec(t.Context(), "CREATE TABLESPACE outside LOCATION '/tmp'")
		if cfg.Dir != "" {
			require.ErrorContains(t, err, "could not create symbolic link")
			return
		}
		require.NoError(t, err)
		err = db.Dump(t.Context(), io.Discard, dump.ArchiveConfig{})
		require.ErrorContains(t, err, "a dump cannot hold tablespaces outside of the data directory")
		exec(t, db, "DROP TABLESPACE outside")
		dumped(t, db)
	})
}

// What is in a directory and not PostgreSQL's is copied too, but for links, which a dump cannot hold.
func TestDumpStrangeFiles(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db := open(t, pglite.Config{Dir: dir})
	require.NoError(t, os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600))
	for _, name := range []string{"pgsql_tmp", "pgsql_tmp1.2", "pg_internal.init.42", "t3_16384", "postmaster.opts", "pg_replslot/x/state", "pg_wal/archive_status/x.ready"} {
		path := filepath.Join(dir, "base", "5", name)
		if strings.ContainsAny(name, "/") || name == "postmaster.opts" {
			path = filepath.Join(dir, name)
		}
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
		require.NoError(t, os.WriteFile(path, []byte("left behind"), 0o600))
	}
	copied := filepath.Join(t.TempDir(), "copy")
	require.NoError(t, db.DumpDirectory(t.Context(), copied, dump.ArchiveConfig{}))
	var left []string
	require.NoError(t, filepath.WalkDir(copied, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			b, err := os.ReadFile(path)
			require.NoError(t, err)
			if string(b) == "left behind" {
				left = append(left, path)
			}
		}
		return err
	}))
	require.Empty(t, left)
	require.FileExists(t, filepath.Join(copied, "notes.txt"))
	symlink(t, "notes.txt", filepath.Join(dir, "link"))
	require.ErrorContains(t, db.Dump(t.Context(), io.Discard, dump.ArchiveConfig{}), "/link is neither a directory nor a regular file")
	noBackup(t, db)
}

func TestDumpDirectoryRefuses(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "data")
	db := open(t, pglite.Config{Dir: dir})
	for name, test := range map[string]struct {
		files map[string]string
		is    error
	}{
		"NotEmpty":     {map[string]string{"letter.txt": "Dear"}, fs.ErrExist},
		"Database":     {map[string]string{"PG_VERSION": "18\n"}, fs.ErrExist},
		"OtherVersion": {map[string]string{"PG_VERSION": "17\n"}, fs.ErrExist},
	} {
		t.Run(name, func(t *testing.T) {
			to := t.TempDir()
			for name, content := range test.files {
				file(t, to, name, []byte(content))
			}
			require.ErrorIs(t, db.DumpDirectory(t.Context(), to, dump.ArchiveConfig{}), test.is)
			for name, content := range test.files {
				b, err := os.ReadFile(filepath.Join(to, name))
				require.NoError(t, err)
				require.Equal(t, content, string(b))
			}
		})
	}
	require.ErrorIs(t, db.DumpDirectory(t.Context(), dir, dump.ArchiveConfig{}), pglite.ErrLocked)
	for _, below := range []string{"sub", "base/sub"} {
		require.ErrorContains(t, db.DumpDirectory(t.Context(), filepath.Join(dir, below), dump.ArchiveConfig{}), "inside of the data directory")
		require.NoDirExists(t, filepath.Join(dir, below))
	}

	// What fails on the way leaves nothing.
	for _, exists := range []bool{false, true} {
		to := filepath.Join(t.TempDir(), "to")
		if exists {
			require.NoError(t, os.Mkdir(to, 0o700))
		}
		ctx, cancel := context.WithCancel(t.Context())
		err := db.DumpDirectory(ctx, to, dump.ArchiveConfig{Progress: func(p dump.Progress) {
			if p.Done > 1<<20 {
				require.FileExists(t, filepath.Join(to, "calf.incomplete"))
				cancel()
			}
		}})
		require.ErrorIs(t, err, context.Canceled)
		require.Equal(t, 1, strings.Count(err.Error(), "context canceled"), err.Error())
		if exists {
			entries, err := os.ReadDir(to)
			require.NoError(t, err)
			require.Len(t, entries, 0)
		} else {
			require.NoDirExists(t, to)
		}
		noBackup(t, db)
	}
}

// What PostgreSQL needs for a base backup is missing.
func TestDumpWithoutLog(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, cfg pglite.Config) {
		cfg.Settings = map[string]string{"wal_level": "minimal", "max_wal_senders": "0"}
		db := open(t, cfg)
		exec(t, db, "CREATE TABLE t AS SELECT g FROM generate_series(1, 10000) g")
		var b bytes.Buffer
		err := db.Dump(t.Context(), &b, dump.ArchiveConfig{})
		if cfg.Dir != "" {
			require.ErrorContains(t, err, "wal_level")
			require.Zero(t, b.Len())
			return
		}
		require.NoError(t, err)
		require.Equal(t, 10000, query[int](t, open(t, pglite.Config{Load: &b}), "SELECT count(*) FROM t"))
	})
}
