package conformance

import "github.com/stretchr/testify/require"

// testEventTriggers checks triggers on DDL.
func testEventTriggers(a *area) {
	a.run("Commands", func(s *session) {
		trigger := s.name("start")
		s.exec(`CREATE TABLE log (line text);
			CREATE FUNCTION note() RETURNS event_trigger LANGUAGE plpgsql AS $$
			BEGIN INSERT INTO log VALUES (TG_EVENT || ' ' || TG_TAG); END $$;
			CREATE FUNCTION ended() RETURNS event_trigger LANGUAGE plpgsql AS $$
			DECLARE c record; BEGIN FOR c IN SELECT * FROM pg_event_trigger_ddl_commands() LOOP INSERT INTO log VALUES (c.command_tag || ' ' || c.object_type || ' ' || regexp_replace(c.object_identity, '.*\.', '')); END LOOP; END $$;
			CREATE FUNCTION dropped() RETURNS event_trigger LANGUAGE plpgsql AS $$
			DECLARE o record; BEGIN FOR o IN SELECT * FROM pg_event_trigger_dropped_objects() WHERE original LOOP INSERT INTO log VALUES ('dropped ' || o.object_type || ' ' || o.object_name); END LOOP; END $$`)
		s.exec(`CREATE EVENT TRIGGER ` + trigger + ` ON ddl_command_start WHEN TAG IN ('CREATE TABLE') EXECUTE FUNCTION note();
			CREATE EVENT TRIGGER ` + trigger + `_end ON ddl_command_end EXECUTE FUNCTION ended();
			CREATE EVENT TRIGGER ` + trigger + `_drop ON sql_drop EXECUTE FUNCTION dropped();
			CREATE EVENT TRIGGER ` + trigger + `_rewrite ON table_rewrite EXECUTE FUNCTION note()`)
		s.exec(`CREATE TABLE foo (id text); CREATE INDEX bar ON foo (id); ALTER TABLE foo ALTER id TYPE int USING id::int; DROP TABLE foo`)
		s.exec(`DROP EVENT TRIGGER ` + trigger + `, ` + trigger + `_end, ` + trigger + `_drop, ` + trigger + `_rewrite`)
		s.want(`SELECT line FROM log`, "ddl_command_start CREATE TABLE", "CREATE TABLE table foo", "CREATE INDEX index bar",
			"table_rewrite ALTER TABLE", "ALTER TABLE table foo", "dropped table foo")
	})
	a.run("Notify", func(s *session) {
		channel, trigger := s.name("ddl"), s.name("trigger")
		s.exec(`CREATE FUNCTION tell() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_notify('` + channel + `', 'ddl'); END $$;
			CREATE EVENT TRIGGER ` + trigger + ` ON sql_drop EXECUTE FUNCTION tell(); LISTEN ` + channel)
		s.exec(`CREATE TABLE foo (id text)`)
		require.Empty(s, s.notifications)
		s.exec(`DROP TABLE foo`)
		require.Len(s, s.notifications, 1)
		s.exec(`UNLISTEN *; DROP EVENT TRIGGER ` + trigger)
	})
	a.run("Refuses", func(s *session) {
		trigger := s.name("refuse")
		s.exec(`CREATE FUNCTION refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'command % is disabled', TG_TAG; END $$;
			CREATE EVENT TRIGGER ` + trigger + ` ON ddl_command_start WHEN TAG IN ('CREATE VIEW') EXECUTE FUNCTION refuse()`)
		require.Equal(s, "command CREATE VIEW is disabled", s.fails("P0001", `CREATE VIEW v AS SELECT 1`).Message)
		s.exec(`ALTER EVENT TRIGGER ` + trigger + ` DISABLE; CREATE VIEW v AS SELECT 1; DROP EVENT TRIGGER ` + trigger)
	})
}
