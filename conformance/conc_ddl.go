package conformance

import (
	"fmt"

	"github.com/stretchr/testify/require"
)

// testConcurrentDDL checks changes of schemas that other sessions are using.
func testConcurrentDDL(a *area) {
	a.run("WaitsForReaders", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1)`)
		s.exec(`BEGIN; SELECT * FROM t`)
		alter := o.start(`ALTER TABLE t ADD COLUMN b int DEFAULT 5`)
		s.blocked(o)
		s.want(`SELECT * FROM t`, "1")
		s.exec(`COMMIT`)
		alter.rows()
		s.want(`SELECT * FROM t`, "1|5")
	})
	a.run("InvalidatesPlans", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int, b text); INSERT INTO t SELECT i, 'x' FROM generate_series(1, 100) AS i; PREPARE p AS SELECT count(*) FROM t WHERE a = 50; CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN SELECT * INTO r FROM t WHERE a = 50; RETURN r.a; END $$`)
		for range 6 {
			s.want(`EXECUTE p`, "1")
			s.want(`SELECT f()`, "50")
		}
		for _, ddl := range []string{`CREATE INDEX i ON t (a)`, `ALTER TABLE t ADD COLUMN c int DEFAULT 3`, `DROP INDEX i`, `ALTER TABLE t DROP COLUMN b`, `ALTER TABLE t ALTER c TYPE bigint`} {
			o.exec(ddl)
			s.want(`EXECUTE p`, "1")
			s.want(`SELECT f()`, "50")
		}
		o.exec(`DROP TABLE t`)
		s.fails("42P01", `EXECUTE p`)
		s.fails("42P01", `SELECT f()`)
		o.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (50), (50)`)
		s.want(`EXECUTE p`, "2")
		s.exec(`DEALLOCATE p`)
		o.exec(`CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 7; END'`)
		s.want(`SELECT f()`, "7")
	})
	a.run("CachedDescription", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int)`)
		_, err := s.pg.Prepare(s.ctx, "p", `SELECT * FROM t`, nil)
		require.NoError(s, err)
		o.exec(`ALTER TABLE t ADD b int`)
		r := s.pg.ExecPrepared(s.ctx, "p", nil, nil, nil).Read()
		s.isError("0A000", r.Err, "p")
		s.exec(`DEALLOCATE p`)
	})
	a.run("CreateIndexConcurrently", func(s *session) {
		o, writer := s.another(), s.another()
		s.exec(`CREATE TABLE t (a int, b int); INSERT INTO t SELECT i, i FROM generate_series(1, 1000) AS i`)
		s.exec(`BEGIN; INSERT INTO t VALUES (5000, 1)`)
		build := o.start(`CREATE INDEX CONCURRENTLY idx ON t (a)`)
		s.blocked(o)
		writer.exec(`INSERT INTO t VALUES (6000, 1); UPDATE t SET a = 7000 WHERE a = 1; DELETE FROM t WHERE a = 2`)
		s.exec(`COMMIT`)
		build.rows()
		writer.exec(`SET enable_seqscan = off`)
		writer.plans(`SELECT * FROM t WHERE a = 6000`, "idx")
		writer.want(`SELECT a FROM t WHERE a IN (1, 2, 5000, 6000, 7000) ORDER BY a`, "5000", "6000", "7000")
	})
	a.run("CreateIndexConcurrentlyBesideWriters", func(s *session) {
		writer, builder := s.another(), s.another()
		s.exec(`CREATE TABLE t (a int, b text); INSERT INTO t SELECT i, md5(i::text) FROM generate_series(1, 5000) AS i; CREATE TABLE stop (a int)`)
		writing := writer.start(`DO $$ DECLARE i int := 5000; BEGIN
			WHILE NOT EXISTS (SELECT 1 FROM stop) LOOP i := i + 1; INSERT INTO t VALUES (i, md5(i::text)); UPDATE t SET b = md5(b) WHERE a = i - 3000; DELETE FROM t WHERE a = i - 4500; COMMIT; END LOOP; END $$`)
		s.active(writer, "WHILE NOT EXISTS")
		for _, sql := range []string{`CREATE INDEX CONCURRENTLY one ON t (a)`, `CREATE INDEX CONCURRENTLY two ON t (b)`, `REINDEX INDEX CONCURRENTLY one`, `REINDEX TABLE CONCURRENTLY t`, `DROP INDEX CONCURRENTLY two`} {
			builder.exec(sql)
		}
		s.exec(`INSERT INTO stop VALUES (1)`)
		writing.rows()
		count := s.value(`SELECT count(*), sum(a) FROM t`)
		s.exec(`SET enable_seqscan = off; SET enable_bitmapscan = off`)
		s.plans(`SELECT * FROM t WHERE a > 0`, "one")
		s.want(`SELECT count(*), sum(a) FROM t WHERE a > 0`, count)
	})
	a.run("DropWhileWaiting", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int)`)
		s.exec(`BEGIN; DROP TABLE t`)
		read := o.start(`SELECT * FROM t`)
		s.blocked(o)
		s.exec(`COMMIT`)
		read.fails("42P01")
	})
	a.run("Truncate", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t AS SELECT * FROM generate_series(1, 100) AS a`)
		s.exec(`BEGIN; TRUNCATE t`)
		read := o.start(`SELECT count(*) FROM t`)
		s.blocked(o)
		s.exec(`ROLLBACK`)
		require.Equal(s, []string{"100"}, read.rows())
	})
	a.run("RelationGrowsForAll", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int, b text) WITH (autovacuum_enabled = off)`)
		for i := range 10 {
			writer, reader := s, o
			if i%2 == 1 {
				writer, reader = o, s
			}
			writer.exec(`INSERT INTO t SELECT i, repeat('x', 500) FROM generate_series(1, 500) AS i`)
			reader.want(`SELECT count(*) FROM t`, fmt.Sprint((i+1)*500))
		}
		o.exec(`DELETE FROM t`)
		o.exec(`VACUUM t`)
		s.want(`SELECT count(*), pg_relation_size('t') FROM t`, "0|0")
	})
	a.run("DetachConcurrently", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); INSERT INTO t VALUES (1)`)
		s.exec(`BEGIN; SELECT * FROM t`)
		detach := o.start(`ALTER TABLE t DETACH PARTITION t1 CONCURRENTLY`)
		s.blocked(o)
		s.exec(`COMMIT`)
		detach.rows()
		s.want(`SELECT count(*) FROM t`, "0")
	})
	a.run("Roles", func(s *session) {
		o := s.another()
		role := s.role("")
		o.exec(`SET ROLE ` + role)
		o.fails("42501", `CREATE TABLE t (a int)`)
		s.exec(`GRANT CREATE ON SCHEMA ` + s.schema + ` TO ` + role)
		o.exec(`CREATE TABLE t (a int); RESET ROLE`)
	})
}
