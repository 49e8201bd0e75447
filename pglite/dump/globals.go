package dump

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/calfdb/calf/pglite/internal/sqltext"
	"github.com/jackc/pgx/v5"
)

// Globals writes, as SQL, what belongs to a whole cluster and not to one of
// its databases, as pg_dumpall --globals-only does:
//
//   - roles with their attributes and comments, and their passwords, hashed, if
//     the connection may see them,
//   - settings of roles (ALTER ROLE ... SET),
//   - memberships, with their options,
//   - privileges on configuration parameters.
//
// Not dumped are tablespaces, which are paths of one machine, security labels,
// and postgresql.conf. Settings of databases, and of roles in databases, belong
// to a database; AllSQL writes them.
//
// A role that exists keeps its memberships and gets the attributes of the dump.
func Globals(ctx context.Context, conn *pgx.Conn, w io.Writer) error {
	out := bufio.NewWriter(w)
	err := dumpRoles(ctx, conn, out)
	if err == nil {
		err = dumpRoleSettings(ctx, conn, out)
	}
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("dump: dumping roles: %w", err)
	}
	return nil
}

// A role is a row of pg_authid, as far as releases agree on it: missing columns
// are nil.
type role struct {
	Name        string  `json:"rolname"`
	Super       bool    `json:"rolsuper"`
	Inherit     bool    `json:"rolinherit"`
	CreateRole  bool    `json:"rolcreaterole"`
	CreateDB    bool    `json:"rolcreatedb"`
	Login       bool    `json:"rolcanlogin"`
	Replication bool    `json:"rolreplication"`
	BypassRLS   bool    `json:"rolbypassrls"` // since 9.5
	Limit       int     `json:"rolconnlimit"`
	Password    *string `json:"rolpassword"`
	Until       *string `json:"until"`
	Comment     *string `json:"comment"`
}

// Roles writes what Globals does but the settings of roles.
func Roles(ctx context.Context, conn *pgx.Conn, w io.Writer) error {
	out := bufio.NewWriter(w)
	err := dumpRoles(ctx, conn, out)
	if err == nil {
		err = out.Flush()
	}
	if err != nil {
		return fmt.Errorf("dump: dumping roles: %w", err)
	}
	return nil
}

func dumpRoles(ctx context.Context, conn *pgx.Conn, out *bufio.Writer) error {
	table := "pg_authid"
	var mayRead bool
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT')").Scan(&mayRead); err != nil {
		return err
	}
	if !mayRead {
		table = "pg_roles"
	}
	roles, err := sqltext.Rows[role](ctx, conn, `SELECT r.*, r.rolvaliduntil::text AS until,
		pg_catalog.shobj_description(r.oid, 'pg_authid') AS comment
		FROM pg_catalog.`+table+` r WHERE rolname !~ '^pg_' ORDER BY rolname`) // those are in every cluster
	if err != nil {
		return err
	}
	for _, r := range roles {
		if !mayRead {
			r.Password = nil // pg_roles has asterisks
		}
		r.write(out)
	}
	if err := dumpMemberships(ctx, conn, out); err != nil {
		return err
	}
	return dumpParameters(ctx, conn, out)
}

// dumpRoleSettings writes the settings of roles that they have in all databases.
func dumpRoleSettings(ctx context.Context, conn *pgx.Conn, out *bufio.Writer) error {
	settings, err := sqltext.Rows[setting](ctx, conn, `SELECT r.rolname AS role, s.setconfig AS settings
		FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
		WHERE s.setdatabase = 0 ORDER BY r.rolname`)
	for _, s := range settings {
		s.write(out)
	}
	return err
}

// write writes a role. It may be there already, and be the one that restores.
func (r *role) write(out *bufio.Writer) {
	fmt.Fprintf(out, "DO %s;\n", sqltext.Literal("BEGIN IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = "+sqltext.Literal(r.Name)+
		") THEN CREATE ROLE "+sqltext.Name(r.Name)+"; END IF; END"))
	fmt.Fprintf(out, "ALTER ROLE %s WITH", sqltext.Name(r.Name))
	for _, a := range []struct {
		name string
		has  bool
	}{{"SUPERUSER", r.Super}, {"INHERIT", r.Inherit}, {"CREATEROLE", r.CreateRole}, {"CREATEDB", r.CreateDB},
		{"LOGIN", r.Login}, {"REPLICATION", r.Replication}, {"BYPASSRLS", r.BypassRLS}} {
		no := "NO"
		if a.has {
			no = ""
		}
		fmt.Fprint(out, " ", no, a.name)
	}
	if r.Limit != -1 {
		fmt.Fprintf(out, " CONNECTION LIMIT %d", r.Limit)
	}
	if r.Password != nil {
		fmt.Fprint(out, " PASSWORD ", sqltext.Literal(*r.Password))
	}
	if r.Until != nil {
		fmt.Fprint(out, " VALID UNTIL ", sqltext.Literal(*r.Until))
	}
	fmt.Fprint(out, ";\n")
	if r.Comment != nil {
		fmt.Fprintf(out, "COMMENT ON ROLE %s IS %s;\n", sqltext.Name(r.Name), sqltext.Literal(*r.Comment))
	}
}

// A membership is a row of pg_auth_members. The options are since 16; until
// then nobody checked who had granted one.
type membership struct {
	Role, Member, Grantor string
	Admin                 bool
	Inherit, Set          *bool
	Boot                  bool // granted by the role that made the cluster
}

func dumpMemberships(ctx context.Context, conn *pgx.Conn, out *bufio.Writer) error {
	all, err := sqltext.Rows[membership](ctx, conn, `SELECT r.rolname AS role, m.rolname AS member, coalesce(g.rolname, '') AS grantor,
		a.admin_option AS admin, pg_catalog.to_json(a)->'inherit_option' AS inherit, pg_catalog.to_json(a)->'set_option' AS set,
		a.grantor = 10 AS boot
		FROM pg_catalog.pg_auth_members a JOIN pg_catalog.pg_roles r ON r.oid = a.roleid JOIN pg_catalog.pg_roles m ON m.oid = a.member
		LEFT JOIN pg_catalog.pg_roles g ON g.oid = a.grantor
		WHERE NOT (r.rolname ~ '^pg_' AND m.rolname ~ '^pg_') ORDER BY r.rolname, m.rolname, g.rolname`)
	if err != nil {
		return err
	}
	admins := map[[2]string]bool{} // who may grant which role by now
	for len(all) > 0 {
		var later []membership
		for _, m := range all {
			by := ""
			if m.Set != nil && !m.Boot && m.Grantor != "" {
				if !admins[[2]string{m.Role, m.Grantor}] {
					later = append(later, m)
					continue
				}
				by = " GRANTED BY " + sqltext.Name(m.Grantor)
			}
			m.write(out, by)
			if m.Admin {
				admins[[2]string{m.Role, m.Member}] = true
			}
		}
		if len(later) == len(all) { // superusers may grant without the option
			for _, m := range later {
				m.write(out, "")
			}
			break
		}
		all = later
	}
	return nil
}

func (m *membership) write(out *bufio.Writer, by string) {
	var options []string
	if m.Admin {
		options = append(options, "ADMIN OPTION")
	}
	if m.Inherit != nil {
		options = append(options, "INHERIT "+strings.ToUpper(fmt.Sprint(*m.Inherit)))
	}
	if m.Set != nil && !*m.Set {
		options = append(options, "SET FALSE")
	}
	with := ""
	if len(options) > 0 {
		with = " WITH " + strings.Join(options, ", ")
	}
	fmt.Fprintf(out, "GRANT %s TO %s%s%s;\n", sqltext.Name(m.Role), sqltext.Name(m.Member), with, by)
}

// dumpParameters writes privileges on configuration parameters, since 15.
func dumpParameters(ctx context.Context, conn *pgx.Conn, out *bufio.Writer) error {
	var has bool
	if err := conn.QueryRow(ctx, "SELECT pg_catalog.to_regclass('pg_catalog.pg_parameter_acl') IS NOT NULL").Scan(&has); err != nil || !has {
		return err
	}
	type grant struct {
		Parameter, Privilege, Grantee string
		Option                        bool
	}
	grants, err := sqltext.Rows[grant](ctx, conn, `SELECT p.parname AS parameter, a.privilege_type AS privilege,
		CASE a.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantee) END AS grantee, a.is_grantable AS option
		FROM pg_catalog.pg_parameter_acl p, pg_catalog.aclexplode(p.paracl) a
		WHERE a.grantee <> 10 ORDER BY p.parname, a.grantee, a.privilege_type`)
	for _, g := range grants {
		to, option := "PUBLIC", ""
		if g.Grantee != "" {
			to = sqltext.Name(g.Grantee)
		}
		if g.Option {
			option = " WITH GRANT OPTION"
		}
		fmt.Fprintf(out, "GRANT %s ON PARAMETER %s TO %s%s;\n", g.Privilege, sqltext.Name(g.Parameter), to, option)
	}
	return err
}
