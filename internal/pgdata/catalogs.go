package pgdata

// OIDs of the catalogs that are read here, and of the schemas that PostgreSQL makes itself (catalog/pg_*.h,
// catalog/pg_namespace.dat). The map of file numbers has those that are mapped; of the others pg_class does.
const (
	ClassRelation      = 1259 // mapped, per database
	DatabaseRelation   = 1262 // mapped, shared
	AuthIDRelation     = 1260 // mapped, shared
	TablespaceRelation = 1213 // mapped, shared
	NamespaceRelation  = 2615
	ExtensionRelation  = 3079
	IndexRelation      = 2610

	HeapAccessMethod = 2 // HEAP_TABLE_AM_OID

	// FirstNormalObjectId is the first OID that initdb does not give (access/transam.h).
	FirstNormalObjectId = 16384
)

// Catalogs are the layouts of the catalogs of a major version.
type Catalogs struct {
	Class, Database, AuthID, Tablespace, Namespace, Extension, Index *Layout
}

// CatalogsOf returns the catalogs of PostgreSQL 16, 17 or 18, and nil of another major version.
//
// The columns are those of FormData_pg_class and so on, in catalog/pg_class.h and so on. Tests compare them with
// pg_attribute of each version.
func CatalogsOf(major int) *Catalogs {
	if major < 16 || major > 18 {
		return nil
	}
	c := &Catalogs{
		AuthID: newLayout(12, oidColumn("oid"), nameColumn("rolname"), boolColumn("rolsuper"), boolColumn("rolinherit"),
			boolColumn("rolcreaterole"), boolColumn("rolcreatedb"), boolColumn("rolcanlogin"),
			boolColumn("rolreplication"), boolColumn("rolbypassrls")),
		Tablespace: newLayout(5, oidColumn("oid"), nameColumn("spcname"), oidColumn("spcowner")),
		Namespace:  newLayout(4, oidColumn("oid"), nameColumn("nspname"), oidColumn("nspowner")),
		Extension: newLayout(8, oidColumn("oid"), nameColumn("extname"), oidColumn("extowner"),
			oidColumn("extnamespace"), boolColumn("extrelocatable"), textColumn("extversion")),
		Index: newLayout(21, oidColumn("indexrelid"), oidColumn("indrelid"), shortColumn("indnatts"),
			shortColumn("indnkeyatts"), boolColumn("indisunique"), boolColumn("indnullsnotdistinct"),
			boolColumn("indisprimary"), boolColumn("indisexclusion"), boolColumn("indimmediate"),
			boolColumn("indisclustered"), boolColumn("indisvalid")),
	}

	class := []column{
		oidColumn("oid"), nameColumn("relname"), oidColumn("relnamespace"), oidColumn("reltype"),
		oidColumn("reloftype"), oidColumn("relowner"), oidColumn("relam"), oidColumn("relfilenode"),
		oidColumn("reltablespace"), oidColumn("relpages"), oidColumn("reltuples"), oidColumn("relallvisible"),
	}
	natts := 33
	if major >= 18 {
		class, natts = append(class, oidColumn("relallfrozen")), natts+1
	}
	class = append(class,
		oidColumn("reltoastrelid"), boolColumn("relhasindex"), boolColumn("relisshared"),
		boolColumn("relpersistence"), boolColumn("relkind"), shortColumn("relnatts"), shortColumn("relchecks"),
		boolColumn("relhasrules"), boolColumn("relhastriggers"), boolColumn("relhassubclass"),
		boolColumn("relrowsecurity"), boolColumn("relforcerowsecurity"), boolColumn("relispopulated"),
		boolColumn("relreplident"), boolColumn("relispartition"))
	c.Class = newLayout(natts, class...)

	database := []column{
		oidColumn("oid"), nameColumn("datname"), oidColumn("datdba"), oidColumn("encoding"),
		boolColumn("datlocprovider"), boolColumn("datistemplate"), boolColumn("datallowconn"),
	}
	natts, locale := 17, "daticulocale"
	if major >= 17 {
		database, natts, locale = append(database, boolColumn("dathasloginevt")), natts+1, "datlocale"
	}
	database = append(database,
		oidColumn("datconnlimit"), oidColumn("datfrozenxid"), oidColumn("datminmxid"), oidColumn("dattablespace"),
		textColumn("datcollate"), textColumn("datctype"), textColumn(locale))
	c.Database = newLayout(natts, database...)
	return c
}

// LocaleColumn is what pg_database calls the locale of a provider other than libc.
func (c *Catalogs) LocaleColumn() string {
	if _, ok := c.Database.index["datlocale"]; ok {
		return "datlocale"
	}
	return "daticulocale"
}
