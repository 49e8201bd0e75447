package contents

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A Database describes a database.
type Database struct {
	Name, Owner string
	// Target is the name that it gets.
	Target string
	Locale Locale
	// Template and Connect tell whether others may copy it and connect to it,
	// Limit how many connections there may be; -1 is any number.
	Template, Connect bool
	Limit             int32
	Comment           string
	Size              int64
	// Private tells that Privileges are not those that a new database has.
	Private    bool
	Privileges []Privilege

	Content
}

// A Locale is how a database sorts and what its text is made of.
type Locale struct {
	// Encoding is PostgreSQL's name of it. Provider is libc, icu or builtin;
	// Collate and Ctype are locales of libc, whatever the provider, Name and
	// Rules are the other providers'.
	Encoding, Provider, Collate, Ctype, Name, Rules string
}

// A Privilege on a database.
type Privilege struct {
	Grantee   string // "" is everybody
	Type      string
	Grantable bool
}

// databaseRow is a row of pg_database.
type databaseRow struct {
	Name, Owner, Encoding, Provider, Collate, Ctype, Locale, Rules string
	Template                                                       bool
	Limit                                                          int32
	Comment                                                        string
	Size                                                           int64
	ACL                                                            []string
}

// readDatabases lists the databases that are moved, and makes all of them allow
// connections. One whose DROP was interrupted cannot be used any more, and is
// left behind.
func (c *Cluster) readDatabases(ctx context.Context, conn *pgx.Conn) error {
	var invalid, closed []string
	err := conn.QueryRow(ctx, `SELECT coalesce(array_agg(datname::text ORDER BY datname) FILTER (WHERE datconnlimit = -2), '{}'),
			coalesce(array_agg(datname::text) FILTER (WHERE NOT datallowconn), '{}')
		FROM pg_catalog.pg_database`).Scan(&invalid, &closed)
	if err != nil {
		return err
	}
	for _, name := range invalid {
		c.Notes = append(c.Notes, fmt.Sprintf("the database %s was being dropped and is left behind", name))
	}
	if _, err := conn.Exec(ctx, `UPDATE pg_catalog.pg_database SET datallowconn = true
		WHERE NOT datallowconn AND datname <> 'template0' AND datconnlimit <> -2`); err != nil {
		return err
	}
	// PostgreSQL 17 renamed daticulocale, as its builtin provider has locales too.
	list, err := rows[databaseRow](ctx, conn, `SELECT datname::text AS name, pg_catalog.pg_get_userbyid(datdba)::text AS owner,
			pg_catalog.pg_encoding_to_char(encoding)::text AS encoding, datcollate AS collate, datctype AS ctype,
			CASE datlocprovider WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END AS provider,
			coalesce(pg_catalog.to_jsonb(d)->>'datlocale', pg_catalog.to_jsonb(d)->>'daticulocale', '') AS locale,
			coalesce(daticurules, '') AS rules, datistemplate AS template, datconnlimit AS "limit",
			coalesce(pg_catalog.shobj_description(oid, 'pg_database'), '') AS comment,
			pg_catalog.pg_database_size(oid) AS size, datacl::text[] AS acl
		FROM pg_catalog.pg_database d WHERE datname <> 'template0' AND datconnlimit <> -2 ORDER BY datname`)
	if err != nil {
		return err
	}
	for _, r := range list {
		if r.Encoding != "UTF8" && r.Encoding != "SQL_ASCII" {
			c.Problems = append(c.Problems, fmt.Sprintf(
				"the database %s has the encoding %s, which the PostgreSQL of PGlite cannot convert, so that nobody can open it; drop it before", r.Name, r.Encoding))
			continue
		}
		db := Database{
			Name: r.Name, Owner: r.Owner, Locale: Locale{r.Encoding, r.Provider, r.Collate, r.Ctype, r.Locale, r.Rules},
			Template: r.Template, Connect: !slices.Contains(closed, r.Name), Limit: r.Limit, Comment: r.Comment, Size: r.Size,
			Private: r.ACL != nil && !hasInitialACL(r),
		}
		db.Privileges, err = rows[Privilege](ctx, conn, `SELECT type, grantable, CASE grantee WHEN 0 THEN ''
				ELSE pg_catalog.pg_get_userbyid(grantee)::text END AS grantee
			FROM pg_catalog.pg_database, pg_catalog.aclexplode(datacl) AS a(grantor, grantee, type, grantable)
			WHERE datname = $1 ORDER BY 3, 1`, db.Name)
		if err != nil {
			return err
		}
		c.Databases = append(c.Databases, db)
	}
	return nil
}

// hasInitialACL reports whether a database is template1 with the privileges that
// initdb gives it: everybody may connect, and nobody else make temporary tables.
func hasInitialACL(r databaseRow) bool {
	if r.Name != "template1" || len(r.ACL) != 2 {
		return false
	}
	owner := r.Owner
	if strings.Trim(owner, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") != "" {
		owner = `"` + strings.ReplaceAll(owner, `"`, `""`) + `"`
	}
	return slices.Contains(r.ACL, "=c/"+owner) && slices.Contains(r.ACL, owner+"=CTc/"+owner)
}

// CreateDatabase makes the target of a database. It is empty, and belongs to the
// superuser as yet.
func CreateDatabase(ctx context.Context, conn *pgx.Conn, db *Database) error {
	l, name := db.Locale, db.Target
	sql := fmt.Sprintf("CREATE DATABASE %s TEMPLATE template0 ENCODING %s LOCALE_PROVIDER %s LC_COLLATE %s LC_CTYPE %s",
		ident(name), literal(l.Encoding), l.Provider, literal(l.Collate), literal(l.Ctype))
	switch l.Provider {
	case "icu":
		sql += " ICU_LOCALE " + literal(l.Name)
		if l.Rules != "" {
			sql += " ICU_RULES " + literal(l.Rules)
		}
	case "builtin":
		sql += " BUILTIN_LOCALE " + literal(l.Name)
	}
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("creating the database %s: %w", name, err)
	}
	return nil
}

// initialComments are those of the databases that initdb makes.
var initialComments = []string{"default template for new databases", "default administrative connection database"}

// FinishDatabase gives a database the owner, the privileges and what else was
// the old one's. It is done when everything else has been: from then on nobody
// may be able to connect.
func FinishDatabase(ctx context.Context, conn *pgx.Conn, db *Database) error {
	to := "DATABASE " + ident(db.Target)
	var list []string
	if db.Comment != "" && !slices.Contains(initialComments, db.Comment) {
		list = append(list, "COMMENT ON "+to+" IS "+literal(db.Comment))
	}
	list = append(list, "ALTER "+to+" OWNER TO "+ident(db.Owner))
	if db.Private {
		list = append(list, "REVOKE ALL ON "+to+" FROM PUBLIC", "REVOKE ALL ON "+to+" FROM "+ident(db.Owner))
		for _, p := range db.Privileges {
			grantee, option := "PUBLIC", ""
			if p.Grantee != "" {
				grantee = ident(p.Grantee)
			}
			if p.Grantable {
				option = " WITH GRANT OPTION"
			}
			list = append(list, "GRANT "+p.Type+" ON "+to+" TO "+grantee+option)
		}
	}
	if db.Target == db.Name { // postgres is no template, if it was template1
		list = append(list, fmt.Sprintf("ALTER %s WITH IS_TEMPLATE %t", to, db.Template))
	}
	list = append(list, fmt.Sprintf("ALTER %s WITH CONNECTION LIMIT %d", to, db.Limit))
	if !db.Connect {
		list = append(list, "ALTER "+to+" WITH ALLOW_CONNECTIONS false")
	}
	for _, sql := range list {
		if _, err := conn.Exec(ctx, sql); err != nil {
			return fmt.Errorf("%s: %w", sql, err)
		}
	}
	return nil
}
