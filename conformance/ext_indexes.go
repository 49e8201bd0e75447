package conformance

// testExtensionIndexes checks extensions that bring index methods and operator classes.
func testExtensionIndexes(a *area) {
	a.extension("bloom", func(s *session) {
		s.exec(`CREATE TABLE bt (id serial, name text, a int, b int); CREATE INDEX bti ON bt USING bloom (name, a, b) WITH (length = 80, col1 = 4); INSERT INTO bt (name, a, b) SELECT 'n' || i, i % 100, i % 77 FROM generate_series(1, 5000) AS i; SET enable_seqscan = off`)
		s.plans(`SELECT name FROM bt WHERE name = 'n5'`, "Bitmap Index Scan on bti")
		s.want(`SELECT id FROM bt WHERE name = 'n77'`, "77")
		s.want(`SELECT count(*) FROM bt WHERE a = 5 AND b = 5`, s.value(`SELECT count(*) FROM generate_series(1, 5000) AS i WHERE i % 100 = 5 AND i % 77 = 5`))
		s.exec(`DELETE FROM bt WHERE id % 2 = 0`)
		s.exec(`VACUUM bt`)
		s.want(`SELECT count(*) FROM bt WHERE name IN ('n1', 'n2', 'n3')`, "2")
	})
	a.extension("btree_gin", func(s *session) {
		s.exec(`CREATE TABLE t (n int4, d date, x text, arr int[]); INSERT INTO t SELECT i % 50, date '2024-01-01' + i % 30, 'v' || i % 10, ARRAY[i % 7] FROM generate_series(1, 2000) AS i; CREATE INDEX g ON t USING gin (n, d, x, arr); SET enable_seqscan = off`)
		s.plans(`SELECT * FROM t WHERE n = 1 AND arr @> '{3}'`, "Bitmap Index Scan on g")
		s.want(`SELECT count(*) FROM t WHERE n = 1 AND arr @> '{3}'`, s.value(`SELECT count(*) FROM generate_series(1, 2000) AS i WHERE i % 50 = 1 AND i % 7 = 3`))
		s.want(`SELECT count(*) FROM t WHERE n < 5`, "200")
		s.want(`SELECT count(*) FROM t WHERE d > '2024-01-25' AND x >= 'v8'`, s.value(`SELECT count(*) FROM generate_series(1, 2000) AS i WHERE i % 30 > 24 AND i % 10 >= 8`))
	})
	a.extension("btree_gist", func(s *session) {
		s.exec(`CREATE TABLE t (n int4, x text, ts timestamp, u uuid, ip inet); INSERT INTO t SELECT i, 'v' || i, timestamp '2024-01-01' + i * interval '1 hour', md5(i::text)::uuid, ('10.0.0.' || i % 250)::inet FROM generate_series(1, 1000) AS i;
			CREATE INDEX g ON t USING gist (n, ts); CREATE INDEX h ON t USING gist (x, u); SET enable_seqscan = off; SET enable_sort = off`)
		s.plans(`SELECT * FROM t WHERE n = 5`, " g")
		s.want(`SELECT n FROM t ORDER BY n <-> 500 LIMIT 1`, "500")
		s.want(`SELECT n FROM t WHERE x = 'v77' AND u = md5('77')::uuid`, "77")
		s.exec(`CREATE TABLE booking (room int, during tsrange, EXCLUDE USING gist (room WITH =, during WITH &&)); INSERT INTO booking VALUES (1, '[2024-01-01, 2024-01-02)'), (2, '[2024-01-01, 2024-01-02)')`)
		s.fails("23P01", `INSERT INTO booking VALUES (1, '[2024-01-01 12:00, 2024-01-03)')`)
		s.exec(`CREATE TABLE zoo (cage int, animal text, EXCLUDE USING gist (cage WITH =, animal WITH <>)); INSERT INTO zoo VALUES (1, 'zebra'), (1, 'zebra'), (2, 'lion')`)
		s.fails("23P01", `INSERT INTO zoo VALUES (1, 'lion')`)
	})
	a.extension("btree_gist", func(s *session) {
		s.needs(18, "temporal constraints")
		s.exec(`CREATE TABLE p (id int, valid daterange, PRIMARY KEY (id, valid WITHOUT OVERLAPS)); CREATE TABLE c (id int, p int, valid daterange, FOREIGN KEY (p, PERIOD valid) REFERENCES p (id, PERIOD valid))`)
		s.exec(`INSERT INTO p VALUES (1, '[2024-01-01, 2024-06-01)'), (1, '[2024-06-01, 2025-01-01)'); INSERT INTO c VALUES (1, 1, '[2024-05-01, 2024-07-01)')`)
		s.fails("23P01", `INSERT INTO p VALUES (1, '[2024-05-01, 2024-07-01)')`)
		s.fails("23503", `INSERT INTO c VALUES (1, 1, '[2024-12-01, 2025-07-01)')`)
	})
	a.extension("pg_trgm", func(s *session) {
		s.want(`SELECT 'test1' % 'test', 'test1' <-> 'test', 'text3' <-> 'test', similarity('word', 'two words'), word_similarity('word', 'two words'), strict_word_similarity('word', 'two words'), show_trgm('cat'), 'word' <% 'two words'`,
			`t|0.4285714|0.7777778|0.36363637|0.8|0.5714286|{"  c"," ca","at ",cat}|t`)
		s.exec(`CREATE TABLE t (x text); INSERT INTO t SELECT md5(i::text) FROM generate_series(1, 3000) AS i; INSERT INTO t VALUES ('the quick brown fox'), ('a lazy brown dog')`)
		for _, index := range []string{`USING gin (x gin_trgm_ops)`, `USING gist (x gist_trgm_ops)`, `USING gist (x gist_trgm_ops (siglen = 32))`} {
			s.exec(`CREATE INDEX idx ON t ` + index + `; SET enable_seqscan = off`)
			s.plans(`SELECT x FROM t WHERE x LIKE '%brown%'`, "idx")
			s.want(`SELECT x FROM t WHERE x LIKE '%brown%' ORDER BY x`, "a lazy brown dog", "the quick brown fox")
			s.want(`SELECT x FROM t WHERE x ~ 'quick.*fox'`, "the quick brown fox")
			s.want(`SELECT x FROM t WHERE x ILIKE '%LAZY%'`, "a lazy brown dog")
			s.want(`SELECT x FROM t WHERE x % 'the quick brown fix' ORDER BY x`, "the quick brown fox")
			s.exec(`DROP INDEX idx`)
		}
		s.exec(`CREATE INDEX idx ON t USING gist (x gist_trgm_ops); SET enable_sort = off`)
		s.plans(`SELECT x FROM t ORDER BY x <-> 'lazy dog' LIMIT 1`, "idx", "Order By")
		s.want(`SELECT x FROM t ORDER BY x <-> 'lazy dog' LIMIT 1`, "a lazy brown dog")
		s.exec(`SET pg_trgm.similarity_threshold = 0.9`)
		s.want(`SELECT 'test1' % 'test'`, "f")
	})
}
