package conformance

import (
	"github.com/stretchr/testify/require"
)

// testSessionTimeouts checks the limits that end a session.
func testSessionTimeouts(a *area) {
	a.run("IdleInTransaction", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (0)`)
		o.exec(`SET idle_in_transaction_session_timeout = '30ms'`)
		o.exec(`BEGIN; UPDATE t SET a = 1`)
		pid := o.pg.PID()
		s.want(`UPDATE t SET a = a + 10 RETURNING a`, "10")
		s.gone(pid)
		o.isGone("25P03")
	})
	a.run("IdleSession", func(s *session) {
		o := s.another()
		o.exec(`SET idle_session_timeout = '30ms'`)
		s.gone(o.pg.PID())
		o.isGone("57P05")
	})
	a.run("IdleSessionKeepsBusyOnes", func(s *session) {
		o := s.another()
		o.exec(`SET idle_session_timeout = '1h'; SET idle_in_transaction_session_timeout = '1h'`)
		o.exec(`BEGIN; SELECT pg_sleep(0.05); COMMIT`)
		o.want(`SELECT 1`, "1")
	})
	a.run("Transaction", func(s *session) {
		s.needs(17, "transaction_timeout")
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (0)`)
		o := s.another()
		o.exec(`SET transaction_timeout = '300ms'`)
		o.exec(`BEGIN; UPDATE t SET a = 1`)
		s.want(`UPDATE t SET a = a + 10 RETURNING a`, "10")
		s.gone(o.pg.PID())
		o.isGone("25P04")

		busy := s.another()
		busy.ends = true
		busy.exec(`SET transaction_timeout = '50ms'`)
		_, err := busy.run(`SELECT pg_sleep(100000)`)
		s.isError("25P04", err, "pg_sleep")
		s.gone(busy.pg.PID())
	})
	a.run("ClientVanishes", func(s *session) {
		s.needs(14, "client_connection_check_interval")
		for _, sql := range []string{
			`SELECT pg_sleep(100000)`,
			`SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b WHERE a + b = 0`,
			`DO $$ BEGIN LOOP NULL; END LOOP; END $$`,
		} {
			o := s.another()
			o.ends = true
			o.exec(`SET client_connection_check_interval = '20ms'`)
			p := o.start(sql)
			s.active(o, sql[:20])
			require.NoError(s, o.pg.Conn().Close())
			s.gone(o.pg.PID())
			_, err := p.wait()
			require.Error(s, err)
		}
	})
	a.run("StatementTimeoutsAreTheirOwn", func(s *session) {
		o := s.another()
		mine := s.start(`SELECT count(*) FROM generate_series(1, 300000) AS i WHERE i % 7 = 0`)
		o.fails("57014", `SET statement_timeout = '30ms'; SELECT pg_sleep(100000)`)
		require.Equal(s, []string{"42857"}, mine.rows())
	})
}
