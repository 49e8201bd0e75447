package pglite_test

import (
	"bytes"
	"context"
	"maps"
	"os"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/pglite/dump"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// settings returns what is set of some parameters.
func settings(t *testing.T, db *pglite.DB, names map[string]string) map[string]string {
	t.Helper()
	got := map[string]string{}
	for name := range names {
		got[name] = query[string](t, db, "SELECT current_setting($1)", name)
	}
	return got
}

// smallLog is what a database in memory has if nobody says otherwise.
var smallLog = map[string]string{
	"wal_level": "minimal", "max_wal_senders": "0", "archive_mode": "off", "summarize_wal": "off",
	"max_wal_size": "64MB", "min_wal_size": "32MB", "wal_recycle": "off", "wal_init_zero": "off", "wal_keep_size": "0",
	"full_page_writes": "off", "checkpoint_completion_target": "0",
}

// forReplicas is the same with a log that others could read.
func forReplicas(more map[string]string) map[string]string {
	m := maps.Clone(smallLog)
	m["wal_level"], m["max_wal_senders"] = "replica", "10"
	maps.Copy(m, more)
	return m
}

func TestLogInMemoryIsSmallUnlessMoreIsNeeded(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		set  map[string]string
		want map[string]string
	}{
		"nothing is set":       {nil, smallLog},
		"a level":              {map[string]string{"wal_level": "logical"}, forReplicas(map[string]string{"wal_level": "logical"})},
		"a level, in capitals": {map[string]string{"WAL_LEVEL": "replica"}, forReplicas(nil)},
		"senders":              {map[string]string{"max_wal_senders": "3"}, forReplicas(map[string]string{"max_wal_senders": "3"})},
		"no senders":           {map[string]string{"max_wal_senders": "0"}, smallLog},
		"summaries":            {map[string]string{"summarize_wal": "on"}, forReplicas(map[string]string{"summarize_wal": "on"})},
		"a size":               {map[string]string{"max_wal_size": "48MB"}, withSetting(smallLog, "max_wal_size", "48MB")},
		"kept segments":        {map[string]string{"wal_keep_size": "32MB"}, withSetting(smallLog, "wal_keep_size", "32MB")},
		"checkpoints in no hurry": {
			map[string]string{"checkpoint_completion_target": "0.5"}, withSetting(smallLog, "checkpoint_completion_target", "0.5"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, pglite.Config{Settings: tt.set})
			require.Equal(t, tt.want, settings(t, db, tt.want))
			exec(t, db, "CREATE TABLE t AS SELECT g FROM generate_series(1, 1000) g; CHECKPOINT")
		})
	}
}

func withSetting(of map[string]string, name, value string) map[string]string {
	m := maps.Clone(of)
	m[name] = value
	return m
}

// What a data directory says counts as much, wherever the database goes.
func TestLogInMemoryOfALoadedDirectory(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		sql, file, text string
		want            map[string]string
	}{
		"nothing":          {want: smallLog},
		"a level":          {sql: "ALTER SYSTEM SET wal_level = 'logical'", want: forReplicas(map[string]string{"wal_level": "logical"})},
		"initdb's default": {file: "postgresql.conf", text: "max_wal_size = 1GB", want: smallLog},
		"a size":           {file: "postgresql.conf", text: "max_wal_size = '128MB' # more", want: withSetting(smallLog, "max_wal_size", "128MB")},
		"another file": {
			file: "other.conf", text: "wal_keep_size = 16MB",
			want: map[string]string{"wal_level": "replica", "max_wal_senders": "10", "max_wal_size": "1GB", "wal_keep_size": "16MB", "archive_mode": "off"},
		},
		"a slot": {sql: "SELECT pg_create_physical_replication_slot('s')", want: forReplicas(nil)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(t.TempDir(), "data")
			db := open(t, pglite.Config{Dir: dir})
			exec(t, db, "CREATE TABLE t AS SELECT g FROM generate_series(1, 1000) g")
			if tt.sql != "" {
				exec(t, db, tt.sql)
			}
			require.NoError(t, db.Close())
			if tt.file == "other.conf" {
				require.NoError(t, os.WriteFile(filepath.Join(dir, tt.file), []byte(tt.text), 0o600))
				dbtest.AppendTo(t, filepath.Join(dir, "postgresql.conf"), "include 'other.conf'\n")
			} else if tt.file != "" {
				dbtest.AppendTo(t, filepath.Join(dir, tt.file), tt.text+"\n")
			}
			mem := open(t, pglite.Config{Load: bytes.NewReader(dbtest.TarOf(t, dir, "/"))})
			require.Equal(t, tt.want, settings(t, mem, tt.want))
			require.Equal(t, 1000, query[int](t, mem, "SELECT count(*) FROM t"))
			fork, err := mem.Fork(context.Background())
			require.NoError(t, err)
			defer fork.Close()
			require.Equal(t, tt.want, settings(t, fork, tt.want))
			if name == "a slot" {
				require.Equal(t, "s", query[string](t, mem, "SELECT slot_name::text FROM pg_replication_slots"))
			}
		})
	}
}

// A database goes from memory to a directory and back, in each way there is, and
// has after it what it should have of either.
func TestFromMemoryToADirectoryAndBack(t *testing.T) {
	t.Parallel()
	needGuest(t)
	ctx := context.Background()
	onDisk := map[string]string{"wal_level": "replica", "max_wal_senders": "10", "max_wal_size": "1GB", "full_page_writes": "on", "fsync": "on"}
	template, err := pglite.NewTemplate(ctx, pglite.Config{}, func(ctx context.Context, db *pglite.DB) error {
		_, err := db.Exec(ctx, "CREATE TABLE t (g int); INSERT INTO t SELECT generate_series(1, 1000); CHECKPOINT; INSERT INTO t VALUES (0)", pgx.QueryExecModeSimpleProtocol)
		return err
	})
	require.NoError(t, err)
	archive := func(t *testing.T, db *pglite.DB) *bytes.Buffer {
		var b bytes.Buffer
		require.NoError(t, db.Dump(ctx, &b, dump.ArchiveConfig{}))
		return &b
	}
	for name, toDisk := range map[string]func(t *testing.T, dir string, mem *pglite.DB) pglite.Config{
		"template": func(_ *testing.T, dir string, _ *pglite.DB) pglite.Config {
			return pglite.Config{Dir: dir, Template: template}
		},
		"archive": func(t *testing.T, dir string, mem *pglite.DB) pglite.Config {
			return pglite.Config{Dir: dir, Load: archive(t, mem)}
		},
		"directory": func(t *testing.T, dir string, mem *pglite.DB) pglite.Config {
			require.NoError(t, mem.DumpDirectory(ctx, dir, dump.ArchiveConfig{}))
			return pglite.Config{Dir: dir}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mem := open(t, pglite.Config{Template: template})
			require.Equal(t, smallLog, settings(t, mem, smallLog))
			disk := open(t, toDisk(t, filepath.Join(t.TempDir(), "data"), mem))
			require.Equal(t, onDisk, settings(t, disk, onDisk))
			require.Equal(t, 1001, query[int](t, disk, "SELECT count(*) FROM t"))
			exec(t, disk, "INSERT INTO t VALUES (-1)")

			fork, err := disk.Fork(ctx)
			require.NoError(t, err)
			defer fork.Close()
			loaded := open(t, pglite.Config{Load: archive(t, disk)})
			for _, back := range []*pglite.DB{fork, loaded} {
				want := withSetting(smallLog, "fsync", "off")
				require.Equal(t, want, settings(t, back, want))
				exec(t, back, "INSERT INTO t VALUES (-2)")
				require.Equal(t, 1003, query[int](t, back, "SELECT count(*) FROM t"))
			}
		})
	}
}

// The log of a database in memory does not grow, however much is written to it.
func TestLogInMemoryIsBounded(t *testing.T) {
	t.Parallel()
	db := open(t, pglite.Config{})
	exec(t, db, "CREATE TABLE t (b text)")
	for range 12 {
		exec(t, db, "INSERT INTO t SELECT repeat(md5(g::text), 32) FROM generate_series(1, 16384) g")
		exec(t, db, "TRUNCATE t")
	}
	written := query[int](t, db, "SELECT (pg_current_wal_lsn() - '0/0')::bigint >> 20")
	require.Greater(t, written, 150)
	kept := query[int](t, db, "SELECT sum(size)::bigint >> 20 FROM pg_ls_waldir()")
	require.LessOrEqual(t, kept, 64+2*16, "a checkpoint goes on while more is written")
	exec(t, db, "CHECKPOINT")
	require.LessOrEqual(t, query[int](t, db, "SELECT sum(size)::bigint >> 20 FROM pg_ls_waldir()"), 16)
}
