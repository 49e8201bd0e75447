package inspect

import (
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"

	"github.com/calfdb/calf/internal/pgdata"
	"github.com/calfdb/calf/internal/pgdata/tree"
)

// maxRows is how many rows of catalogs are kept, of all databases together.
const maxRows = 1 << 18

// A relation is a row of pg_class.
type relation struct {
	Relation
	db        *database
	namespace uint32
	filenode  pgdata.Filenode // Number 0 if it has no storage
	storage   *storage
	stored    bool   // it has storage
	heap      bool   // its pages have rows
	toast     uint32 // its toast table
	table     uint32 // whose index it is
}

// system tells whether initdb made it, so that every database has one.
func (r *relation) system() bool { return r.OID < pgdata.FirstNormalObjectId }

// A database is a row of pg_database.
type database struct {
	Database
	owner      uint32
	tablespace uint32
	classMap   map[uint32]uint32
	namespaces map[uint32]string
	schemas    []uint32 // of the extensions
	relations  map[uint32]*relation
	uncertain  map[uint32]bool // relations of which only an uncertain row was found
	readable   bool            // pg_class could be read
}

// A scan reads the rows of a catalog.
type scan struct {
	node   pgdata.Filenode
	layout *pgdata.Layout
	name   string
	db     *database // nil for what all databases share
	row    func(pgdata.Row, pgdata.Liveness)
}

// readCatalogs reads databases, roles, relations and extensions from the catalogs' pages.
func (i *inspector) readCatalogs() error {
	if i.catalogs == nil || i.control.BlockSize != 0 && i.control.BlockSize != pgdata.BlockSize {
		return nil
	}
	databases, err := i.readShared()
	if err != nil {
		return err
	}
	if err := i.readClasses(databases); err != nil {
		return err
	}
	if err := i.readOfClasses(databases); err != nil {
		return err
	}
	i.databases = databases
	for _, db := range databases {
		i.connect(db)
	}
	return nil
}

// readMap reads a map of file numbers.
func (i *inspector) readMap(dir string) map[uint32]uint32 {
	file := dir + "/" + pgdata.FilenodeMapFile
	b, err := i.tree.ReadFile(file, pgdata.FilenodeMapSize)
	if err == nil {
		var m map[uint32]uint32
		if m, err = pgdata.DecodeFilenodeMap(b); err == nil {
			return m
		}
	}
	text := "it is missing or cannot be read"
	if errors.Is(err, pgdata.ErrFilenodeMap) {
		text = err.Error()
	}
	i.problem(Problem{Kind: "map", File: file, Text: text + "; the numbers that initdb gives are used"})
	return nil
}

// mapped returns the file of a mapped catalog. initdb gives catalogs their OID as number.
func mapped(m map[uint32]uint32, catalog uint32) uint32 {
	if n := m[catalog]; n != 0 {
		return n
	}
	return catalog
}

// readShared reads the catalogs that all databases share.
func (i *inspector) readShared() ([]*database, error) {
	i.globalMap = i.readMap("global")
	shared := func(catalog uint32) pgdata.Filenode {
		return pgdata.Filenode{Tablespace: pgdata.GlobalTablespace, Number: mapped(i.globalMap, catalog)}
	}
	var databases []*database
	seen := map[uint32]bool{}
	err := i.scan([]scan{
		{node: shared(pgdata.DatabaseRelation), layout: i.catalogs.Database, name: "pg_database", row: func(r pgdata.Row, _ pgdata.Liveness) {
			if db := newDatabase(r, i.catalogs); !seen[db.OID] && i.room() {
				seen[db.OID] = true
				databases = append(databases, db)
			}
		}},
		{node: shared(pgdata.AuthIDRelation), layout: i.catalogs.AuthID, name: "pg_authid", row: i.addRole},
		{node: shared(pgdata.TablespaceRelation), layout: i.catalogs.Tablespace, name: "pg_tablespace", row: i.addTablespace},
	})
	slices.SortFunc(databases, func(a, b *database) int { return strings.Compare(a.Name, b.Name) })
	for _, db := range databases {
		db.Owner = i.roles[db.owner]
		db.Size = i.bases[db.OID]
	}
	slices.SortFunc(i.info.Roles, func(a, b Role) int { return strings.Compare(a.Name, b.Name) })
	return databases, err
}

func newDatabase(r pgdata.Row, c *pgdata.Catalogs) *database {
	provider := map[byte]string{'c': "libc", 'i': "icu", 'b': "builtin"}[r.Char("datlocprovider")]
	return &database{
		Database: Database{
			OID: r.Uint32("oid"), Name: text(r.Name("datname")), Encoding: pgdata.EncodingName(r.Uint32("encoding")),
			LocaleProvider: provider, Collate: short(r.Text("datcollate")), CType: short(r.Text("datctype")),
			Locale: short(r.Text(c.LocaleColumn())), Template: r.Bool("datistemplate"), AllowConn: r.Bool("datallowconn"),
		},
		owner: r.Uint32("datdba"), tablespace: r.Uint32("dattablespace"),
		namespaces: map[uint32]string{}, relations: map[uint32]*relation{}, uncertain: map[uint32]bool{},
	}
}

// bootstrapSuperuser is the OID of the role that initdb makes (BOOTSTRAP_SUPERUSERID, catalog/pg_authid.dat).
const bootstrapSuperuser = 10

func (i *inspector) addRole(r pgdata.Row, _ pgdata.Liveness) {
	if !i.room() {
		return
	}
	oid, name := r.Uint32("oid"), text(r.Name("rolname"))
	i.roles[oid] = name
	if oid == bootstrapSuperuser || oid >= pgdata.FirstNormalObjectId {
		i.info.Roles = append(i.info.Roles, Role{oid, name, r.Bool("rolsuper"), r.Bool("rolcanlogin")})
	}
}

func (i *inspector) addTablespace(r pgdata.Row, _ pgdata.Liveness) {
	oid := r.Uint32("oid")
	if oid < pgdata.FirstNormalObjectId || !i.room() {
		return
	}
	i.info.Tablespaces = append(i.info.Tablespaces, Tablespace{OID: oid, Name: text(r.Name("spcname")), Target: i.outside[oid]})
}

// room tells whether one more row of a catalog may be kept.
func (i *inspector) room() bool {
	if i.rows++; i.rows == maxRows+1 {
		i.problem(Problem{Kind: "limit", Text: fmt.Sprintf("there are more than %d relations and other rows of catalogs; the others are left out", maxRows)})
	}
	return i.rows <= maxRows
}

// readClasses reads pg_class of each database.
func (i *inspector) readClasses(databases []*database) error {
	var scans []scan
	for _, db := range databases {
		if i.external(db.tablespace) || i.tree.TooMany && i.bases[db.OID] == 0 {
			continue
		}
		if i.bases[db.OID] == 0 && len(i.redo.Blocks(i.class(db, nil), 0)) == 0 {
			i.problem(Problem{Kind: "missing", Database: db.Name, Text: fmt.Sprintf("no file of it is there; they would be in %s", i.dir(db))})
			continue
		}
		db.classMap = i.readMap(i.dir(db))
		db.readable = true
		scans = append(scans, scan{
			node:   i.class(db, db.classMap),
			layout: i.catalogs.Class, name: "pg_class", db: db,
			row: func(r pgdata.Row, l pgdata.Liveness) {
				if i.room() {
					db.addClass(r, l)
				}
			},
		})
	}
	err := i.scan(scans)
	for _, db := range databases {
		if db.readable && len(db.relations) == 0 {
			db.readable = false
			i.problem(Problem{Kind: "catalog", Database: db.Name, Relation: "pg_catalog.pg_class", Text: "no relation was found in it"})
		}
	}
	return err
}

// class is the storage of a database's pg_class.
func (i *inspector) class(db *database, m map[uint32]uint32) pgdata.Filenode {
	return pgdata.Filenode{Tablespace: db.tablespace, Database: db.OID, Number: mapped(m, pgdata.ClassRelation)}
}

// external tells whether a tablespace is outside of the directory.
func (i *inspector) external(tablespace uint32) bool { return i.outside[tablespace] != "" }

// dir is the folder of a database.
func (i *inspector) dir(db *database) string {
	path := pgdata.Filenode{Tablespace: db.tablespace, Database: db.OID, Number: 1}.Path(pgdata.MainFork, 0, i.tablespaceVersion())
	return path[:strings.LastIndexByte(path, '/')]
}

// tablespaceVersion is the folder of this version in a tablespace (TABLESPACE_VERSION_DIRECTORY, common/relpath.h).
func (i *inspector) tablespaceVersion() string {
	return fmt.Sprintf("PG_%d_%d", i.info.PostgreSQL, i.control.CatalogVersion)
}

// kinds are the words for relkind (catalog/pg_class.h).
var kinds = map[byte]string{
	'r': "table", 'i': "index", 'S': "sequence", 't': "toast table", 'v': "view", 'm': "materialized view",
	'c': "composite type", 'f': "foreign table", 'p': "partitioned table", 'I': "partitioned index",
}

var persistences = map[byte]string{'p': "permanent", 'u': "unlogged", 't': "temporary"}

// hasStorage tells whether relations of a relkind have files (RELKIND_HAS_STORAGE).
func hasStorage(kind byte) bool { return strings.IndexByte("riStm", kind) >= 0 }

// addClass adds a row of pg_class. Of two rows of a relation, as a crash may leave, the certain one counts.
func (db *database) addClass(r pgdata.Row, l pgdata.Liveness) {
	oid, kind := r.Uint32("oid"), r.Char("relkind")
	if kinds[kind] == "" || db.relations[oid] != nil && !db.uncertain[oid] {
		return
	}
	if l == pgdata.Uncertain {
		db.uncertain[oid] = true
	} else {
		delete(db.uncertain, oid)
	}
	rel := &relation{
		Relation: Relation{
			OID: oid, Name: text(r.Name("relname")), Kind: kinds[kind], Persistence: persistences[r.Char("relpersistence")],
			Partition: r.Bool("relispartition"), CatalogTuples: float64(r.Float32("reltuples")),
		},
		db: db, namespace: r.Uint32("relnamespace"), toast: r.Uint32("reltoastrelid"), stored: hasStorage(kind),
		heap: hasStorage(kind) && kind != 'S' && r.Uint32("relam") == pgdata.HeapAccessMethod,
	}
	if rel.stored {
		rel.setFilenode(r)
	}
	db.relations[oid] = rel
}

// setFilenode finds out which files a relation has. A number of 0 says that a map knows.
func (r *relation) setFilenode(row pgdata.Row) {
	n := pgdata.Filenode{Tablespace: row.Uint32("reltablespace"), Database: r.db.OID, Number: row.Uint32("relfilenode")}
	if n.Tablespace == 0 {
		n.Tablespace = r.db.tablespace
	}
	if n.Tablespace == pgdata.GlobalTablespace {
		n.Database = 0
	}
	r.filenode = n
}

// readOfClasses reads the catalogs whose files pg_class knows.
func (i *inspector) readOfClasses(databases []*database) error {
	var scans []scan
	for _, db := range databases {
		add := func(catalog uint32, layout *pgdata.Layout, row func(pgdata.Row, pgdata.Liveness)) {
			rel := db.relations[catalog]
			if rel == nil || rel.filenode.Number == 0 {
				if db.readable {
					i.problem(Problem{Kind: "catalog", Database: db.Name, Relation: "pg_catalog.pg_class", Text: fmt.Sprintf("it does not have the catalog %d", catalog)})
				}
				return
			}
			scans = append(scans, scan{node: rel.filenode, layout: layout, name: rel.Name, db: db, row: row})
		}
		if !db.readable {
			continue
		}
		add(pgdata.NamespaceRelation, i.catalogs.Namespace, func(r pgdata.Row, _ pgdata.Liveness) {
			if i.room() {
				db.namespaces[r.Uint32("oid")] = text(r.Name("nspname"))
			}
		})
		add(pgdata.ExtensionRelation, i.catalogs.Extension, func(r pgdata.Row, _ pgdata.Liveness) {
			if i.room() {
				db.Extensions = append(db.Extensions, Extension{Name: text(r.Name("extname")), Version: short(r.Text("extversion"))})
				db.schemas = append(db.schemas, r.Uint32("extnamespace"))
			}
		})
		add(pgdata.IndexRelation, i.catalogs.Index, func(r pgdata.Row, _ pgdata.Liveness) {
			if index := db.relations[r.Uint32("indexrelid")]; index != nil {
				index.table = r.Uint32("indrelid")
			}
		})
	}
	return i.scan(scans)
}

// scan reads the live rows of catalogs, as they are after recovery. Rows come one at a time.
func (i *inspector) scan(scans []scan) error {
	byFile := map[string]*scan{}
	first := map[string]uint32{}
	var parts []tree.Part
	for n := range scans {
		s := &scans[n]
		if len(i.segments(s.node)) == 0 && len(i.redo.Blocks(s.node, 0)) == 0 {
			i.problem(s.at(Problem{Kind: "missing", File: s.node.Path(pgdata.MainFork, 0, i.tablespaceVersion()), Text: "the catalog's file is not there"}))
		}
		for _, seg := range i.segments(s.node) {
			byFile[seg.name], first[seg.name] = s, seg.number*i.control.RelSegSize
			parts = append(parts, tree.Part{Name: seg.name, Len: seg.size})
		}
	}
	err := i.tree.VisitInOrder(i.ctx, parts, func(p tree.Part, r io.Reader) error {
		s := byFile[p.Name]
		err := eachPage(r, first[p.Name], func(page pgdata.Page, block uint32) error {
			if err := i.verify(s.node, pgdata.MainFork, page, block); err != nil && !i.o.Verify { // which would find it again
				i.problem(s.at(pageProblem(err, p.Name, pgdata.MainFork, block)))
			}
			i.scanRows(s, i.tuples(s.node, page, block), p.Name, block)
			return nil
		})
		if err != nil && i.ctx.Err() == nil {
			i.problem(s.at(unreadable(p.Name, err)))
			err = nil
		}
		return err
	})
	// What has been added to the catalogs may not have reached the files.
	for n := range scans {
		s := &scans[n]
		for _, block := range i.redo.Blocks(s.node, i.blocks(s.node)) {
			tuples, _ := i.redo.Tuples(s.node, block)
			i.scanRows(s, tuples, "", block)
		}
	}
	return err
}

// scanRows gives a scan the live rows of a page.
func (i *inspector) scanRows(s *scan, tuples iter.Seq[pgdata.Tuple], file string, block uint32) {
	for t := range tuples {
		l := t.Liveness(i.xacts)
		if l == pgdata.Dead {
			continue
		}
		if row, ok := s.layout.Decode(t); ok {
			s.row(row, l)
		} else {
			i.problem(s.at(Problem{Kind: "catalog", File: file, Block: &block, Text: "a row that is not laid out as it should be"}))
		}
	}
}

// at says where a problem is.
func (s *scan) at(p Problem) Problem {
	p.Relation = "pg_catalog." + s.name
	if s.db != nil {
		p.Database = s.db.Name
	}
	return p
}

// text makes valid UTF-8 of a name, which is in the encoding of its database.
func text(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// short is text, cut off where it is longer than a version or a locale is.
func short(s string) string { return text(s[:min(len(s), 128)]) }
