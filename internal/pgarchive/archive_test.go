package pgarchive

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/stretchr/testify/require"
)

// dump reads one of the dumps that releases of pg_dump made of one database.
func dump(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "..", "pglite", "dump", "testdata", "dumps", name))
	require.NoError(t, err)
	return b
}

// TestLikePgDump compares the steps of archives with the scripts that the same
// pg_dump made of the same database.
func TestLikePgDump(t *testing.T) {
	t.Parallel()
	for archive, text := range map[string]string{
		"pg_dump-15.dump": "pg_dump-15.sql",
		"pg_dump-15.tar":  "pg_dump-15.sql",
		"pg_dump-17.dump": "pg_dump-17.sql",
		"pg_dump-18.dump": "pg_dump-18.sql",
	} {
		want := plain(string(dump(t, text)))
		require.NotEmpty(t, want)
		require.Equal(t, want, script(t, bytes.NewReader(dump(t, archive)), false), archive)
		require.Equal(t, want, script(t, iotest.OneByteReader(bytes.NewReader(dump(t, archive))), false), archive)
	}
}

func TestHeader(t *testing.T) {
	t.Parallel()
	a, err := New(bytes.NewReader(dump(t, "pg_dump-17.dump")), false)
	require.NoError(t, err)
	require.Equal(t, "postgres", a.Database)
	require.Equal(t, "17.5", a.Dumper)
	require.Regexp(t, `^15\.`, a.Server)
	given := map[string]string{}
	for _, e := range a.Entries {
		if role := a.GivenTo(e); role != "" {
			given[e.Name()] = role
		}
	}
	require.Equal(t, "small_owner", given["TABLE public.part"])
	require.Equal(t, "postgres", given["TABLE public.item"])
	require.NotContains(t, given, "TABLE DATA public.item")
}

// TestUnreadData asks for the next step without reading the data.
func TestUnreadData(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pg_dump-15.dump", "pg_dump-15.tar", "pg_dump-18.dump"} {
		a, err := New(bytes.NewReader(dump(t, name)), false)
		require.NoError(t, err)
		data := 0
		for {
			s, err := a.Next()
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
			if s.Data != nil {
				data++
				_, err = s.Data.Read(make([]byte, 5))
				require.NoError(t, err)
			}
		}
		require.Equal(t, 3, data, name) // two tables and the large objects
	}
}

// recompressed is an archive of version 1.16 with its data compressed otherwise.
func recompressed(t *testing.T, archive []byte, compression byte) []byte {
	t.Helper()
	in := bytes.NewReader(archive)
	a, err := New(in, false)
	require.NoError(t, err)
	require.EqualValues(t, compressionGzip, a.compression)
	source := a.data.(*customSource)
	start := len(archive) - in.Len() - source.r.in.Buffered()
	out := &builder{version: a.version}
	out.Write(archive[:start])
	out.Bytes()[len(Magic)+6] = compression
	copyBlock := func() {
		in := &chunks{r: source.r}
		data, err := io.ReadAll(decompressed(in, compressionGzip))
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, in)
		require.NoError(t, err)
		var b bytes.Buffer
		switch compression {
		case compressionNone:
			b.Write(data)
		case compressionLZ4:
			w := lz4.NewWriter(&b)
			_, _ = w.Write(data)
			require.NoError(t, w.Close())
		case compressionZstd:
			w, _ := zstd.NewWriter(&b)
			_, _ = w.Write(data)
			require.NoError(t, w.Close())
		}
		half := b.Len() / 2
		if b.Len() > 0 {
			out.chunks(string(b.Bytes()[:half+1]), string(b.Bytes()[half+1:]))
		} else {
			out.chunks()
		}
	}
	for {
		kind, err := source.r.in.ReadByte()
		if err == io.EOF {
			return out.Bytes()
		}
		id := source.r.int()
		out.WriteByte(kind)
		out.int(int(id))
		if kind == blockData {
			copyBlock()
			continue
		}
		for {
			oid := source.r.int()
			out.int(int(oid))
			if oid == 0 {
				break
			}
			copyBlock()
		}
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	archive := dump(t, "pg_dump-18.dump")
	want := script(t, bytes.NewReader(archive), false)
	for _, compression := range []byte{compressionNone, compressionLZ4, compressionZstd} {
		require.Equal(t, want, script(t, bytes.NewReader(recompressed(t, archive, compression)), false), compression)
	}
}

func TestBlobs(t *testing.T) {
	t.Parallel()
	large := bytes.Repeat([]byte{0, 1, 0xff}, 10000)
	b := build(oldest, compressionNone, append(settingsOf(false), toc{id: 1, desc: "BLOBS", tag: "BLOBS", hasData: true})...)
	b.blobs(1)
	b.int(7)
	b.chunks(string(large[:1000]), string(large[1000:]))
	b.int(8)
	b.chunks()
	b.int(0)
	want := "SELECT pg_catalog.lo_open('7', 131072);\n" +
		fmt.Sprintf("SELECT pg_catalog.lowrite(0, '\\x%x');\n", large[:blobChunk]) +
		fmt.Sprintf("SELECT pg_catalog.lowrite(0, '\\x%x');\n", large[blobChunk:]) +
		"SELECT pg_catalog.lo_close(0);\nSELECT pg_catalog.lo_open('8', 131072);\nSELECT pg_catalog.lo_close(0);\nCOMMIT;\n"
	require.Contains(t, script(t, bytes.NewReader(b.Bytes()), false), "SET search_path = pg_catalog;\nBEGIN;\n"+want)
}

// TestOldArchive restores an archive that relies on the search path, as those
// before PostgreSQL 11 do, and in which strings have escapes.
func TestOldArchive(t *testing.T) {
	t.Parallel()
	b := build(oldest, compressionNone,
		toc{id: 1, desc: "ENCODING", tag: "ENCODING", defn: "SET client_encoding = 'LATIN1';\n"},
		toc{id: 2, desc: "STDSTRINGS", tag: "STDSTRINGS", defn: "SET standard_conforming_strings = 'off';\n"},
		toc{id: 3, desc: "SCHEMA", tag: "s", defn: "CREATE SCHEMA s;\n", drop: "DROP SCHEMA s;\n", owner: "o"},
		toc{id: 4, desc: "TABLE", schema: "s", tag: "t", defn: "CREATE TABLE t ();\n", drop: "DROP TABLE s.t;\n", owner: `O x`, inTablespaces: true},
		toc{id: 5, desc: "TABLE", schema: "s", tag: "u", defn: "CREATE TABLE u ();\n", drop: "DROP TABLE s.u;\n", inTablespaces: true, tablespace: "fast"},
		toc{id: 6, desc: "FUNCTION", schema: "public", tag: "f(x)", defn: "CREATE FUNCTION f(x);\n", drop: "DROP FUNCTION public.f(x);\n", owner: "o"},
		toc{id: 7, desc: "TABLE DATA", schema: "s", tag: "t", copy: "COPY t FROM stdin;\n", owner: "o", hasData: true},
		toc{id: 8, desc: "ACL", schema: "s", tag: "t", defn: "GRANT x;\n", owner: "o"},
		toc{id: 9, desc: "INDEX", schema: "s", tag: "i", defn: "CREATE INDEX i;\n", drop: "DROP INDEX s.i;\n", owner: "o"},
		toc{id: 10, desc: "MATERIALIZED VIEW DATA", schema: "s", tag: "m", defn: "REFRESH m;\n"},
		toc{id: 11, desc: "DEFAULT ACL", schema: "", tag: "d", defn: "ALTER DEFAULT x;\n"},
		toc{id: 12, desc: "DATABASE", tag: "my ' db", defn: "CREATE DATABASE x;\n", drop: "DROP DATABASE x;\n", owner: "o"},
	).table(7, "1\n", "\\.\n")
	const head = "SET statement_timeout = 0;\nSET lock_timeout = 0;\nSET idle_in_transaction_session_timeout = 0;\nSET client_encoding = 'LATIN1';\n" +
		"SET standard_conforming_strings = off;\nSET check_function_bodies = false;\nSET xmloption = content;\n" +
		"SET client_min_messages = warning;\nSET escape_string_warning = off;\nSET row_security = off;\n"
	const body = `CREATE SCHEMA s;
ALTER SCHEMA s OWNER TO o;
SET search_path = s, pg_catalog;
SET default_tablespace = '';
CREATE TABLE t ();
ALTER TABLE s.t OWNER TO "O x";
SET default_tablespace = fast;
CREATE TABLE u ();
SET search_path = public, pg_catalog;
CREATE FUNCTION f(x);
ALTER FUNCTION public.f(x) OWNER TO o;
SET search_path = s, pg_catalog;
COPY t FROM stdin;
1
\.
CREATE INDEX i;
`
	const tail = "GRANT x;\nALTER DEFAULT x;\nREFRESH m;\n"
	require.Equal(t, head+body+tail, script(t, bytes.NewReader(b.Bytes()), false))
	require.Equal(t, head+body+"CREATE DATABASE x;\nALTER DATABASE \"my ' db\" OWNER TO o;\n"+
		`\connect -reuse-previous=on "dbname='my \' db'"`+"\n"+head+"SET search_path = s, pg_catalog;\n"+tail,
		script(t, bytes.NewReader(b.Bytes()), true))
}

func TestTableAccessMethods(t *testing.T) {
	t.Parallel()
	b := build(withBlobMetadata, compressionNone, append(settingsOf(true),
		toc{id: 1, desc: "TABLE", schema: "s", tag: "t", defn: "CREATE TABLE s.t ();\n", am: "heap", relkind: 'r'},
		toc{id: 2, desc: "TABLE", schema: "s", tag: "u", defn: "CREATE TABLE s.u ();\n", am: "heap", relkind: 'r'},
		toc{id: 3, desc: "TABLE", schema: "s", tag: "p", defn: "CREATE TABLE s.p ();\n", am: "other", relkind: 'p'},
		toc{id: 4, desc: "BLOB METADATA", tag: "5..6", defn: "5\n6\n", drop: "x", owner: "o"},
		toc{id: 5, desc: "ACL", tag: "LARGE OBJECTS 5..6", deps: []int{4},
			defn: "SET SESSION AUTHORIZATION \"a;\";\nGRANT SELECT ON LARGE OBJECT 5 TO \"x; LARGE OBJECT 5\";\n\n\nREVOKE ALL ON LARGE OBJECT 5 FROM o;\nRESET SESSION AUTHORIZATION;\n"},
		toc{id: 6, desc: "TABLE DATA", schema: "s", tag: "p", defn: "-- load via partition root s.p", copy: "COPY s.p FROM stdin;\n", hasData: true},
	)...).table(6, "\\.\n")
	text := script(t, bytes.NewReader(b.Bytes()), false)
	require.Contains(t, text, `SET default_table_access_method = heap;
CREATE TABLE s.t ();
CREATE TABLE s.u ();
CREATE TABLE s.p ();
ALTER TABLE s.p SET ACCESS METHOD other;
SELECT pg_catalog.lo_create('5');
SELECT pg_catalog.lo_create('6');
ALTER LARGE OBJECT 5 OWNER TO o;
ALTER LARGE OBJECT 6 OWNER TO o;
COPY s.p FROM stdin;
\.
SET SESSION AUTHORIZATION "a;";
GRANT SELECT ON LARGE OBJECT 5 TO "x; LARGE OBJECT 5";
GRANT SELECT ON LARGE OBJECT 6 TO "x; LARGE OBJECT 5";
REVOKE ALL ON LARGE OBJECT 5 FROM o;
REVOKE ALL ON LARGE OBJECT 6 FROM o;
RESET SESSION AUTHORIZATION;
`)
}

func TestNoArchive(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in  []byte
		err string
	}{
		"empty":        {nil, "reading the archive: this is no archive of pg_dump's"},
		"a script":     {[]byte("--\n-- PostgreSQL database dump\n--\n"), "reading the archive: this is no archive of pg_dump's"},
		"old":          {build(1<<16|11<<8, 0).Bytes(), "reading the archive: the archive is of a version that is not supported: 1.11 is not between 1.12 and 1.16"},
		"new":          {build(1<<16|17<<8, 0).Bytes(), "reading the archive: the archive is of a version that is not supported: 1.17 is not between 1.12 and 1.16"},
		"compression":  {build(newest, 9).Bytes(), "reading the archive: the archive is of a version that is not supported: compression 9"},
		"number twice": {build(newest, 0, toc{id: 1}, toc{id: 1}).Bytes(), "reading the archive: the archive is damaged: entry number 1"},
		"number 0":     {build(newest, 0, toc{}).Bytes(), "reading the archive: the archive is damaged: entry number 0"},
		"cut off":      {[]byte(Magic), "reading the archive: unexpected EOF"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := New(bytes.NewReader(tt.in), false)
			require.EqualError(t, err, tt.err)
		})
	}
}

// TestDamaged cuts archives off everywhere, and changes bytes. Neither makes a
// panic, and what is cut off is an error.
func TestDamaged(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pg_dump-15.dump", "pg_dump-18.dump"} {
		archive := dump(t, name)
		step := 1
		if testing.Short() {
			step = 97
		}
		for n := 0; n < len(archive); n += step {
			_, err := tryScript(bytes.NewReader(archive[:n]), false)
			require.Error(t, err, "%s cut off at %d", name, n)
			damaged := bytes.Clone(archive)
			damaged[n] ^= 0x81
			_, _ = tryScript(bytes.NewReader(damaged), false)
		}
	}
}

func TestWrongBlocks(t *testing.T) {
	t.Parallel()
	entry := toc{id: 1, desc: "TABLE DATA", tag: "t", copy: "COPY t FROM stdin;\n", hasData: true}
	for name, tt := range map[string]struct {
		data func(b *builder)
		err  string
	}{
		"none":              {func(*builder) {}, "reading the archive: TABLE DATA t: unexpected EOF"},
		"of another entry":  {func(b *builder) { b.table(2, "x") }, "reading the archive: TABLE DATA t: unexpected EOF"},
		"of another type":   {func(b *builder) { b.blobs(1).int(0) }, "reading the archive: TABLE DATA t: the archive is damaged: its block has type 3"},
		"of no type":        {func(b *builder) { b.WriteByte(9); b.int(1) }, "reading the archive: TABLE DATA t: the archive is damaged: block of type 9"},
		"of negative size":  {func(b *builder) { b.WriteByte(1); b.int(1); b.int(-5) }, "reading the archive: TABLE DATA t: the archive is damaged: chunk of -5 bytes"},
		"not as compressed": {func(b *builder) { b.table(1, "not zlib") }, "reading the archive: TABLE DATA t: " + zlib.ErrHeader.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			compression := byte(compressionNone)
			if name == "not as compressed" {
				compression = compressionGzip
			}
			b := build(newest, compression, append(settingsOf(true), entry)...)
			tt.data(b)
			_, err := tryScript(bytes.NewReader(b.Bytes()), false)
			require.EqualError(t, err, tt.err)
		})
	}
}

// FuzzArchive begins with small archives: of large ones, fuzzing spends its time
// with making what it finds smaller.
func FuzzArchive(f *testing.F) {
	entries := append(settingsOf(true),
		toc{id: 1, desc: "TABLE", schema: "s", tag: "t", defn: "CREATE TABLE s.t ();\n", drop: "DROP TABLE s.t;\n", owner: "o", inTablespaces: true},
		toc{id: 2, desc: "TABLE DATA", schema: "s", tag: "t", copy: "COPY s.t FROM stdin;\n", deps: []int{1}, hasData: true},
		toc{id: 3, desc: "BLOBS", tag: "BLOBS", hasData: true},
		toc{id: 4, desc: "ACL", schema: "s", tag: "t", defn: "GRANT x;\n"})
	for _, v := range []version{oldest, newest} {
		b := build(v, compressionNone, entries...).table(2, "1\n", "\\.\n").blobs(3)
		b.int(7)
		b.chunks("large")
		b.int(0)
		f.Add(b.Bytes())
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	_, _ = z.Write([]byte("1\n\\.\n"))
	_ = z.Close()
	f.Add(build(newest, compressionGzip, entries[:5]...).table(2, packed.String()).Bytes())
	f.Fuzz(func(t *testing.T, b []byte) {
		// A few bytes that decompress to a lot are no concern of this.
		_, _ = tryScript(bytes.NewReader(b[:min(len(b), 64<<10)]), len(b)%2 == 0)
	})
}
