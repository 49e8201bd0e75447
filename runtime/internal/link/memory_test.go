package link

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOwnMemory(t *testing.T) {
	t.Parallel()
	m := decode(t, wasm(
		sec(secType, fn("i", "i")),
		sec(secImport, imp("env", "log", kindFunc, 0), imp("env", "memory", kindMemory, 1, 1, 2), imp("env", "base", kindGlobal, 0x7f, 0)),
		sec(secFunction, leb(0)),
		sec(secExport, exp("log", kindFunc, 0), exp("load", kindFunc, 1)),
		sec(secCode, body(get(0), gget(0), op(opI32Add, opI32Load, 2, 0))),
		sec(secData, dat(i32x(64), "\x07\x00\x00\x00")),
	))
	require.NoError(t, m.ownMemory())
	require.Len(t, m.imports, 2)
	rt, calls := withEnv(t)
	i := instantiate(t, rt, m.encode())
	require.EqualValues(t, 7, invoke(t, i, "load", 0), "the other imports are still there")
	require.EqualValues(t, 5, invoke(t, i, "log", 4))
	require.Equal(t, []uint64{4}, *calls)
	require.NotNil(t, i.ExportedMemory("memory"))
	_, ok := i.Memory().Grow(1)
	require.True(t, ok)
	_, ok = i.Memory().Grow(1)
	require.False(t, ok, "it has the limits of the import")

	require.EqualError(t, m.ownMemory(), "module imports no memory")
}

func TestLiftData(t *testing.T) {
	t.Parallel()
	at := func(segments ...[]byte) *module {
		return decode(t, wasm(secOf(secDataCount, leb(len(segments))), sec(secData, segments...)))
	}
	for _, tt := range []struct {
		name string
		m    *module
		want string
	}{
		{"nothing", at(), ""},
		{"one", at(dat(i32x(2), "ab")), "\x00\x00ab"},
		{"backwards", at(dat(i32x(4), "b"), dat(i32x(1), "a")), "\x00a\x00\x00b"},
		{"later ones win", at(dat(i32x(0), "aaaa"), dat(i32x(1), "bb")), "abba"},
		{"empty ones count", at(dat(i32x(3), "")), "\x00\x00\x00"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			got, err := tt.m.liftData()
			require.NoError(t, err)
			require.Equal(t, tt.want, string(got))
			require.Empty(t, tt.m.data)
			require.False(t, tt.m.dataCount)
		})
	}
	_, err := at(dat(ggetx(0), "a")).liftData()
	require.EqualError(t, err, "data segment without a constant address")
	_, err = at(dat(i32x(maxData-1), "ab")).liftData()
	require.EqualError(t, err, "data segment ends at 67108865")
	_, err = at(dat(i32x(-1), "a")).liftData()
	require.EqualError(t, err, "data segment ends at 4294967296", "addresses are unsigned")
	got, err := at(dat(i32x(maxData-2), "ab")).liftData()
	require.NoError(t, err)
	require.True(t, bytes.HasSuffix(got, []byte("\x00ab")))
}
