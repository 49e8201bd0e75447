package conformance

import "github.com/stretchr/testify/require"

// testViews checks views, materialized views and rules.
func testViews(a *area) {
	a.run("Updatable", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text DEFAULT 'dflt'); CREATE VIEW v AS SELECT a AS x, b FROM t WHERE a > 0`)
		s.wantTag("INSERT 0 2", `INSERT INTO v (x) VALUES (1), (-1)`)
		s.wantTag("UPDATE 1", `UPDATE v SET b = 'new', x = x + 1`)
		s.want(`SELECT * FROM t ORDER BY a`, "-1|dflt", "2|new")
		s.wantTag("DELETE 1", `DELETE FROM v`)
		s.want(`SELECT is_updatable, is_insertable_into FROM information_schema.views WHERE table_schema = current_schema AND table_name = 'v'`, "YES|YES")
		s.exec(`CREATE VIEW agg AS SELECT count(*) AS n FROM t`)
		e := s.fails("55000", `INSERT INTO agg VALUES (1)`)
		require.Equal(s, "Views that return aggregate functions are not automatically updatable.", e.Detail)
	})
	a.run("CheckOption", func(s *session) {
		s.exec(`CREATE TABLE t (a int); CREATE VIEW low AS SELECT * FROM t WHERE a < 10; CREATE VIEW range AS SELECT * FROM low WHERE a > 0 WITH CASCADED CHECK OPTION;
			CREATE VIEW local AS SELECT * FROM low WHERE a > 0 WITH LOCAL CHECK OPTION`)
		s.exec(`INSERT INTO range VALUES (5); INSERT INTO local VALUES (50)`)
		s.fails("44000", `INSERT INTO range VALUES (50)`)
		s.fails("44000", `INSERT INTO range VALUES (-1)`)
		s.fails("44000", `INSERT INTO local VALUES (-1)`)
		s.fails("44000", `UPDATE range SET a = 20`)
	})
	a.run("Replace", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT a FROM t; CREATE OR REPLACE VIEW v AS SELECT a, b FROM t`)
		s.fails("42P16", `CREATE OR REPLACE VIEW v AS SELECT b FROM t`)
		s.want(`SELECT pg_get_viewdef('v')`, s.viewDefinition())
		s.exec(`ALTER VIEW v RENAME COLUMN b TO c; ALTER VIEW v ALTER c SET DEFAULT 'from view'; INSERT INTO v (a) VALUES (1)`)
		s.want(`SELECT * FROM v`, "1|from view")
		s.fails("2BP01", `DROP TABLE t`)
		s.exec(`DROP TABLE t CASCADE`)
		s.want(`SELECT to_regclass('v')`, null)
	})
	a.run("Recursive", func(s *session) {
		s.exec(`CREATE RECURSIVE VIEW nums (n) AS VALUES (1) UNION ALL SELECT n + 1 FROM nums WHERE n < 5; CREATE TEMP VIEW tv AS SELECT sum(n) FROM nums`)
		s.want(`SELECT * FROM tv`, "15")
	})
	a.run("SecurityInvoker", func(s *session) {
		role := s.name("role")
		s.exec(`CREATE TABLE secret (a int); INSERT INTO secret VALUES (1); CREATE VIEW definer AS SELECT * FROM secret; CREATE VIEW invoker WITH (security_invoker) AS SELECT * FROM secret;
			CREATE ROLE ` + role + `; GRANT USAGE ON SCHEMA ` + s.schema + ` TO ` + role + `; GRANT SELECT ON definer, invoker TO ` + role + `; SET ROLE ` + role)
		s.want(`SELECT * FROM definer`, "1")
		s.fails("42501", `SELECT * FROM invoker`)
		s.exec(`RESET ROLE; DROP OWNED BY ` + role + `; DROP ROLE ` + role)
	})
	a.run("Materialized", func(s *session) {
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)`)
		s.wantTag("SELECT 2", `CREATE MATERIALIZED VIEW m AS SELECT a, a * 2 AS b FROM t`)
		s.exec(`INSERT INTO t VALUES (3)`)
		s.want(`SELECT count(*) FROM m`, "2")
		s.wantTag("REFRESH MATERIALIZED VIEW", `REFRESH MATERIALIZED VIEW m`)
		s.want(`SELECT * FROM m ORDER BY a`, "1|2", "2|4", "3|6")
		s.fails("55000", `REFRESH MATERIALIZED VIEW CONCURRENTLY m`)
		s.exec(`CREATE UNIQUE INDEX ON m (a); DELETE FROM t WHERE a = 1; UPDATE t SET a = 30 WHERE a = 3`)
		s.exec(`REFRESH MATERIALIZED VIEW CONCURRENTLY m`)
		s.want(`SELECT * FROM m ORDER BY a`, "2|4", "30|60")
		s.exec(`REFRESH MATERIALIZED VIEW m WITH NO DATA`)
		s.fails("55000", `SELECT * FROM m`)
		s.fails("42809", `INSERT INTO m VALUES (1, 2)`)
	})
	a.run("Rules", func(s *session) {
		s.exec(`CREATE TABLE t (a int); CREATE TABLE log (a int, what text); CREATE VIEW v AS SELECT a FROM t;
			CREATE RULE ins AS ON INSERT TO v DO INSTEAD INSERT INTO t VALUES (NEW.a);
			CREATE RULE del AS ON DELETE TO t DO ALSO INSERT INTO log VALUES (OLD.a, 'deleted');
			CREATE RULE upd AS ON UPDATE TO t DO INSTEAD NOTHING`)
		s.exec(`INSERT INTO v VALUES (1), (2); UPDATE t SET a = 9; DELETE FROM t WHERE a = 1`)
		s.want(`SELECT a FROM t`, "2")
		s.want(`SELECT * FROM log`, "1|deleted")
	})
	a.run("InformationSchema", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, b varchar(10) NOT NULL DEFAULT 'x', c numeric(5, 2)); CREATE VIEW v AS SELECT 1 AS one`)
		s.want(`SELECT table_name, table_type FROM information_schema.tables WHERE table_schema = current_schema ORDER BY 1`, "t|BASE TABLE", "v|VIEW")
		s.want(`SELECT column_name, ordinal_position, column_default, is_nullable, data_type, character_maximum_length, numeric_precision, numeric_scale FROM information_schema.columns WHERE table_schema = current_schema AND table_name = 't' ORDER BY 2`,
			"a|1|∅|NO|integer|∅|32|0", "b|2|'x'::character varying|NO|character varying|10|∅|∅", "c|3|∅|YES|numeric|∅|5|2")
		s.want(`SELECT constraint_type FROM information_schema.table_constraints WHERE table_schema = current_schema AND constraint_name = 't_pkey'`, "PRIMARY KEY")
	})
}

// viewDefinition is how the server prints a view of two columns of one table; 16 leaves the table's name out.
func (s *session) viewDefinition() string {
	if s.server.version >= 160000 {
		return " SELECT a,\n    b\n   FROM t;"
	}
	return " SELECT t.a,\n    t.b\n   FROM t;"
}
