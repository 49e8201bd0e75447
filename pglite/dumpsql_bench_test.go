package pglite_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
)

// scale5 makes the tables of pgbench at scale 5: 500,000 accounts.
const scale5 = `CREATE TABLE pgbench_branches (bid int PRIMARY KEY, bbalance int, filler char(88));
CREATE TABLE pgbench_tellers (tid int PRIMARY KEY, bid int, tbalance int, filler char(84));
CREATE TABLE pgbench_accounts (aid int, bid int, abalance int, filler char(84));
INSERT INTO pgbench_branches SELECT i, 0, '' FROM generate_series(1, 5) i;
INSERT INTO pgbench_tellers SELECT i, (i - 1) / 10 + 1, 0, '' FROM generate_series(1, 50) i;
INSERT INTO pgbench_accounts SELECT i, (i - 1) / 100000 + 1, 0, '' FROM generate_series(1, 500000) i;
ALTER TABLE pgbench_accounts ADD PRIMARY KEY (aid);`

// A byteCount counts what is written to it.
type byteCount int64

func (c *byteCount) Write(p []byte) (int, error) {
	*c += byteCount(len(p))
	return len(p), nil
}

func BenchmarkDumpSQL(b *testing.B) {
	db := open(b, pglite.Config{})
	exec(b, db, scale5)
	for _, f := range []struct {
		name string
		args []string
	}{{"Plain", nil}, {"Inserts", []string{"--inserts"}}, {"Custom", []string{"-Fc"}}, {"Uncompressed", []string{"-Fc", "-Z0"}}} {
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			// All are measured by the size of the data as text.
			var size byteCount
			require.NoError(b, db.DumpSQL(b.Context(), &size, pglite.SQLDumpConfig{}))
			b.SetBytes(int64(size))
			for b.Loop() {
				require.NoError(b, db.DumpSQL(b.Context(), io.Discard, pglite.SQLDumpConfig{Args: f.args}))
			}
		})
	}
}

func BenchmarkRestoreSQL(b *testing.B) {
	db := open(b, pglite.Config{})
	exec(b, db, scale5)
	size := int64(len(dumpSQL(b, db)))
	for _, f := range []struct {
		name string
		args []string
	}{{"Plain", nil}, {"Inserts", []string{"--inserts"}}, {"Custom", []string{"-Fc"}}} {
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			dump := []byte(dumpSQL(b, db, f.args...))
			b.SetBytes(size)
			for b.Loop() {
				b.StopTimer()
				restored := open(b, pglite.Config{})
				b.StartTimer()
				require.NoError(b, restored.RestoreSQL(b.Context(), bytes.NewReader(dump), pglite.SQLRestoreConfig{SingleTransaction: true}))
				b.StopTimer()
				require.NoError(b, restored.Close())
				b.StartTimer()
			}
		})
	}
}
