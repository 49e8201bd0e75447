package contents

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A Cluster is what there is in a cluster.
type Cluster struct {
	// Version is that of the server, such as 17.5; Superuser is the role that
	// made the cluster.
	Version, Superuser string
	Roles              []string
	Databases          []Database
	// Settings are those of roles and databases, Files those of the
	// configuration files.
	Settings []Setting
	Files    []FileSetting
	// Problems are what cannot be moved.
	Problems []string
	// Notes are what is moved in another way than one might expect.
	Notes []string

	usesTemplate1 bool // PGlite 0.2 or 0.3 made it
}

// Content describes what is in a database.
type Content struct {
	// Empty says that nobody made anything in it.
	Empty        bool
	Tables       int64
	LargeObjects int64
	Extensions   []Extension
	// Libraries are the shared libraries of functions in C that belong to no
	// extension.
	Libraries []string
	// Locales are those of ICU that collations have.
	Locales []string
	// Astray are objects that were made in the schema pg_catalog.
	Astray []Object
}

// An Extension is installed in a database.
type Extension struct{ Name, Version string }

// Inspect returns what there is in a cluster. It connects to the database first,
// and then to each. Databases that do not allow connections are made to.
func Inspect(ctx context.Context, s Server, first string) (*Cluster, error) {
	c := &Cluster{}
	if err := within(ctx, s, first, func(conn *pgx.Conn) error { return c.inspect(ctx, conn) }); err != nil {
		return nil, fmt.Errorf("looking at the cluster: %w", err)
	}
	for i := range c.Databases {
		db := &c.Databases[i]
		err := within(ctx, s, db.Name, func(conn *pgx.Conn) (err error) {
			db.Content, err = inspectDatabase(ctx, conn)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("looking at the database %s: %w", db.Name, err)
		}
	}
	return c, nil
}

func (c *Cluster) inspect(ctx context.Context, conn *pgx.Conn) (err error) {
	for _, read := range []func(context.Context, *pgx.Conn) error{
		c.readServer, c.readRoles, c.readDatabases, c.readSettings, c.readTablespaces,
	} {
		if err := read(ctx, conn); err != nil {
			return err
		}
	}
	return nil
}

// bootstrapOID is the OID of the role that made the cluster
// (BOOTSTRAP_SUPERUSERID).
const bootstrapOID = 10

// readServer reads what there is one of. Of PGlite's releases, those before 0.4
// made clusters with WAL segments of 1 MB.
func (c *Cluster) readServer(ctx context.Context, conn *pgx.Conn) error {
	return conn.QueryRow(ctx, `SELECT current_setting('server_version'), current_setting('wal_segment_size') = '1MB',
		(SELECT rolname::text FROM pg_catalog.pg_authid WHERE oid = $1)`, bootstrapOID).Scan(&c.Version, &c.usesTemplate1, &c.Superuser)
}

// readRoles reads the names of the roles. Those that begin with pg_ are
// PostgreSQL's own.
func (c *Cluster) readRoles(ctx context.Context, conn *pgx.Conn) error {
	return conn.QueryRow(ctx, `SELECT coalesce(array_agg(rolname::text ORDER BY rolname), '{}') FROM pg_catalog.pg_authid
		WHERE rolname !~ '^pg_'`).Scan(&c.Roles)
}

func (c *Cluster) readTablespaces(ctx context.Context, conn *pgx.Conn) error {
	var names []string
	err := conn.QueryRow(ctx, `SELECT coalesce(array_agg(spcname::text ORDER BY spcname), '{}') FROM pg_catalog.pg_tablespace
		WHERE spcname NOT IN ('pg_default', 'pg_global')`).Scan(&names)
	for _, name := range names {
		c.Problems = append(c.Problems, fmt.Sprintf("the tablespace %s is outside of the data directory, and cannot be moved", name))
	}
	return err
}

// firstOID is the first OID that PostgreSQL gives to what users make
// (FirstNormalObjectId).
const firstOID = 16384

// ownObjects selects the OIDs of what users make in a database. Types of tables,
// and whatever else comes along with something, comes along here too.
var ownObjects = func() string {
	var parts []string
	for _, catalog := range strings.Fields(`pg_class pg_proc pg_type pg_namespace pg_extension pg_largeobject_metadata pg_default_acl
		pg_event_trigger pg_publication pg_foreign_data_wrapper pg_foreign_server pg_ts_config pg_ts_dict pg_ts_parser pg_ts_template
		pg_operator pg_opclass pg_opfamily pg_cast pg_collation pg_conversion pg_language pg_am pg_transform`) {
		parts = append(parts, fmt.Sprintf("SELECT oid FROM pg_catalog.%s WHERE oid >= %d", catalog, firstOID))
	}
	return strings.Join(parts, " UNION ALL ")
}()

func inspectDatabase(ctx context.Context, conn *pgx.Conn) (c Content, err error) {
	err = conn.QueryRow(ctx, `SELECT NOT EXISTS (`+ownObjects+`),
			(SELECT count(*) FROM (`+userTables+`) t), (SELECT count(*) FROM pg_catalog.pg_largeobject_metadata)`,
	).Scan(&c.Empty, &c.Tables, &c.LargeObjects)
	if err != nil {
		return c, err
	}
	c.Extensions, err = rows[Extension](ctx, conn, `SELECT extname::text AS name, extversion AS version
		FROM pg_catalog.pg_extension WHERE extname <> 'plpgsql' ORDER BY extname`)
	if err != nil {
		return c, err
	}
	err = conn.QueryRow(ctx, `SELECT coalesce(array_agg(DISTINCT probin ORDER BY probin), '{}') FROM pg_catalog.pg_proc p
		JOIN pg_catalog.pg_language l ON l.oid = prolang WHERE lanname = 'c' AND p.oid >= $1
		AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend WHERE classid = 'pg_catalog.pg_proc'::regclass AND objid = p.oid AND deptype = 'e')`,
		firstOID).Scan(&c.Libraries)
	if err != nil {
		return c, err
	}
	// PostgreSQL 17 renamed colliculocale.
	err = conn.QueryRow(ctx, `SELECT coalesce(array_agg(DISTINCT locale ORDER BY locale), '{}') FROM pg_catalog.pg_collation c,
		coalesce(pg_catalog.to_jsonb(c)->>'colllocale', pg_catalog.to_jsonb(c)->>'colliculocale') AS locale
		WHERE collprovider = 'i' AND oid >= $1`, firstOID).Scan(&c.Locales)
	if err != nil {
		return c, err
	}
	c.Astray, err = astray(ctx, conn)
	return c, err
}

// Locales returns the locales of ICU that there are in the databases, of themselves and of collations.
func (c *Cluster) Locales() []string {
	var list []string
	for _, db := range c.Databases {
		list = append(list, db.locales()...)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

func (db *Database) locales() []string {
	list := slices.Clone(db.Content.Locales)
	if db.Locale.Provider == "icu" && !slices.Contains(list, db.Locale.Name) {
		list = append(list, db.Locale.Name)
	}
	return list
}

// Available is what the new cluster can have: extensions and libraries. Refused are locales of ICU that it cannot.
type Available struct{ Extensions, Libraries, Refused []string }

// Check adds what cannot be moved, but for the extensions that are left out.
func (c *Cluster) Check(a Available, without []string) {
	for _, db := range c.Databases {
		for _, e := range db.Extensions {
			if !slices.Contains(a.Extensions, e.Name) && !slices.Contains(without, e.Name) {
				c.Problems = append(c.Problems, fmt.Sprintf("the extension %s of the database %s is not available", e.Name, db.Name))
			}
		}
		for _, lib := range db.Libraries {
			name := strings.TrimSuffix(strings.TrimPrefix(lib, "$libdir/"), ".so")
			if !slices.Contains(a.Libraries, name) {
				c.Problems = append(c.Problems, fmt.Sprintf("the library %s, of functions of the database %s, is not available", lib, db.Name))
			}
		}
		for _, locale := range db.locales() {
			if slices.Contains(a.Refused, locale) {
				c.Problems = append(c.Problems, fmt.Sprintf("the locale %s of ICU, of the database %s or of its collations, needs "+
					"ICU's data of all languages: give it, or drop what has that locale", locale, db.Name))
			}
		}
		for _, o := range db.Astray {
			if o.Move == "" {
				c.Problems = append(c.Problems, fmt.Sprintf("%s of the database %s is in the schema pg_catalog, which is not moved", o.Name, db.Name))
				continue
			}
			c.Notes = append(c.Notes, fmt.Sprintf("%s of the database %s was made in the schema pg_catalog, and moves to public", o.Name, db.Name))
		}
	}
}
