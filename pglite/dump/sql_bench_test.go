package dump_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/dbtest"
	"github.com/stretchr/testify/require"
)

func BenchmarkDumpSQL(b *testing.B) {
	db := dbtest.Open(b, pglite.Config{})
	dbtest.Exec(b, db, dbtest.Scale5)
	for _, f := range []struct {
		name string
		args []string
	}{{"Plain", nil}, {"Inserts", []string{"--inserts"}}, {"Custom", []string{"-Fc"}}, {"Uncompressed", []string{"-Fc", "-Z0"}}} {
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			// All are measured by the size of the data as text.
			var size dbtest.ByteCount
			require.NoError(b, db.DumpSQL(b.Context(), &size, dump.SQLConfig{}))
			b.SetBytes(int64(size))
			for b.Loop() {
				require.NoError(b, db.DumpSQL(b.Context(), io.Discard, dump.SQLConfig{Args: f.args}))
			}
		})
	}
}

func BenchmarkRestoreSQL(b *testing.B) {
	db := dbtest.Open(b, pglite.Config{})
	dbtest.Exec(b, db, dbtest.Scale5)
	size := int64(len(dbtest.DumpSQL(b, db)))
	for _, f := range []struct {
		name string
		args []string
	}{{"Plain", nil}, {"Inserts", []string{"--inserts"}}, {"Custom", []string{"-Fc"}}} {
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			script := []byte(dbtest.DumpSQL(b, db, f.args...))
			b.SetBytes(size)
			for b.Loop() {
				b.StopTimer()
				restored := dbtest.Open(b, pglite.Config{})
				b.StartTimer()
				require.NoError(b, restored.RestoreSQL(b.Context(), bytes.NewReader(script), dump.RestoreSQLConfig{SingleTransaction: true}))
				b.StopTimer()
				require.NoError(b, restored.Close())
				b.StartTimer()
			}
		})
	}
}
