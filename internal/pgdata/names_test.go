package pgdata

import (
	"encoding/binary"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestParseRelFile(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]RelFile{
		"base/5/16384":                            {Filenode: Filenode{DefaultTablespace, 5, 16384}, Fork: MainFork},
		"base/5/16384.3":                          {Filenode: Filenode{DefaultTablespace, 5, 16384}, Fork: MainFork, Segment: 3},
		"base/5/16384_fsm.1":                      {Filenode: Filenode{DefaultTablespace, 5, 16384}, Fork: FSMFork, Segment: 1},
		"base/5/16384_vm":                         {Filenode: Filenode{DefaultTablespace, 5, 16384}, Fork: VMFork},
		"base/5/16384_init":                       {Filenode: Filenode{DefaultTablespace, 5, 16384}, Fork: InitFork},
		"base/5/t3_16384":                         {Filenode: Filenode{DefaultTablespace, 5, 16384}, Fork: MainFork, Temp: true},
		"base/5/t0_16384_vm":                      {Filenode: Filenode{DefaultTablespace, 5, 16384}, Fork: VMFork, Temp: true},
		"global/1262":                             {Filenode: Filenode{GlobalTablespace, 0, 1262}, Fork: MainFork},
		"pg_tblspc/16400/PG_18_202506291/5/16384": {Filenode: Filenode{16400, 5, 16384}, Fork: MainFork},
	} {
		got, ok := ParseRelFile(path)
		require.True(t, ok, path)
		require.Equal(t, want, got, path)
		if !got.Temp {
			require.Equal(t, path, got.Path(got.Fork, got.Segment, "PG_18_202506291"))
		}
	}
	for _, path := range []string{
		"", "base/5/", "base/5/PG_VERSION", "base/5/pg_filenode.map", "base/5/pg_internal.init", "base/5/16384_", "base/5/16384_x",
		"base/5/16384.", "base/5/16384.0", "base/5/016384", "base/5/+1", "base/5/t_1", "base/5/tx_1", "base/x/1", "base/5/4294967296",
		"global/pg_control", "base/pgsql_tmp/1", "pg_tblspc/16400/OTHER/5/1", "pg_tblspc/x/PG_1/5/1", "pg_tblspc/1/PG_1/x/1", "base/5/6/7",
	} {
		_, ok := ParseRelFile(path)
		require.False(t, ok, path)
	}
}

func FuzzParseRelFile(f *testing.F) {
	f.Add("base/5/t3_16384_fsm.1")
	f.Add("pg_tblspc/16400/PG_18_202506291/5/16384")
	f.Fuzz(func(t *testing.T, path string) {
		r, ok := ParseRelFile(path)
		if !ok || r.Temp || r.Tablespace == GlobalTablespace || r.Tablespace == DefaultTablespace {
			return
		}
		again, ok := ParseRelFile(r.Path(r.Fork, r.Segment, "PG_x"))
		require.True(t, ok)
		require.Equal(t, r, again)
	})
}

func TestWALSegment(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		size uint32
		want WALSegment
	}{
		{"000000010000000000000001", 16 << 20, WALSegment{1, 1}},
		{"0000000200000001000000FF", 16 << 20, WALSegment{2, 511}},
		{"000000010000000100000FFF", 1 << 20, WALSegment{1, 8191}},
		{"FFFFFFFFFFFFFFFF00000003", 1 << 30, WALSegment{0xFFFFFFFF, 0xFFFFFFFF*4 + 3}},
	} {
		s, ok := ParseWALSegment(test.name, test.size)
		require.True(t, ok, test.name)
		require.Equal(t, test.want, s)
		require.Equal(t, test.name, s.Name(test.size))
	}
	for _, name := range []string{"", "00000001000000000000000", "000000010000000000000100", "00000001000000000000000g", "00000001000000000000000a"} {
		_, ok := ParseWALSegment(name, 16<<20)
		require.False(t, ok, name)
	}
	require.Equal(t, "1/FF000000", WALSegment{1, 511}.Start(16<<20).String())
	for size, want := range map[uint32]bool{0: false, 1 << 19: false, 1 << 20: true, 3 << 20: false, 1 << 30: true, 1 << 31: false} {
		require.Equal(t, want, WALSegSizeValid(size))
	}
}

func FuzzParseWALSegment(f *testing.F) {
	f.Add("000000010000000000000001", uint32(16<<20))
	f.Fuzz(func(t *testing.T, name string, size uint32) {
		if !WALSegSizeValid(size) {
			return
		}
		if s, ok := ParseWALSegment(name, size); ok {
			require.Equal(t, name, s.Name(size))
		}
	})
}

func TestDecodePIDFile(t *testing.T) {
	t.Parallel()
	f, ok := DecodePIDFile([]byte("-42\n/pglite/data\n1795309963\n5432\n\n\n 10502338 666\n"))
	require.True(t, ok)
	require.Equal(t, PIDFile{PID: -42, DataDir: "/pglite/data", Start: time.Unix(1795309963, 0).UTC(), Port: 5432}, f)
	f, ok = DecodePIDFile([]byte("1234"))
	require.True(t, ok)
	require.Equal(t, PIDFile{PID: 1234}, f)
	for _, b := range []string{"", "\n", "0\n", "x", "99999999999999999999"} {
		_, ok := DecodePIDFile([]byte(b))
		require.False(t, ok, b)
	}
}

func FuzzDecodePIDFile(f *testing.F) {
	f.Add([]byte("-42\n/pglite/data\n1795309963\n5432\n"))
	f.Fuzz(func(t *testing.T, b []byte) { DecodePIDFile(b) })
}

// filenodeMap builds a map.
func filenodeMap(pairs ...uint32) []byte {
	b := make([]byte, FilenodeMapSize)
	binary.LittleEndian.PutUint32(b, filenodeMapMagic)
	binary.LittleEndian.PutUint32(b[4:], uint32(len(pairs)/2))
	for i, v := range pairs {
		binary.LittleEndian.PutUint32(b[8+i*4:], v)
	}
	binary.LittleEndian.PutUint32(b[FilenodeMapSize-4:], crc32c(b[:FilenodeMapSize-4]))
	return b
}

func TestDecodeFilenodeMap(t *testing.T) {
	t.Parallel()
	m, err := DecodeFilenodeMap(filenodeMap(ClassRelation, 16500, 1249, 1249))
	require.NoError(t, err)
	require.Equal(t, map[uint32]uint32{1259: 16500, 1249: 1249}, m)
	for name, b := range map[string][]byte{
		"Empty": nil, "CutOff": filenodeMap(1, 2)[:FilenodeMapSize-1], "Zeros": make([]byte, FilenodeMapSize),
		"Checksum": append(filenodeMap(1, 2)[:FilenodeMapSize-1], 0),
	} {
		_, err := DecodeFilenodeMap(b)
		require.ErrorIs(t, err, ErrFilenodeMap, name)
	}
	_, err = DecodeFilenodeMap(func() []byte { b := filenodeMap(); b[4] = 65; return b }())
	require.ErrorContains(t, err, "65 entries")
}

func FuzzDecodeFilenodeMap(f *testing.F) {
	f.Add(filenodeMap(1259, 16500), true)
	f.Add([]byte{}, false)
	f.Fuzz(func(t *testing.T, b []byte, seal bool) {
		if seal && len(b) >= FilenodeMapSize {
			binary.LittleEndian.PutUint32(b[FilenodeMapSize-4:], crc32c(b[:FilenodeMapSize-4]))
		}
		if m, err := DecodeFilenodeMap(b); err == nil {
			require.LessOrEqual(t, len(m), filenodeMapMax)
		}
	})
}

func TestEncodingName(t *testing.T) {
	t.Parallel()
	require.Equal(t, "SQL_ASCII", EncodingName(0))
	require.Equal(t, "UTF8", EncodingName(6))
	require.Equal(t, "KOI8U", EncodingName(34))
	require.Equal(t, "encoding 35", EncodingName(35))
}
