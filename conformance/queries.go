package conformance

// testQueries checks what a SELECT can do.
func testQueries(a *area) {
	a.run("Windows", func(s *session) {
		s.exec(`CREATE TABLE emp (dep text, name text, pay int);
			INSERT INTO emp VALUES ('dev', 'a', 5200), ('dev', 'b', 4200), ('dev', 'c', 4500), ('dev', 'd', 6000), ('dev', 'e', 5200), ('hr', 'f', 3500), ('hr', 'g', 3900), ('ops', 'h', 4800)`)
		s.want(`SELECT name, rank() OVER w, dense_rank() OVER w, percent_rank() OVER w, cume_dist() OVER w, ntile(2) OVER w
			FROM emp WHERE dep = 'dev' WINDOW w AS (ORDER BY pay DESC) ORDER BY pay DESC, name`,
			"d|1|1|0|0.2|1", "a|2|2|0.25|0.6|1", "e|2|2|0.25|0.6|1", "c|4|3|0.75|0.8|2", "b|5|4|1|1|2")
		s.want(`SELECT name, lag(pay) OVER w, lead(pay, 2, -1) OVER w, first_value(name) OVER w, last_value(name) OVER w, nth_value(name, 2) OVER w
			FROM emp WHERE dep <> 'dev' WINDOW w AS (PARTITION BY dep ORDER BY pay) ORDER BY name`,
			"f|∅|-1|f|f|∅", "g|3500|-1|f|g|g", "h|∅|-1|h|h|∅")
	})
	a.run("WindowFrames", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT * FROM (VALUES (1, 10), (2, 20), (3, 20), (5, 30), (8, 40)) v (i, n)`)
		for frame, sums := range map[string]string{
			`ROWS BETWEEN 1 PRECEDING AND 1 FOLLOWING`:                                     "30,50,70,90,70",
			`ROWS UNBOUNDED PRECEDING`:                                                     "10,30,50,80,120",
			`ROWS BETWEEN CURRENT ROW AND UNBOUNDED FOLLOWING`:                             "120,110,90,70,40",
			`ROWS BETWEEN 3 PRECEDING AND 2 PRECEDING`:                                     "∅,∅,10,30,40",
			`RANGE BETWEEN 2 PRECEDING AND 1 FOLLOWING`:                                    "30,50,50,50,40",
			`RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW`:                            "10,30,50,80,120",
			`GROUPS BETWEEN 1 PRECEDING AND CURRENT ROW`:                                   "10,30,40,50,70",
			`ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING EXCLUDE CURRENT ROW`: "110,100,100,90,80",
		} {
			s.want(`SELECT string_agg(coalesce(x::text, '∅'), ',') FROM (SELECT sum(n) OVER (ORDER BY i `+frame+`) AS x FROM t ORDER BY i) v`, sums)
		}
		s.want(`SELECT string_agg(x::text, ',') FROM (SELECT count(*) OVER (ORDER BY n GROUPS BETWEEN CURRENT ROW AND 1 FOLLOWING EXCLUDE TIES) AS x FROM t ORDER BY i) v`, "3,2,2,2,1")
		s.want(`SELECT i, sum(n) FILTER (WHERE n > 10) OVER (ORDER BY i), array_agg(n) OVER (ORDER BY n RANGE BETWEEN '5' PRECEDING AND '5' FOLLOWING) FROM t ORDER BY i LIMIT 3`,
			"1|∅|{10}", "2|20|{20,20}", "3|40|{20,20}")
		s.fails("22013", `SELECT sum(n) OVER (ORDER BY i ROWS -1 PRECEDING) FROM t`)
		s.fails("42P20", `SELECT sum(n) OVER (RANGE 1 PRECEDING) FROM t`)
	})
	a.run("Recursion", func(s *session) {
		s.want(`WITH RECURSIVE f (a, b, n) AS (SELECT 0::numeric, 1::numeric, 1 UNION ALL SELECT b, a + b, n + 1 FROM f WHERE n < 100) SELECT a FROM f WHERE n = 100`, "218922995834555169026")
		s.exec(`CREATE TABLE edge (f int, t int); INSERT INTO edge VALUES (1, 2), (1, 3), (2, 4), (3, 4), (4, 1), (4, 5)`)
		s.want(`WITH RECURSIVE r (n) AS (SELECT 1 UNION SELECT e.t FROM r JOIN edge e ON e.f = r.n) SELECT n FROM r ORDER BY n`, "1", "2", "3", "4", "5")
		s.want(`WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT e.t FROM r JOIN edge e ON e.f = r.n) SEARCH DEPTH FIRST BY n SET ord CYCLE n SET is_cycle USING path
			SELECT n, is_cycle, array_length(path, 1) FROM r ORDER BY ord`,
			"1|f|1", "2|f|2", "4|f|3", "1|t|4", "5|f|4", "3|f|2", "4|f|3", "1|t|4", "5|f|4")
		s.want(`WITH RECURSIVE r (n, d) AS (SELECT 1, 0 UNION ALL SELECT e.t, d + 1 FROM r JOIN edge e ON e.f = r.n WHERE d < 2) SEARCH BREADTH FIRST BY n SET ord SELECT n FROM r ORDER BY ord`,
			"1", "2", "3", "4", "4")
		s.want(`WITH RECURSIVE t (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM t) SELECT sum(n) FROM (SELECT n FROM t LIMIT 1000) v`, "500500")
	})
	a.run("CommonTableExpressions", func(s *session) {
		s.want(`WITH a AS (SELECT 1 AS x), b AS MATERIALIZED (SELECT x + 1 AS y FROM a), c AS NOT MATERIALIZED (SELECT * FROM a, b) SELECT * FROM c`, "1|2")
		s.exec(`CREATE TABLE t (a int)`)
		s.want(`WITH i AS (INSERT INTO t VALUES (1), (2) RETURNING a), d AS (DELETE FROM t RETURNING a) SELECT (SELECT count(*) FROM i), (SELECT count(*) FROM d), (SELECT count(*) FROM t)`, "2|0|0")
		s.want(`SELECT count(*) FROM t`, "2")
	})
	a.run("Grouping", func(s *session) {
		s.exec(`CREATE TABLE sales (region text, product text, n int); INSERT INTO sales VALUES ('e', 'x', 1), ('e', 'y', 2), ('w', 'x', 4), ('w', 'y', 8), ('w', 'y', 16)`)
		s.want(`SELECT region, product, sum(n), grouping(region, product) FROM sales GROUP BY ROLLUP (region, product) ORDER BY 4, 1, 2`,
			"e|x|1|0", "e|y|2|0", "w|x|4|0", "w|y|24|0", "e|∅|3|1", "w|∅|28|1", "∅|∅|31|3")
		s.want(`SELECT region, product, count(*) FROM sales GROUP BY CUBE (region, product) ORDER BY grouping(region, product), 1, 2`,
			"e|x|1", "e|y|1", "w|x|1", "w|y|2", "e|∅|2", "w|∅|3", "∅|x|2", "∅|y|3", "∅|∅|5")
		s.want(`SELECT region, product, max(n) FROM sales GROUP BY GROUPING SETS ((region), (product), ()) ORDER BY 1, 2`,
			"e|∅|2", "w|∅|16", "∅|x|4", "∅|y|16", "∅|∅|16")
		s.want(`SELECT product FROM sales GROUP BY DISTINCT ROLLUP (product), ROLLUP (product) HAVING sum(n) > 10 ORDER BY 1`, "y", "∅")
		s.want(`SELECT DISTINCT ON (region) region, product, n FROM sales ORDER BY region, n DESC`, "e|y|2", "w|y|16")
	})
	a.run("Aggregates", func(s *session) {
		s.want(`SELECT count(*), sum(x), avg(x), min(x), max(x), round(stddev(x), 4), round(var_pop(x), 4), bool_and(x > 0), every(x < 3), bit_or(x), bit_xor(x) FROM generate_series(1, 5) AS x`,
			"5|15|3.0000000000000000|1|5|1.5811|2.0000|t|f|7|1")
		s.want(`SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY x), percentile_disc('{0.25,0.75}'::float8[]) WITHIN GROUP (ORDER BY x), mode() WITHIN GROUP (ORDER BY x % 2), rank(3) WITHIN GROUP (ORDER BY x) FROM generate_series(1, 4) AS x`,
			"2.5|{1,3}|0|3")
		s.want(`SELECT string_agg(x::text, ',' ORDER BY x DESC), array_agg(DISTINCT x % 2), count(DISTINCT x % 3), sum(x) FILTER (WHERE x > 2), corr(x, x), regr_slope(x * 2, x) FROM generate_series(1, 4) AS x`,
			"4,3,2,1|{0,1}|3|7|1|2")
		s.want(`SELECT sum(x), avg(x), count(x), max(x), array_agg(x) FROM (SELECT 1 WHERE false) v (x)`, "∅|∅|0|∅|∅")
		s.want(`SELECT range_agg(r), range_intersect_agg(r) FROM (VALUES (int4range(1, 5)), (int4range(3, 9))) v (r)`, "{[1,9)}|[3,5)")
		s.exec(`CREATE AGGREGATE product (numeric) (SFUNC = numeric_mul, STYPE = numeric, INITCOND = 1)`)
		s.want(`SELECT product(x) FROM generate_series(1, 20) AS x`, "2432902008176640000")
	})
	a.run("Joins", func(s *session) {
		s.exec(`CREATE TABLE l (id int, v text); INSERT INTO l VALUES (1, 'a'), (2, 'b'), (3, NULL); CREATE TABLE r (id int, w text); INSERT INTO r VALUES (2, 'x'), (3, 'y'), (4, 'z')`)
		s.want(`SELECT * FROM l JOIN r USING (id) ORDER BY 1`, "2|b|x", "3|∅|y")
		s.want(`SELECT id, v, w FROM l FULL JOIN r USING (id) ORDER BY 1`, "1|a|∅", "2|b|x", "3|∅|y", "4|∅|z")
		s.want(`SELECT l.id, r.id FROM l LEFT JOIN r ON l.id = r.id AND w = 'y' ORDER BY 1`, "1|∅", "2|∅", "3|3")
		s.want(`SELECT count(*) FROM l CROSS JOIN r`, "9")
		s.want(`SELECT * FROM l NATURAL JOIN r AS j (i, k) WHERE false`)
		s.want(`SELECT l.id FROM l WHERE EXISTS (SELECT 1 FROM r WHERE r.id = l.id) AND l.id NOT IN (SELECT id FROM r WHERE w = 'y')`, "2")
		s.want(`SELECT j.id FROM (l JOIN r USING (id) AS k) AS j ORDER BY 1`, "2", "3")
		for _, method := range []string{"hashjoin", "mergejoin", "nestloop"} {
			s.exec(`SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_nestloop = off; SET enable_` + method + ` = on`)
			s.want(`SELECT count(*), sum(a.i) FROM generate_series(1, 2000) AS a (i) JOIN generate_series(500, 2500) AS b (i) USING (i)`, "1501|1876250")
		}
	})
	a.run("Lateral", func(s *session) {
		s.want(`SELECT i, x.* FROM generate_series(1, 3) AS i, LATERAL (SELECT i * 10 AS n, array_agg(j) FROM generate_series(1, i) AS j) AS x`, "1|10|{1}", "2|20|{1,2}", "3|30|{1,2,3}")
		s.want(`SELECT i, j FROM generate_series(1, 2) AS i LEFT JOIN LATERAL (SELECT j FROM generate_series(1, 3) AS j WHERE j > i + 1) AS x ON true`, "1|3", "2|∅")
		s.want(`SELECT * FROM ROWS FROM (generate_series(1, 3), unnest(ARRAY['a', 'b'])) WITH ORDINALITY AS t (n, l, o)`, "1|a|1", "2|b|2", "3|∅|3")
		s.want(`SELECT * FROM unnest('{1,2}'::int[], '{x,y,z}'::text[]) AS u (a, b)`, "1|x", "2|y", "∅|z")
	})
	a.run("SetOperations", func(s *session) {
		s.want(`SELECT * FROM (VALUES (1), (1), (2), (3)) a UNION SELECT 3 ORDER BY 1`, "1", "2", "3")
		s.want(`(VALUES (1), (1), (2)) EXCEPT ALL (VALUES (1)) ORDER BY 1`, "1", "2")
		s.want(`(VALUES (1), (1), (2)) INTERSECT ALL (VALUES (1), (1), (1)) ORDER BY 1`, "1", "1")
		s.want(`SELECT 1 UNION ALL SELECT 2.5 UNION ALL SELECT NULL ORDER BY 1 DESC NULLS LAST`, "2.5", "1", "∅")
	})
	a.run("OrderAndLimit", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'b'), (2, NULL), (3, 'a'), (4, 'B')`)
		s.want(`SELECT a FROM t ORDER BY b COLLATE "C" NULLS FIRST`, "2", "4", "3", "1")
		s.want(`SELECT a FROM t ORDER BY b COLLATE "C" DESC`, "2", "1", "3", "4")
		s.want(`SELECT a FROM t ORDER BY -a LIMIT 2 OFFSET 1`, "3", "2")
		s.want(`SELECT x FROM (VALUES (1), (2), (2), (3)) v (x) ORDER BY x FETCH FIRST 2 ROWS WITH TIES`, "1", "2", "2")
		s.want(`SELECT a FROM t ORDER BY a USING > OFFSET 2 ROWS FETCH NEXT ROW ONLY`, "2")
		s.want(`SELECT a FROM t ORDER BY a LIMIT NULL OFFSET NULL`, "1", "2", "3", "4")
	})
	a.run("Subqueries", func(s *session) {
		s.want(`SELECT (SELECT 1), ARRAY(SELECT x FROM generate_series(1, 3) AS x), 2 = ANY (SELECT 2), 5 > ALL (VALUES (1), (4)), (1, 2) IN (SELECT 1, 2), NULL IN (SELECT 1), 1 NOT IN (SELECT NULL::int)`, "1|{1,2,3}|t|t|t|∅|∅")
		s.want(`SELECT x, (SELECT count(*) FROM generate_series(1, x)) FROM generate_series(1, 2) AS x`, "1|1", "2|2")
		s.want(`SELECT row(1, NULL) = row(1, NULL), row(1, 2) < row(1, 3), row(1, NULL) IS NULL, row(NULL, NULL) IS NULL, (1, 2) IS DISTINCT FROM (1, 2)`, "∅|t|f|t|f")
	})
	a.run("Spilling", func(s *session) {
		// Sorts, hashes and materialised rows that do not fit go to temporary files.
		s.exec(`SET work_mem = '64kB'; SET hash_mem_multiplier = 1; CREATE TABLE t AS SELECT i, md5(i::text) AS h FROM generate_series(1, 50000) AS i`)
		s.want(`SELECT count(*), min(h), max(h) FROM (SELECT h FROM t ORDER BY h OFFSET 10) v`, s.value(`SELECT count(*) - 10, (SELECT h FROM t ORDER BY h COLLATE "C" OFFSET 10 LIMIT 1), max(h) FROM t`))
		s.want(`SELECT count(*) FROM (SELECT h, count(*) FROM t GROUP BY h HAVING count(*) = 1) v`, "50000")
		s.want(`SELECT count(*) FROM t a JOIN t b ON a.h = b.h`, "50000")
		s.want(`SELECT i FROM (SELECT i, lag(h, 40000) OVER (ORDER BY i) AS l FROM t) v WHERE l IS NOT NULL ORDER BY i LIMIT 1`, "40001")
	})
	a.run("TableSample", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT * FROM generate_series(1, 10000) AS i`)
		s.want(`SELECT count(*) FROM t TABLESAMPLE SYSTEM (100)`, "10000")
		s.want(`SELECT count(*) = (SELECT count(*) FROM t TABLESAMPLE BERNOULLI (10) REPEATABLE (7)), count(*) BETWEEN 500 AND 1500 FROM t TABLESAMPLE BERNOULLI (10) REPEATABLE (7)`, "t|t")
	})
	a.run("Case", func(s *session) {
		s.want(`SELECT CASE x WHEN 1 THEN 'one' WHEN 2 THEN 'two' ELSE 'many' END, CASE WHEN x > 1 THEN 1 / (x - 1) END, coalesce(NULL, x), nullif(x, 2), greatest(x, NULL, 2), least(3, x) FROM generate_series(1, 3) AS x`,
			"one|∅|1|1|2|1", "two|1|2|∅|2|2", "many|0|3|3|3|3")
	})
}
