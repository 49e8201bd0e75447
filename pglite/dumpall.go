package pglite

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/calfdb/calf/internal/sqlscript"
	"github.com/jackc/pgx/v5"
)

// DumpAllSQL writes a script that makes the whole cluster anew: what DumpGlobals
// writes, and then DumpSQL of every database, as pg_dumpall does. The databases
// postgres and template1, which every cluster has, are not created; their
// settings, comments and privileges are written, other than by pg_dumpall. Each
// database is as of one moment, but not all of the same.
//
// The arguments are for each of the dumps: --schema-only, for example. There is
// no format but plain.
func (db *DB) DumpAllSQL(ctx context.Context, w io.Writer, cfg SQLDumpConfig) error {
	cfg.Assets, cfg.CacheDir = db.cfg.Assets, db.cfg.CacheDir
	return db.asClosed(DumpAllSQL(ctx, db.ConnConfig(), w, cfg))
}

// DumpAllSQL is [DB.DumpAllSQL] for any server of PostgreSQL 10 to 18. It never has more than one
// session.
func DumpAllSQL(ctx context.Context, server *pgx.ConnConfig, w io.Writer, cfg SQLDumpConfig) error {
	var head strings.Builder
	databases, err := dumpHead(ctx, server, &head)
	if err != nil {
		return fmt.Errorf("pglite: dumping all databases: %w", err)
	}
	if _, err := io.WriteString(w, head.String()); err != nil {
		return fmt.Errorf("pglite: dumping all databases: %w", err)
	}
	for _, d := range databases {
		c := server.Copy()
		c.Database = d.Name
		one := cfg
		one.Args = append([]string{"--create"}, cfg.Args...)
		start := fmt.Sprintf("--\n-- Database %s\n--\n\n", strings.ReplaceAll(d.Name, "\n", " "))
		if d.exists() {
			one.Args = cfg.Args
			start += sqlscript.Connect(d.Name) + d.properties + "\n"
		}
		if _, err := io.WriteString(w, start); err != nil {
			return fmt.Errorf("pglite: dumping all databases: %w", err)
		}
		if err := DumpSQL(ctx, c, w, one); err != nil {
			return err
		}
	}
	_, err = io.WriteString(w, "--\n-- PostgreSQL database cluster dump complete\n--\n")
	return err
}

// A clusterDatabase is a database as the dump of a cluster sees it.
type clusterDatabase struct {
	Name       string
	properties string // statements that give it what pg_dump does not
}

// exists reports whether every cluster has the database.
func (d *clusterDatabase) exists() bool { return d.Name == "postgres" || d.Name == "template1" }

// dumpHead writes what comes before the databases, and returns those. Its
// connection is closed then: there are servers that have only one.
func dumpHead(ctx context.Context, server *pgx.ConnConfig, w *strings.Builder) (databases []*clusterDatabase, err error) {
	conn, err := pgx.ConnectConfig(ctx, server)
	if err != nil {
		return nil, err
	}
	defer func() {
		if e := conn.Close(context.WithoutCancel(ctx)); err == nil {
			err = e
		}
	}()
	w.WriteString("--\n-- PostgreSQL database cluster dump\n--\n\nSET default_transaction_read_only = off;\n" +
		"SET client_encoding = 'UTF8';\nSET standard_conforming_strings = on;\n\n--\n-- Roles\n--\n\n")
	if _, err := conn.Exec(ctx, "SET client_encoding = 'UTF8'"); err != nil {
		return nil, err
	}
	if err := DumpGlobals(ctx, conn, w); err != nil {
		return nil, err
	}
	w.WriteString("\n")
	// 18 marks databases that DROP DATABASE left half-way with a limit of -2.
	databases, err = rowsAs[*clusterDatabase](ctx, conn, `SELECT datname AS name FROM pg_catalog.pg_database
		WHERE datallowconn AND datconnlimit <> -2 ORDER BY datname <> 'template1', datname`)
	for _, d := range databases {
		if err == nil && d.exists() {
			err = d.readProperties(ctx, conn)
		}
	}
	return databases, err
}

// readProperties reads what pg_dump writes of a database only if it creates it.
func (d *clusterDatabase) readProperties(ctx context.Context, conn *pgx.Conn) error {
	var text strings.Builder
	out := bufio.NewWriter(&text)
	settings, err := rowsAs[setting](ctx, conn, `SELECT coalesce(r.rolname, '') AS role, d.datname AS database, s.setconfig AS settings
		FROM pg_catalog.pg_db_role_setting s JOIN pg_catalog.pg_database d ON d.oid = s.setdatabase
		LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
		WHERE d.datname = `+literal(d.Name)+` ORDER BY r.rolname`)
	if err != nil {
		return err
	}
	for _, s := range settings {
		s.write(out)
	}
	type property struct {
		Comment, Privilege, Grantee *string
		Option, Changed             bool
	}
	properties, err := rowsAs[property](ctx, conn, `SELECT pg_catalog.shobj_description(d.oid, 'pg_database') AS comment,
		a.privilege_type AS privilege, CASE a.grantee WHEN 0 THEN '' ELSE pg_catalog.pg_get_userbyid(a.grantee) END AS grantee,
		coalesce(a.is_grantable, false) AS option, d.datacl IS NOT NULL AS changed
		FROM pg_catalog.pg_database d LEFT JOIN LATERAL pg_catalog.aclexplode(d.datacl) a ON a.grantee <> d.datdba
		WHERE d.datname = `+literal(d.Name)+` ORDER BY a.grantee, a.privilege_type`)
	if err != nil {
		return err
	}
	name := quoted(d.Name)
	for i, p := range properties {
		if i == 0 && p.Comment != nil {
			fmt.Fprintf(out, "COMMENT ON DATABASE %s IS %s;\n", name, literal(*p.Comment))
		}
		if i == 0 && p.Changed {
			fmt.Fprintf(out, "REVOKE ALL ON DATABASE %s FROM PUBLIC;\n", name)
		}
		if p.Privilege == nil {
			continue
		}
		to, option := "PUBLIC", ""
		if *p.Grantee != "" {
			to = quoted(*p.Grantee)
		}
		if p.Option {
			option = " WITH GRANT OPTION"
		}
		fmt.Fprintf(out, "GRANT %s ON DATABASE %s TO %s%s;\n", *p.Privilege, name, to, option)
	}
	err = out.Flush()
	d.properties = text.String()
	return err
}
