package conformance

import "github.com/stretchr/testify/require"

// testTimeouts checks that a statement can be stopped by its time limit, and that nothing else is hurt by it.
func testTimeouts(a *area) {
	const message = "canceling statement due to statement timeout"
	// stopped runs a statement that would not end by itself within anyone's patience. It ends with an error, and that
	// undoes the setting, which belongs to the same transaction.
	stopped := func(s *session, limit, sql string) {
		s.Helper()
		require.Equal(s, message, s.fails("57014", `SET statement_timeout = '`+limit+`'; `+sql).Message)
	}
	a.run("Sleep", func(s *session) {
		stopped(s, "50ms", `SELECT pg_sleep(100000)`)
		s.want(`SHOW statement_timeout`, "0")
	})
	a.run("Busy", func(s *session) {
		stopped(s, "50ms", `SELECT count(*) FROM generate_series(1, 1000000000000)`)
		stopped(s, "50ms", `SELECT count(*) FROM generate_series(1, 1000000) a, generate_series(1, 1000000) b WHERE a + b = 0`)
		stopped(s, "50ms", `DO $$ BEGIN LOOP NULL; END LOOP; END $$`)
		stopped(s, "50ms", `WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n % 2 FROM r) SELECT count(*) FROM r`)
		s.want(`SELECT 1`, "1")
	})
	a.run("ExtendedProtocol", func(s *session) {
		s.exec(`BEGIN; SET LOCAL statement_timeout = '200ms'`)
		_, err := s.run(`SELECT pg_sleep($1)`, 100000)
		s.isError("57014", err, "pg_sleep")
		s.exec(`ROLLBACK`)
		require.Equal(s, "7", s.value(`SELECT $1::int`, 7))
	})
	a.run("InTransaction", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		s.exec(`BEGIN; INSERT INTO t VALUES (1); SAVEPOINT s`)
		stopped(s, "50ms", `SELECT pg_sleep(100000)`)
		s.exec(`ROLLBACK TO s; INSERT INTO t VALUES (2); COMMIT`)
		s.want(`SELECT count(*) FROM t`, "2")
	})
	a.run("WritesAreUndone", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		stopped(s, "50ms", `INSERT INTO t SELECT * FROM generate_series(1, 1000000000)`)
		s.want(`SELECT count(*) FROM t`, "0")
		s.exec(`INSERT INTO t VALUES (1)`)
		s.exec(`VACUUM t`)
	})
	a.run("CaughtByNobody", func(s *session) {
		stopped(s, "50ms", `DO $$ BEGIN PERFORM pg_sleep(100000); EXCEPTION WHEN OTHERS THEN NULL; END $$`)
	})
	a.run("NotReached", func(s *session) {
		s.exec(`SET statement_timeout = '1h'`)
		s.want(`SELECT count(*) FROM generate_series(1, 100000)`, "100000")
		s.exec(`RESET statement_timeout`)
	})
	a.run("Repeatedly", func(s *session) {
		for range 20 {
			stopped(s, "5ms", `SELECT pg_sleep(100000)`)
		}
	})
}
