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
