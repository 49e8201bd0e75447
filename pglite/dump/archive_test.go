package dump_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/stretchr/testify/require"
)

// closedDirectory is a data directory after Close.
func closedDirectory(t *testing.T, sqls ...string) string {
	t.Helper()
	dbtest.NeedGuest(t)
	dir := filepath.Join(t.TempDir(), "data")
	db, err := pglite.OpenConfig(t.Context(), pglite.Config{
		Dir: dir, Durability: pglite.None, Settings: map[string]string{"max_wal_size": "32MB", "min_wal_size": "80MB"},
	})
	require.NoError(t, err)
	for _, sql := range sqls {
		dbtest.Exec(t, db, sql)
	}
	require.NoError(t, db.Close())
	return dir
}

// Archive copies all that there is, and Restore makes it again.
func TestArchiveAndRestore(t *testing.T) {
	t.Parallel()
	dir := closedDirectory(t,
		"CREATE UNLOGGED TABLE u AS SELECT g FROM generate_series(1, 1000) g",
		"CREATE TABLE t AS SELECT g, repeat('x', 1000) FROM generate_series(1, 60000) g", "CHECKPOINT", "TRUNCATE t", "CHECKPOINT")
	require.NoError(t, os.Remove(filepath.Join(dir, "calf.lock")))
	before := dbtest.Tree(t, dir)
	var archive bytes.Buffer
	var last dump.Progress
	require.NoError(t, dump.Archive(t.Context(), dir, &archive, dump.ArchiveConfig{Progress: func(p dump.Progress) { last = p }}))
	require.Equal(t, dump.Progress{Phase: "copying the files", Done: int64(archive.Len()), Total: int64(archive.Len())}, last)
	require.Equal(t, before, dbtest.Tree(t, dir))
	require.NoFileExists(t, filepath.Join(dir, "calf.lock"))

	to := filepath.Join(t.TempDir(), "a", "b")
	require.NoError(t, dump.Restore(t.Context(), bytes.NewReader(archive.Bytes()), to, dump.RestoreConfig{}))
	require.NoFileExists(t, filepath.Join(to, "calf.lock"))
	after := dbtest.Tree(t, to)
	segments := 0
	for name := range before {
		if _, ok := after[name]; ok {
			continue
		}
		// Segments of the log that wait to be used again.
		if name == "postmaster.opts" {
			continue
		}
		require.Contains(t, name, "pg_wal/0")
		segments++
		delete(before, name)
	}
	require.Positive(t, segments)
	delete(before, "postmaster.opts")
	require.Equal(t, before, after)
	db := dbtest.Open(t, pglite.Config{Dir: to})
	require.Equal(t, 1000, dbtest.Query[int](t, db, "SELECT count(*) FROM u"))

	var again bytes.Buffer
	err := dump.Archive(t.Context(), to, &again, dump.ArchiveConfig{})
	require.ErrorIs(t, err, pglite.ErrLocked)
	require.ErrorContains(t, err, "dump: archiving "+to+": ")
	require.ErrorIs(t, dump.Restore(t.Context(), &archive, to, dump.RestoreConfig{}), pglite.ErrLocked)
}

// The archive of a database that was killed is recovered by who opens it.
func TestArchiveOfCrashedDirectory(t *testing.T) {
	t.Parallel()
	live := filepath.Join(t.TempDir(), "data")
	db := dbtest.Open(t, pglite.Config{Dir: live, Durability: pglite.None})
	dbtest.Exec(t, db, "CREATE TABLE t AS SELECT g FROM generate_series(1, 100000) g")
	var archive bytes.Buffer
	require.NoError(t, dump.Archive(t.Context(), dbtest.CopyDir(t, live), &archive, dump.ArchiveConfig{}))
	for r := tar.NewReader(bytes.NewReader(archive.Bytes())); ; {
		h, err := r.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		require.NotEqual(t, "/postmaster.pid", h.Name)
	}
	loaded := dbtest.Open(t, pglite.Config{Load: &archive})
	require.Equal(t, 100000, dbtest.Query[int](t, loaded, "SELECT count(*) FROM t"))
}

func TestArchiveRefuses(t *testing.T) {
	t.Parallel()
	whole := map[string]string{"PG_VERSION": "18\n", "global/pg_control": "x", "pg_wal/notes": "x"}
	make := func(t *testing.T, files map[string]string) string {
		dir := t.TempDir()
		for name, content := range files {
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
			dbtest.File(t, dir, name, []byte(content))
		}
		return dir
	}
	var version *pglite.VersionError
	cause := errors.New("full")
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for name, test := range map[string]struct {
		files map[string]string
		link  string
		ctx   context.Context
		w     io.Writer
		is    error
		as    any
	}{
		"Whole":        {files: whole},
		"Empty":        {is: pglite.ErrNotPostgres},
		"Letter":       {files: map[string]string{"letter.txt": "Dear"}, is: pglite.ErrNotPostgres},
		"Incomplete":   {files: map[string]string{"PG_VERSION": "18\n", "calf.incomplete": ""}, is: pglite.ErrNotPostgres},
		"Older":        {files: map[string]string{"PG_VERSION": "16\n"}, as: &version},
		"NoControl":    {files: map[string]string{"PG_VERSION": "18\n"}, is: fs.ErrNotExist},
		"Tablespace":   {files: map[string]string{"PG_VERSION": "18\n", "pg_tblspc/x": ""}, link: "pg_tblspc/16384", is: nil},
		"StrangeLink":  {files: whole, link: "base", is: nil},
		"WriterFails":  {files: whole, w: &dbtest.FailingWriter{After: 600, Err: cause}, is: cause},
		"Cancelled":    {files: whole, ctx: cancelled, is: context.Canceled},
		"WriterFails1": {files: whole, w: &dbtest.FailingWriter{Err: cause}, is: cause},
	} {
		t.Run(name, func(t *testing.T) {
			dir := make(t, test.files)
			if test.link != "" {
				dbtest.Symlink(t, "/etc", filepath.Join(dir, test.link))
			}
			ctx, w := test.ctx, test.w
			if ctx == nil {
				ctx = t.Context()
			}
			if w == nil {
				w = io.Discard
			}
			err := dump.Archive(ctx, dir, w, dump.ArchiveConfig{})
			require.NoFileExists(t, filepath.Join(dir, "calf.lock"))
			if name == "Whole" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.Regexp(t, "^(dump|pglite): ", err.Error())
			if test.is != nil {
				require.ErrorIs(t, err, test.is)
			}
			if test.as != nil {
				require.ErrorAs(t, err, test.as)
			}
			if test.link != "" {
				require.ErrorContains(t, err, filepath.Base(test.link))
			}
		})
	}
	require.ErrorIs(t, dump.Archive(t.Context(), filepath.Join(t.TempDir(), "none"), io.Discard, dump.ArchiveConfig{}), fs.ErrNotExist)
}

// Restore refuses what Load refuses; see TestLoadRefuses.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	dbtest.NeedGuest(t)
	good, err := dbtest.Archive()
	require.NoError(t, err)
	var version *pglite.VersionError
	for name, test := range map[string]struct {
		archive []byte
		cfg     dump.RestoreConfig
		is      error
		as      any
	}{
		"Cut":     {archive: good[:len(good)-2000], is: dump.ErrBadArchive},
		"Limit":   {archive: good, cfg: dump.RestoreConfig{Limit: 1 << 20}, is: dump.ErrBadArchive},
		"Version": {archive: dbtest.Changed(t, good, "/PG_VERSION", func([]byte) []byte { return []byte("16\n") }), as: &version},
		"Nothing": {archive: make([]byte, 1024), is: pglite.ErrNotPostgres},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		err := dump.Restore(t.Context(), bytes.NewReader(test.archive), dir, test.cfg)
		require.Error(t, err, name)
		if test.is != nil {
			require.ErrorIs(t, err, test.is, name)
			require.ErrorContains(t, err, "dump: restoring to "+dir+": ")
		}
		if test.as != nil {
			require.ErrorAs(t, err, test.as, name)
		}
		require.NoDirExists(t, dir, name)
	}
	require.ErrorContains(t, dump.Restore(t.Context(), bytes.NewReader(good), t.TempDir(), dump.RestoreConfig{Limit: -1}), "RestoreConfig.Limit")
}

// With Earlier, an archive may be of a version that Upgrade can read.
func TestRestoreEarlier(t *testing.T) {
	t.Parallel()
	dbtest.NeedGuest(t)
	good, err := dbtest.Archive()
	require.NoError(t, err)
	for found, is := range map[string]bool{"15": false, "16": true, "17": true, "18": true, "19": false} {
		archive := dbtest.Changed(t, good, "/PG_VERSION", func([]byte) []byte { return []byte(found + "\n") })
		dir := filepath.Join(t.TempDir(), "data")
		err := dump.Restore(t.Context(), bytes.NewReader(archive), dir, dump.RestoreConfig{Earlier: true})
		if !is {
			require.ErrorContains(t, err, "the archive is of PostgreSQL "+found)
			require.NoDirExists(t, dir)
			continue
		}
		require.NoError(t, err)
		require.FileExists(t, filepath.Join(dir, "global", "pg_control"))
	}
}
