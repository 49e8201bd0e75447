package conformance

import "github.com/stretchr/testify/require"

// testPartitions checks partitioned tables and inheritance.
func testPartitions(a *area) {
	a.run("Range", func(s *session) {
		s.exec(`CREATE TABLE t (d date NOT NULL, n int, PRIMARY KEY (d, n)) PARTITION BY RANGE (d);
			CREATE TABLE t23 PARTITION OF t FOR VALUES FROM ('2023-01-01') TO ('2024-01-01');
			CREATE TABLE t24 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO (MAXVALUE)`)
		s.exec(`INSERT INTO t VALUES ('2023-06-01', 1), ('2024-06-01', 2), ('2099-01-01', 3)`)
		s.want(`SELECT tableoid::regclass, * FROM t ORDER BY n`, "t23|2023-06-01|1", "t24|2024-06-01|2", "t24|2099-01-01|3")
		e := s.fails("23514", `INSERT INTO t VALUES ('2020-01-01', 1)`)
		require.Equal(s, `no partition of relation "t" found for row`, e.Message)
		require.Equal(s, "Partition key of the failing row contains (d) = (2020-01-01).", e.Detail)
		s.fails("42P17", `CREATE TABLE x PARTITION OF t FOR VALUES FROM ('2023-05-01') TO ('2023-07-01')`)
		s.exec(`CREATE TABLE rest PARTITION OF t DEFAULT; INSERT INTO t VALUES ('2020-01-01', 1); UPDATE t SET d = '2023-01-01' WHERE n = 2`)
		s.want(`SELECT p, count(*) FROM (SELECT tableoid::regclass::text AS p FROM t) v GROUP BY p ORDER BY p`, "rest|1", "t23|2", "t24|1")
		s.fails("23514", `CREATE TABLE t20 PARTITION OF t FOR VALUES FROM ('2020-01-01') TO ('2021-01-01')`)
		s.fails("23514", `UPDATE t23 SET d = '2025-01-01'`)
	})
	a.run("ListAndHash", func(s *session) {
		s.exec(`CREATE TABLE l (k text, n int) PARTITION BY LIST (k); CREATE TABLE l_ab PARTITION OF l FOR VALUES IN ('a', 'b'); CREATE TABLE l_null PARTITION OF l FOR VALUES IN (NULL);
			CREATE TABLE h (n int) PARTITION BY HASH (n); CREATE TABLE h0 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 0);
			CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 1); CREATE TABLE h2 PARTITION OF h FOR VALUES WITH (MODULUS 3, REMAINDER 2)`)
		s.exec(`INSERT INTO l VALUES ('a', 1), (NULL, 2), ('b', 3); INSERT INTO h SELECT * FROM generate_series(1, 300)`)
		s.want(`SELECT p, count(*) FROM (SELECT tableoid::regclass::text AS p FROM l) v GROUP BY p ORDER BY p`, "l_ab|2", "l_null|1")
		s.want(`SELECT count(*), count(DISTINCT tableoid), bool_and(satisfies_hash_partition('h'::regclass, 3, right(tableoid::regclass::text, 1)::int, n)) FROM h`, "300|3|t")
		s.fails("23514", `INSERT INTO l VALUES ('z', 1)`)
	})
	a.run("AttachAndDetach", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text) PARTITION BY RANGE (a); CREATE TABLE p (a int, b text); INSERT INTO p VALUES (5, 'x')`)
		s.fails("23514", `ALTER TABLE t ATTACH PARTITION p FOR VALUES FROM (100) TO (200)`)
		s.exec(`ALTER TABLE t ATTACH PARTITION p FOR VALUES FROM (0) TO (10); CREATE INDEX ON t (a)`)
		s.want(`SELECT indexdef LIKE '%(a)%' FROM pg_indexes WHERE schemaname = current_schema AND tablename = 'p'`, "t")
		s.want(`SELECT count(*) FROM t`, "1")
		s.exec(`ALTER TABLE t DETACH PARTITION p`)
		s.want(`SELECT (SELECT count(*) FROM t), (SELECT count(*) FROM p)`, "0|1")
		s.exec(`ALTER TABLE t ATTACH PARTITION p FOR VALUES FROM (0) TO (10)`)
		s.wantTag("ALTER TABLE", `ALTER TABLE t DETACH PARTITION p CONCURRENTLY`)
		s.want(`SELECT count(*) FROM pg_inherits WHERE inhparent = 't'::regclass`, "0")
	})
	a.run("Pruning", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b int) PARTITION BY RANGE (a)`)
		for _, from := range []string{"0", "10", "20", "30"} {
			s.exec(`CREATE TABLE t` + from + ` PARTITION OF t FOR VALUES FROM (` + from + `) TO (` + from + ` + 10)`)
		}
		s.exec(`INSERT INTO t SELECT i, i FROM generate_series(0, 39) AS i; ANALYZE t`)
		s.want(`EXPLAIN (COSTS OFF) SELECT * FROM t WHERE a = 15`, "Seq Scan on t10 t", "  Filter: (a = 15)")
		plan := s.explain(`SELECT * FROM t WHERE a BETWEEN 18 AND 22`)
		require.Contains(s, plan, "t10")
		require.Contains(s, plan, "t20")
		require.NotContains(s, plan, "t30")
		s.exec(`PREPARE q (int) AS SELECT * FROM t WHERE a = $1; SET plan_cache_mode = force_generic_plan`)
		s.plans(`EXECUTE q(25)`, "Subplans Removed: 3", "t20")
		s.want(`EXECUTE q(25)`, "25|25")
		s.exec(`DEALLOCATE q; SET enable_partition_pruning = off`)
		require.Contains(s, s.explain(`SELECT * FROM t WHERE a = 15`), "t30")
	})
	a.run("SubPartitions", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text) PARTITION BY RANGE (a); CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10) PARTITION BY LIST (b);
			CREATE TABLE t1x PARTITION OF t1 FOR VALUES IN ('x'); CREATE TABLE t1d PARTITION OF t1 DEFAULT; INSERT INTO t VALUES (1, 'x'), (2, 'y')`)
		s.want(`SELECT tableoid::regclass, * FROM t ORDER BY a`, "t1x|1|x", "t1d|2|y")
		s.want(`SELECT relid, level, isleaf FROM pg_partition_tree('t') ORDER BY level, relid::text`, "t|0|f", "t1|1|f", "t1d|2|t", "t1x|2|t")
		s.want(`SELECT pg_get_partkeydef('t'::regclass), pg_get_expr(relpartbound, oid) FROM pg_class WHERE oid = 't1x'::regclass`, "RANGE (a)|FOR VALUES IN ('x')")
	})
	a.run("Wise", func(s *session) {
		s.exec(`SET enable_partitionwise_join = on; SET enable_partitionwise_aggregate = on;
			CREATE TABLE a (k int, n int) PARTITION BY HASH (k); CREATE TABLE a0 PARTITION OF a FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE a1 PARTITION OF a FOR VALUES WITH (MODULUS 2, REMAINDER 1);
			CREATE TABLE b (k int, n int) PARTITION BY HASH (k); CREATE TABLE b0 PARTITION OF b FOR VALUES WITH (MODULUS 2, REMAINDER 0); CREATE TABLE b1 PARTITION OF b FOR VALUES WITH (MODULUS 2, REMAINDER 1);
			INSERT INTO a SELECT i % 50, i FROM generate_series(1, 500) AS i; INSERT INTO b SELECT i, i * 10 FROM generate_series(1, 50) AS i`)
		s.want(`SELECT count(*), sum(a.n), sum(b.n) FROM a JOIN b USING (k)`, "490|122500|122500")
		s.want(`SELECT k, count(*) FROM a GROUP BY k HAVING k < 2 ORDER BY k`, "0|10", "1|10")
	})
	a.run("ForeignKeys", func(s *session) {
		s.exec(`CREATE TABLE p (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10); CREATE TABLE p2 PARTITION OF p FOR VALUES FROM (10) TO (20);
			CREATE TABLE c (id int, p int REFERENCES p ON DELETE CASCADE) PARTITION BY LIST (id); CREATE TABLE c1 PARTITION OF c FOR VALUES IN (1); CREATE TABLE c2 PARTITION OF c DEFAULT`)
		s.exec(`INSERT INTO p VALUES (1), (11); INSERT INTO c VALUES (1, 11), (2, 1)`)
		s.fails("23503", `INSERT INTO c VALUES (3, 5)`)
		s.exec(`DELETE FROM p WHERE id = 11`)
		s.want(`SELECT * FROM c`, "2|1")
	})
	a.run("Inheritance", func(s *session) {
		s.exec(`CREATE TABLE city (name text, alt int CHECK (alt < 9000) NOT NULL); CREATE TABLE capital (state char(2) UNIQUE) INHERITS (city);
			INSERT INTO city VALUES ('Mariposa', 1953); INSERT INTO capital VALUES ('Madison', 845, 'WI')`)
		s.want(`SELECT name FROM city ORDER BY 1`, "Madison", "Mariposa")
		s.want(`SELECT name FROM ONLY city`, "Mariposa")
		s.fails("23514", `INSERT INTO capital VALUES ('Sky', 9999, 'XX')`)
		s.exec(`UPDATE city SET alt = alt + 1; ALTER TABLE city ADD COLUMN pop int DEFAULT 5`)
		s.want(`SELECT * FROM capital`, "Madison|846|WI|5")
		s.want(`SELECT tableoid::regclass, name FROM city* ORDER BY 2`, "capital|Madison", "city|Mariposa")
		s.exec(`ALTER TABLE capital NO INHERIT city`)
		s.want(`SELECT count(*) FROM city`, "1")
		s.exec(`ALTER TABLE capital INHERIT city; CREATE TABLE twice () INHERITS (city, capital); INSERT INTO twice (name, alt) VALUES ('Both', 1)`)
		s.want(`SELECT count(*) FROM city`, "3")
	})
}
