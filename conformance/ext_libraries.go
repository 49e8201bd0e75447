package conformance

import "github.com/stretchr/testify/require"

// testLibraries checks libraries that are loaded without being extensions.
func testLibraries(a *area) {
	a.library("auto_explain", func(s *session) {
		s.exec(`SET auto_explain.log_min_duration = 0; SET auto_explain.log_level = 'NOTICE'; SET auto_explain.log_analyze = on; SET auto_explain.log_timing = off`)
		s.notices = nil
		s.want(`SELECT 1 AS x`, "1")
		require.Len(s, s.notices, 1)
		require.Regexp(s, `(?s)^duration: \d+\.\d+ ms  plan:\nQuery Text: SELECT 1 AS x\nResult  \(cost=0\.00\.\.0\.01 rows=1 width=4\) \(actual rows=1(\.00)? loops=1\)$`, s.lastNotice().Message)
		s.exec(`SET auto_explain.log_nested_statements = on; CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT count(*) FROM pg_class WHERE oid = 1259); END $$`)
		s.notices = nil
		s.exec(`SELECT f()`)
		require.Len(s, s.notices, 2)
		s.exec(`SET auto_explain.log_min_duration = -1`)
	})
	a.library("passwordcheck", func(s *session) {
		name := s.name("role")
		s.fails("22023", `CREATE ROLE `+name+` PASSWORD 'short'`)
		s.fails("22023", `CREATE ROLE `+name+` PASSWORD 'lettersonly'`)
		s.fails("22023", `CREATE ROLE `+name+` PASSWORD 'xx`+name+`1'`)
		s.exec(`CREATE ROLE ` + name + ` PASSWORD 'l0ng enough?'`)
		s.exec(`DROP ROLE ` + name)
	})
	a.library("pg_overexplain", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		lines := s.query(`EXPLAIN (DEBUG, RANGE_TABLE, COSTS off) SELECT * FROM t`)
		require.Contains(s, lines, "  Disabled Nodes: 0")
		require.Contains(s, lines, "RTI 1 (relation, in-from-clause):")
	})
}
