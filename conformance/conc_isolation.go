package conformance

import (
	"fmt"

	"github.com/stretchr/testify/require"
)

// testIsolation checks what transactions see of each other.
func testIsolation(a *area) {
	a.run("ReadCommitted", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int, n int); INSERT INTO t VALUES (1, 10)`)
		s.exec(`BEGIN; UPDATE t SET n = 20; INSERT INTO t VALUES (2, 5)`)
		o.exec(`BEGIN`)
		o.want(`SELECT * FROM t`, "1|10")
		s.exec(`COMMIT`)
		o.want(`SELECT * FROM t ORDER BY a`, "1|20", "2|5")
		o.exec(`COMMIT`)
	})
	a.run("ReadCommittedFollowsUpdates", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int, n int); INSERT INTO t VALUES (1, 10), (2, 10)`)
		s.exec(`BEGIN; UPDATE t SET n = n + 1 WHERE a = 1`)
		update := o.start(`UPDATE t SET n = n * 2 WHERE n >= 10 RETURNING a, n`)
		s.blocked(o)
		s.exec(`UPDATE t SET n = 0 WHERE a = 2`)
		s.exec(`COMMIT`)
		// The first row is read again as it is now; the second one no longer qualifies.
		require.Equal(s, []string{"1|22"}, update.rows())
		s.want(`SELECT * FROM t ORDER BY a`, "1|22", "2|0")
	})
	a.run("RepeatableRead", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 10)`)
		o.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
		o.want(`SELECT n FROM t`, "10")
		s.exec(`UPDATE t SET n = 20; INSERT INTO t VALUES (2, 0)`)
		o.want(`SELECT n FROM t`, "10")
		require.Equal(s, "could not serialize access due to concurrent update", o.fails("40001", `UPDATE t SET n = n + 1`).Message)
		o.exec(`ROLLBACK`)
		o.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM t`)
		s.exec(`DELETE FROM t WHERE a = 1`)
		require.Equal(s, "could not serialize access due to concurrent delete", o.fails("40001", `DELETE FROM t WHERE a = 1`).Message)
		o.exec(`ROLLBACK`)
	})
	a.run("RepeatableReadWaits", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int, n int); INSERT INTO t VALUES (1, 10)`)
		for _, end := range []string{"COMMIT", "ROLLBACK"} {
			s.exec(`BEGIN; UPDATE t SET n = n + 1`)
			o.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
			update := o.start(`UPDATE t SET n = n + 100 RETURNING n`)
			s.blocked(o)
			s.exec(end)
			if end == "COMMIT" {
				update.fails("40001")
				o.exec(`ROLLBACK`)
			} else {
				require.Equal(s, []string{"111"}, update.rows())
				o.exec(`COMMIT`)
			}
		}
	})
	a.run("WriteSkew", func(s *session) {
		s.exec(`CREATE TABLE doctors (name text PRIMARY KEY, on_call bool)`)
		for level, failures := range map[string]int{"SERIALIZABLE": 1, "REPEATABLE READ": 0} {
			s.exec(`TRUNCATE doctors; INSERT INTO doctors VALUES ('alice', true), ('bob', true)`)
			o := s.another()
			s.exec(`BEGIN ISOLATION LEVEL ` + level)
			o.exec(`BEGIN ISOLATION LEVEL ` + level)
			s.want(`SELECT count(*) FROM doctors WHERE on_call`, "2")
			o.want(`SELECT count(*) FROM doctors WHERE on_call`, "2")
			failed := 0
			count := func(err error, sql string) {
				if err != nil {
					s.isError("40001", err, sql)
					failed++
				}
			}
			_, err := s.run(`UPDATE doctors SET on_call = false WHERE name = 'alice'`)
			count(err, "first update")
			_, err = o.run(`UPDATE doctors SET on_call = false WHERE name = 'bob'`)
			count(err, "second update")
			_, err = s.run(`COMMIT`)
			count(err, "first commit")
			_, err = o.run(`COMMIT`)
			count(err, "second commit")
			require.Equal(s, failures, failed, level)
			s.want(`SELECT count(*) FROM doctors WHERE on_call`, fmt.Sprint(failures))
		}
	})
	a.run("SerializablePhantom", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (class int, n int); INSERT INTO t VALUES (1, 10), (1, 20), (2, 100), (2, 200)`)
		s.exec(`BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO t SELECT 2, sum(n) FROM t WHERE class = 1`)
		o.exec(`BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO t SELECT 1, sum(n) FROM t WHERE class = 2`)
		s.exec(`COMMIT`)
		e := o.fails("40001", `COMMIT`)
		require.Equal(s, "could not serialize access due to read/write dependencies among transactions", e.Message)
		require.Equal(s, "The transaction might succeed if retried.", e.Hint)
		o.exec(`BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO t SELECT 1, sum(n) FROM t WHERE class = 2; COMMIT`)
		s.want(`SELECT sum(n) FROM t`, "690")
	})
	a.run("SerializableReadOnlyDeferrable", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1)`)
		o.exec(`BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE; SELECT * FROM t`)
		s.exec(`BEGIN ISOLATION LEVEL SERIALIZABLE; INSERT INTO t VALUES (2); COMMIT`)
		o.want(`SELECT count(*) FROM t`, "1")
		o.exec(`COMMIT`)
	})
	a.run("ExportedSnapshot", func(s *session) {
		o, third := s.another(), s.another()
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1)`)
		s.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
		snapshot := s.value(`SELECT pg_export_snapshot()`)
		third.exec(`INSERT INTO t VALUES (2)`)
		o.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ; SET TRANSACTION SNAPSHOT '` + snapshot + `'`)
		o.want(`SELECT count(*) FROM t`, "1")
		s.want(`SELECT count(*) FROM t`, "1")
		third.want(`SELECT count(*) FROM t`, "2")
		o.exec(`COMMIT`)
		s.exec(`COMMIT`)
	})
	a.run("SubtransactionsSeenFromOutside", func(s *session) {
		// More than 64 subtransactions do not fit into what a backend shows of itself.
		o := s.another()
		s.exec(`CREATE TABLE t (a int)`)
		s.exec(`BEGIN`)
		for i := range 100 {
			s.exec(fmt.Sprintf(`SAVEPOINT s%d; INSERT INTO t VALUES (%d)`, i, i))
		}
		o.want(`SELECT count(*) FROM t`, "0")
		s.exec(`ROLLBACK TO s50`)
		o.want(`SELECT count(*) FROM t`, "0")
		s.exec(`COMMIT`)
		o.want(`SELECT count(*), max(a) FROM t`, "50|49")
	})
	a.run("DDLIsInvisibleBeforeCommit", func(s *session) {
		o := s.another()
		s.exec(`BEGIN; CREATE TABLE t (a int); CREATE TYPE e AS ENUM ('x')`)
		o.want(`SELECT to_regclass('t'), to_regtype('e')`, "∅|∅")
		s.exec(`COMMIT`)
		o.want(`SELECT to_regclass('t'), to_regtype('e')`, "t|e")
	})
	a.run("VacuumKeepsWhatIsSeen", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int) WITH (autovacuum_enabled = off); INSERT INTO t SELECT * FROM generate_series(1, 1000)`)
		o.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
		o.want(`SELECT count(*) FROM t`, "1000")
		s.exec(`DELETE FROM t`)
		s.exec(`VACUUM t`)
		o.want(`SELECT count(*), sum(a) FROM t`, "1000|500500")
		o.exec(`COMMIT`)
		s.exec(`VACUUM t`)
		s.want(`SELECT count(*), pg_relation_size('t') FROM t`, "0|0")
	})
}
