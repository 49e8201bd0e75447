package conformance

import "github.com/stretchr/testify/require"

// testRoles checks roles, privileges and row level security.
func testRoles(a *area) {
	a.run("Privileges", func(s *session) {
		role := s.role("LOGIN")
		s.exec(`CREATE TABLE secret (a int, b int); INSERT INTO secret VALUES (1, 2)`)
		s.exec(`SET ROLE ` + role)
		s.want(`SELECT current_user = '`+role+`', session_user = current_user`, "t|f")
		require.Equal(s, "off", s.pg.ParameterStatus("is_superuser"))
		e := s.fails("42501", `SELECT * FROM secret`)
		require.Equal(s, "permission denied for table secret", e.Message)
		s.fails("42501", `CREATE TABLE mine (a int)`)
		s.exec(`RESET ROLE`)
		require.Equal(s, "on", s.pg.ParameterStatus("is_superuser"))
		s.exec(`GRANT SELECT (a), UPDATE (b) ON secret TO ` + role + `; SET ROLE ` + role)
		s.want(`SELECT a FROM secret`, "1")
		s.fails("42501", `SELECT * FROM secret`)
		s.exec(`UPDATE secret SET b = 3`)
		s.fails("42501", `UPDATE secret SET a = 3`)
		s.fails("42501", `DELETE FROM secret`)
		s.fails("42501", `DROP TABLE secret`)
		s.fails("42501", `GRANT SELECT ON secret TO PUBLIC; SELECT 1/0`)
		s.exec(`RESET ROLE; GRANT ALL ON secret TO ` + role + ` WITH GRANT OPTION; REVOKE DELETE ON secret FROM ` + role)
		s.want(`SELECT has_table_privilege('`+role+`', 'secret', 'INSERT WITH GRANT OPTION'), has_table_privilege('`+role+`', 'secret', 'DELETE'), has_column_privilege('`+role+`', 'secret', 'a', 'SELECT'), has_schema_privilege('`+role+`', current_schema, 'CREATE')`, "t|f|t|f")
	})
	a.run("SuperuserOnly", func(s *session) {
		role := s.role("")
		s.exec(`SET ROLE ` + role)
		for _, sql := range []string{
			`CREATE ROLE another`, `ALTER SYSTEM SET work_mem = '5MB'`, `COPY (SELECT 1) TO '/nowhere/x'`, `SELECT pg_read_file('postgresql.conf')`, `CREATE DATABASE another`,
			`SET session_replication_role = replica`, `LOAD '/nowhere/lib'`, `CREATE FUNCTION f() RETURNS int LANGUAGE c AS 'x'`,
			`CREATE EVENT TRIGGER x ON sql_drop EXECUTE FUNCTION f()`, `SELECT pg_ls_dir('.')`, `COPY (SELECT 1) TO PROGRAM 'true'`, `SELECT lo_import('/etc/hostname')`,
		} {
			s.fails("42501", sql)
		}
	})
	a.run("SessionAuthorization", func(s *session) {
		role := s.role("LOGIN")
		was := s.value(`SELECT session_user`)
		s.exec(`SET SESSION AUTHORIZATION ` + role)
		s.want(`SELECT session_user = '`+role+`', current_user = '`+role+`'`, "t|t")
		require.Equal(s, role, s.pg.ParameterStatus("session_authorization"))
		s.fails("42501", `SET ROLE "`+was+`"`)
		s.exec(`RESET SESSION AUTHORIZATION`)
		require.Equal(s, was, s.pg.ParameterStatus("session_authorization"))
		s.want(`SELECT session_user`, was)
		s.exec(`BEGIN; SET LOCAL SESSION AUTHORIZATION ` + role + `; ROLLBACK`)
		s.want(`SELECT session_user`, was)
	})
	a.run("Membership", func(s *session) {
		group, member := s.role(""), s.role("NOINHERIT")
		s.exec(`CREATE TABLE t (a int); GRANT SELECT ON t TO ` + group + `; GRANT ` + group + ` TO ` + member + `; SET SESSION AUTHORIZATION ` + member)
		s.fails("42501", `SELECT * FROM t`)
		s.exec(`SET ROLE ` + group + `; SELECT * FROM t; RESET ROLE; RESET SESSION AUTHORIZATION`)
		s.want(`SELECT pg_has_role('`+member+`', '`+group+`', 'MEMBER'), pg_has_role('`+member+`', '`+group+`', 'USAGE')`, "t|f")
		s.exec(`REVOKE ` + group + ` FROM ` + member + `; SET SESSION AUTHORIZATION ` + member)
		s.fails("42501", `SET ROLE `+group)
		s.exec(`RESET SESSION AUTHORIZATION`)
	})
	a.run("CreateAlterDrop", func(s *session) {
		role := s.role(`LOGIN PASSWORD 'pw' CONNECTION LIMIT 3 VALID UNTIL '2030-01-01' CREATEDB`)
		s.want(`SELECT rolcanlogin, rolconnlimit, rolcreatedb, rolsuper, rolinherit FROM pg_roles WHERE rolname = '`+role+`'`, "t|3|t|f|t")
		s.want(`SELECT rolpassword LIKE 'SCRAM-SHA-256$%' FROM pg_authid WHERE rolname = '`+role+`'`, "t")
		s.exec(`ALTER ROLE ` + role + ` NOLOGIN; ALTER ROLE ` + role + ` SET work_mem = '7MB'; COMMENT ON ROLE ` + role + ` IS 'x'`)
		s.want(`SELECT rolconfig FROM pg_roles WHERE rolname = '`+role+`'`, "{work_mem=7MB}")
		s.fails("42710", `CREATE ROLE `+role)
		s.exec(`CREATE TABLE owned (a int); ALTER TABLE owned OWNER TO ` + role)
		e := s.fails("2BP01", `DROP ROLE `+role)
		require.Contains(s, e.Detail, "owner of table owned")
		s.fails("42704", `DROP ROLE `+s.name("nobody"))
		s.exec(`REASSIGN OWNED BY ` + role + ` TO CURRENT_USER`)
	})
	a.run("DefaultPrivileges", func(s *session) {
		role := s.role("")
		s.exec(`ALTER DEFAULT PRIVILEGES IN SCHEMA ` + s.schema + ` GRANT SELECT ON TABLES TO ` + role + `; CREATE TABLE t (a int)`)
		s.want(`SELECT has_table_privilege('`+role+`', 't', 'SELECT')`, "t")
		s.exec(`ALTER DEFAULT PRIVILEGES IN SCHEMA ` + s.schema + ` REVOKE SELECT ON TABLES FROM ` + role)
	})
	a.run("FunctionsAndSequences", func(s *session) {
		role := s.role("")
		s.exec(`CREATE SEQUENCE q; CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE EXECUTE ON FUNCTION f FROM PUBLIC; SET ROLE ` + role)
		s.fails("42501", `SELECT nextval('q')`)
		s.fails("42501", `SELECT f()`)
		s.exec(`RESET ROLE; GRANT USAGE ON SEQUENCE q TO ` + role + `; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA ` + s.schema + ` TO ` + role + `; SET ROLE ` + role)
		s.want(`SELECT nextval('q'), f()`, "1|1")
	})
	a.run("RowLevelSecurity", func(s *session) {
		one, two := s.role(""), s.role("")
		s.exec(`CREATE TABLE doc (owner text DEFAULT current_user, body text); GRANT ALL ON doc TO ` + one + `, ` + two + `; ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
			INSERT INTO doc VALUES ('` + one + `', 'first'), ('` + two + `', 'second')`)
		s.exec(`SET ROLE ` + one)
		s.want(`SELECT * FROM doc`)
		s.exec(`RESET ROLE; CREATE POLICY own ON doc USING (owner = current_user); CREATE POLICY public_docs ON doc FOR SELECT USING (body LIKE 'public%')`)
		s.exec(`SET ROLE ` + one)
		s.want(`SELECT body FROM doc`, "first")
		s.wantTag("UPDATE 1", `UPDATE doc SET body = 'public ' || body`)
		e := s.fails("42501", `INSERT INTO doc VALUES ('`+two+`', 'forged')`)
		require.Equal(s, `new row violates row-level security policy for table "doc"`, e.Message)
		s.exec(`RESET ROLE; SET ROLE ` + two)
		s.want(`SELECT body FROM doc ORDER BY 1`, "public first", "second")
		s.wantTag("DELETE 1", `DELETE FROM doc`)
		s.exec(`SET row_security = off`)
		s.fails("42501", `SELECT * FROM doc`)
		s.exec(`RESET row_security; RESET ROLE`)
		s.want(`SELECT count(*) FROM doc`, "1")
		s.exec(`CREATE POLICY never ON doc AS RESTRICTIVE USING (false); SET ROLE ` + one)
		s.want(`SELECT count(*) FROM doc`, "0")
		s.exec(`RESET ROLE; ALTER TABLE doc OWNER TO ` + one + `; SET ROLE ` + one)
		s.want(`SELECT count(*) FROM doc`, "1")
		s.exec(`ALTER TABLE doc FORCE ROW LEVEL SECURITY`)
		s.want(`SELECT count(*) FROM doc`, "0")
	})
	a.run("PredefinedRoles", func(s *session) {
		role := s.role("")
		s.exec(`CREATE TABLE t (a int); GRANT pg_read_all_data TO ` + role + `; SET ROLE ` + role + `; SELECT * FROM t`)
		s.fails("42501", `INSERT INTO t VALUES (1)`)
	})
	a.run("Maintain", func(s *session) {
		s.needs(17, "the MAINTAIN privilege")
		role := s.role("")
		s.exec(`CREATE TABLE t (a int); GRANT MAINTAIN ON t TO ` + role + `; SET ROLE ` + role + `; ANALYZE t`)
	})
}

// role makes a role that may use the schema, and drops it with all it owns when the test ends.
func (s *session) role(options string) string {
	s.Helper()
	name := uniqueName()
	s.exec(`CREATE ROLE ` + name + ` ` + options)
	s.exec(`GRANT USAGE ON SCHEMA ` + s.schema + ` TO ` + name)
	s.Cleanup(func() {
		for _, sql := range []string{`RESET SESSION AUTHORIZATION`, `RESET ROLE`, `DROP OWNED BY ` + name + ` CASCADE`, `DROP ROLE ` + name} {
			if _, err := s.run(sql); err != nil {
				s.Errorf("%s: %v", sql, err)
			}
		}
	})
	return name
}
