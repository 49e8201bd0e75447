package conformance

// testTempTables checks temporary tables.
func testTempTables(a *area) {
	a.run("OnCommit", func(s *session) {
		s.exec(`BEGIN; CREATE TEMP TABLE keep (a int); CREATE TEMP TABLE rows (a int) ON COMMIT DELETE ROWS; CREATE TEMP TABLE gone ON COMMIT DROP AS SELECT 1 AS a; INSERT INTO keep VALUES (1); INSERT INTO rows VALUES (1)`)
		s.want(`SELECT (SELECT count(*) FROM keep), (SELECT count(*) FROM rows), (SELECT count(*) FROM gone)`, "1|1|1")
		s.exec(`COMMIT`)
		s.want(`SELECT (SELECT count(*) FROM keep), (SELECT count(*) FROM rows), to_regclass('gone')`, "1|0|∅")
	})
	a.run("Shadowing", func(s *session) {
		s.exec(`CREATE TABLE t (a text); INSERT INTO t VALUES ('permanent'); CREATE TEMP TABLE t (a text); INSERT INTO t VALUES ('temporary')`)
		s.want(`SELECT a FROM t`, "temporary")
		s.want(`SELECT a FROM `+s.schema+`.t`, "permanent")
		s.want(`SELECT a FROM pg_temp.t`, "temporary")
		s.exec(`DROP TABLE t`)
		s.want(`SELECT a FROM t`, "permanent")
	})
	a.run("Objects", func(s *session) {
		s.exec(`CREATE TEMP SEQUENCE q; CREATE TEMP VIEW v AS SELECT nextval('q'); CREATE TEMP TABLE t (a serial PRIMARY KEY, b text); CREATE INDEX ON t (b); CREATE FUNCTION pg_temp.f() RETURNS int LANGUAGE sql AS 'SELECT 5'`)
		s.want(`SELECT * FROM v`, "1")
		s.want(`SELECT pg_temp.f()`, "5")
		s.exec(`INSERT INTO t (b) SELECT md5(i::text) FROM generate_series(1, 20000) AS i`)
		s.exec(`ANALYZE t; SET enable_seqscan = off`)
		s.want(`SELECT a FROM t WHERE b = md5('777')`, "777")
		s.want(`SELECT relpersistence, pg_my_temp_schema() = relnamespace FROM pg_class WHERE oid = 't'::regclass`, "t|t")
		s.fails("42P16", `CREATE TABLE `+s.schema+`.c (a int REFERENCES pg_temp.t)`)
	})
	a.run("Reused", func(s *session) {
		for range 100 {
			s.exec(`CREATE TEMP TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'); DROP TABLE t`)
		}
		s.exec(`BEGIN; CREATE TEMP TABLE t (a int); ROLLBACK`)
		s.want(`SELECT to_regclass('t')`, null)
	})
	a.run("MoreThanBuffers", func(s *session) {
		s.exec(`SET temp_buffers = '800kB'; CREATE TEMP TABLE t AS SELECT i, repeat('x', 500) AS x FROM generate_series(1, 10000) AS i`)
		s.exec(`UPDATE t SET x = 'y' WHERE i % 2 = 0`)
		s.want(`SELECT count(*), count(*) FILTER (WHERE x = 'y') FROM t`, "10000|5000")
	})
}
