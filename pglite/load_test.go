package pglite_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/stretchr/testify/require"
)

// with is an archive with another entry in front, whose content is zeros.
func with(tb testing.TB, archive []byte, h tar.Header) []byte {
	tb.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	require.NoError(tb, w.WriteHeader(&h))
	_, err := w.Write(make([]byte, h.Size))
	require.NoError(tb, err)
	require.NoError(tb, w.Flush())
	return append(out.Bytes(), archive...)
}

// TestLoadRefuses: what is not a whole archive of a data directory of this version is refused, and leaves nothing.
func TestLoadRefuses(t *testing.T) {
	t.Parallel()
	needGuest(t)
	good, err := goodArchive()
	require.NoError(t, err)
	zipped := compressed(t, good)
	flipped := bytes.Clone(zipped)
	flipped[len(flipped)/2] ^= 0xff
	badSum := bytes.Clone(zipped)
	badSum[len(badSum)-8] ^= 0xff // RFC 1952: CRC32, ISIZE
	version := func(v string) func([]byte) []byte { return func([]byte) []byte { return []byte(v) } }
	var version17 *pglite.VersionError
	bomb := compressed(t, with(t, good, tar.Header{Typeflag: tar.TypeReg, Name: "zeros", Size: 8 << 20}))
	broken := errors.New("the line is cut")
	cancelled, cancel := context.WithCancel(t.Context())
	for i, test := range []struct {
		name  string
		load  io.Reader
		limit int64
		ctx   context.Context
		is    error
		as    any
		says  string
	}{
		{name: "Empty", load: strings.NewReader(""), is: dump.ErrBadArchive},
		{name: "SQL", load: strings.NewReader(strings.Repeat("SELECT 1;\n", 100)), is: dump.ErrBadArchive},
		{name: "Zeros", load: bytes.NewReader(make([]byte, 1<<20)), is: pglite.ErrNotPostgres, says: "has no PG_VERSION"},
		{name: "EmptyTar", load: bytes.NewReader(make([]byte, 1024)), is: pglite.ErrNotPostgres, says: "has no PG_VERSION"},
		{name: "CutTar", load: bytes.NewReader(good[:len(good)/2]), is: dump.ErrBadArchive},
		{name: "TarWithoutEnd", load: bytes.NewReader(good[:len(good)-1024]), is: dump.ErrBadArchive, says: "cut off"},
		{name: "CutGzip", load: bytes.NewReader(zipped[:len(zipped)/2]), is: dump.ErrBadArchive},
		{name: "CutGzipHeader", load: bytes.NewReader(zipped[:5]), is: dump.ErrBadArchive},
		{name: "CutGzipChecksum", load: bytes.NewReader(zipped[:len(zipped)-1]), is: dump.ErrBadArchive},
		{name: "DamagedGzip", load: bytes.NewReader(flipped), is: dump.ErrBadArchive},
		{name: "WrongChecksum", load: bytes.NewReader(badSum), is: dump.ErrBadArchive, says: "checksum"},
		{name: "SomethingFollows", load: io.MultiReader(bytes.NewReader(good), bytes.NewReader(make([]byte, 4<<20))), is: dump.ErrBadArchive, says: "something follows"},
		{name: "PathOutside", load: bytes.NewReader(with(t, good, tar.Header{Typeflag: tar.TypeReg, Name: "/../../escape"})), is: dump.ErrBadArchive, says: "escape"},
		{name: "SymbolicLink", load: bytes.NewReader(with(t, good, tar.Header{Typeflag: tar.TypeSymlink, Name: "/base", Linkname: "/etc"})), is: dump.ErrBadArchive, says: "base"},
		{name: "HardLink", load: bytes.NewReader(with(t, good, tar.Header{Typeflag: tar.TypeLink, Name: "/x", Linkname: "/etc/passwd"})), is: dump.ErrBadArchive, says: `"/x"`},
		{name: "Device", load: bytes.NewReader(with(t, good, tar.Header{Typeflag: tar.TypeChar, Name: "/null"})), is: dump.ErrBadArchive, says: "null"},
		{name: "Bomb", load: bytes.NewReader(bomb), limit: 4 << 20, is: dump.ErrBadArchive, says: "zeros"},
		{name: "TooLarge", load: bytes.NewReader(good), limit: 10 << 20, is: dump.ErrBadArchive, says: "10485760"},
		{name: "OtherVersion", load: bytes.NewReader(changed(t, good, "/PG_VERSION", version("17\n"))), as: &version17, says: "PostgreSQL 17 (PGlite 0.3 and PGlite 0.4)"},
		{name: "FutureVersion", load: bytes.NewReader(changed(t, good, "/PG_VERSION", version("19\n"))), as: &version17, says: "PostgreSQL 19, and this"},
		{name: "DamagedVersion", load: bytes.NewReader(changed(t, good, "/PG_VERSION", version("\x00"))), is: pglite.ErrNotPostgres},
		{name: "NoVersion", load: bytes.NewReader(changed(t, good, "/PG_VERSION", version(""))), is: pglite.ErrNotPostgres},
		{name: "OneDatabase", load: bytes.NewReader(rewritten(t, good, func(h *tar.Header, b []byte) (*tar.Header, []byte) {
			if !strings.HasPrefix(h.Name, "/base/") {
				return nil, nil
			}
			return h, b
		})), is: pglite.ErrNotPostgres, says: "has no PG_VERSION"},
		{name: "InAFolder", load: bytes.NewReader(rewritten(t, good, func(h *tar.Header, b []byte) (*tar.Header, []byte) {
			h.Name = "my/pgdata" + h.Name
			return h, b
		})), is: pglite.ErrNotPostgres, says: "the data directory is in the directory my/pgdata of the archive"},
		{name: "NoControlFile", load: bytes.NewReader(changed(t, good, "/global/pg_control", func([]byte) []byte { return nil })), says: "pg_control"},
		{name: "NoLog", load: bytes.NewReader(rewritten(t, good, func(h *tar.Header, b []byte) (*tar.Header, []byte) {
			if strings.HasPrefix(h.Name, "/pg_wal/0") {
				return nil, nil
			}
			return h, b
		})), says: "could not locate a valid checkpoint record"},
		{name: "64Bit", load: bytes.NewReader(changed(t, good, "/global/pg_control", native)), says: "USE_FLOAT8_BYVAL"},
		{name: "BrokenReader", load: io.MultiReader(bytes.NewReader(good[:1<<20]), iotest.ErrReader(broken)), is: broken},
		{name: "BrokenAtOnce", load: iotest.ErrReader(broken), is: broken},
		{name: "Cancelled", load: &callingReader{Reader: bytes.NewReader(good), after: 1 << 20, do: cancel}, ctx: cancelled, is: context.Canceled},
		{name: "NegativeLimit", load: bytes.NewReader(good), limit: -1, says: "Config.LoadLimit"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			tmp := t.TempDir()
			data, err := io.ReadAll(test.load)
			if test.is == broken || test.ctx != nil {
				data = nil
			} else {
				require.NoError(t, err)
			}
			for _, dir := range []string{"", []string{filepath.Join(tmp, "new"), tmp}[i%2]} {
				load := test.load
				if data != nil {
					load = bytes.NewReader(data)
				} else if dir != "" {
					continue
				} else {
					dir = filepath.Join(tmp, "new") // a reader for one use
				}
				ctx := test.ctx
				if ctx == nil {
					ctx = t.Context()
				}
				db, err := pglite.OpenConfig(ctx, pglite.Config{Dir: dir, Load: load, LoadLimit: test.limit, Durability: pglite.None})
				if err == nil {
					db.Close()
				}
				require.Error(t, err)
				require.True(t, strings.HasPrefix(err.Error(), "pglite: "), err.Error())
				require.ErrorContains(t, err, test.says)
				if test.is != nil {
					require.ErrorIs(t, err, test.is)
				}
				if test.as != nil {
					require.ErrorAs(t, err, test.as)
				}
				require.NoDirExists(t, filepath.Join(tmp, "new"))
				entries, err := os.ReadDir(tmp)
				require.NoError(t, err)
				for _, e := range entries {
					require.Equal(t, "calf.lock", e.Name())
				}
				require.NoFileExists(t, filepath.Join(filepath.Dir(filepath.Dir(tmp)), "escape"))
			}
		})
	}
}

// native makes a control file that of a 64-bit server, which passes float8 by value.
func native(control []byte) []byte {
	const float8ByVal, crc = 248, 292 // of ControlFileData (catalog/pg_control.h), PostgreSQL 18
	castagnoli := crc32.MakeTable(crc32.Castagnoli)
	if binary.LittleEndian.Uint32(control[crc:]) != crc32.Checksum(control[:crc], castagnoli) || control[float8ByVal] != 0 {
		panic("the control file has another layout")
	}
	b := bytes.Clone(control)
	b[float8ByVal] = 1
	binary.LittleEndian.PutUint32(b[crc:], crc32.Checksum(b[:crc], castagnoli))
	return b
}

type callingReader struct {
	io.Reader
	after int
	do    func()
}

func (c *callingReader) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	if c.after -= n; c.after < 0 {
		c.do()
	}
	return n, err
}

func TestLoadIntoDirectory(t *testing.T) {
	t.Parallel()
	needGuest(t)
	good, err := goodArchive()
	require.NoError(t, err)
	// Modes are not the archive's.
	wide := rewritten(t, good, func(h *tar.Header, b []byte) (*tar.Header, []byte) {
		if h.Mode = 0o666; h.Typeflag == tar.TypeDir {
			h.Mode = 0o777
		}
		return h, b
	})
	dir := filepath.Join(t.TempDir(), "new", "data")
	db := open(t, pglite.Config{Dir: dir, Load: bytes.NewReader(wide)})
	require.Equal(t, 1, query[int](t, db, "SELECT 1"))
	require.NoFileExists(t, filepath.Join(dir, "calf.incomplete"))
	require.NoError(t, filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		require.NoError(t, err)
		info, err := e.Info()
		require.NoError(t, err)
		require.Zero(t, info.Mode().Perm()&0o077, path)
		return nil
	}))

	// What is there is not touched.
	for name, prepare := range map[string]func(dir string){
		"database": func(dir string) {
			db, err := pglite.Open(t.Context(), dir)
			require.NoError(t, err)
			exec(t, db, "CREATE TABLE precious AS SELECT 1 AS a")
			require.NoError(t, db.Close())
		},
		"older":  func(dir string) { file(t, dir, "PG_VERSION", []byte("16\n")) },
		"letter": func(dir string) { file(t, dir, "letter.txt", []byte("Dear")) },
	} {
		dir := t.TempDir()
		prepare(dir)
		before := tree(t, dir)
		_, err := pglite.OpenConfig(t.Context(), pglite.Config{Dir: dir, Load: bytes.NewReader(good)})
		require.ErrorIs(t, err, fs.ErrExist, name)
		require.Equal(t, before, tree(t, dir), name)
	}
	_, err = pglite.OpenConfig(t.Context(), pglite.Config{Dir: dir, Load: bytes.NewReader(good)})
	require.ErrorIs(t, err, pglite.ErrLocked)
}

// An opening that fails after the archive was loaded leaves nothing either.
func TestLoadAndFail(t *testing.T) {
	t.Parallel()
	needGuest(t)
	good, err := goodArchive()
	require.NoError(t, err)
	dir := t.TempDir()
	for says, cfg := range map[string]pglite.Config{
		"work_mem":             {Settings: map[string]string{"work_mem": "much"}},
		"extension nope":       {Extensions: []string{"nope"}},
		"database \"nowhere\"": {Database: "nowhere", Extensions: []string{"vector"}},
	} {
		cfg.Dir, cfg.Load, cfg.Durability = dir, bytes.NewReader(good), pglite.None
		_, err := pglite.OpenConfig(t.Context(), cfg)
		require.ErrorContains(t, err, says)
		require.Empty(t, tree(t, dir))
	}
	db := open(t, pglite.Config{Dir: dir, Load: bytes.NewReader(good), Durability: pglite.None})
	require.Equal(t, 1, query[int](t, db, "SELECT 1"))
}

// TestLoadIsKilled looks at what a program that is killed while it loads an archive leaves: at any moment it is marked as
// incomplete, and whoever opens it begins anew.
func TestLoadIsKilled(t *testing.T) {
	t.Parallel()
	needGuest(t)
	good, err := goodArchive()
	require.NoError(t, err)
	for _, after := range []int{1, len(good) / 2, len(good) - 1} {
		dir := filepath.Join(t.TempDir(), "data")
		var left string
		r := &callingReader{Reader: bytes.NewReader(good), after: after, do: func() {
			if left == "" {
				left = copyDir(t, dir)
			}
		}}
		db := open(t, pglite.Config{Dir: dir, Load: r, Durability: pglite.None})
		exec(t, db, "CREATE TABLE t ()")
		require.FileExists(t, filepath.Join(left, "calf.incomplete"))
		begun := open(t, pglite.Config{Dir: left, Load: bytes.NewReader(good), Durability: pglite.None})
		require.Equal(t, 1, query[int](t, begun, "SELECT 1"))
	}
}

// A full disk is an error that says so, and what was written is removed from it.
func TestLoadOnFullDisk(t *testing.T) {
	t.Parallel()
	needGuest(t)
	good, err := goodArchive()
	require.NoError(t, err)
	mount := smallDisk(t, "10m")
	dir := filepath.Join(mount, "data")
	_, err = pglite.OpenConfig(t.Context(), pglite.Config{Dir: dir, Load: bytes.NewReader(good)})
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoDirExists(t, dir)

	db := open(t, pglite.Config{Load: bytes.NewReader(good)})
	err = db.DumpDirectory(t.Context(), dir, dump.ArchiveConfig{})
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoDirExists(t, dir)
	noBackup(t, db)
}
