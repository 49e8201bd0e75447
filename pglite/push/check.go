package push

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/calfdb/calf/pglite/internal/sqltext"
)

// findObstacles looks for what can be told before the schema is tried.
func (p *pusher) findObstacles(ctx context.Context) error {
	for _, check := range []struct {
		what string
		do   func(context.Context) error
	}{
		{"extensions", p.checkExtensions}, {"roles", p.checkRoles}, {"what the target holds", p.checkEmpty}, {"settings", p.checkLeftOut},
	} {
		if err := check.do(ctx); err != nil {
			return fmt.Errorf("checking %s: %w", check.what, err)
		}
	}
	return nil
}

// needingExtension selects what depends on an extension's objects, or on types that are made of its types. An extension's
// operator classes have parts that are not its members.
const needingExtension = `WITH RECURSIVE member (classid, objid) AS (
		SELECT d.classid, d.objid FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
		WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e' AND e.extname = $1
	), made (classid, objid) AS (
		SELECT classid, objid FROM member
		UNION
		SELECT d.classid, d.objid FROM pg_catalog.pg_depend d JOIN made m ON d.refclassid = m.classid AND d.refobjid = m.objid
		WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
	)
	SELECT DISTINCT o.type || ' ' || o.identity
	FROM pg_catalog.pg_depend d JOIN made m ON d.refclassid = m.classid AND d.refobjid = m.objid,
		pg_catalog.pg_identify_object(d.classid, d.objid, d.objsubid) o
	WHERE d.deptype IN ('n', 'a') AND d.classid NOT IN ('pg_catalog.pg_amop'::pg_catalog.regclass, 'pg_catalog.pg_amproc'::pg_catalog.regclass) AND NOT EXISTS (SELECT FROM member WHERE member.classid = d.classid AND member.objid = d.objid)
		AND o.identity IS NOT NULL ORDER BY 1`

// checkExtensions looks whether the target has the source's extensions.
func (p *pusher) checkExtensions(ctx context.Context) error {
	type extension struct{ Name, Version string }
	used, err := sqltext.Rows[extension](ctx, p.from, "SELECT extname AS name, extversion AS version FROM pg_catalog.pg_extension ORDER BY extname")
	if err != nil {
		return err
	}
	available, err := sqltext.Rows[extension](ctx, p.to,
		"SELECT name, coalesce(installed_version, default_version) AS version FROM pg_catalog.pg_available_extensions")
	if err != nil {
		return err
	}
	for _, e := range used {
		i := slices.IndexFunc(available, func(a extension) bool { return a.Name == e.Name })
		if i >= 0 {
			if v := available[i].Version; v != e.Version {
				p.note("the extension %s is %s there, and %s here", e.Name, v, e.Version)
			}
			continue
		}
		needing, err := texts(ctx, p.from, needingExtension, e.Name)
		if err != nil {
			return err
		}
		if len(needing) == 0 {
			p.block("extension", nil, "the target does not have the extension %s, on which nothing depends here: install it there, or drop it here", e.Name)
		} else {
			p.block("extension", needing, "the target does not have the extension %s, which is needed by", e.Name)
		}
	}
	return p.leaveComments(ctx)
}

// leaveComments leaves out comments on extensions that somebody else has made there, as managed services do. Only their owner
// may change them, and pg_dump writes them even if they are those that extensions come with.
func (p *pusher) leaveComments(ctx context.Context) error {
	others, err := texts(ctx, p.to, "SELECT extname::text FROM pg_catalog.pg_extension WHERE NOT pg_catalog.pg_has_role(extowner, 'USAGE')")
	if err != nil || len(others) == 0 {
		return err
	}
	p.schema.pre = without(p.schema.pre, func(sql string) bool {
		m := commentExtension.FindStringSubmatch(sql)
		return m != nil && slices.Contains(others, sqltext.Unquote(m[1]))
	})
	return nil
}

// checkRoles looks whether the target has the roles, and whether the push may give them what is theirs.
func (p *pusher) checkRoles(ctx context.Context) error {
	type role struct {
		Name   string
		Member bool
	}
	// Whoever made the source owns what nobody else does; pg_shdepend has the others.
	named, err := sqltext.Rows[role](ctx, p.from, `SELECT DISTINCT r.rolname AS name FROM pg_catalog.pg_shdepend d JOIN pg_catalog.pg_roles r ON r.oid = d.refobjid
		WHERE d.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
		AND d.dbid = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
		AND d.deptype = ANY (`+sqltext.Literal(p.kindsOfRoles())+`::"char"[])`)
	if err != nil {
		return err
	}
	wanted := slices.Clone(p.schema.roles)
	for _, r := range named {
		wanted = append(wanted, r.Name)
	}
	slices.Sort(wanted)
	wanted = slices.Compact(wanted)
	there, err := sqltext.Rows[role](ctx, p.to, "SELECT rolname AS name, pg_catalog.pg_has_role(oid, 'MEMBER') AS member FROM pg_catalog.pg_roles")
	if err != nil {
		return err
	}
	var missing, strange []string
	for _, name := range wanted {
		switch i := slices.IndexFunc(there, func(r role) bool { return r.Name == name }); {
		case i < 0:
			missing = append(missing, name)
		case !there[i].Member && slices.Contains(p.schema.roles, name):
			strange = append(strange, name)
		}
	}
	if len(missing) > 0 {
		p.block("role", missing, "the target does not have roles that something belongs to or is granted to; create them there, "+
			"or leave out owners and privileges")
	}
	if len(strange) > 0 {
		p.block("privilege", strange, "the role %s may not give anything to roles that own something; leave out owners, or make it a member of them",
			p.report.Target.User)
	}
	var may bool
	if err := p.to.QueryRow(ctx, "SELECT pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')").Scan(&may); err != nil {
		return err
	}
	if !may {
		p.block("privilege", nil, "the role %s may not create schemas in the target's database: GRANT CREATE ON DATABASE, or make it its owner",
			p.report.Target.User)
	}
	return nil
}

// kindsOfRoles are the kinds of dependencies on roles (SharedDependencyType) that come along.
func (p *pusher) kindsOfRoles() string {
	kinds := "r" // named by a policy
	if !p.cfg.NoOwner {
		kinds += ",o"
	}
	if !p.cfg.NoPrivileges {
		kinds += ",a"
	}
	return "{" + kinds + "}"
}

// checkEmpty looks whether the target has something in the schemas that the source has. What it has in others stays.
func (p *pusher) checkEmpty(ctx context.Context) error {
	if p.report.Resumed {
		return nil
	}
	schemas, err := texts(ctx, p.from, "SELECT n.nspname::text FROM pg_catalog.pg_namespace n WHERE "+userSchemas)
	if err != nil {
		return err
	}
	const member = ` AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d WHERE d.classid = %s.tableoid AND d.objid = %s.oid AND d.deptype = 'e')`
	notMember := func(alias string) string { return strings.ReplaceAll(member, "%s", alias) }
	taken, err := texts(ctx, p.to, `SELECT o.type || ' ' || o.identity FROM (
			SELECT c.tableoid AS classid, c.oid AS objid, c.relnamespace AS nsp FROM pg_catalog.pg_class c WHERE c.relkind NOT IN ('i', 'I', 't')`+notMember("c")+`
			UNION ALL SELECT f.tableoid, f.oid, f.pronamespace FROM pg_catalog.pg_proc f WHERE true`+notMember("f")+`
			UNION ALL SELECT y.tableoid, y.oid, y.typnamespace FROM pg_catalog.pg_type y WHERE y.typtype IN ('d', 'e', 'r', 'p')`+notMember("y")+`
		) u JOIN pg_catalog.pg_namespace n ON n.oid = u.nsp, pg_catalog.pg_identify_object(u.classid, u.objid, 0) o
		WHERE n.nspname = ANY ($1) ORDER BY 1`, schemas)
	if err != nil {
		return err
	}
	if len(taken) > 0 {
		p.block("not-empty", taken, "the target is not empty where the source has something")
	}
	if p.report.LargeObjects == 0 {
		return nil
	}
	var objects int
	if err := p.to.QueryRow(ctx, "SELECT pg_catalog.count(*) FROM pg_catalog.pg_largeobject_metadata").Scan(&objects); err != nil {
		return err
	}
	if objects > 0 {
		p.block("not-empty", nil, "the target has %d large objects, and the source has some, too", objects)
	}
	return nil
}

// checkLeftOut notes what is there and is not moved.
func (p *pusher) checkLeftOut(ctx context.Context) error {
	var settings, subscriptions, foreign int
	err := p.from.QueryRow(ctx, `SELECT
		(SELECT pg_catalog.count(*) FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
			WHERE d.datname = pg_catalog.current_database()),
		(SELECT pg_catalog.count(*) FROM pg_catalog.pg_stat_subscription),
		(SELECT pg_catalog.count(*) FROM pg_catalog.pg_class WHERE relkind = 'f')`).Scan(&settings, &subscriptions, &foreign)
	if err != nil {
		return err
	}
	if settings > 0 {
		p.note("the database has settings of its own (ALTER DATABASE ... SET), which are not moved")
	}
	if subscriptions > 0 {
		p.note("%d subscriptions are not moved", subscriptions)
	}
	if foreign > 0 {
		p.note("%d foreign tables are moved without the rows that they stand for", foreign)
	}
	return nil
}
