package conformance

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// testNotifications checks that notifications reach other sessions, busy or not.
func testNotifications(a *area) {
	a.run("ToAnIdleSession", func(s *session) {
		o := s.another()
		channel := s.name("c")
		o.exec(`LISTEN ` + channel)
		s.exec(`NOTIFY ` + channel + `, 'hello'`)
		require.NoError(s, o.pg.WaitForNotification(o.ctx))
		require.Len(s, o.notifications, 1)
		require.Equal(s, "hello", o.notifications[0].Payload)
		require.Equal(s, s.pg.PID(), o.notifications[0].PID)
		require.Empty(s, s.notifications)
	})
	a.run("AtCommit", func(s *session) {
		o := s.another()
		channel := s.name("c")
		s.exec(`CREATE TABLE t (a int)`)
		o.exec(`LISTEN ` + channel)
		s.exec(`BEGIN; INSERT INTO t VALUES (1); NOTIFY ` + channel + `, 'first'`)
		o.want(`SELECT count(*) FROM t`, "0")
		require.Empty(s, o.notifications)
		s.exec(`COMMIT`)
		require.NoError(s, o.pg.WaitForNotification(o.ctx))
		o.want(`SELECT count(*) FROM t`, "1")
		s.exec(`BEGIN; NOTIFY ` + channel + `, 'never'; ROLLBACK`)
		s.exec(`NOTIFY ` + channel + `, 'second'`)
		require.NoError(s, o.pg.WaitForNotification(o.ctx))
		require.Equal(s, "second", o.notifications[1].Payload)
	})
	a.run("NotInsideATransaction", func(s *session) {
		o := s.another()
		channel := s.name("c")
		o.exec(`LISTEN ` + channel)
		o.exec(`BEGIN; SELECT 1`)
		s.exec(`NOTIFY ` + channel)
		o.exec(`SELECT 1`)
		o.exec(`SELECT 1`)
		require.Empty(s, o.notifications)
		o.exec(`COMMIT`)
		if len(o.notifications) == 0 {
			require.NoError(s, o.pg.WaitForNotification(o.ctx))
		}
		require.Len(s, o.notifications, 1)
	})
	a.run("ToMany", func(s *session) {
		channel := s.name("c")
		listeners := s.others(4)
		for _, o := range listeners {
			o.exec(`LISTEN ` + channel)
		}
		const count = 300
		s.exec(fmt.Sprintf(`DO $$ BEGIN FOR i IN 1..%d LOOP PERFORM pg_notify('%s', i::text); COMMIT; END LOOP; END $$`, count, channel))
		for _, o := range listeners {
			for len(o.notifications) < count {
				require.NoError(s, o.pg.WaitForNotification(o.ctx))
			}
			for i, notification := range o.notifications {
				require.Equal(s, fmt.Sprint(i+1), notification.Payload)
			}
		}
	})
	a.run("BothWays", func(s *session) {
		o := s.another()
		s.exec(`LISTEN ` + s.name("pong"))
		o.exec(`LISTEN ` + s.name("ping"))
		for i := range 20 {
			s.exec(fmt.Sprintf(`NOTIFY %s, '%d'`, s.name("ping"), i))
			require.NoError(s, o.pg.WaitForNotification(o.ctx))
			o.exec(fmt.Sprintf(`NOTIFY %s, '%s'`, s.name("pong"), o.notifications[i].Payload))
			require.NoError(s, s.pg.WaitForNotification(s.ctx))
			require.Equal(s, fmt.Sprint(i), s.notifications[i].Payload)
		}
		s.exec(`UNLISTEN *`)
	})
	a.run("DatabaseOnly", func(s *session) {
		name := s.name("db")
		s.exec(`CREATE DATABASE ` + name + ` TEMPLATE template0`)
		defer s.exec(`DROP DATABASE ` + name + ` WITH (FORCE)`)
		o := s.another()
		o.exec(`LISTEN ` + s.name("c"))
		elsewhere := s.anotherWith(func(config *pgx.ConnConfig) { config.Database = name })
		elsewhere.exec(`NOTIFY ` + s.name("c") + `, 'elsewhere'`)
		require.NoError(s, elsewhere.pg.Close(s.ctx))
		elsewhere.ends = true
		s.exec(`NOTIFY ` + s.name("c") + `, 'here'`)
		require.NoError(s, o.pg.WaitForNotification(o.ctx))
		require.Equal(s, "here", o.notifications[0].Payload)
	})
}
