package conformance

import "github.com/stretchr/testify/require"

// testSettings checks run-time settings and how the server reports them.
func testSettings(a *area) {
	a.run("SetAndReset", func(s *session) {
		was := s.value(`SHOW work_mem`)
		s.wantTag("SET", `SET work_mem = '12MB'`)
		s.want(`SHOW work_mem`, "12MB")
		s.want(`SELECT current_setting('work_mem'), setting, unit, source FROM pg_settings WHERE name = 'work_mem'`, "12MB|12288|kB|session")
		s.wantTag("RESET", `RESET work_mem`)
		s.want(`SHOW work_mem`, was)
		s.exec(`SET work_mem TO DEFAULT; SET work_mem = 2048`)
		s.want(`SHOW work_mem`, "2MB")
		s.want(`SELECT set_config('work_mem', '3MB', false)`, "3MB")
		s.exec(`RESET ALL`)
		s.want(`SHOW work_mem`, was)
		s.exec(`SET search_path TO ` + s.schema)
	})
	a.run("Local", func(s *session) {
		s.exec(`SET work_mem = '2MB'; BEGIN; SET LOCAL work_mem = '4MB'`)
		s.want(`SHOW work_mem`, "4MB")
		s.exec(`COMMIT`)
		s.want(`SHOW work_mem`, "2MB")
		s.exec(`BEGIN; SET work_mem = '6MB'; ROLLBACK`)
		s.want(`SHOW work_mem`, "2MB")
		s.exec(`BEGIN; SELECT set_config('work_mem', '8MB', true); COMMIT`)
		s.want(`SHOW work_mem`, "2MB")
		s.exec(`SET LOCAL work_mem = '4MB'`)
		require.Equal(s, "25P01", s.lastNotice().Code)
	})
	a.run("Errors", func(s *session) {
		s.fails("42704", `SHOW nope`)
		s.fails("42704", `SET nope = 1`)
		s.fails("22023", `SET work_mem = 'lots'`)
		s.fails("22023", `SET work_mem = 1`)
		s.fails("22023", `SET client_min_messages = 'nope'`)
		s.fails("22023", `SET timezone = 'nope/nowhere'`)
		s.fails("55P02", `SET max_connections = 5`)
		s.fails("55P02", `SET shared_buffers = '1GB'`)
		s.fails("55P02", `SET server_version = '9'`)
		s.fails("55P02", `SET fsync = off`)
		s.want(`SELECT 1`, "1")
	})
	a.run("Custom", func(s *session) {
		s.exec(`SET my.variable = 'value'`)
		s.want(`SELECT current_setting('my.variable'), current_setting('my.other', true)`, "value|∅")
		s.exec(`BEGIN; SET LOCAL my.variable = 'local'; COMMIT`)
		s.want(`SHOW my.variable`, "value")
		s.fails("42602", `SET "my bad.variable" = 1`)
	})
	a.run("ParameterStatus", func(s *session) {
		for _, c := range []struct{ sql, name, value string }{
			{`SET timezone = 'Europe/Madrid'`, "TimeZone", "Europe/Madrid"},
			{`SET datestyle = 'SQL, DMY'`, "DateStyle", "SQL, DMY"},
			{`SET intervalstyle = iso_8601`, "IntervalStyle", "iso_8601"},
			{`SET application_name = 'app'`, "application_name", "app"},
			{`SET standard_conforming_strings = off`, "standard_conforming_strings", "off"},
			{`SET default_transaction_read_only = on`, "default_transaction_read_only", "on"},
			{`SET default_transaction_read_only = off`, "default_transaction_read_only", "off"},
		} {
			s.exec(c.sql)
			require.Equal(s, c.value, s.pg.ParameterStatus(c.name), c.sql)
		}
		s.exec(`BEGIN; SET LOCAL timezone = 'Asia/Tokyo'`)
		require.Equal(s, "Asia/Tokyo", s.pg.ParameterStatus("TimeZone"))
		s.exec(`ROLLBACK`)
		require.Equal(s, "Europe/Madrid", s.pg.ParameterStatus("TimeZone"))
	})
	a.run("Discard", func(s *session) {
		s.exec(`SET work_mem = '3MB'; CREATE TEMP TABLE t (a int); PREPARE p AS SELECT 1; CREATE SEQUENCE q; SELECT nextval('q'); LISTEN ` + s.name("c") + `; SELECT pg_advisory_lock(1)`)
		s.wantTag("DISCARD PLANS; DISCARD SEQUENCES; DISCARD TEMP", `DISCARD PLANS; DISCARD SEQUENCES; DISCARD TEMP`)
		s.want(`SELECT to_regclass('pg_temp.t')`, null)
		s.fails("55000", `SELECT lastval()`)
		s.wantTag("DISCARD ALL", `DISCARD ALL`)
		s.want(`SELECT (SELECT count(*) FROM pg_prepared_statements), (SELECT count(*) FROM pg_listening_channels()), (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')`, "0|0|0")
		s.exec(`BEGIN`)
		s.fails("25001", `DISCARD ALL`)
		s.exec(`ROLLBACK; SET search_path TO ` + s.schema)
	})
	a.run("SearchPath", func(s *session) {
		other := s.name("other")
		s.exec(`CREATE SCHEMA ` + other + `; CREATE TABLE ` + other + `.t (a int); CREATE TABLE t (b text); INSERT INTO ` + other + `.t VALUES (1); INSERT INTO t VALUES ('x')`)
		s.want(`SELECT * FROM t`, "x")
		s.exec(`SET search_path = ` + other + `, ` + s.schema)
		s.want(`SELECT * FROM t`, "1")
		s.want(`SELECT current_schema = '`+other+`', current_schemas(true) = ARRAY['pg_catalog', '`+other+`', '`+s.schema+`']::name[]`, "t|t")
		s.exec(`SET search_path = ''`)
		s.fails("42P01", `SELECT * FROM t`)
		s.fails("3F000", `CREATE TABLE nowhere (a int)`)
		s.exec(`SET search_path = ` + s.schema + `; DROP SCHEMA ` + other + ` CASCADE`)
	})
	a.run("DatabaseAndRole", func(s *session) {
		s.exec(`ALTER SYSTEM SET work_mem = '5MB'`)
		s.exec(`ALTER SYSTEM RESET work_mem`)
		role := s.role("")
		s.exec(`ALTER ROLE ` + role + ` SET statement_timeout = '5s'; ALTER ROLE ` + role + ` RESET ALL`)
		s.want(`SELECT rolconfig FROM pg_roles WHERE rolname = '`+role+`'`, null)
	})
	a.run("FileSettings", func(s *session) {
		s.want(`SELECT count(*) > 0 FROM pg_file_settings`, "t")
		s.want(`SELECT pg_conf_load_time() <= now()`, "t")
		s.want(`SELECT count(*) > 300, count(*) FILTER (WHERE name = 'block_size' AND setting = '8192') FROM pg_settings`, "t|1")
	})
}
