package conformance

import (
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// testNotify checks LISTEN and NOTIFY within one session; the transcripts have when notifications are sent.
func testNotify(a *area) {
	a.run("Payloads", func(s *session) {
		channel := s.name("channel")
		s.exec(`LISTEN ` + channel)
		for _, payload := range []string{"", "x", "Ünïcode 🐘 'quoted'", strings.Repeat("p", 7999)} {
			s.notifications = nil
			s.exec(`SELECT pg_notify($1, $2)`, channel, payload)
			require.Len(s, s.notifications, 1)
			require.Equal(s, channel, s.notifications[0].Channel)
			require.Equal(s, payload, s.notifications[0].Payload)
			require.Equal(s, s.pg.PID(), s.notifications[0].PID)
		}
		_, err := s.run(`SELECT pg_notify($1, $2)`, channel, strings.Repeat("p", 8000))
		require.Equal(s, "payload string too long", s.isError("22023", err, "payload").Message)
		s.fails("22023", `SELECT pg_notify('', 'x')`)
		s.fails("22023", `SELECT pg_notify(repeat('c', 64), 'x')`)
		s.exec(`UNLISTEN *`)
	})
	a.run("Channels", func(s *session) {
		s.exec(`LISTEN ` + s.name("a") + `; LISTEN ` + s.name("b") + `; LISTEN ` + s.name("a"))
		s.want(`SELECT pg_listening_channels() ORDER BY 1`, s.name("a"), s.name("b"))
		s.exec(`NOTIFY ` + s.name("a") + `, '1'; NOTIFY ` + s.name("b") + `, '2'; NOTIFY ` + s.name("c") + `, '3'`)
		require.Len(s, s.notifications, 2)
		s.exec(`UNLISTEN ` + s.name("a"))
		s.exec(`NOTIFY ` + s.name("a"))
		require.Len(s, s.notifications, 2)
		s.exec(`UNLISTEN *`)
		s.want(`SELECT pg_listening_channels()`)
	})
	a.run("ListenIsTransactional", func(s *session) {
		s.exec(`BEGIN; LISTEN ` + s.name("a") + `; ROLLBACK`)
		s.want(`SELECT pg_listening_channels()`)
		s.exec(`BEGIN; LISTEN ` + s.name("a") + `; NOTIFY ` + s.name("a") + `, 'same transaction'; COMMIT`)
		require.Len(s, s.notifications, 1)
		s.exec(`BEGIN; UNLISTEN *; ROLLBACK`)
		s.want(`SELECT pg_listening_channels()`, s.name("a"))
		s.exec(`DISCARD ALL`)
		s.want(`SELECT pg_listening_channels()`)
		s.exec(`SET search_path TO ` + s.schema)
	})
	a.run("Savepoints", func(s *session) {
		s.exec(`LISTEN ` + s.name("a"))
		s.exec(`BEGIN; NOTIFY ` + s.name("a") + `, '1'; SAVEPOINT s; NOTIFY ` + s.name("a") + `, '2'; ROLLBACK TO s; COMMIT`)
		require.Len(s, s.notifications, 1)
		require.Equal(s, "1", s.notifications[0].Payload)
		s.exec(`UNLISTEN *`)
	})
	a.run("Order", func(s *session) {
		s.exec(`LISTEN ` + s.name("a"))
		s.exec(`SELECT pg_notify('` + s.name("a") + `', i::text) FROM generate_series(1, 1000) AS i`)
		require.Len(s, s.notifications, 1000)
		require.Equal(s, "1", s.notifications[0].Payload)
		require.Equal(s, "1000", s.notifications[999].Payload)
		s.exec(`UNLISTEN *`)
	})
	a.run("BeforeReadyForQuery", func(s *session) {
		w := s.wire()
		w.roundTrip(&pgproto3.Query{String: `LISTEN ` + s.name("a")})
		lines := w.roundTrip(&pgproto3.Parse{Query: `SELECT pg_notify('` + s.name("a") + `', 'p')`}, &pgproto3.Bind{}, &pgproto3.Execute{}, &pgproto3.Sync{})
		require.Equal(s, []string{"1", "2", "D ", "C SELECT 1", "A " + s.name("a") + "|p", "Z I"}, lines)
		w.roundTrip(&pgproto3.Query{String: `UNLISTEN *`})
	})
	a.run("QueueUsage", func(s *session) {
		s.want(`SELECT pg_notification_queue_usage() < 0.5`, "t")
	})
	a.run("FromRowTrigger", func(s *session) {
		s.exec(`CREATE TABLE t (a int);
			CREATE FUNCTION tell() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('` + s.name("a") + `', TG_OP || ' ' || NEW.a); RETURN NULL; END $$;
			CREATE TRIGGER tell AFTER INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION tell(); LISTEN ` + s.name("a"))
		s.exec(`INSERT INTO t VALUES (1), (2)`)
		s.exec(`UPDATE t SET a = a + 10`)
		var payloads []string
		for _, notification := range s.notifications {
			payloads = append(payloads, notification.Payload)
		}
		require.Equal(s, []string{"INSERT 1", "INSERT 2", "UPDATE 11", "UPDATE 12"}, payloads)
		s.exec(`UNLISTEN *`)
	})
}
