package conformance

import "github.com/stretchr/testify/require"

// testObjects checks kinds of objects that have no area of their own.
func testObjects(a *area) {
	a.run("Schemas", func(s *session) {
		other := s.name("other")
		s.exec(`CREATE SCHEMA ` + other + ` CREATE TABLE t (a int) CREATE VIEW v AS SELECT a FROM t`)
		s.fails("2BP01", `DROP SCHEMA `+other)
		s.fails("42P06", `CREATE SCHEMA `+other)
		s.exec(`ALTER SCHEMA ` + other + ` RENAME TO ` + other + `2; DROP SCHEMA ` + other + `2 CASCADE; DROP SCHEMA IF EXISTS ` + other)
	})
	a.run("OperatorsAndCasts", func(s *session) {
		s.exec(`CREATE TYPE money2 AS (cents int); CREATE FUNCTION add(money2, money2) RETURNS money2 LANGUAGE sql IMMUTABLE AS 'SELECT row($1.cents + $2.cents)::money2';
			CREATE OPERATOR + (LEFTARG = money2, RIGHTARG = money2, FUNCTION = add, COMMUTATOR = +);
			CREATE FUNCTION to_money2(int) RETURNS money2 LANGUAGE sql IMMUTABLE AS 'SELECT row($1)::money2'; CREATE CAST (int AS money2) WITH FUNCTION to_money2(int) AS ASSIGNMENT`)
		s.want(`SELECT row(5)::money2 + 7::money2`, "(12)")
		s.exec(`CREATE TABLE t (m money2); INSERT INTO t VALUES (3); DROP CAST (int AS money2)`)
		s.want(`SELECT m FROM t`, "(3)")
	})
	a.run("OperatorClass", func(s *session) {
		s.exec(`CREATE FUNCTION abs_cmp(int, int) RETURNS int LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) - abs($2)'; CREATE FUNCTION abs_lt(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) < abs($2)';
			CREATE OPERATOR |<| (LEFTARG = int, RIGHTARG = int, FUNCTION = abs_lt); CREATE FUNCTION abs_eq(int, int) RETURNS bool LANGUAGE sql IMMUTABLE AS 'SELECT abs($1) = abs($2)';
			CREATE OPERATOR |=| (LEFTARG = int, RIGHTARG = int, FUNCTION = abs_eq); CREATE OPERATOR CLASS abs_ops FOR TYPE int USING btree AS OPERATOR 1 |<|, OPERATOR 3 |=|, FUNCTION 1 abs_cmp(int, int);
			CREATE TABLE t (a int); INSERT INTO t VALUES (-3), (1), (2), (-5); CREATE INDEX ON t (a abs_ops)`)
		s.want(`SELECT a FROM t ORDER BY a USING |<|`, "1", "2", "-3", "-5")
	})
	a.run("Comments", func(s *session) {
		s.exec(`CREATE TABLE t (a int); COMMENT ON TABLE t IS 'it''s a table'; COMMENT ON COLUMN t.a IS 'col'; COMMENT ON SCHEMA ` + s.schema + ` IS 'scratch'`)
		s.want(`SELECT obj_description('t'::regclass), col_description('t'::regclass, 1), obj_description(current_schema::regnamespace, 'pg_namespace')`, "it's a table|col|scratch")
		s.exec(`COMMENT ON TABLE t IS NULL`)
		s.want(`SELECT obj_description('t'::regclass)`, null)
	})
	a.run("Drop", func(s *session) {
		s.exec(`CREATE TABLE a (x int PRIMARY KEY); CREATE TABLE b (x int REFERENCES a); CREATE VIEW v AS SELECT * FROM a; CREATE FUNCTION f(a) RETURNS int LANGUAGE sql AS 'SELECT 1'`)
		e := s.fails("2BP01", `DROP TABLE a`)
		require.Contains(s, e.Detail, "view v depends on table a")
		require.Equal(s, "Use DROP ... CASCADE to drop the dependent objects too.", e.Hint)
		s.exec(`DROP TABLE a CASCADE`)
		require.Contains(s, s.lastNotice().Message, "drop cascades to 3 other objects")
		s.exec(`DROP TABLE IF EXISTS a, nope.nope; DROP FUNCTION IF EXISTS f(int)`)
		s.fails("42P01", `DROP TABLE nope`)
		s.fails("42883", `DROP FUNCTION nope()`)
	})
	a.run("ForeignData", func(s *session) {
		wrapper, server := s.name("wrapper"), s.name("server")
		s.exec(`CREATE FOREIGN DATA WRAPPER ` + wrapper + `; CREATE SERVER ` + server + ` FOREIGN DATA WRAPPER ` + wrapper + ` OPTIONS (host 'x'); CREATE FOREIGN TABLE ft (a int) SERVER ` + server + `; CREATE USER MAPPING FOR CURRENT_USER SERVER ` + server)
		s.fails("55000", `SELECT * FROM ft`)
		s.exec(`DROP FOREIGN DATA WRAPPER ` + wrapper + ` CASCADE`)
		s.want(`SELECT to_regclass('ft')`, null)
	})
	a.run("Publication", func(s *session) {
		publication := s.name("publication")
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, b int); CREATE PUBLICATION ` + publication + ` FOR TABLE t (a) WHERE (a > 5) WITH (publish = 'insert')`)
		s.want(`SELECT tablename, attnames, rowfilter FROM pg_publication_tables WHERE pubname = '`+publication+`'`, "t|{a}|(a > 5)")
		s.exec(`DROP PUBLICATION ` + publication)
	})
	a.run("Languages", func(s *session) {
		s.want(`SELECT string_agg(lanname::text, ',' ORDER BY lanname) FROM pg_language WHERE lanname IN ('c', 'internal', 'plpgsql', 'sql')`, "c,internal,plpgsql,sql")
		s.exec(`CREATE FUNCTION my_len(text) RETURNS int LANGUAGE internal IMMUTABLE STRICT AS 'textlen'`)
		s.want(`SELECT my_len('abc')`, "3")
		s.fails("42883", `CREATE FUNCTION bad() RETURNS int LANGUAGE internal AS 'no_such_function'`)
		s.fails("58P01", `CREATE FUNCTION bad() RETURNS int LANGUAGE c AS 'no_such_library', 'f'`)
	})
	a.run("Definitions", func(s *session) {
		s.exec(`CREATE TABLE t (a int CHECK (a > 0), b text UNIQUE); CREATE FUNCTION f(x int DEFAULT 3) RETURNS int LANGUAGE sql STABLE AS 'SELECT x'`)
		s.want(`SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 't'::regclass AND contype IN ('c', 'u') ORDER BY contype`, "CHECK ((a > 0))", "UNIQUE (b)")
		s.want(`SELECT pg_get_functiondef('f'::regproc)`, "CREATE OR REPLACE FUNCTION "+s.schema+".f(x integer DEFAULT 3)\n RETURNS integer\n LANGUAGE sql\n STABLE\nAS $function$SELECT x$function$\n")
		s.want(`SELECT pg_describe_object('pg_class'::regclass, 't'::regclass, 2), (pg_identify_object('pg_class'::regclass, 't'::regclass, 0)).identity`, "column b of table t|"+s.schema+".t")
	})
	a.run("CatalogIsConsistent", func(s *session) {
		s.want(`SELECT count(*) FROM pg_class c WHERE NOT EXISTS (SELECT 1 FROM pg_namespace n WHERE n.oid = c.relnamespace)`, "0")
		s.want(`SELECT count(*) FROM pg_attribute a WHERE NOT EXISTS (SELECT 1 FROM pg_class c WHERE c.oid = a.attrelid)`, "0")
		s.want(`SELECT count(*) FROM pg_proc WHERE prolang = 12 AND oid < 10000 AND prosrc = ''`, "0")
	})
}
