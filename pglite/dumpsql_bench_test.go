package pglite_test

import (
	"bytes"
	"io"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/stretchr/testify/require"
)

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
