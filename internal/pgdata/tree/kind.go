package tree

import (
	"bytes"
	"encoding/binary"
	"io"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Kind is what something is that is not a data directory.
type Kind string

// Kinds. The empty one is of what may be a data directory.
const (
	KindEmpty         Kind = "empty"          // an empty folder, file or archive
	KindUnknown       Kind = "unknown"        // anything else
	KindDamagedGzip   Kind = "damaged-gzip"   // gzip that ends or breaks before its content can be known
	KindZip           Kind = "zip"            // a zip archive
	KindCompressed    Kind = "compressed"     // compressed by something other than gzip
	KindSQLite        Kind = "sqlite"         // a SQLite database
	KindDuckDB        Kind = "duckdb"         // a DuckDB database
	KindIndexedDB     Kind = "indexeddb"      // a browser's IndexedDB
	KindOPFS          Kind = "opfs"           // PGlite's pool of files in a browser's private file system
	KindSQLDump       Kind = "sql-dump"       // SQL text
	KindCustomDump    Kind = "custom-dump"    // pg_dump --format=custom
	KindTarDump       Kind = "tar-dump"       // pg_dump --format=tar
	KindDirectoryDump Kind = "directory-dump" // pg_dump --format=directory
	KindDatabaseBuild Kind = "database-build" // an export of database.build, with archives of data directories in it
)

// blockSize is the size of a tar's blocks.
const blockSize = 512

func isGzip(head []byte) bool { return bytes.HasPrefix(head, []byte{0x1f, 0x8b}) }

// isTar tells whether a file begins with the header of an entry, by the header's checksum: eight bytes at 148 have the
// sum of all others in octal, each of the eight counted as a space.
func isTar(head []byte) bool {
	if len(head) < blockSize {
		return false
	}
	text := strings.Trim(string(head[148:156]), " \x00")
	want, err := strconv.ParseInt(text, 8, 64)
	if err != nil || head[0] == 0 {
		return false
	}
	var sum int64
	for i, b := range head[:blockSize] {
		if i >= 148 && i < 156 {
			b = ' '
		}
		sum += int64(b)
	}
	return sum == want
}

// Beginnings of files, and where they begin.
var magics = []struct {
	kind  Kind
	at    int
	magic string
}{
	{KindZip, 0, "PK\x03\x04"},
	{KindZip, 0, "PK\x05\x06"},
	{KindSQLite, 0, "SQLite format 3\x00"},
	{KindDuckDB, 8, "DUCK"},
	{KindCustomDump, 0, "PGDMP"},
	{KindCompressed, 0, "\x28\xb5\x2f\xfd"}, // zstd
	{KindCompressed, 0, "\xfd7zXZ\x00"},
	{KindCompressed, 0, "BZh"},
	{KindCompressed, 0, "\x04\x22\x4d\x18"}, // lz4
	{KindCompressed, 0, "7z\xbc\xaf\x27\x1c"},
}

// kindOfBytes tells what a file is by its beginning.
func kindOfBytes(head []byte) Kind {
	if len(head) == 0 {
		return KindEmpty
	}
	for _, m := range magics {
		if len(head) >= m.at && bytes.HasPrefix(head[m.at:], []byte(m.magic)) {
			if m.kind == KindSQLite && isIndexedDB(head) {
				return KindIndexedDB
			}
			return m.kind
		}
	}
	switch {
	case !isText(head):
		return KindUnknown
	case isIndexedDBJSON(head):
		return KindIndexedDB
	case isSQL(head):
		return KindSQLDump
	}
	return KindUnknown
}

// isIndexedDB tells whether a SQLite database is one of those that Firefox and Safari keep IndexedDB in. Its first page
// has the SQL of its tables.
func isIndexedDB(head []byte) bool {
	return bytes.Contains(head, []byte("CREATE TABLE object_store")) || bytes.Contains(head, []byte("CREATE TABLE IndexedDBDatabaseInfo"))
}

// isIndexedDBJSON tells whether a text is an export of the object store in which PGlite keeps its files.
func isIndexedDBJSON(head []byte) bool {
	text := bytes.TrimLeft(head, " \t\r\n\ufeff")
	return len(text) > 0 && (text[0] == '{' || text[0] == '[') &&
		(bytes.Contains(text, []byte("FILE_DATA")) || bytes.Contains(text, []byte(`"/pglite/`)))
}

func isText(head []byte) bool {
	if bytes.IndexByte(head, 0) >= 0 {
		return false
	}
	for cut := 0; cut < utf8.UTFMax && cut < len(head); cut++ { // the last character may be cut off
		if utf8.Valid(head[:len(head)-cut]) {
			return true
		}
	}
	return false
}

// isSQL tells whether a text begins with SQL: after comments, with a word that statements of dumps begin with.
func isSQL(head []byte) bool {
	if bytes.Contains(head[:min(len(head), 1024)], []byte("PostgreSQL database")) {
		return true // as the dump and the cluster dump say of themselves
	}
	for line := range strings.Lines(string(head)) {
		line = strings.TrimSpace(strings.TrimPrefix(line, "\ufeff"))
		if line == "" || strings.HasPrefix(line, "--") || strings.HasPrefix(line, "/*") || strings.HasPrefix(line, `\`) {
			continue
		}
		word, rest, _ := strings.Cut(line, " ")
		switch strings.ToUpper(word) {
		case "SET", "CREATE", "INSERT", "SELECT", "BEGIN;", "ALTER", "DROP", "COPY", "COMMENT", "GRANT":
			return rest != "" || strings.HasSuffix(word, ";")
		}
		return false
	}
	return false
}

// kindOfNames tells what a container is by the names in it.
func kindOfNames(t *Tree) Kind {
	if len(t.files) == 0 {
		if len(t.dirs) == 0 && len(t.Others) == 0 && t.Truncated == nil {
			return KindEmpty
		}
		return ""
	}
	has := func(name string) bool { return t.byName[name] != nil }
	switch {
	case has("PG_VERSION"), has("global/pg_control"):
		return ""
	case has("toc.dat") && t.Container == Tar, has("toc.dat") && t.Container == TarGz:
		return KindTarDump
	case has("toc.dat"):
		return KindDirectoryDump
	case has("state.txt") && t.dirs["data"]:
		return KindOPFS
	case has("meta.tar.gz") && t.dirs["dbs"]:
		return KindDatabaseBuild
	}
	for _, f := range t.files {
		dir, name := path.Split(f.Name)
		switch {
		case strings.HasPrefix(name, "MANIFEST-") && has(dir+"CURRENT"): // LevelDB, Chrome's
			return KindIndexedDB
		case strings.HasSuffix(dir, ".indexeddb.blob/"):
			return KindIndexedDB
		case strings.HasSuffix(name, ".sqlite") && path.Base(dir) == "idb": // Firefox'
			return KindIndexedDB
		case name == "IndexedDB.sqlite3": // Safari's
			return KindIndexedDB
		}
	}
	return ""
}

// zipNames reads the first names of a zip's directory, which is at its end: an end record of 22 bytes and a comment says
// where the directory begins, and each of its entries has 46 bytes, a name, extra fields and a comment.
func zipNames(f io.ReaderAt, size int64) (names []string) {
	const endSize, entrySize, most, maxDirectory = 22, 46, 1000, 1 << 20
	tail := make([]byte, min(size, endSize+1<<16))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil && err != io.EOF {
		return nil
	}
	end := bytes.LastIndex(tail, []byte("PK\x05\x06"))
	if end < 0 || len(tail)-end < endSize {
		return nil
	}
	dir := make([]byte, min(binary.LittleEndian.Uint32(tail[end+12:]), maxDirectory))
	n, _ := f.ReadAt(dir, int64(binary.LittleEndian.Uint32(tail[end+16:])))
	for dir = dir[:n]; len(dir) >= entrySize && len(names) < most && string(dir[:4]) == "PK\x01\x02"; {
		name, extra, comment := binary.LittleEndian.Uint16(dir[28:]), binary.LittleEndian.Uint16(dir[30:]), binary.LittleEndian.Uint16(dir[32:])
		next := entrySize + int(name) + int(extra) + int(comment)
		if next > len(dir) {
			break
		}
		names = append(names, string(dir[entrySize:entrySize+int(name)]))
		dir = dir[next:]
	}
	return names
}
