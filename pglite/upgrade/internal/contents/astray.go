package contents

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// An Object is something that was made in the schema pg_catalog. With PGlite 0.2
// and 0.3 that is where CREATE TABLE goes after RESET search_path or DISCARD
// ALL, and pg_dump leaves that schema out.
type Object struct {
	// Name says what it is, such as "table pg_catalog.t".
	Name string
	// Move is the statement that moves it to the schema public; "" if there is
	// none.
	Move string
}

// astray returns what users made in pg_catalog, and does not belong to anything
// else that they made.
func astray(ctx context.Context, conn *pgx.Conn) ([]Object, error) {
	return rows[Object](ctx, conn, fmt.Sprintf(`SELECT o.type || ' ' || o.identity AS name,
			CASE WHEN o.type IN ('table', 'view', 'materialized view', 'sequence', 'foreign table', 'function', 'procedure', 'aggregate',
					'type', 'domain', 'composite type')
				THEN 'ALTER ' || CASE o.type WHEN 'composite type' THEN 'type' ELSE o.type END || ' ' || o.identity || ' SET SCHEMA public'
				ELSE '' END AS move
		FROM (SELECT 'pg_catalog.pg_class'::regclass AS classid, oid, relnamespace AS nsp FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
			UNION ALL SELECT 'pg_catalog.pg_proc'::regclass, oid, pronamespace FROM pg_catalog.pg_proc
			UNION ALL SELECT 'pg_catalog.pg_type'::regclass, oid, typnamespace FROM pg_catalog.pg_type
				WHERE typtype IN ('e', 'd', 'r') OR typtype = 'b' AND typelem = 0
			UNION ALL SELECT 'pg_catalog.pg_operator'::regclass, oid, oprnamespace FROM pg_catalog.pg_operator
			UNION ALL SELECT 'pg_catalog.pg_collation'::regclass, oid, collnamespace FROM pg_catalog.pg_collation
			UNION ALL SELECT 'pg_catalog.pg_ts_config'::regclass, oid, cfgnamespace FROM pg_catalog.pg_ts_config
			UNION ALL SELECT 'pg_catalog.pg_ts_dict'::regclass, oid, dictnamespace FROM pg_catalog.pg_ts_dict) own
		CROSS JOIN LATERAL pg_catalog.pg_identify_object(own.classid, own.oid, 0) o
		WHERE own.oid >= %d AND own.nsp = 'pg_catalog'::regnamespace
			AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = own.classid AND d.objid = own.oid AND d.deptype IN ('e', 'i', 'a'))
		ORDER BY own.oid`, firstOID))
}

// Prepare makes a database ready to be dumped. What was made in pg_catalog moves
// to public, where a session with the usual search_path finds it as before, and
// extensions that are to be left out are dropped, which fails if something
// needs them.
func Prepare(ctx context.Context, s Server, db *Database, without []string) error {
	var drop []string
	for _, e := range db.Extensions {
		for _, name := range without {
			if e.Name == name {
				drop = append(drop, name)
			}
		}
	}
	if len(db.Astray) == 0 && len(drop) == 0 {
		return nil
	}
	return within(ctx, s, db.Name, func(conn *pgx.Conn) error {
		for _, o := range db.Astray {
			if _, err := conn.Exec(ctx, o.Move); err != nil {
				return fmt.Errorf("moving %s of the database %s to public: %w", o.Name, db.Name, err)
			}
		}
		for _, name := range drop {
			if _, err := conn.Exec(ctx, "DROP EXTENSION "+ident(name)); err != nil {
				return fmt.Errorf("leaving out the extension %s of the database %s: %w", name, db.Name, err)
			}
		}
		return nil
	})
}
