package inspect_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/calfdb/calf/pglite/inspect"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/stretchr/testify/require"
)

// zipped makes a gzip, which costs little at the level gzip.NoCompression.
func zipped(tb testing.TB, b []byte, level int) []byte {
	tb.Helper()
	var out bytes.Buffer
	w, err := gzip.NewWriterLevel(&out, level)
	require.NoError(tb, err)
	_, err = w.Write(b)
	require.NoError(tb, err)
	require.NoError(tb, w.Close())
	return out.Bytes()
}

func saved(tb testing.TB, content []byte) string {
	tb.Helper()
	name := filepath.Join(tb.TempDir(), "file")
	require.NoError(tb, os.WriteFile(name, content, 0o600))
	return name
}

// The same is found in a directory, in archives of it, and where it is in a folder of these.
func TestInspectArchives(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	want := database(t, look(t, dir, inspect.Options{Verify: true}), "postgres")
	parent := t.TempDir()
	require.NoError(t, os.CopyFS(filepath.Join(parent, "my data"), os.DirFS(dir)))
	deep := dbtest.TarOf(t, dir, "/srv/old/data/")
	for name, test := range map[string]struct{ path, container, root string }{
		"Tar":           {saved(t, dbtest.TarOf(t, dir, "/")), "tar", ""},
		"TarRelative":   {saved(t, dbtest.TarOf(t, dir, "./")), "tar", ""},
		"TarGz":         {saved(t, zipped(t, dbtest.TarOf(t, dir, ""), gzip.BestSpeed)), "tar.gz", ""},
		"InFolder":      {parent, "directory", "my data"},
		"InFolderOfTar": {saved(t, deep), "tar", "srv/old/data"},
		"InFolderOfGz":  {saved(t, zipped(t, deep, gzip.NoCompression)), "tar.gz", "srv/old/data"},
	} {
		t.Run(name, func(t *testing.T) {
			info := look(t, test.path, inspect.Options{Verify: true})
			require.Empty(t, info.Problems)
			require.Equal(t, test.container, info.Container)
			require.Equal(t, test.root, info.Root)
			require.True(t, info.Clean)
			require.Equal(t, want, database(t, info, "postgres"))
			require.NotZero(t, info.Verified.Blocks)
			require.Zero(t, info.Verified.Bad)
		})
	}

	info := look(t, filepath.Join(dir, "base", "5"), inspect.Options{})
	require.Equal(t, inspect.Unknown, info.Kind)
	require.Contains(t, info.Summary, "the folder of one database")

	require.NoError(t, os.CopyFS(filepath.Join(parent, "other"), os.DirFS(dir)))
	info = look(t, parent, inspect.Options{})
	require.Equal(t, inspect.Several, info.Kind)
	require.Contains(t, info.Summary, "my data, other")
}

// An archive may be cut off anywhere, and damaged anywhere.
func TestInspectTruncatedArchives(t *testing.T) {
	t.Parallel()
	whole := dbtest.TarOf(t, sampleDir(t), "/")
	packed := zipped(t, whole, gzip.NoCompression)
	r := rand.New(rand.NewPCG(1, 2))
	times := 8
	if dbtest.Raced {
		times = 2
	}
	for range times {
		cut := whole[:r.IntN(len(whole))]
		info := look(t, saved(t, cut), inspect.Options{Verify: true})
		require.Contains(t, problemKinds(info), "archive", "cut at %d", len(cut))
		require.Contains(t, info.Problems[0].Text, "incomplete")

		cut = packed[:r.IntN(len(packed))]
		info = look(t, saved(t, cut), inspect.Options{})
		require.Contains(t, problemKinds(info), "archive", "gzip cut at %d", len(cut))
	}
	// The end marks are missing, and nothing else.
	info := look(t, saved(t, whole[:len(whole)-1024]), inspect.Options{})
	require.Equal(t, []string{"archive"}, problemKinds(info))
	require.Contains(t, info.Problems[0].Text, "end mark")
	require.Equal(t, inspect.PGlite, info.Kind)

	packed[len(packed)/2] ^= 0xff
	info = look(t, saved(t, packed), inspect.Options{})
	require.Contains(t, problemKinds(info), "archive")
}

// Entries that are not regular files or lead out are told, and not read.
func TestInspectHostileTar(t *testing.T) {
	t.Parallel()
	dir := sampleDir(t)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	whole := dbtest.TarOf(t, dir, "/")
	old := tar.NewReader(bytes.NewReader(whole))
	for _, h := range []*tar.Header{
		{Name: "../../etc/passwd", Typeflag: tar.TypeReg},
		{Name: "loop", Typeflag: tar.TypeSymlink, Linkname: "loop"},
		{Name: "postmaster.pid", Typeflag: tar.TypeSymlink, Linkname: "/etc/passwd"},
		{Name: "self", Typeflag: tar.TypeLink, Linkname: "self"},
		{Name: "device", Typeflag: tar.TypeBlock},
		{Name: "pipe", Typeflag: tar.TypeFifo},
		{Name: strings.Repeat("deep/", 100) + "PG_VERSION", Typeflag: tar.TypeReg},
		{Name: strings.Repeat("x", 100000), Typeflag: tar.TypeReg},
	} {
		require.NoError(t, w.WriteHeader(h))
	}
	for {
		h, err := old.Next()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		require.NoError(t, w.WriteHeader(h))
		_, err = io.Copy(w, old)
		require.NoError(t, err)
	}
	// Of two with the same name the second one counts, as when an archive is unpacked.
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "PG_VERSION", Typeflag: tar.TypeReg, Size: 3}))
	_, err := w.Write([]byte("17\n"))
	require.NoError(t, err)
	require.NoError(t, w.Close())

	for _, archive := range [][]byte{b.Bytes(), zipped(t, b.Bytes(), gzip.NoCompression)} {
		info := look(t, saved(t, archive), inspect.Options{})
		var links int
		for _, p := range info.Problems {
			if p.Kind == "link" {
				links++
			}
		}
		require.Equal(t, 7, links, "%+v", info.Problems)
		require.Contains(t, problemKinds(info), "version")
		require.EqualValues(t, 1000, relation(t, info, "item").Tuples.Live)
	}

	// A size that no disk has is the end of what there is.
	header := bytes.Clone(whole[:512])
	copy(header, "base/5/1259\x00")
	copy(header[156:], "0")
	header[124] = 0x80 // base-256
	copy(header[125:136], bytes.Repeat([]byte{0}, 11))
	header[129] = 0x10
	sum := 0
	copy(header[148:156], "        ")
	for _, c := range header {
		sum += int(c)
	}
	copy(header[148:], []byte{'0' + byte(sum>>15&7), '0' + byte(sum>>12&7), '0' + byte(sum>>9&7), '0' + byte(sum>>6&7), '0' + byte(sum>>3&7), '0' + byte(sum&7), 0, ' '})
	for _, archive := range [][]byte{header, zipped(t, header, gzip.NoCompression)} {
		info := look(t, saved(t, archive), inspect.Options{Verify: true})
		require.Contains(t, problemKinds(info), "archive")
	}
}

// What is inspected cannot make Inspect use much memory.
func TestInspectBoundedMemory(t *testing.T) {
	if testing.Short() || dbtest.Raced {
		t.Skip("writes an archive with 400 000 entries, which takes minutes with the race detector")
	}
	name := filepath.Join(t.TempDir(), "entries.tar.gz")
	f, err := os.Create(name)
	require.NoError(t, err)
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	require.NoError(t, err)
	w := tar.NewWriter(z)
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "PG_VERSION", Typeflag: tar.TypeReg}))
	require.NoError(t, w.WriteHeader(&tar.Header{Name: "global/pg_control", Typeflag: tar.TypeReg}))
	for i := range 400_000 {
		require.NoError(t, w.WriteHeader(&tar.Header{Name: fmt.Sprintf("base/5/%040d", i), Typeflag: tar.TypeReg}))
	}
	require.NoError(t, w.Close())
	require.NoError(t, z.Close())
	require.NoError(t, f.Close())

	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	info := look(t, name, inspect.Options{})
	runtime.ReadMemStats(&after)
	require.Contains(t, problemKinds(info), "limit")
	// What the garbage collector got from the system is the most that was used at a time.
	t.Logf("%d MB of the system", (after.HeapSys-min(before.HeapSys, after.HeapSys))>>20)
	require.Less(t, after.HeapSys-min(before.HeapSys, after.HeapSys), uint64(500<<20))
}

// Path says what something is that is no data directory.
func TestInspectForeign(t *testing.T) {
	t.Parallel()
	folder := func(files map[string]string) string {
		dir := filepath.Join(t.TempDir(), "folder")
		require.NoError(t, os.Mkdir(dir, 0o700))
		for name, content := range files {
			require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
		}
		return dir
	}
	zipOf := func(names ...string) string {
		var b bytes.Buffer
		w := zip.NewWriter(&b)
		for _, name := range names {
			f, err := w.Create(name)
			require.NoError(t, err)
			_, err = f.Write([]byte("content"))
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		return saved(t, b.Bytes())
	}
	text := func(s string) string { return saved(t, []byte(s)) }
	dump := "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n"
	sqlite := "SQLite format 3\x00" + strings.Repeat("\x00", 100)
	for name, test := range map[string]struct {
		path string
		kind inspect.Kind
		says string
	}{
		"EmptyFolder":     {folder(nil), inspect.Empty, "empty"},
		"EmptyFile":       {text(""), inspect.Empty, "empty"},
		"EmptyTar":        {saved(t, dbtest.TarOf(t, folder(nil), "")), inspect.Empty, "empty"},
		"Letters":         {folder(map[string]string{"letter.txt": "Dear"}), inspect.Unknown, "a directory without"},
		"Letter":          {text("Dear all,\n"), inspect.Unknown, "neither"},
		"Noise":           {text("\x00\x01\x02\x03"), inspect.Unknown, "neither"},
		"TarOfLetters":    {saved(t, dbtest.TarOf(t, folder(map[string]string{"letter.txt": "Dear"}), "")), inspect.Unknown, "a tar without"},
		"Zip":             {zipOf("a.txt"), inspect.Zip, "unpack"},
		"ZipOfData":       {zipOf("data/PG_VERSION", "data/global/pg_control"), inspect.Zip, "of a PostgreSQL data directory"},
		"ZipOfDeepChat":   {zipOf("database/chat.db", "manifest.json"), inspect.Zip, "DeepChat"},
		"SQLite":          {text(sqlite), inspect.SQLite, "SQLite"},
		"DuckDB":          {text("\x00\x00\x00\x00\x00\x00\x00\x00DUCK\x40\x00\x00\x00"), inspect.DuckDB, "DuckDB"},
		"Chrome":          {folder(map[string]string{"CURRENT": "MANIFEST-000001\n", "MANIFEST-000001": "", "000003.log": ""}), inspect.IndexedDB, "idb://"},
		"ChromeProfile":   {folder(map[string]string{"https_x_0.indexeddb.leveldb/CURRENT": "", "https_x_0.indexeddb.leveldb/MANIFEST-000001": ""}), inspect.IndexedDB, "dumpDataDir"},
		"Firefox":         {folder(map[string]string{"idb/123.sqlite": sqlite, "idb/123.files/1": ""}), inspect.IndexedDB, "browser"},
		"FirefoxFile":     {text(sqlite + "CREATE TABLE object_store(id INTEGER)"), inspect.IndexedDB, "browser"},
		"Safari":          {folder(map[string]string{"IndexedDB.sqlite3": sqlite}), inspect.IndexedDB, "browser"},
		"IndexedDBExport": {text(`{"name":"/pglite/my-db","stores":{"FILE_DATA":[]}}`), inspect.IndexedDB, "browser"},
		"OPFS":            {folder(map[string]string{"state.txt": `{"root":{}}`, "data/0a1b": ""}), inspect.OPFS, "opfs-ahp://"},
		"SQL":             {text(dump), inspect.SQLDump, "calf restore"},
		"SQLByHand":       {text("-- mine\n\nCREATE TABLE t (a int);\n"), inspect.SQLDump, "calf restore"},
		"SQLGz":           {saved(t, zipped(t, []byte(dump), gzip.BestSpeed)), inspect.SQLDump, "calf restore"},
		"Custom":          {text("PGDMP\x01\x0f\x00\x04\x08\x01\x01"), inspect.CustomDump, "pg_restore"},
		"DirectoryDump":   {folder(map[string]string{"toc.dat": "PGDMP", "3001.dat.gz": ""}), inspect.DirectoryDump, "pg_restore"},
		"TarDump":         {saved(t, dbtest.TarOf(t, folder(map[string]string{"toc.dat": "PGDMP", "3001.dat": ""}), "")), inspect.TarDump, "pg_restore"},
		"DatabaseBuild":   {saved(t, zipped(t, dbtest.TarOf(t, folder(map[string]string{"meta.tar.gz": "", "dbs/a.tar.gz": "", "files/1/a.csv": ""}), ""), gzip.BestSpeed)), inspect.DatabaseBuild, "dbs"},
		"Zstandard":       {text("\x28\xb5\x2f\xfd\x00\x00"), inspect.Compressed, "decompress"},
		"Bzip2":           {text("BZh91AY&SY"), inspect.Compressed, "decompress"},
		"GzipHeader":      {text("\x1f\x8b\x08"), inspect.DamagedGzip, "cut off"},
		"GzipStart":       {saved(t, zipped(t, []byte(strings.Repeat("x", 10000)), gzip.BestSpeed)[:30]), inspect.DamagedGzip, "cut off"},
		"GzipOfNothing":   {saved(t, zipped(t, nil, gzip.BestSpeed)), inspect.Empty, "empty"},
	} {
		t.Run(name, func(t *testing.T) {
			info := look(t, test.path, inspect.Options{Verify: true})
			require.Equal(t, test.kind, info.Kind, info.Summary)
			require.Contains(t, info.Summary, test.says)
			require.Empty(t, info.OpenedBy)
			require.Empty(t, info.Databases)
		})
	}
}
