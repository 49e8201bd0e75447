package inspect_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/calfdb/calf/assets"
	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/pglite/inspect"
	"github.com/stretchr/testify/require"
)

// FuzzInspect inspects archives of whatever files, whose checksums are right as far as sealed says.
func FuzzInspect(f *testing.F) {
	text, err := os.ReadFile("../../internal/pgdata/testdata/control-18.hex")
	require.NoError(f, err)
	control, err := hex.DecodeString(strings.Join(strings.Fields(string(text)), ""))
	require.NoError(f, err)
	late := slices.Clone(control)
	late[31] = 0x7f // its time is no date
	page := make([]byte, pgdata.BlockSize)
	conf := []byte("work_mem = '8MB'\n")
	for sealed := range 4 {
		f.Add(control, []byte{}, page, page, page, page, conf, uint8(sealed))
		f.Add(late, []byte{}, page, page, page, page, conf, uint8(sealed))
		f.Add([]byte{}, []byte{1}, []byte{}, page[:100], []byte{}, []byte{}, []byte{}, uint8(sealed))
	}
	if _, err := assets.Open(); err == nil {
		dir, err := sample()
		require.NoError(f, err)
		part := func(name string, from, n int) []byte {
			b, err := os.ReadFile(filepath.Join(dir, name))
			require.NoError(f, err)
			return b[from:min(len(b), from+n)]
		}
		c := part("global/pg_control", 0, 304)
		redo := int(binary.LittleEndian.Uint32(c[40:])) % (16 << 20) &^ 8191
		f.Add(c, part("base/5/pg_filenode.map", 0, 524), part("base/5/1259", 0, 16384), part("global/1262", 0, 8192),
			part("base/5/2610", 0, 8192), part("pg_wal/000000010000000000000001", redo, 16384), conf, uint8(3))
	}
	f.Fuzz(func(t *testing.T, control, filenodes, class, database, other, wal, conf []byte, sealed uint8) {
		if sealed&1 != 0 {
			seal(control, filenodes, class, database, other)
		}
		segment := make([]byte, 0, len(wal)+1<<14)
		if len(control) >= 48 { // where the control file says that the log begins
			redo := binary.LittleEndian.Uint32(control[40:]) % (1 << 20) &^ 8191
			segment = append(segment, make([]byte, redo)...)
		}
		archive := smallTar(t, map[string][]byte{
			"PG_VERSION": []byte("18\n"), "global/pg_control": append(control, make([]byte, max(0, pgdata.ControlSize-len(control)))...),
			"global/pg_filenode.map": filenodes, "base/5/pg_filenode.map": filenodes, "base/5/1259": class, "global/1262": database,
			"global/1260": other, "global/1213": other, "base/5/2615": other, "base/5/2610": other, "base/5/3079": other,
			"pg_wal/000000010000000000000001": append(segment, wal...), "pg_xact/0000": database, "pg_multixact/offsets/0000": other,
			"pg_multixact/members/0000": class, "postgresql.conf": conf, "pg_hba.conf": conf, "postmaster.pid": conf,
		})
		if sealed&2 != 0 {
			archive = zipped(t, archive, gzip.NoCompression)
		}
		checkInspect(t, archive)
	})
}

// FuzzInspectFile inspects whatever a file may be.
func FuzzInspectFile(f *testing.F) {
	small := smallTar(f, map[string][]byte{"PG_VERSION": []byte("18\n"), "global/pg_control": {}, "base/1/1259": make([]byte, 8192)})
	f.Add(small)
	f.Add(small[:1500])
	f.Add(zipped(f, small, gzip.NoCompression))
	f.Add([]byte("PGDMP"))
	f.Add([]byte("PK\x03\x04PK\x05\x06" + strings.Repeat("\x00", 18)))
	f.Fuzz(func(t *testing.T, b []byte) { checkInspect(t, b) })
}

// checkInspect inspects a file, which must succeed and give something that can be written as JSON.
func checkInspect(t *testing.T, b []byte) {
	name := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(name, b, 0o600))
	info, err := inspect.Path(context.Background(), name, inspect.Options{Verify: len(b)%2 == 0, System: len(b)%3 == 0})
	require.NoError(t, err)
	require.NotEmpty(t, info.Kind)
	require.NotEmpty(t, info.Summary)
	require.LessOrEqual(t, len(info.Problems), 1000)
	_, err = json.Marshal(info)
	require.NoError(t, err)
}

// seal makes the checksums of a control file, a map and pages right.
func seal(control, filenodes []byte, pages ...[]byte) {
	table := crc32.MakeTable(crc32.Castagnoli)
	for _, at := range []int{288, 292} { // offsetof(ControlFileData, crc) before 18, and in 18
		if len(control) >= at+4 && (at == 292) == (binary.LittleEndian.Uint32(control[8:]) >= 1800) {
			binary.LittleEndian.PutUint32(control[at:], crc32.Checksum(control[:at], table))
		}
	}
	if n := pgdata.FilenodeMapSize; len(filenodes) >= n {
		binary.LittleEndian.PutUint32(filenodes[n-4:], crc32.Checksum(filenodes[:n-4], table))
	}
	for _, b := range pages {
		for block := 0; (block+1)*pgdata.BlockSize <= len(b); block++ {
			p := pgdata.Page(b[block*pgdata.BlockSize : (block+1)*pgdata.BlockSize])
			binary.LittleEndian.PutUint16(p[8:], pgdata.PageChecksum(p, uint32(block)))
		}
	}
}

func smallTar(tb testing.TB, files map[string][]byte) []byte {
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, name := range names {
		require.NoError(tb, w.WriteHeader(&tar.Header{Name: "/" + name, Typeflag: tar.TypeReg, Size: int64(len(files[name]))}))
		_, err := w.Write(files[name])
		require.NoError(tb, err)
	}
	require.NoError(tb, w.Close())
	return b.Bytes()
}
