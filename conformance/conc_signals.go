package conformance

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// testSignals checks that sessions can stop and end each other.
func testSignals(a *area) {
	a.run("CancelBackend", func(s *session) {
		o := s.another()
		for _, sql := range []string{
			`SELECT pg_sleep(100000)`,
			`SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b WHERE a + b = 0`,
			`DO $$ BEGIN LOOP NULL; END LOOP; END $$`,
		} {
			p := o.start(sql)
			s.active(o, sql[:20])
			s.want(fmt.Sprintf(`SELECT pg_cancel_backend(%d)`, o.pg.PID()), "t")
			require.Equal(s, "canceling statement due to user request", p.fails("57014").Message)
			o.want(`SELECT 1`, "1")
		}
	})
	a.run("CancelRequest", func(s *session) {
		o := s.another()
		p := o.start(`SELECT pg_sleep(100000)`)
		s.active(o, "pg_sleep")
		require.NoError(s, o.pg.CancelRequest(s.ctx))
		require.Equal(s, "canceling statement due to user request", p.fails("57014").Message)
		o.want(`SELECT 1`, "1")
		p = o.start(`SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b WHERE a + b = 0`)
		s.active(o, "generate_series")
		require.NoError(s, o.pg.CancelRequest(s.ctx))
		p.fails("57014")
	})
	a.run("CancelWhileWaitingForALock", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1)`)
		s.exec(`BEGIN; UPDATE t SET a = 2`)
		o.exec(`BEGIN`)
		p := o.start(`UPDATE t SET a = 3`)
		s.blocked(o)
		require.NoError(s, o.pg.CancelRequest(s.ctx))
		p.fails("57014")
		o.exec(`ROLLBACK`)
		s.exec(`COMMIT`)
		o.want(`UPDATE t SET a = a + 1 RETURNING a`, "3")
	})
	a.run("CancelUndoesTheStatement", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int)`)
		o.exec(`BEGIN; INSERT INTO t VALUES (1); SAVEPOINT s`)
		p := o.start(`INSERT INTO t SELECT * FROM generate_series(1, 1000000000)`)
		s.active(o, "generate_series")
		s.exec(fmt.Sprintf(`SELECT pg_cancel_backend(%d)`, o.pg.PID()))
		p.fails("57014")
		o.exec(`ROLLBACK TO s; COMMIT`)
		s.want(`SELECT count(*) FROM t`, "1")
	})
	a.run("CancelWrongKey", func(s *session) {
		o, third := s.another(), s.another()
		p := o.start(`SELECT 'done' FROM pg_sleep(0.3)`)
		s.active(o, "pg_sleep")
		// The key of one session says nothing about another.
		require.NoError(s, third.pg.CancelRequest(s.ctx))
		require.Equal(s, []string{"done"}, p.rows())
		for range 3 {
			if _, err := third.run(`SELECT 1`); err != nil {
				s.isError("57014", err, "SELECT 1")
			}
		}
	})
	a.run("CancelIdle", func(s *session) {
		o := s.another()
		s.want(fmt.Sprintf(`SELECT pg_cancel_backend(%d)`, o.pg.PID()), "t")
		s.idle(o)
		for range 3 {
			if _, err := o.run(`SELECT 1`); err != nil {
				s.isError("57014", err, "SELECT 1")
			}
		}
		o.want(`SELECT 1`, "1")
	})
	a.run("TerminateIdle", func(s *session) {
		o := s.another()
		s.want(fmt.Sprintf(`SELECT pg_terminate_backend(%d)`, o.pg.PID()), "t")
		s.gone(o.pg.PID())
		o.isGone("57P01")
	})
	a.run("TerminateBusy", func(s *session) {
		for _, sql := range []string{`SELECT pg_sleep(100000)`, `SELECT count(*) FROM generate_series(1, 1000000) AS a, generate_series(1, 1000000) AS b WHERE a + b = 0`} {
			o := s.another()
			o.ends = true
			p := o.start(sql)
			s.active(o, sql[:20])
			s.want(fmt.Sprintf(`SELECT pg_terminate_backend(%d)`, o.pg.PID()), "t")
			require.Equal(s, "terminating connection due to administrator command", p.fails("57P01").Message)
			s.gone(o.pg.PID())
		}
	})
	a.run("TerminateInTransaction", func(s *session) {
		o, update := s.another(), s.another()
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (0)`)
		o.exec(`BEGIN; UPDATE t SET a = 1; SELECT pg_advisory_lock(77); CREATE TEMP TABLE tmp (a int)`)
		p := update.start(`UPDATE t SET a = a + 10 RETURNING a`)
		s.blocked(update)
		s.exec(fmt.Sprintf(`SELECT pg_terminate_backend(%d, 60000)`, o.pg.PID()))
		require.Equal(s, []string{"10"}, p.rows())
		s.gone(o.pg.PID())
		s.want(`SELECT pg_try_advisory_lock(77), pg_advisory_unlock(77)`, "t|t")
		o.isGone("57P01")
	})
	a.run("TerminateTheLockHolder", func(s *session) {
		o, third := s.another(), s.another()
		s.exec(`CREATE TABLE t (a int)`)
		o.exec(`BEGIN; LOCK TABLE t`)
		p := third.start(`SELECT count(*) FROM t`)
		s.blocked(third)
		s.exec(fmt.Sprintf(`SELECT pg_terminate_backend(%d)`, o.pg.PID()))
		require.Equal(s, []string{"0"}, p.rows())
		o.isGone("57P01")
	})
	a.run("Self", func(s *session) {
		o := s.another()
		require.Equal(s, "canceling statement due to user request", o.fails("57014", `SELECT pg_cancel_backend(pg_backend_pid()), pg_sleep(100000)`).Message)
		o.want(`SELECT 1`, "1")
		o.ends = true
		_, err := o.run(`SELECT pg_terminate_backend(pg_backend_pid()), pg_sleep(100000)`)
		s.isError("57P01", err, "pg_terminate_backend")
		s.gone(o.pg.PID())
	})
	a.run("Permissions", func(s *session) {
		o := s.another()
		role := s.role("")
		o.exec(`SET ROLE ` + role)
		o.fails("42501", fmt.Sprintf(`SELECT pg_terminate_backend(%d)`, s.pg.PID()))
		o.fails("42501", fmt.Sprintf(`SELECT pg_cancel_backend(%d)`, s.pg.PID()))
		o.want(fmt.Sprintf(`SELECT query FROM pg_stat_activity WHERE pid = %d`, s.pg.PID()), "<insufficient privilege>")
		o.exec(`RESET ROLE`)
		s.want(`SELECT pg_cancel_backend(2147483647)`, "f")
		require.Equal(s, "01000", s.lastNotice().Code)
	})
	a.run("ReloadConfiguration", func(s *session) {
		o := s.another()
		was := o.value(`SHOW log_min_duration_statement`)
		s.exec(`ALTER SYSTEM SET log_min_duration_statement = '4242s'`)
		s.want(`SELECT pg_reload_conf()`, "t")
		o.until(`SELECT current_setting('log_min_duration_statement') = '4242s'`)
		s.exec(`ALTER SYSTEM RESET log_min_duration_statement`)
		s.want(`SELECT pg_reload_conf()`, "t")
		o.until(`SELECT current_setting('log_min_duration_statement') = '` + was + `'`)
	})
	a.run("ReloadRules", func(s *session) {
		role := s.role(`LOGIN`)
		path, rules := s.value(`SHOW hba_file`), s.value(`SELECT pg_read_file(current_setting('hba_file'))`)
		reload := func(rules string) {
			object := s.value(`SELECT lo_from_bytea(0, convert_to($1, 'UTF8'))`, rules)
			s.exec(`SELECT lo_export(` + object + `, '` + path + `'), lo_unlink(` + object + `)`)
			s.want(`SELECT pg_reload_conf()`, "t")
		}
		s.Cleanup(func() { reload(rules) })
		// Everybody else goes on connecting meanwhile.
		rule := func(method string) string {
			return "local all " + role + " " + method + "\nhost all " + role + " all " + method + "\n" + rules
		}
		reload(rule("reject"))
		s.refused(role, "pg_hba.conf rejects connection")
		reload(rule("no-such-method"))
		s.want(`SELECT count(*) FROM pg_hba_file_rules WHERE error = 'invalid authentication method "no-such-method"'`, "2")
		s.refused(role, "pg_hba.conf rejects connection")
		reload(rule("trust"))
		for s.login(role) != nil {
			s.exec(`SELECT pg_sleep(0.01)`)
		}
	})
}

// login tries to connect as a role.
func (s *session) login(role string) error {
	s.Helper()
	config := s.conn.Config().Copy()
	config.User = role
	conn, err := pgx.ConnectConfig(s.ctx, config)
	if err == nil {
		err = conn.Close(s.ctx)
	}
	return err
}

// refused waits until a role cannot connect any more, for a reason.
func (s *session) refused(role, reason string) {
	s.Helper()
	for {
		err := s.login(role)
		if err != nil {
			require.ErrorContains(s, err, reason)
			return
		}
		s.exec(`SELECT pg_sleep(0.01)`)
	}
}
