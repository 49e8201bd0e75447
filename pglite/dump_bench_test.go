package pglite_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/stretchr/testify/require"
)

// benchmarkDB is a database with pgbench's largest table at scale 10, which has a million rows.
func benchmarkDB(b *testing.B, dir string) *pglite.DB {
	db := open(b, pglite.Config{Dir: dir})
	exec(b, db, `CREATE TABLE pgbench_accounts (aid int NOT NULL, bid int, abalance int, filler char(84))`)
	exec(b, db, `INSERT INTO pgbench_accounts SELECT aid, (aid - 1) / 100000 + 1, 0, '' FROM generate_series(1, 1000000) aid`)
	exec(b, db, `ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid)`)
	exec(b, db, `CHECKPOINT`)
	return db
}

// BenchmarkDump writes an archive to nowhere; its MB are those of the archive before compression, here and below.
func BenchmarkDump(b *testing.B) {
	for name, dir := range map[string]string{"Memory": "", "Directory": filepath.Join(b.TempDir(), "data")} {
		db := benchmarkDB(b, dir)
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var w dbtest.ByteCount
				require.NoError(b, db.Dump(context.Background(), &w, dump.ArchiveConfig{}))
				b.SetBytes(int64(w))
			}
		})
	}
}

func BenchmarkDumpGzip(b *testing.B) {
	db := benchmarkDB(b, "")
	for name, level := range map[string]int{"Fastest": gzip.BestSpeed, "Default": gzip.DefaultCompression} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var w, z dbtest.ByteCount
				zw, err := gzip.NewWriterLevel(&z, level)
				require.NoError(b, err)
				require.NoError(b, db.Dump(context.Background(), io.MultiWriter(zw, &w), dump.ArchiveConfig{}))
				require.NoError(b, zw.Close())
				b.SetBytes(int64(w))
				b.ReportMetric(float64(w)/float64(z), "ratio")
			}
		})
	}
}

func BenchmarkDumpDirectory(b *testing.B) {
	db := benchmarkDB(b, filepath.Join(b.TempDir(), "data"))
	var w dbtest.ByteCount
	require.NoError(b, db.Dump(context.Background(), &w, dump.ArchiveConfig{}))
	to := filepath.Join(b.TempDir(), "copy")
	b.SetBytes(int64(w))
	for b.Loop() {
		require.NoError(b, db.DumpDirectory(context.Background(), to, dump.ArchiveConfig{}))
		b.StopTimer()
		require.NoError(b, os.RemoveAll(to))
		b.StartTimer()
	}
}

// BenchmarkLoad opens a database from an archive and closes it.
func BenchmarkLoad(b *testing.B) {
	archive := dumped(b, benchmarkDB(b, ""))
	dir := filepath.Join(b.TempDir(), "data")
	for _, test := range []struct {
		name    string
		archive []byte
		cfg     pglite.Config
	}{
		{"Memory", archive, pglite.Config{}},
		{"MemoryGzip", compressed(b, archive), pglite.Config{}},
		{"Directory", archive, pglite.Config{Dir: dir}},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.SetBytes(int64(len(archive)))
			for b.Loop() {
				test.cfg.Load = bytes.NewReader(test.archive)
				db, err := pglite.OpenConfig(context.Background(), test.cfg)
				require.NoError(b, err)
				require.NoError(b, db.Close())
				b.StopTimer()
				require.NoError(b, os.RemoveAll(dir))
				b.StartTimer()
			}
		})
	}
}

// BenchmarkArchive copies a directory that is not open, BenchmarkRestore makes one.
func BenchmarkArchive(b *testing.B) {
	dir := benchmarkDirectory(b)
	for b.Loop() {
		var w dbtest.ByteCount
		require.NoError(b, dump.Archive(context.Background(), dir, &w, dump.ArchiveConfig{}))
		b.SetBytes(int64(w))
	}
}

func BenchmarkRestore(b *testing.B) {
	var archive bytes.Buffer
	require.NoError(b, dump.Archive(context.Background(), benchmarkDirectory(b), &archive, dump.ArchiveConfig{}))
	to := filepath.Join(b.TempDir(), "copy")
	b.SetBytes(int64(archive.Len()))
	for b.Loop() {
		require.NoError(b, dump.Restore(context.Background(), bytes.NewReader(archive.Bytes()), to, dump.RestoreConfig{}))
		b.StopTimer()
		require.NoError(b, os.RemoveAll(to))
		b.StartTimer()
	}
}

// benchmarkDirectory is a closed copy of benchmarkDB.
func benchmarkDirectory(b *testing.B) string {
	dir := filepath.Join(b.TempDir(), "data")
	require.NoError(b, benchmarkDB(b, "").DumpDirectory(context.Background(), dir, dump.ArchiveConfig{}))
	return dir
}
