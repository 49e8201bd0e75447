package conformance

import (
	"encoding/json"

	"github.com/stretchr/testify/require"
)

// testExplain checks plans as far as they do not depend on costs of one machine.
func testExplain(a *area) {
	a.run("Formats", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY)`)
		s.want(`EXPLAIN (COSTS OFF) SELECT * FROM t`, "Seq Scan on t")
		var plan []struct {
			Plan struct {
				NodeType string  `json:"Node Type"`
				Relation string  `json:"Relation Name"`
				Rows     float64 `json:"Plan Rows"`
			}
		}
		require.NoError(s, json.Unmarshal([]byte(s.value(`EXPLAIN (FORMAT json) SELECT * FROM t`)), &plan))
		require.Equal(s, "Seq Scan", plan[0].Plan.NodeType)
		require.Equal(s, "t", plan[0].Plan.Relation)
		require.Contains(s, s.value(`EXPLAIN (FORMAT yaml, COSTS off) SELECT 1`), `Node Type: "Result"`)
		require.Contains(s, s.value(`EXPLAIN (FORMAT xml, COSTS off) SELECT 1`), `<Node-Type>Result</Node-Type>`)
		require.Regexp(s, `^Seq Scan on t  \(cost=0\.00\.\.\d+\.\d\d rows=\d+ width=4\)$`, s.value(`EXPLAIN SELECT * FROM t`))
	})
	a.run("Analyze", func(s *session) {
		s.exec(`CREATE TABLE t (a int); INSERT INTO t SELECT * FROM generate_series(1, 100)`)
		plan := s.explain(`SELECT 1`)
		require.NotContains(s, plan, "actual")
		var result []map[string]any
		require.NoError(s, json.Unmarshal([]byte(s.value(`EXPLAIN (ANALYZE, FORMAT json, BUFFERS, WAL, SETTINGS, VERBOSE, TIMING off) SELECT count(*) FROM t WHERE a <= 50`)), &result))
		node := result[0]["Plan"].(map[string]any)
		require.Equal(s, "Aggregate", node["Node Type"])
		require.EqualValues(s, 1, node["Actual Rows"])
		scan := node["Plans"].([]any)[0].(map[string]any)
		require.EqualValues(s, 50, scan["Actual Rows"])
		require.EqualValues(s, 50, scan["Rows Removed by Filter"])
		require.Contains(s, result[0], "Execution Time")
		s.exec(`BEGIN; EXPLAIN ANALYZE INSERT INTO t VALUES (1000); ROLLBACK`)
		s.want(`SELECT max(a) FROM t`, "100")
		s.fails("22023", `EXPLAIN (TIMING) SELECT 1`)
	})
	a.run("Utility", func(s *session) {
		s.plans(`CREATE TABLE x AS SELECT 1`, "Result")
		s.want(`SELECT to_regclass('x')`, null)
		s.exec(`PREPARE p (int) AS SELECT $1`)
		s.plans(`EXECUTE p (1)`, "Result")
		s.exec(`DEALLOCATE p`)
		s.fails("42601", `EXPLAIN VACUUM`)
	})
	a.run("GenericPlan", func(s *session) {
		s.needs(16, "EXPLAIN (GENERIC_PLAN)")
		s.exec(`CREATE TABLE t (a int)`)
		s.plans(`SELECT 1`, "Result")
		require.Contains(s, s.query(`EXPLAIN (GENERIC_PLAN, COSTS off) SELECT * FROM t WHERE a = $1`), "  Filter: (a = $1)")
	})
	a.run("MemoryAndSerialize", func(s *session) {
		s.needs(17, "EXPLAIN (MEMORY, SERIALIZE)")
		var result []map[string]any
		require.NoError(s, json.Unmarshal([]byte(s.value(`EXPLAIN (ANALYZE, MEMORY, SERIALIZE text, FORMAT json) SELECT 1`)), &result))
		require.Contains(s, result[0], "Serialization")
		require.Contains(s, result[0]["Planning"], "Memory Used")
	})
	a.run("Nodes", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, b int, c text); INSERT INTO t SELECT i, i % 10, md5(i::text) FROM generate_series(1, 5000) AS i; CREATE INDEX t_b ON t (b); CREATE INDEX t_c ON t (c) INCLUDE (a)`)
		s.exec(`VACUUM ANALYZE t`)
		for sql, node := range map[string]string{
			`SELECT * FROM t WHERE a = 5`:                               "Index Scan using t_pkey",
			`SELECT a FROM t WHERE a < 5`:                               "Index Only Scan using t_pkey",
			`SELECT a FROM t WHERE c = 'x'`:                             "Index Only Scan using t_c",
			`SELECT * FROM t WHERE b = 3 AND a < 4000`:                  "Bitmap",
			`SELECT b, count(*) FROM t GROUP BY b`:                      "HashAggregate",
			`SELECT * FROM t ORDER BY a DESC LIMIT 1`:                   "Index Scan Backward using t_pkey",
			`SELECT * FROM t ORDER BY b, a LIMIT 10`:                    "Incremental Sort",
			`SELECT DISTINCT b FROM t`:                                  "HashAggregate",
			`SELECT * FROM t x JOIN t y ON x.a + 0 = y.a + 0`:           "Join",
			`SELECT row_number() OVER (ORDER BY c) FROM t`:              "WindowAgg",
			`SELECT * FROM t WHERE a IN (SELECT b FROM t)`:              "Join",
			`SELECT * FROM t WHERE a = 1 OR a = 2`:                      "Scan",
			`SELECT 1 UNION ALL SELECT 2`:                               "Append",
			`WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT 2) TABLE r`: "Append",
			`SELECT * FROM t WHERE false`:                               "One-Time Filter: false",
			`SELECT max(a) FROM t`:                                      "Limit",
			`SELECT * FROM generate_series(1, 3)`:                       "Function Scan",
			`SELECT * FROM (VALUES (1), (2)) v`:                         "Values Scan",
			`SELECT x.a FROM t x LEFT JOIN t y ON x.a = y.a`:            "Seq Scan on t x",
			`INSERT INTO t SELECT * FROM t ON CONFLICT DO NOTHING`:      "Conflict Resolution: NOTHING",
			`UPDATE t SET b = 1 WHERE a = 1`:                            "Update on t",
			`DELETE FROM t`:                                             "Delete on t",
		} {
			s.plans(sql, node)
		}
	})
	a.run("CostOfRescans", func(s *session) {
		// A cache before an inner side with a unique key saves nothing, and must not look as if it did.
		s.exec(`CREATE TEMP TABLE o (unique1 int, ten int, hundred int); INSERT INTO o SELECT g, g % 10, g % 100 FROM generate_series(0, 999) AS g;
			CREATE UNIQUE INDEX ON o (unique1); ANALYZE o`)
		const query = `EXPLAIN SELECT * FROM o a CROSS JOIN LATERAL (SELECT b.unique1 + a.hundred AS x, random() FROM o b WHERE b.unique1 = a.unique1) s WHERE a.ten = 0`
		plan := s.query(query)
		require.Regexp(s, `^Nested Loop  \(cost=0\.28\.\.8(49|50)\.25 rows=100 width=24\)$`, plan[0], "850 in PostgreSQL 15, 849 in 18")
		s.exec(`SET enable_memoize = off`)
		require.Equal(s, s.query(query), plan)
	})
	a.run("NoParallelWorkersNeeded", func(s *session) {
		// Plans may be parallel; results must be the same whether or not there are workers.
		s.exec(`CREATE TABLE t AS SELECT i, i % 100 AS g FROM generate_series(1, 100000) AS i; ANALYZE t; SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0; SET max_parallel_workers_per_gather = 2`)
		s.want(`SELECT count(*), sum(i) FROM t`, "100000|5000050000")
		s.want(`SELECT count(*) FROM (SELECT g, sum(i) FROM t GROUP BY g) v`, "100")
		s.want(`SELECT i FROM t WHERE g = 5 ORDER BY i LIMIT 2`, "5", "105")
	})
	a.run("Statistics", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT i % 10 AS a, i % 10 AS b FROM generate_series(1, 10000) AS i; CREATE STATISTICS st (dependencies, ndistinct, mcv) ON a, b FROM t; ANALYZE t`)
		s.want(`SELECT n_distinct, null_frac, array_length(most_common_freqs, 1) FROM pg_stats WHERE schemaname = current_schema AND tablename = 't' AND attname = 'a'`, "10|0|10")
		s.want(`SELECT n_distinct::text LIKE '%10}' FROM pg_stats_ext WHERE statistics_schemaname = current_schema`, "t")
		require.NotContains(s, s.value(`EXPLAIN (FORMAT json) SELECT * FROM t WHERE a = 1 AND b = 1`), `"Plan Rows": 100,`)
	})
}
