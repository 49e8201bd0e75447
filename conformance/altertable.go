package conformance

import "github.com/stretchr/testify/require"

// testAlterTable checks changes of tables that have rows.
func testAlterTable(a *area) {
	a.run("Columns", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text); INSERT INTO t SELECT i, 'r' || i FROM generate_series(1, 1000) AS i`)
		file := s.value(`SELECT pg_relation_filenode('t')`)
		s.exec(`ALTER TABLE t ADD COLUMN c int DEFAULT 42, ADD COLUMN d timestamptz DEFAULT now(), ADD e text`)
		s.want(`SELECT pg_relation_filenode('t')`, file)
		s.want(`SELECT sum(c), count(d), count(e) FROM t`, "42000|1000|0")
		s.want(`SELECT attmissingval FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'c'`, "{42}")
		s.exec(`ALTER TABLE t ADD COLUMN u uuid DEFAULT gen_random_uuid()`)
		s.want(`SELECT count(DISTINCT u), pg_relation_filenode('t') <> `+file+` FROM t`, "1000|t")
		s.exec(`ALTER TABLE t DROP COLUMN b; ALTER TABLE t RENAME COLUMN c TO cc`)
		s.want(`SELECT a, cc FROM t WHERE a = 7`, "7|42")
		s.fails("42703", `SELECT b FROM t`)
		s.exec(`ALTER TABLE t ADD COLUMN b int; UPDATE t SET b = a`)
		s.want(`SELECT sum(b) FROM t`, "500500")
		s.exec(`ALTER TABLE t ADD COLUMN IF NOT EXISTS b int; ALTER TABLE t DROP COLUMN IF EXISTS nope`)
		require.Len(s, s.notices, 2)
	})
	a.run("Types", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, b varchar(10), c text); CREATE INDEX ON t (b); INSERT INTO t SELECT i, i::text, i::text FROM generate_series(1, 100) AS i`)
		s.exec(`ALTER TABLE t ALTER a TYPE bigint, ALTER b TYPE varchar(20), ALTER c TYPE int USING c::int + 1`)
		s.want(`SELECT pg_typeof(a), pg_typeof(c), c FROM t WHERE a = 5`, "bigint|integer|6")
		s.fails("42804", `ALTER TABLE t ALTER b TYPE int`)
		s.exec(`INSERT INTO t VALUES (3000000000, 'x', 1)`)
		s.fails("22003", `ALTER TABLE t ALTER a TYPE int`)
		s.fails("22P02", `ALTER TABLE t ALTER b TYPE int USING b::int`)
		s.want(`SELECT count(*) FROM t`, "101")
		s.exec(`CREATE VIEW v AS SELECT a FROM t`)
		s.fails("0A000", `ALTER TABLE t ALTER a TYPE numeric`)
	})
	a.run("Rewrite", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT i AS a, repeat('x', i % 100) AS b FROM generate_series(1, 20000) AS i; CREATE INDEX i1 ON t (a); CREATE INDEX i2 ON t (md5(b)); DELETE FROM t WHERE a % 3 = 0`)
		sum := s.value(`SELECT count(*), sum(a), sum(length(b)) FROM t`)
		s.exec(`ALTER TABLE t ALTER a TYPE numeric, ADD COLUMN c float8 DEFAULT random()`)
		s.want(`SELECT count(*), sum(a), sum(length(b)) FROM t`, sum)
		s.exec(`SET enable_seqscan = off`)
		s.want(`SELECT a FROM t WHERE a = 19999`, "19999")
		s.exec(`ALTER TABLE t SET (fillfactor = 50)`)
		s.exec(`VACUUM FULL t`)
		s.want(`SELECT count(*), sum(a), sum(length(b)) FROM t`, sum)
	})
	a.run("Rename", func(s *session) {
		other := s.name("other")
		s.exec(`CREATE TABLE t (a serial PRIMARY KEY, b int CONSTRAINT c CHECK (b > 0)); CREATE INDEX i ON t (b); CREATE VIEW v AS SELECT b FROM t`)
		s.exec(`ALTER TABLE t RENAME TO u; ALTER INDEX i RENAME TO j; ALTER TABLE u RENAME CONSTRAINT c TO d; ALTER TABLE u RENAME b TO bb; ALTER SEQUENCE t_a_seq RENAME TO q; INSERT INTO u (bb) VALUES (5)`)
		s.want(`SELECT * FROM v`, "5")
		s.exec(`CREATE SCHEMA ` + other + `; ALTER TABLE u SET SCHEMA ` + other)
		s.want(`SELECT * FROM v`, "5")
		s.want(`SELECT to_regclass('`+other+`.q') IS NOT NULL`, "t")
		s.exec(`DROP SCHEMA ` + other + ` CASCADE`)
		s.want(`SELECT to_regclass('v')`, null)
	})
	a.run("ManyChanges", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		for range 50 {
			s.exec(`ALTER TABLE t ADD COLUMN x int DEFAULT 1; INSERT INTO t (a) VALUES (1); ALTER TABLE t DROP COLUMN x`)
		}
		s.want(`SELECT count(*), (SELECT max(attnum) FROM pg_attribute WHERE attrelid = 't'::regclass) FROM t`, "50|51")
	})
	a.run("Storage", func(s *session) {
		s.exec(`CREATE TABLE t (a text); ALTER TABLE t SET (autovacuum_enabled = off, fillfactor = 80); ALTER TABLE t ALTER a SET STATISTICS 500; ALTER TABLE t REPLICA IDENTITY FULL; ALTER TABLE t SET ACCESS METHOD heap; ALTER TABLE t SET TABLESPACE pg_default`)
		s.want(`SELECT reloptions, relreplident FROM pg_class WHERE oid = 't'::regclass`, "{autovacuum_enabled=off,fillfactor=80}|f")
		s.exec(`ALTER TABLE t RESET (autovacuum_enabled)`)
		s.fails("22023", `ALTER TABLE t SET (nope = 1)`)
	})
	a.run("CreateForms", func(s *session) {
		s.exec(`CREATE TABLE base (a int PRIMARY KEY DEFAULT 5, b text NOT NULL CHECK (b <> '')); CREATE INDEX ON base (b); COMMENT ON COLUMN base.b IS 'comment';
			CREATE TABLE copy (LIKE base INCLUDING ALL, extra int); CREATE TYPE ct AS (x int, y text); CREATE TABLE typed OF ct (PRIMARY KEY (x)); CREATE TABLE none ()`)
		s.want(`SELECT count(*), (SELECT col_description('copy'::regclass, 2)) FROM pg_index WHERE indrelid = 'copy'::regclass`, "2|comment")
		s.fails("23514", `INSERT INTO copy (b) VALUES ('')`)
		s.exec(`INSERT INTO typed VALUES (1, 'x'); ALTER TYPE ct ADD ATTRIBUTE z int CASCADE`)
		s.want(`SELECT * FROM typed`, "1|x|∅")
		s.exec(`INSERT INTO none DEFAULT VALUES`)
		s.want(`SELECT count(*) FROM none`, "1")
		s.fails("42703", `ALTER TABLE none ADD PRIMARY KEY (nope)`)
	})
}

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
