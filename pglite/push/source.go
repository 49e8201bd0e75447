package push

import (
	"context"
	"fmt"
	"strings"

	"github.com/calfdb/calf/pglite/internal/sqltext"
)

// Versions that Push takes. Older sources have no generated columns, which it asks for.
const (
	minPushSource = 120000
	maxPushSource = 189999 // that pg_dump 18 takes
	minPushTarget = 150000
)

// aServer selects what a Server has.
const aServer = `SELECT pg_catalog.current_setting('server_version') AS version, pg_catalog.current_setting('server_version_num')::int AS number,
	d.datname AS database, current_user AS user, pg_catalog.pg_encoding_to_char(d.encoding) AS encoding,
	CASE WHEN pg_catalog.to_json(d)->>'datlocprovider' = 'i' THEN 'icu ' WHEN pg_catalog.to_json(d)->>'datlocprovider' = 'b' THEN 'builtin '
		ELSE 'libc ' || d.datcollate END
		|| coalesce(pg_catalog.to_json(d)->>'datlocale', pg_catalog.to_json(d)->>'daticulocale', '') AS locale,
	pg_catalog.hashtextextended('Wär''s nicht auf beiden Seiten gleich …' COLLATE "C", 0) AS hash, pg_catalog.pg_is_in_recovery() AS standby
	FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`

// readServers looks at both ends.
func (p *pusher) readServers(ctx context.Context) error {
	type server struct {
		Server
		Number  int
		Hash    int64
		Standby bool
	}
	from, err := sqltext.Rows[server](ctx, p.from, aServer)
	if err != nil {
		return fmt.Errorf("looking at the source: %w", err)
	}
	to, err := sqltext.Rows[server](ctx, p.to, aServer)
	if err != nil {
		return fmt.Errorf("looking at the target: %w", err)
	}
	s, t := from[0], to[0]
	p.report.Source, p.report.Target = s.Server, t.Server
	p.report.Source.number, p.report.Target.number = s.Number, t.Number
	if p.rowHash = fastRowHash; s.Hash != t.Hash {
		p.rowHash = anyRowHash
	}
	if s.Number < minPushSource || s.Number > maxPushSource {
		p.block("version", nil, "the source is PostgreSQL %s, and must be 12 to 18", s.Version)
	}
	if t.Number < minPushTarget {
		p.block("version", nil, "the target is PostgreSQL %s, and must be 15 or later", t.Version)
	}
	if t.Standby {
		p.block("standby", nil, "the target is a standby server, which is read-only")
	}
	if s.Encoding != t.Encoding {
		p.block("encoding", nil, "the target's encoding is %s, and the source's %s: create the database WITH ENCODING '%s' TEMPLATE template0",
			t.Encoding, s.Encoding, s.Encoding)
	}
	if s.Locale != t.Locale {
		p.note("text sorts as %s has it, and not as %s", t.Locale, s.Locale)
	}
	return nil
}

// userSchemas is a condition on a namespace n.
const userSchemas = `n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'`

// userRelations are the relations c whose content belongs to the user: also an extension's tables, if it says so.
const userRelations = ` FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
	LEFT JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0 AND d.deptype = 'e'
	LEFT JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
	WHERE c.relpersistence <> 't' AND ` + userSchemas + ` AND (d.objid IS NULL OR c.oid = ANY (e.extconfig)) `

// readSource takes the snapshot of which everything is moved, reads what there is, and keeps others from changing definitions.
func (p *pusher) readSource(ctx context.Context) error {
	err := p.readTables(ctx)
	if err == nil && len(p.report.Obstacles) == 0 {
		err = p.dumpSchema(ctx)
	}
	if err != nil {
		return fmt.Errorf("reading the source: %w", err)
	}
	return nil
}

func (p *pusher) readTables(ctx context.Context) error {
	if _, err := p.from.Exec(ctx, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"); err != nil {
		return err
	}
	if err := p.from.QueryRow(ctx, "SELECT pg_catalog.pg_export_snapshot()").Scan(&p.snapshot); err != nil {
		return err
	}
	type table struct {
		Table
		Columns   []string
		Condition string
		Readable  bool
		Filtered  bool
	}
	tables, err := sqltext.Rows[table](ctx, p.from, `SELECT n.nspname AS schema, c.relname AS name, pg_catalog.pg_table_size(c.oid) AS bytes,
		coalesce((SELECT pg_catalog.json_agg(a.attname ORDER BY a.attnum) FROM pg_catalog.pg_attribute a
			WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''), '[]') AS columns,
		coalesce(e.extcondition[pg_catalog.array_position(e.extconfig, c.oid)], '') AS condition,
		pg_catalog.has_table_privilege(c.oid, 'SELECT') AS readable, pg_catalog.row_security_active(c.oid) AS filtered`+
		userRelations+`AND c.relkind = 'r' ORDER BY bytes DESC, n.nspname, c.relname`)
	if err != nil {
		return err
	}
	var unreadable, names []string
	for _, t := range tables {
		moved := t.Table
		moved.columns, moved.condition = t.Columns, t.Condition
		p.report.Tables = append(p.report.Tables, &moved)
		p.meter.at.Total += moved.Bytes
		names = append(names, moved.sqlName())
		if !t.Readable || t.Filtered {
			unreadable = append(unreadable, moved.sqlName())
		}
	}
	if len(unreadable) > 0 {
		p.block("privilege", unreadable, "the role %s may not read all rows of the source's tables", p.report.Source.User)
		return nil
	}
	if len(names) > 0 {
		if _, err := p.from.Exec(ctx, "LOCK TABLE ONLY "+strings.Join(names, ", ONLY ")+" IN ACCESS SHARE MODE"); err != nil {
			return err
		}
	}
	err = p.from.QueryRow(ctx, "SELECT (SELECT pg_catalog.count(*)"+userRelations+`AND c.relkind = 'S'),
		(SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata)`).Scan(&p.report.Sequences, &p.report.LargeObjects)
	return err
}
