package conformance

import (
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// testDatabases checks databases and tablespaces.
func testDatabases(a *area) {
	a.run("CreateAndDrop", func(s *session) {
		name := s.name("db")
		s.wantTag("CREATE DATABASE", `CREATE DATABASE `+name+` TEMPLATE template0 CONNECTION LIMIT 5`)
		s.want(`SELECT datconnlimit, datallowconn, datistemplate, encoding FROM pg_database WHERE datname = '`+name+`'`, "5|t|f|6")
		s.fails("42P04", `CREATE DATABASE `+name)
		s.exec(`ALTER DATABASE ` + name + ` SET work_mem = '7MB'`)
		s.exec(`ALTER DATABASE ` + name + ` RENAME TO ` + name + `2`)
		s.exec(`COMMENT ON DATABASE ` + name + `2 IS 'x'`)
		s.wantTag("DROP DATABASE", `DROP DATABASE `+name+`2`)
		s.fails("3D000", `DROP DATABASE `+name)
		s.exec(`DROP DATABASE IF EXISTS ` + name)
		s.fails("55006", `DROP DATABASE "`+s.value(`SELECT current_database()`)+`"`)
		s.fails("3D000", `CREATE DATABASE x TEMPLATE `+name)
	})
	a.run("Strategies", func(s *session) {
		for _, strategy := range []string{"wal_log", "file_copy"} {
			name := s.name(strategy)
			s.exec(`CREATE DATABASE ` + name + ` TEMPLATE template1 STRATEGY ` + strategy)
			s.want(`SELECT pg_database_size('`+name+`') > 1000000`, "t")
			s.exec(`DROP DATABASE ` + name)
		}
	})
	a.run("Connect", func(s *session) {
		name := s.name("db")
		s.exec(`CREATE DATABASE ` + name + ` TEMPLATE template0`)
		s.exec(`ALTER DATABASE ` + name + ` SET work_mem = '7MB'`)
		// The session goes to the new database and back, because it may be the only one.
		require.NoError(s, s.pg.Close(s.ctx))
		s.connect(func(config *pgx.ConnConfig) { config.Database = name })
		s.want(`SELECT current_database() = '`+name+`', current_setting('work_mem')`, "t|7MB")
		s.exec(`CREATE TABLE t AS SELECT * FROM generate_series(1, 100) AS a`)
		s.want(`SELECT sum(a) FROM t`, "5050")
		s.fails("0A000", `SELECT * FROM template1.public.t`)
		require.NoError(s, s.pg.Close(s.ctx))
		s.connect(nil)
		s.want(`SELECT to_regclass('t')`, null)
		s.exec(`DROP DATABASE ` + name + ` WITH (FORCE)`)
	})
	a.run("Tablespaces", func(s *session) {
		s.want(`SELECT spcname FROM pg_tablespace WHERE oid < 16384 ORDER BY 1`, "pg_default", "pg_global")
		s.fails("42602", `CREATE TABLESPACE x LOCATION E'/a\'b'`)
		s.fails("42P17", `CREATE TABLESPACE x LOCATION 'relative'`)
		s.fails("58P01", `CREATE TABLESPACE x LOCATION '/nowhere/to/be/found'`)
		s.fails("42704", `CREATE TABLE t (a int) TABLESPACE nope`)
	})
}
