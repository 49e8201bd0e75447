package inspect_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/inspect"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/stretchr/testify/require"
)

// sampleParent is where the sample is, once it was made.
var sampleParent string

// removeSample removes the sample when all tests have ended.
func removeSample() {
	if sampleParent != "" {
		os.RemoveAll(sampleParent)
	}
}

// sample is a directory that was shut down, with two tables in it.
var sample = sync.OnceValues(func() (dir string, err error) {
	if sampleParent, err = os.MkdirTemp("", "calf-inspect-"); err != nil {
		return "", err
	}
	dir = filepath.Join(sampleParent, "data")
	ctx := context.Background()
	db, err := pglite.Open(ctx, dir)
	if err != nil {
		return dir, err
	}
	_, err = db.Exec(ctx, `
		CREATE TABLE item (id int PRIMARY KEY, body text);
		ALTER TABLE item ALTER body SET STORAGE EXTERNAL;
		INSERT INTO item SELECT g, repeat('b', CASE WHEN g % 10 = 0 THEN 5000 ELSE 100 END) FROM generate_series(1, 1000) g;
		CREATE TABLE small AS SELECT 1 AS a`)
	if err == nil {
		_, err = db.Exec(ctx, "VACUUM item") // which makes the forks
	}
	if err != nil {
		db.Close()
		return dir, err
	}
	return dir, db.Close()
})

// sampleDir returns a copy of the sample.
func sampleDir(tb testing.TB) string {
	tb.Helper()
	dbtest.NeedGuest(tb)
	dir, err := sample()
	require.NoError(tb, err)
	return dbtest.CopyDir(tb, dir)
}

// change changes a file.
func change(tb testing.TB, file string, how func([]byte) []byte) {
	tb.Helper()
	b, err := os.ReadFile(file)
	require.NoError(tb, err)
	require.NoError(tb, os.WriteFile(file, how(b), 0o600))
}

// flip changes a byte at a place in each of some blocks.
func flip(at int, blocks ...int) func([]byte) []byte {
	return func(b []byte) []byte {
		for _, block := range blocks {
			b[block*8192+at] ^= 0x40
		}
		return b
	}
}

func relation(tb testing.TB, info *inspect.Info, name string) inspect.Relation {
	tb.Helper()
	for _, r := range database(tb, info, "postgres").Relations {
		if r.Name == name || r.Kind == name {
			return r
		}
	}
	require.Fail(tb, "there is no relation "+name)
	return inspect.Relation{}
}

// Verify finds each block that was damaged, and no other.
func TestInspectFindsDamagedBlocks(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	whole := look(t, dir, inspect.Options{Verify: true})
	require.Empty(t, whole.Problems)
	require.True(t, whole.Verified.Checksums)
	require.Zero(t, whole.Verified.Bad)

	base := filepath.Join(dir, "base", "5")
	path := func(name, fork string) string {
		return filepath.Join(base, fmt.Sprint(relation(t, whole, name).Filenode)+fork)
	}
	change(t, path("item", ""), flip(5000, 2, 7)) // a row
	change(t, path("item_pkey", ""), flip(3, 1))  // the LSN
	change(t, path("item", "_fsm"), flip(100, 0))
	change(t, path("toast table", ""), flip(8191, 4))
	change(t, path("small", ""), func(b []byte) []byte { clear(b); return b })

	require.Empty(t, look(t, dir, inspect.Options{}).Problems, "not every block is looked at")
	info := look(t, dir, inspect.Options{Verify: true})
	require.EqualValues(t, 5, info.Verified.Bad)
	require.Equal(t, whole.Verified.Zero+1, info.Verified.Zero, "zeros are a new block")
	require.Equal(t, whole.Verified.Blocks, info.Verified.Blocks)
	var found []string
	for _, p := range info.Problems {
		require.Equal(t, "checksum", p.Kind)
		require.Equal(t, "postgres", p.Database)
		found = append(found, fmt.Sprintf("%s %s %d", p.Relation, p.Fork, *p.Block))
	}
	slices.Sort(found)
	require.Equal(t, []string{
		"pg_toast." + relation(t, info, "toast table").Name + " main 4",
		"public.item fsm 0", "public.item main 2", "public.item main 7", "public.item_pkey main 1",
	}, found)
}

// Without checksums, only the headers of blocks can be verified.
func TestInspectWithoutChecksums(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	const checksumVersion = 252 // offsetof(ControlFileData, data_checksum_version)
	changeControl(t, dir, func(b []byte) { binary.LittleEndian.PutUint32(b[checksumVersion:], 0) })
	file := filepath.Join(dir, "base", "5", fmt.Sprint(relation(t, look(t, dir, inspect.Options{}), "item").Filenode))
	change(t, file, flip(5000, 2))
	change(t, file, flip(18, 3)) // the page's layout version
	info := look(t, dir, inspect.Options{Verify: true})
	require.False(t, info.Verified.Checksums)
	require.Equal(t, []string{"page"}, problemKinds(info))
	require.EqualValues(t, 3, *info.Problems[0].Block)
}

// changeControl changes the control file and makes its checksum right.
func changeControl(tb testing.TB, dir string, how func([]byte)) {
	change(tb, filepath.Join(dir, "global", "pg_control"), func(b []byte) []byte {
		how(b)
		const crc = 292 // offsetof(ControlFileData, crc) in 18
		binary.LittleEndian.PutUint32(b[crc:], crc32.Checksum(b[:crc], crc32.MakeTable(crc32.Castagnoli)))
		return b
	})
}

// What is damaged is told, and what is not is still read.
func TestInspectDamage(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		damage func(t *testing.T, dir string)
		kinds  []string // of problems
		says   string
	}{
		{name: "ControlChecksum", damage: func(t *testing.T, dir string) {
			change(t, filepath.Join(dir, "global/pg_control"), func(b []byte) []byte { b[40]++; return b })
		}, kinds: []string{"control"}, says: "checksum is wrong"},
		{name: "ControlCutOff", damage: func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, "global/pg_control"), 100))
		}, kinds: []string{"control", "control"}, says: "it has 100 bytes, not 8192"},
		{name: "ControlEmpty", damage: func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, "global/pg_control"), 0))
		}, kinds: []string{"control", "control"}, says: "it has 0 bytes"},
		{name: "ControlMissing", damage: remove("global/pg_control"), kinds: []string{"control"}, says: "missing"},
		{name: "ControlOfAnotherByteOrder", damage: func(t *testing.T, dir string) {
			change(t, filepath.Join(dir, "global/pg_control"), func(b []byte) []byte { slices.Reverse(b[8:12]); return b })
		}, kinds: []string{"control"}, says: "the other byte order"},
		{name: "ControlOfTheFuture", damage: func(t *testing.T, dir string) {
			change(t, filepath.Join(dir, "global/pg_control"), func(b []byte) []byte {
				binary.LittleEndian.PutUint32(b[8:], 2000)
				return b
			})
		}, kinds: []string{"control"}, says: "version 2000"},
		{name: "VersionMissing", damage: remove("PG_VERSION"), kinds: []string{"version"}, says: "missing"},
		{name: "VersionDamaged", damage: put("PG_VERSION", "\x00\xff"), kinds: []string{"version"}, says: "does not have a version number"},
		{name: "VersionOfAnother", damage: put("PG_VERSION", "17\n"), kinds: []string{"version"}, says: "it says 17"},
		{name: "MapMissing", damage: remove("global/pg_filenode.map"), kinds: []string{"map"}, says: "missing"},
		{name: "MapDamaged", damage: func(t *testing.T, dir string) {
			change(t, filepath.Join(dir, "base/5/pg_filenode.map"), func(b []byte) []byte { b[9] ^= 1; return b })
		}, kinds: []string{"map"}, says: "checksum is wrong"},
		{name: "MapTooLong", damage: func(t *testing.T, dir string) {
			change(t, filepath.Join(dir, "base/5/pg_filenode.map"), func(b []byte) []byte {
				binary.LittleEndian.PutUint32(b[4:], 1<<31)
				return b
			})
		}, kinds: []string{"map"}, says: "claims 2147483648 entries"},
		{name: "CatalogMissing", damage: remove("base/5/1259"), kinds: []string{"catalog", "missing"}, says: "not there"},
		{name: "CatalogDamaged", damage: func(t *testing.T, dir string) {
			change(t, filepath.Join(dir, "base/5/1259"), flip(4000, 1))
		}, kinds: []string{"checksum"}, says: "the checksum is wrong"},
		{name: "DatabaseMissing", damage: func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "base/4")))
		}, kinds: []string{"missing"}, says: "base/4"},
		{name: "NoLog", damage: func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "pg_wal")))
		}, kinds: []string{"wal"}, says: "refuse to start"},
		{name: "LogDamaged", damage: func(t *testing.T, dir string) {
			files, err := filepath.Glob(filepath.Join(dir, "pg_wal", "0*"))
			require.NoError(t, err)
			change(t, files[0], func(b []byte) []byte { clear(b); return b })
		}, kinds: []string{"wal"}, says: "not written yet"},
		{name: "LogCutOff", damage: func(t *testing.T, dir string) {
			files, err := filepath.Glob(filepath.Join(dir, "pg_wal", "0*"))
			require.NoError(t, err)
			require.NoError(t, os.Truncate(files[0], 8192))
		}, kinds: []string{"wal"}, says: "cut off"},
		{name: "ConfigurationMissing", damage: remove("postgresql.conf"), kinds: []string{"config"}, says: "not there"},
		{name: "ConfigurationHuge", damage: func(t *testing.T, dir string) {
			require.NoError(t, os.Truncate(filepath.Join(dir, "postgresql.conf"), 1<<30))
		}, kinds: []string{"config", "limit"}, says: "only the first"},
		{name: "HugeFile", damage: func(t *testing.T, dir string) {
			put("base/5/99999", "")(t, dir)
			require.NoError(t, os.Truncate(filepath.Join(dir, "base/5/99999"), 1<<40))
		}},
		{name: "ImpossibleSegment", damage: put("base/5/1259.4294967295", strings.Repeat("x", 8192)),
			kinds: []string{"checksum", "missing"}, says: "this is file 4294967295"},
		{name: "WithoutLinesOfLogs", damage: func(t *testing.T, dir string) {
			require.NoError(t, os.RemoveAll(filepath.Join(dir, "pg_xact")))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := sampleDir(t)
			test.damage(t, dir)
			info := look(t, dir, inspect.Options{})
			kinds := slices.Compact(slices.Sorted(slices.Values(problemKinds(info))))
			if len(test.kinds) == 0 {
				require.Empty(t, info.Problems)
			} else {
				require.Equal(t, slices.Compact(test.kinds), kinds, "%+v", info.Problems)
				require.Contains(t, fmt.Sprintf("%+v", info.Problems), test.says)
			}
			if strings.HasPrefix(test.name, "Control") || strings.HasPrefix(test.name, "Version") {
				require.Equal(t, inspect.PostgreSQL, info.Kind)
				require.Empty(t, info.OpenedBy)
			}
			require.Len(t, info.Databases, 3)
			if test.name != "CatalogMissing" {
				require.EqualValues(t, 1000, relation(t, info, "item").Tuples.Live)
			}
		})
	}
}

func remove(name string) func(*testing.T, string) {
	return func(t *testing.T, dir string) { require.NoError(t, os.Remove(filepath.Join(dir, name))) }
}

func put(name, text string) func(*testing.T, string) {
	return func(t *testing.T, dir string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
	}
}

// Files that are missing or cut off are told with the relation that they belong to.
func TestInspectFindsMissingFiles(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	whole := look(t, dir, inspect.Options{})
	item := relation(t, whole, "item")
	base := filepath.Join(dir, "base", "5")
	require.NoError(t, os.Remove(filepath.Join(base, fmt.Sprint(relation(t, whole, "small").Filenode))))
	require.NoError(t, os.Truncate(filepath.Join(base, fmt.Sprint(item.Filenode)), 5*8192+100))
	put("base/5/77777", "not in the catalogs")(t, dir)
	info := look(t, dir, inspect.Options{Verify: true})
	require.Len(t, info.Problems, 2)
	slices.SortFunc(info.Problems, func(a, b inspect.Problem) int { return strings.Compare(a.Kind, b.Kind) })
	require.Equal(t, "missing", info.Problems[0].Kind)
	require.Equal(t, "public.small", info.Problems[0].Relation)
	require.Equal(t, "page", info.Problems[1].Kind)
	require.Equal(t, "public.item", info.Problems[1].Relation)
	require.EqualValues(t, 5, *info.Problems[1].Block)
	require.EqualValues(t, 5, relation(t, info, "item").Pages)
	require.Equal(t, []inspect.File{{File: "base/5/77777", Size: 19}}, database(t, info, "postgres").Unclaimed)
}

// Links are told and not followed, wherever they lead.
func TestInspectFollowsNoLinks(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	outside := filepath.Join(t.TempDir(), "outside")
	item := fmt.Sprint(relation(t, look(t, dir, inspect.Options{}), "item").Filenode)
	require.NoError(t, os.Rename(filepath.Join(dir, "base", "5", item), outside))
	for name, target := range map[string]string{
		"base/5/" + item: outside, "pg_tblspc/4711": "/etc", "loop": ".", "postmaster.pid": "/etc/passwd", "up": "../..",
	} {
		dbtest.Symlink(t, target, filepath.Join(dir, name))
	}
	wal := filepath.Join(t.TempDir(), "wal")
	require.NoError(t, os.Rename(filepath.Join(dir, "pg_wal"), wal))
	dbtest.Symlink(t, wal, filepath.Join(dir, "pg_wal"))

	info := look(t, dir, inspect.Options{Verify: true})
	links := map[string]string{}
	for _, p := range info.Problems {
		if p.Kind == "link" {
			links[p.File] = p.Text
		}
	}
	require.Len(t, links, 6)
	require.Equal(t, "not read: symbolic link to "+outside, links["base/5/"+item])
	require.Subset(t, problemKinds(info), []string{"link", "missing", "wal"})
	require.Zero(t, relation(t, info, "item").Pages)
	require.NotContains(t, fmt.Sprintf("%+v", info), "root:")
}

// A directory is not written to.
func TestInspectWritesNothing(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	state := func() (files []string) {
		require.NoError(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
			require.NoError(t, err)
			info, err := os.Lstat(path)
			require.NoError(t, err)
			files = append(files, fmt.Sprint(path, info.Size(), info.ModTime(), info.Mode()))
			return nil
		}))
		return files
	}
	before := state()
	look(t, dir, inspect.Options{Verify: true, System: true})
	require.Equal(t, before, state())
}

func TestInspectErrors(t *testing.T) {
	t.Parallel()
	_, err := inspect.Path(context.Background(), filepath.Join(t.TempDir(), "nothing"), inspect.Options{})
	require.ErrorIs(t, err, fs.ErrNotExist)
	require.ErrorContains(t, err, "inspect: inspecting ")

	dir := sampleDir(t)
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	_, err = inspect.Path(cancelled, dir, inspect.Options{})
	require.ErrorIs(t, err, context.Canceled)
}
