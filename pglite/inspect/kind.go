package inspect

import (
	"fmt"
	"path"
	"strconv"
	"strings"

	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/internal/pgdata/tree"
	"github.com/calfdb/calf/pglite/internal/datadir"
)

// Kind is what a path holds.
type Kind string

// What [Inspect] recognizes. Of those that are no data directory, only the Summary says more.
const (
	PGlite        Kind = "pglite"         // a data directory that a release of PGlite can open
	PostgreSQL    Kind = "postgresql"     // a data directory that only another PostgreSQL can open
	Incomplete    Kind = "incomplete"     // a directory in which calf was interrupted when it made a database
	Several       Kind = "several"        // a folder or archive with several data directories in it
	Empty         Kind = "empty"          // nothing
	Unknown       Kind = "unknown"        // something else
	DamagedGzip   Kind = "damaged-gzip"   // gzip that is cut off or broken at its beginning
	Zip           Kind = "zip"            // a zip archive
	Compressed    Kind = "compressed"     // compressed by something other than gzip
	SQLite        Kind = "sqlite"         // a SQLite database
	DuckDB        Kind = "duckdb"         // a DuckDB database
	IndexedDB     Kind = "indexeddb"      // a browser's IndexedDB, or an export of one
	OPFS          Kind = "opfs"           // PGlite's pool of files of a browser's private file system
	SQLDump       Kind = "sql-dump"       // SQL text
	CustomDump    Kind = "custom-dump"    // pg_dump's custom format
	TarDump       Kind = "tar-dump"       // pg_dump's tar format
	DirectoryDump Kind = "directory-dump" // pg_dump's directory format
	DatabaseBuild Kind = "database-build" // an export of database.build
)

// foreign says what the kinds of package tree are, and what to do with them.
var foreign = map[tree.Kind]string{
	tree.KindEmpty:         "nothing: it is empty",
	tree.KindUnknown:       "neither a PostgreSQL data directory nor an archive of one",
	tree.KindDamagedGzip:   "a gzip file that is cut off or damaged at its beginning; nothing of it can be read",
	tree.KindZip:           "a zip archive; unpack it and inspect what is in it",
	tree.KindCompressed:    "compressed, but not by gzip; decompress it and inspect what comes out",
	tree.KindSQLite:        "a SQLite database",
	tree.KindDuckDB:        "a DuckDB database",
	tree.KindIndexedDB:     "a browser's IndexedDB, in which PGlite keeps files of idb:// databases; open it in that browser and save what dumpDataDir() returns",
	tree.KindOPFS:          "PGlite's files of an opfs-ahp:// database, which have other names there; open it in that browser and save what dumpDataDir() returns",
	tree.KindSQLDump:       "SQL text, such as pg_dump writes; run it with calf restore",
	tree.KindCustomDump:    "a dump in pg_dump's custom format; restore it with calf restore or pg_restore",
	tree.KindTarDump:       "a dump in pg_dump's tar format; restore it with calf restore or pg_restore",
	tree.KindDirectoryDump: "a dump in pg_dump's directory format; restore it with calf restore or pg_restore",
	tree.KindDatabaseBuild: "an export of database.build; unpack it and inspect the archives in its folder dbs",
}

// findRoot finds the data directory in the tree: at the top, or in the one folder that has one.
func (i *inspector) findRoot() bool {
	is := func(dir string) bool {
		has := func(name string) bool { return i.tree.File(path.Join(dir, name)) != nil }
		return has("PG_VERSION") && i.tree.Dir(path.Join(dir, "global")) || has(pgdata.ControlFile)
	}
	if i.tree.File("PG_VERSION") != nil && i.tree.File(pgdata.FilenodeMapFile) != nil {
		i.info.Kind, i.info.Summary = Unknown, "the folder of one database; inspect the data directory that it is in"
		return false
	}
	if is("") || i.tree.File("PG_VERSION") != nil || i.tree.File(datadir.IncompleteName) != nil {
		return true
	}
	var found []string
	for _, f := range i.tree.Files() {
		dir, name := path.Split(f.Name)
		if name == "PG_VERSION" || strings.HasSuffix(f.Name, "/"+pgdata.ControlFile) {
			dir = strings.TrimSuffix(strings.TrimSuffix(dir, "/"), "/global")
			if is(dir) && (len(found) == 0 || found[len(found)-1] != dir) {
				found = append(found, dir)
			}
		}
	}
	switch len(found) {
	case 0:
		return false
	case 1:
		i.tree.Root(found[0])
		i.info.Root, i.info.Files = found[0], len(i.tree.Files())
		return true
	}
	i.info.Kind = Several
	i.info.Summary = fmt.Sprintf("no data directory, but %d in it: %s", len(found), strings.Join(found[:min(len(found), 10)], ", "))
	return false
}

// describeForeign says what it is that is no data directory.
func (i *inspector) describeForeign() {
	info, kind := i.info, i.tree.Kind
	if info.Kind != "" { // it was found out when there was no data directory
		return
	}
	if kind == "" {
		kind = tree.KindUnknown
	}
	info.Kind, info.Summary = Kind(kind), foreign[kind]
	switch {
	case kind == tree.KindUnknown && info.Container != string(tree.Single):
		info.Summary = fmt.Sprintf("a %s without a PostgreSQL data directory in it", info.Container)
		if i.tree.Truncated != nil {
			info.Summary = fmt.Sprintf("a damaged %s, of which too little is left to know what it was", info.Container)
		}
	case kind == tree.KindZip:
		for _, name := range i.tree.Names {
			switch path.Base(name) {
			case "PG_VERSION":
				info.Summary = "a zip archive of a PostgreSQL data directory; unpack it and inspect the folder"
				return
			case "chat.db":
				info.Summary = "a zip archive with the file chat.db, as DeepChat's backups have, which is a SQLite database"
				return
			}
		}
	}
}

// readVersion reads PG_VERSION.
func (i *inspector) readVersion() {
	const file = "PG_VERSION"
	b, err := i.tree.ReadFile(file, 64)
	if err != nil {
		i.refused = true
		i.problem(Problem{Kind: "version", File: file, Text: "it is missing or cannot be read"})
		return
	}
	text := strings.TrimSpace(string(b))
	whole, _, _ := strings.Cut(text, ".") // before 10 there were two numbers
	n, err := strconv.ParseUint(whole, 10, 16)
	if err != nil || n == 0 {
		i.refused = true
		i.problem(Problem{Kind: "version", File: file, Text: "it does not have a version number"})
		return
	}
	i.info.PostgreSQL = int(n)
}

// describe says what the data directory is.
func (i *inspector) describe() {
	info, c := i.info, i.info.Control
	info.Kind = PostgreSQL
	known := c != nil && c.CRCValid
	for _, r := range datadir.Releases {
		if known && !i.refused && i.control.Wasm32() && c.BlockSize == pgdata.BlockSize &&
			r.Major == info.PostgreSQL && r.Control == c.Version && r.Catalog == c.CatalogVersion {
			info.Kind, info.OpenedBy = PGlite, append(info.OpenedBy, r.Names...)
			if strconv.Itoa(r.Major) == datadir.Version {
				info.OpenedBy = append(info.OpenedBy, "calf")
			}
		}
	}
	if i.tree.File(datadir.IncompleteName) != nil {
		info.Kind, info.OpenedBy = Incomplete, nil
		info.Summary = "a directory in which calf was interrupted while it made a database; it holds nothing of value"
		return
	}
	what := "data directory"
	if info.PostgreSQL != 0 {
		what = fmt.Sprintf("data directory of PostgreSQL %d", info.PostgreSQL)
	}
	switch {
	case !known:
		info.Summary = what + " whose control file is missing or damaged, so that nothing opens it"
		return
	case i.refused:
		info.Summary = what + " whose PG_VERSION is missing or wrong, so that nothing opens it"
		return
	case info.Kind == PGlite:
		info.Summary = fmt.Sprintf("%s as PGlite makes it", what)
	case c.MaxAlign == 8 && c.Float8ByVal:
		info.Summary = what + " of a 64-bit server, which PGlite and calf cannot open; dump it with that server"
	case i.control.Wasm32() && info.PostgreSQL >= 16:
		info.Summary = what + " that no known release of PGlite has made"
	default:
		info.Summary = what + ", which PGlite and calf cannot open; dump it with its own server"
	}
	switch {
	case info.InUse:
		info.Summary += ", in use"
	case info.Clean:
		info.Summary += ", shut down cleanly"
	case info.Recovers:
		info.Summary += ", not shut down: it will be recovered when it is opened"
	default:
		info.Summary += ", not shut down"
	}
}
