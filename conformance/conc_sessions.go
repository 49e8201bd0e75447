package conformance

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// testSessions checks that what belongs to a session is its own.
func testSessions(a *area) {
	a.run("TempTables", func(s *session) {
		o := s.another()
		s.exec(`CREATE TEMP TABLE t (a text); INSERT INTO t VALUES ('mine')`)
		o.exec(`CREATE TEMP TABLE t (a text, b int); INSERT INTO t VALUES ('theirs', 1)`)
		s.want(`SELECT * FROM t`, "mine")
		o.want(`SELECT * FROM t`, "theirs|1")
		o.exec(`DROP TABLE t`)
		o.fails("42P01", `SELECT * FROM t`)
		s.want(`SELECT * FROM t`, "mine")
		o.fails("42P01", `SELECT * FROM pg_temp.t`)
	})
	a.run("PreparedStatements", func(s *session) {
		o := s.another()
		for _, one := range []*session{s, o} {
			_, err := one.pg.Prepare(one.ctx, "p", fmt.Sprintf(`SELECT %d + $1::int`, one.pg.PID()), nil)
			require.NoError(s, err)
			one.exec(fmt.Sprintf(`PREPARE q AS SELECT 'of %d'`, one.pg.PID()))
		}
		for _, one := range []*session{s, o} {
			r := one.pg.ExecPrepared(one.ctx, "p", [][]byte{[]byte("1")}, nil, nil).Read()
			require.NoError(s, r.Err)
			require.Equal(s, fmt.Sprint(one.pg.PID()+1), string(r.Rows[0][0]))
			one.want(`EXECUTE q`, fmt.Sprintf("of %d", one.pg.PID()))
		}
		o.exec(`DEALLOCATE ALL`)
		s.exec(`EXECUTE q`)
		o.fails("26000", `EXECUTE q`)
		s.exec(`DEALLOCATE ALL`)
	})
	a.run("Settings", func(s *session) {
		o := s.another()
		was := o.value(`SHOW work_mem`)
		s.exec(`SET work_mem = '7MB'; SET timezone = 'Asia/Tokyo'; SET my.own = 'x'`)
		o.want(`SELECT current_setting('work_mem'), current_setting('my.own', true)`, was+"|∅")
		require.NotEqual(s, "Asia/Tokyo", o.pg.ParameterStatus("TimeZone"))
		o.exec(`SET role = pg_read_all_data`)
		s.want(`SELECT current_user = session_user`, "t")
		o.exec(`RESET role`)
	})
	a.run("StartupParameters", func(s *session) {
		o := s.anotherWith(func(config *pgx.ConnConfig) {
			config.RuntimeParams["application_name"] = "other"
			config.RuntimeParams["DateStyle"] = "SQL, DMY"
		})
		o.want(`SELECT '2024-02-01'::date`, "01/02/2024")
		s.want(fmt.Sprintf(`SELECT application_name FROM pg_stat_activity WHERE pid = %d`, o.pg.PID()), "other")
		s.want(`SELECT '2024-02-01'::date`, "2024-02-01")
	})
	a.run("Roles", func(s *session) {
		role := s.role("LOGIN PASSWORD 'secret for tests'")
		s.exec(`CREATE TABLE t (a int)`)
		o := s.anotherWith(func(config *pgx.ConnConfig) { config.User, config.Password = role, "secret for tests" })
		o.want(`SELECT current_user = '`+role+`', session_user = '`+role+`'`, "t|t")
		require.Equal(s, "off", o.pg.ParameterStatus("is_superuser"))
		o.fails("42501", `SELECT * FROM t`)
		s.exec(`GRANT SELECT ON t TO ` + role)
		o.want(`SELECT * FROM t`)
		s.exec(`REVOKE SELECT ON t FROM ` + role)
		o.fails("42501", `SELECT * FROM t`)
		require.NoError(s, o.pg.Close(o.ctx))
		o.ends = true
		s.gone(o.pg.PID())
	})
	a.run("Databases", func(s *session) {
		name := s.name("db")
		s.exec(`CREATE DATABASE ` + name + ` TEMPLATE template0`)
		defer s.exec(`DROP DATABASE ` + name + ` WITH (FORCE)`)
		o := s.anotherWith(func(config *pgx.ConnConfig) { config.Database = name })
		o.exec(`CREATE SCHEMA ` + s.schema + `; CREATE TABLE t (a int); INSERT INTO t VALUES (1)`)
		s.want(`SELECT to_regclass('t')`, null)
		// The server waits for five seconds before it says so.
		require.Contains(s, s.fails("55006", `DROP DATABASE `+name).Detail, "1 other session")
		require.NoError(s, o.pg.Close(o.ctx))
		o.ends = true
	})
	a.run("ProcessIDs", func(s *session) {
		pids := map[uint32]bool{s.pg.PID(): true}
		for _, o := range s.others(4) {
			require.Equal(s, fmt.Sprint(o.pg.PID()), o.value(`SELECT pg_backend_pid()`))
			pids[o.pg.PID()] = true
		}
		require.Len(s, pids, 5)
		var list []string
		for pid := range pids {
			list = append(list, fmt.Sprint(pid))
		}
		s.want(`SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid IN (`+strings.Join(list, ",")+`)`, "5")
	})
	a.run("Sequences", func(s *session) {
		o := s.another()
		s.exec(`CREATE SEQUENCE q; CREATE SEQUENCE cached CACHE 10`)
		s.want(`SELECT nextval('q')`, "1")
		o.want(`SELECT nextval('q')`, "2")
		s.want(`SELECT currval('q'), nextval('q')`, "1|3")
		o.want(`SELECT currval('q'), lastval()`, "2|2")
		s.want(`SELECT nextval('cached')`, "1")
		o.want(`SELECT nextval('cached')`, "11")
		s.want(`SELECT nextval('cached')`, "2")
		s.fails("55000", `CREATE SEQUENCE fresh; SELECT currval('fresh')`)
	})
	a.run("HeldCursors", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t AS SELECT * FROM generate_series(1, 5) AS a`)
		s.exec(`BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT a FROM t ORDER BY a; COMMIT`)
		o.exec(`DELETE FROM t WHERE a > 2`)
		s.want(`FETCH 3 FROM c`, "1", "2", "3")
		o.fails("34000", `FETCH c`)
		o.exec(`DROP TABLE t`)
		s.want(`FETCH 3 FROM c`, "4", "5")
		s.exec(`CLOSE c`)
	})
	a.run("Activity", func(s *session) {
		o := s.another()
		o.exec(`BEGIN; SELECT 'last statement'`)
		s.idle(o)
		s.want(fmt.Sprintf(`SELECT state, query, xact_start IS NOT NULL, backend_type FROM pg_stat_activity WHERE pid = %d`, o.pg.PID()), "idle in transaction|BEGIN; SELECT 'last statement'|t|client backend")
		o.fails("22012", `SELECT 1/0`)
		s.until(fmt.Sprintf(`SELECT state = 'idle in transaction (aborted)' FROM pg_stat_activity WHERE pid = %d`, o.pg.PID()))
		o.exec(`ROLLBACK`)
	})
	a.run("ClosingRollsBack", func(s *session) {
		o := s.another()
		o.ends = true
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (0)`)
		o.exec(`BEGIN; UPDATE t SET a = 1; CREATE TEMP TABLE tmp (a int)`)
		require.NoError(s, o.pg.Conn().Close()) // without a word to the server
		s.want(`UPDATE t SET a = a + 10 RETURNING a`, "10")
		s.gone(o.pg.PID())
	})
	a.run("ComeAndGo", func(s *session) {
		for i := range 50 {
			o := s.another()
			o.want(`SELECT count(*) FROM pg_prepared_statements`, "0")
			o.exec(fmt.Sprintf(`CREATE TEMP TABLE t (a int); SET work_mem = '%dMB'`, i+1))
			require.NoError(s, o.pg.Close(o.ctx))
			o.ends = true
			s.gone(o.pg.PID())
		}
		s.want(`SELECT count(*) FROM pg_class WHERE relname = 't' AND relpersistence = 't'`, "0")
	})
}
