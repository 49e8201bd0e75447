package conformance

import "github.com/stretchr/testify/require"

// testDML checks statements that change rows.
func testDML(a *area) {
	a.run("InsertForms", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text, c int[], d jsonb, e point)`)
		s.wantTag("INSERT 0 0", `INSERT INTO t SELECT * FROM t`)
		s.wantTag("INSERT 0 2", `INSERT INTO t (b, a) VALUES ('x', 1), ('y', 2)`)
		s.wantTag("INSERT 0 1", `WITH src AS (SELECT 3 AS n) INSERT INTO t (a) SELECT n FROM src`)
		s.exec(`INSERT INTO t (c[2], e) VALUES (5, '(1,2)')`)
		s.want(`SELECT a, b, c, e FROM t ORDER BY a`, "1|x|∅|∅", "2|y|∅|∅", "3|∅|∅|∅", "∅|∅|[2:2]={5}|(1,2)")
		s.fails("42601", `INSERT INTO t (a) VALUES (1, 2)`)
		s.fails("42601", `INSERT INTO t (a, b) VALUES (1)`)
	})
	a.run("UpdateForms", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b int, c text); INSERT INTO t VALUES (1, 10, 'x'), (2, 20, 'y'); CREATE TABLE u (a int, n int); INSERT INTO u VALUES (1, 100)`)
		s.wantTag("UPDATE 1", `UPDATE t SET b = u.n, c = t.c || '!' FROM u WHERE t.a = u.a`)
		s.exec(`UPDATE t SET (a, b) = (SELECT a + 10, b + 1 FROM u LIMIT 0) WHERE a = 99; UPDATE t SET (b, c) = (b + 1, 'z') WHERE a = 2; UPDATE t SET a = b, b = a WHERE a = 2`)
		s.want(`SELECT * FROM t ORDER BY a`, "1|100|x!", "21|2|z")
		s.wantTag("DELETE 1", `DELETE FROM t USING u WHERE t.a = u.a`)
		s.wantTag("DELETE 1", `DELETE FROM t`)
	})
	a.run("Returning", func(s *session) {
		s.exec(`CREATE TABLE t (a serial, b text)`)
		s.want(`INSERT INTO t (b) VALUES ('x'), ('y') RETURNING a, b || '!', t.*, (SELECT count(*) FROM t)`, "1|x!|1|x|0", "2|y!|2|y|0")
		s.want(`WITH d AS (DELETE FROM t WHERE a = 1 RETURNING *), i AS (INSERT INTO t (b) SELECT b || ' again' FROM d RETURNING *) SELECT d.a, i.* FROM d, i`, "1|3|x again")
		s.want(`WITH u AS (UPDATE t SET b = 'z' RETURNING a) SELECT count(*), (SELECT max(b) FROM t) FROM u`, "2|y")
		s.want(`UPDATE t SET b = 'w' WHERE false RETURNING a`)
		s.want(`UPDATE t SET b = upper(b) RETURNING tableoid::regclass, b`, "t|Z", "t|Z")
	})
	a.run("ReturningOldAndNew", func(s *session) {
		s.needs(18, "RETURNING OLD and NEW")
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, b text)`)
		s.want(`INSERT INTO t VALUES (1, 'x') RETURNING old.a, new.b`, "∅|x")
		s.want(`UPDATE t SET b = 'y' RETURNING old.b, new.b, b`, "x|y|y")
		s.want(`INSERT INTO t VALUES (1, 'z'), (2, 'n') ON CONFLICT (a) DO UPDATE SET b = excluded.b RETURNING WITH (OLD AS o, NEW AS n) o.b, n.b, o IS NULL`, "y|z|f", "∅|n|t")
		s.want(`DELETE FROM t WHERE a = 1 RETURNING old.b, new.b`, "z|∅")
	})
	a.run("Upsert", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, b text, n int DEFAULT 1); CREATE UNIQUE INDEX t_b ON t (lower(b)) WHERE n > 0`)
		s.exec(`INSERT INTO t VALUES (1, 'One'), (2, 'Two')`)
		s.wantTag("INSERT 0 1", `INSERT INTO t VALUES (1, 'x'), (3, 'Three') ON CONFLICT DO NOTHING`)
		s.wantTag("INSERT 0 1", `INSERT INTO t AS o VALUES (1, 'uno') ON CONFLICT (a) DO UPDATE SET b = excluded.b || ' was ' || o.b, n = o.n + 1`)
		s.wantTag("INSERT 0 0", `INSERT INTO t AS o VALUES (1, 'y') ON CONFLICT (a) DO UPDATE SET b = 'y' WHERE o.n > 5`)
		s.wantTag("INSERT 0 1", `INSERT INTO t VALUES (9, 'TWO') ON CONFLICT (lower(b)) WHERE n > 0 DO UPDATE SET n = 50`)
		s.want(`INSERT INTO t VALUES (3, 'z') ON CONFLICT ON CONSTRAINT t_pkey DO UPDATE SET n = t.n + 100 RETURNING *`, "3|Three|101")
		s.want(`SELECT * FROM t ORDER BY a`, "1|uno was One|2", "2|Two|50", "3|Three|101")
		s.fails("23505", `INSERT INTO t VALUES (9, 'THREE') ON CONFLICT (a) DO NOTHING`)
	})
	a.run("Merge", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 10), (2, 20), (3, 30); CREATE TABLE u (a int, n int); INSERT INTO u VALUES (2, 5), (3, 0), (4, 7)`)
		s.wantTag("MERGE 3", `MERGE INTO t USING u ON t.a = u.a WHEN MATCHED AND u.n = 0 THEN DELETE WHEN MATCHED THEN UPDATE SET n = t.n + u.n WHEN NOT MATCHED THEN INSERT VALUES (u.a, u.n)`)
		s.want(`SELECT * FROM t ORDER BY a`, "1|10", "2|25", "4|7")
		s.wantTag("MERGE 1", `MERGE INTO t USING (VALUES (1), (2)) v (a) ON t.a = v.a WHEN MATCHED AND t.n > 20 THEN DO NOTHING WHEN MATCHED THEN UPDATE SET n = DEFAULT`)
		s.fails("21000", `MERGE INTO t USING (VALUES (2), (2)) v (a) ON t.a = v.a WHEN MATCHED THEN UPDATE SET n = 1`)
	})
	a.run("MergeReturning", func(s *session) {
		s.needs(17, "MERGE with RETURNING and NOT MATCHED BY SOURCE")
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 10), (2, 20)`)
		s.want(`MERGE INTO t USING (VALUES (2, 5), (3, 6)) v (a, n) ON t.a = v.a WHEN MATCHED THEN UPDATE SET n = v.n WHEN NOT MATCHED BY TARGET THEN INSERT VALUES (v.a, v.n)
			WHEN NOT MATCHED BY SOURCE THEN DELETE RETURNING merge_action(), t.a, t.n`, "DELETE|1|10", "UPDATE|2|5", "INSERT|3|6")
	})
	a.run("RowLocks", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, b int); INSERT INTO t VALUES (1, 1), (2, 2); CREATE TABLE u (a int); INSERT INTO u VALUES (1)`)
		for _, strength := range []string{"UPDATE", "NO KEY UPDATE", "SHARE", "KEY SHARE"} {
			s.exec(`BEGIN`)
			s.want(`SELECT a FROM t ORDER BY a LIMIT 1 FOR `+strength, "1")
			s.want(`SELECT t.a FROM t JOIN u USING (a) FOR `+strength+` OF t SKIP LOCKED`, "1")
			s.want(`SELECT a FROM (SELECT * FROM t WHERE b = 2 FOR `+strength+` NOWAIT) v`, "2")
			s.exec(`COMMIT`)
		}
		s.fails("0A000", `SELECT count(*) FROM t FOR UPDATE`)
		s.fails("0A000", `SELECT a FROM t GROUP BY a FOR SHARE`)
		s.fails("0A000", `SELECT a FROM t UNION SELECT 1 FOR UPDATE`)
		s.fails("42P01", `SELECT a FROM t FOR UPDATE OF nope`)
		s.plans(`SELECT a FROM t FOR UPDATE`, "LockRows")
	})
	a.run("Truncate", func(s *session) {
		s.exec(`CREATE TABLE t (a serial PRIMARY KEY); CREATE TABLE u (a int REFERENCES t); INSERT INTO t DEFAULT VALUES; INSERT INTO u VALUES (1)`)
		e := s.fails("0A000", `TRUNCATE t`)
		require.Equal(s, `Truncate table "u" at the same time, or use TRUNCATE ... CASCADE.`, e.Hint)
		s.exec(`TRUNCATE t, u; INSERT INTO t DEFAULT VALUES`)
		s.want(`SELECT a FROM t`, "2")
		s.exec(`TRUNCATE t RESTART IDENTITY CASCADE; INSERT INTO t DEFAULT VALUES`)
		s.want(`SELECT a FROM t`, "1")
	})
	a.run("ManyRows", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, b text, c int)`)
		s.wantTag("INSERT 0 50000", `INSERT INTO t SELECT i, md5(i::text), i % 10 FROM generate_series(1, 50000) AS i`)
		s.wantTag("UPDATE 5000", `UPDATE t SET b = 'changed' WHERE c = 3`)
		s.wantTag("DELETE 10000", `DELETE FROM t WHERE c IN (1, 2)`)
		s.want(`SELECT count(*), count(*) FILTER (WHERE b = 'changed'), sum(a) FROM t`, "40000|5000|1000060000")
	})
	a.run("SystemColumns", func(s *session) {
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2)`)
		s.want(`SELECT ctid, a FROM t WHERE ctid = '(0,2)'`, "(0,2)|2")
		s.exec(`UPDATE t SET a = 3 WHERE a = 1`)
		s.want(`SELECT ctid, xmin = pg_current_xact_id_if_assigned()::text::xid, cmin FROM t WHERE a = 3`, "(0,3)|∅|0")
		s.plans(`SELECT * FROM t WHERE ctid = '(0,1)'`, "Tid Scan")
		s.plans(`SELECT * FROM t WHERE ctid > '(0,1)'`, "Tid Range Scan")
	})
}
