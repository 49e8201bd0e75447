package conformance

import "github.com/stretchr/testify/require"

// testIndexes checks that each kind of index is built, used and kept up to date.
func testIndexes(a *area) {
	const table = `CREATE TABLE t (id int, n int, txt text, arr int[], r int4range, p point, v tsvector, ip inet);
		INSERT INTO t SELECT i, i % 50, md5(i::text), ARRAY[i % 7, i % 11], int4range(i, i + 10), point(i, i), to_tsvector('simple', 'w' || i % 20), ('10.0.' || i % 8 || '.' || i % 250)::inet FROM generate_series(1, 3000) AS i`
	for _, c := range []struct{ name, index, where, rows, node string }{
		{"BTree", `USING btree (n)`, `n = 7`, "60", "n = 7"},
		{"BTreeRange", `(id)`, `id BETWEEN 100 AND 199`, "100", "id >= 100"},
		{"BTreeDesc", `(n DESC NULLS LAST, id)`, `n = 7 AND id > 2900`, "2", "n = 7"},
		{"BTreeText", `(txt text_pattern_ops)`, `txt LIKE 'ab%'`, "13", "txt ~>=~ 'ab'"},
		{"BTreeExpression", `(lower(txt))`, `lower(txt) = md5('5')`, "1", "lower(txt)"},
		{"BTreePartial", `(id) WHERE n = 7`, `n = 7 AND id < 100`, "2", "id < 100"},
		{"BTreeAny", `(id)`, `id = ANY ('{1,5,9,99999}')`, "3", "ANY"},
		{"Hash", `USING hash (txt)`, `txt = md5('77')`, "1", "txt = "},
		{"GINArray", `USING gin (arr)`, `arr @> '{3,5}'`, "78", "arr @> "},
		{"GINText", `USING gin (v) WITH (fastupdate = off)`, `v @@ 'w3'`, "150", "v @@ "},
		{"GiSTRange", `USING gist (r)`, `r && '[100,105)'`, "14", "r && "},
		{"GiSTPoint", `USING gist (p)`, `p <@ box '(10,10),(19,19)'`, "10", "p <@ "},
		{"GiSTInet", `USING gist (ip inet_ops)`, `ip << '10.0.3.0/24'`, "375", "ip << "},
		{"SPGiSTPoint", `USING spgist (p)`, `p <@ box '(10,10),(19,19)'`, "10", "p <@ "},
		{"SPGiSTText", `USING spgist (txt)`, `txt ^@ 'ab'`, "13", "txt ^@ "},
		{"SPGiSTRange", `USING spgist (r)`, `r @> 50`, "10", "r @> "},
		{"SPGiSTInet", `USING spgist (ip)`, `ip <<= '10.0.3.0/24'`, "375", "ip <<= "},
		{"BRIN", `USING brin (id) WITH (pages_per_range = 4)`, `id BETWEEN 100 AND 199`, "100", "id >= 100"},
		{"BRINMulti", `USING brin (id int4_minmax_multi_ops)`, `id = 1234`, "1", "id = 1234"},
		{"BRINBloom", `USING brin (txt text_bloom_ops)`, `txt = md5('77')`, "1", "txt = "},
		{"BRINInclusion", `USING brin (r range_inclusion_ops)`, `r @> 50`, "10", "r @> "},
	} {
		a.run(c.name, func(s *session) {
			s.exec(table + `; CREATE INDEX idx ON t ` + c.index + `; ANALYZE t`)
			count := `SELECT count(*) FROM t WHERE ` + c.where
			s.exec(`SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off`)
			s.want(count, c.rows)
			s.exec(`RESET enable_indexscan; RESET enable_bitmapscan; RESET enable_indexonlyscan; SET enable_seqscan = off`)
			s.plans(`SELECT * FROM t WHERE `+c.where, "idx", c.node)
			s.want(count, c.rows)

			// The index follows changes, and what a rebuild makes of it is the same.
			s.exec(`INSERT INTO t SELECT * FROM t WHERE id <= 1500; DELETE FROM t WHERE id % 3 = 0; UPDATE t SET n = n, txt = txt || '' WHERE id % 5 = 0`)
			s.exec(`SET enable_seqscan = on; SET enable_indexscan = off; SET enable_bitmapscan = off; SET enable_indexonlyscan = off`)
			rows := s.value(count)
			s.exec(`RESET enable_indexscan; RESET enable_bitmapscan; RESET enable_indexonlyscan; SET enable_seqscan = off`)
			s.want(count, rows)
			s.exec(`VACUUM t`)
			s.want(count, rows)
			s.exec(`REINDEX INDEX idx`)
			s.want(count, rows)
		})
	}
	a.run("NearestNeighbour", func(s *session) {
		s.exec(table + `; CREATE INDEX gist_p ON t USING gist (p); SET enable_seqscan = off; SET enable_sort = off`)
		s.plans(`SELECT id FROM t ORDER BY p <-> '(100.2,100.2)' LIMIT 3`, "Index Scan using gist_p", "Order By")
		s.want(`SELECT id FROM t ORDER BY p <-> '(100.2,100.2)' LIMIT 3`, "100", "101", "99")
		s.exec(`DROP INDEX gist_p; CREATE INDEX sp_p ON t USING spgist (p)`)
		s.want(`SELECT id FROM t ORDER BY p <-> '(100.2,100.2)' LIMIT 3`, "100", "101", "99")
	})
	a.run("Covering", func(s *session) {
		s.exec(table + `; CREATE INDEX cover ON t (n) INCLUDE (txt)`)
		s.exec(`VACUUM ANALYZE t`)
		s.exec(`SET enable_seqscan = off`)
		s.plans(`SELECT n, txt FROM t WHERE n = 3`, "Index Only Scan using cover")
		s.want(`SELECT count(DISTINCT txt) FROM t WHERE n = 3`, "60")
	})
	a.run("Bitmaps", func(s *session) {
		s.exec(table + `; CREATE INDEX a ON t (n); CREATE INDEX b ON t USING gin (arr); ANALYZE t; SET enable_seqscan = off; SET enable_indexscan = off`)
		s.plans(`SELECT * FROM t WHERE n = 3 OR arr @> '{3,5}'`, "BitmapOr")
		s.want(`SELECT count(*) FROM t WHERE n = 3 OR arr @> '{3,5}'`, s.value(`SELECT count(*) FROM (TABLE t) v WHERE (n + 0) = 3 OR (arr || '{}') @> '{3,5}'`))
	})
	a.run("Duplicates", func(s *session) {
		s.exec(`CREATE TABLE d AS SELECT 1 AS a, i AS b FROM generate_series(1, 20000) AS i; CREATE INDEX plain ON d (a) WITH (deduplicate_items = off); CREATE INDEX dedup ON d (a)`)
		s.want(`SELECT pg_relation_size('dedup') < pg_relation_size('plain') / 2`, "t")
		s.exec(`DELETE FROM d WHERE b % 2 = 0`)
		s.exec(`VACUUM d`)
		s.exec(`SET enable_seqscan = off`)
		s.want(`SELECT count(*) FROM d WHERE a = 1`, "10000")
	})
	a.run("Growth", func(s *session) {
		// Random order splits pages everywhere; the order of the scan proves the tree.
		s.exec(`CREATE TABLE g (h text); CREATE INDEX g_h ON g (h); INSERT INTO g SELECT md5(i::text) FROM generate_series(1, 30000) AS i; SET enable_seqscan = off; SET enable_sort = off`)
		s.plans(`SELECT h FROM g ORDER BY h`, "g_h")
		s.want(`SELECT count(*), bool_and(h >= l) FROM (SELECT h, lag(h, 1, '') OVER (ORDER BY h) AS l FROM g) v`, "30000|t")
	})
	a.run("Properties", func(s *session) {
		s.exec(`CREATE TABLE t (a int); CREATE INDEX idx ON t (a DESC NULLS LAST) WITH (fillfactor = 70)`)
		s.want(`SELECT pg_get_indexdef('idx'::regclass)`, "CREATE INDEX idx ON "+s.schema+".t USING btree (a DESC NULLS LAST) WITH (fillfactor='70')")
		s.want(`SELECT pg_index_column_has_property('idx', 1, 'desc'), pg_indexam_has_property(403, 'can_unique'), amname FROM pg_am WHERE oid = 403`, "t|t|btree")
		s.want(`SELECT array_agg(amname::text ORDER BY 1) @> '{brin,btree,gin,gist,hash,spgist}' FROM pg_am WHERE amtype = 'i'`, "t")
		e := s.fails("54000", `CREATE TABLE big (x text); INSERT INTO big VALUES (repeat(md5('a'), 5000)); ALTER TABLE big ALTER x SET STORAGE external; UPDATE big SET x = (SELECT string_agg(md5(i::text), '') FROM generate_series(1, 500) AS i); CREATE INDEX ON big (x)`)
		require.Contains(s, e.Message, "index row")
		s.fails("42704", `CREATE INDEX ON t USING nope (a)`)
		s.fails("42704", `CREATE INDEX ON t USING gin (a)`)
		s.fails("42P17", `CREATE INDEX ON t ((now()))`)
	})
}
