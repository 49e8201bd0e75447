package conformance

import (
	"strings"

	"github.com/stretchr/testify/require"
)

// testInspection checks extensions that look into the server.
func testInspection(a *area) {
	a.extension("amcheck", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT i AS a, md5(i::text) AS b FROM generate_series(1, 5000) AS i; CREATE INDEX ta ON t (a); CREATE UNIQUE INDEX tb ON t (b); DELETE FROM t WHERE a % 3 = 0`)
		s.want(`SELECT bt_index_check('pg_class_oid_index'::regclass, true), bt_index_check('ta', true), bt_index_parent_check('tb', true, true)`, "||")
		s.want(`SELECT count(*) FROM verify_heapam('t')`, "0")
		s.want(`SELECT (SELECT count(*) FROM verify_heapam('pg_class')) + (SELECT count(*) FROM verify_heapam('pg_attribute'))`, "0")
	})
	a.extension("amcheck", func(s *session) {
		s.needs(18, "gin_index_check")
		s.exec(`CREATE TABLE t AS SELECT ARRAY[i % 10, i] AS a FROM generate_series(1, 2000) AS i; CREATE INDEX ta ON t USING gin (a)`)
		s.want(`SELECT gin_index_check('ta')`, "")
	})
	a.extension("pageinspect", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT i AS a, 'x' AS b FROM generate_series(1, 10) AS i; CREATE INDEX ta ON t (a); CREATE INDEX th ON t USING hash (a); CREATE INDEX tg ON t USING gin ((ARRAY[a])); CREATE INDEX tbr ON t USING brin (a)`)
		s.want(`SELECT lower > 0, pagesize, version FROM page_header(get_raw_page('t', 0))`, "t|8192|4")
		s.want(`SELECT count(*), min(t_ctid::text) FROM heap_page_items(get_raw_page('t', 0))`, "10|(0,1)")
		s.want(`SELECT magic, level FROM bt_metap('ta')`, "340322|0")
		s.want(`SELECT type, live_items FROM bt_page_stats('ta', 1)`, "l|10")
		s.want(`SELECT count(*) FROM bt_page_items('ta', 1)`, "10")
		s.want(`SELECT hash_page_type(get_raw_page('th', 0)), (SELECT n_total_pages >= 0 FROM gin_metapage_info(get_raw_page('tg', 0))), brin_page_type(get_raw_page('tbr', 0))`, "metapage|t|meta")
		s.fails("22023", `SELECT get_raw_page('t', 1000)`)
	})
	a.extension("pg_buffercache", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT i, repeat('x', 100) FROM generate_series(1, 1000) AS i`)
		s.want(`SELECT count(*) = (SELECT setting::int FROM pg_settings WHERE name = 'shared_buffers'), count(*) FILTER (WHERE relfilenode = pg_relation_filenode('t')) > 5 FROM pg_buffercache`, "t|t")
	})
	a.extension("pg_freespacemap", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT i, repeat('x', 100) FROM generate_series(1, 1000) AS i; DELETE FROM t WHERE i > 100 AND i < 900`)
		s.exec(`VACUUM t`)
		s.want(`SELECT count(*) > 10, max(avail) > 7000 FROM pg_freespace('t')`, "t|t")
	})
	a.extension("pg_visibility", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT * FROM generate_series(1, 1000) AS i`)
		s.exec(`VACUUM (FREEZE) t`)
		s.want(`SELECT bool_and(all_visible), bool_and(all_frozen) FROM pg_visibility_map('t')`, "t|t")
		s.want(`SELECT (SELECT count(*) FROM pg_check_frozen('t')), (SELECT count(*) FROM pg_check_visible('t'))`, "0|0")
		s.exec(`UPDATE t SET i = 0 WHERE i = 1`)
		s.want(`SELECT all_visible FROM pg_visibility_map('t', 0)`, "f")
	})
	a.extension("pg_walinspect", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		start := s.value(`SELECT pg_current_wal_insert_lsn()`)
		s.exec(`INSERT INTO t SELECT * FROM generate_series(1, 100)`)
		end := s.value(`SELECT pg_current_wal_flush_lsn()`)
		s.want(`SELECT count(*) >= 100, bool_or(resource_manager = 'Heap') FROM pg_get_wal_records_info('`+start+`', '`+end+`')`, "t|t")
		s.want(`SELECT sum(count) >= 100 FROM pg_get_wal_stats('`+start+`', '`+end+`')`, "t")
	})
	a.extension("pg_surgery", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT * FROM generate_series(1, 5) AS i; DELETE FROM t WHERE i = 1`)
		s.exec(`SELECT heap_force_kill('t'::regclass, ARRAY['(0,2)']::tid[])`)
		s.want(`SELECT i FROM t ORDER BY i`, "3", "4", "5")
		s.exec(`SELECT heap_force_freeze('t'::regclass, ARRAY['(0,3)']::tid[])`)
		s.want(`SELECT count(*) FROM t`, "3")
	})
	a.extension("pg_logicalinspect", func(s *session) {
		s.want(`SELECT count(*) >= 0 FROM pg_ls_logicalsnapdir()`, "t")
		_, err := s.run(`SELECT * FROM pg_get_logical_snapshot_info('0-0.snap')`)
		require.Error(s, err)
		s.want(`SELECT 1`, "1")
	})
	a.extension("pg_stat_statements", func(s *session) {
		if !strings.Contains(s.value(`SHOW shared_preload_libraries`), "pg_stat_statements") {
			s.fails("55000", `SELECT count(*) FROM pg_stat_statements`)
			s.Skip("shared_preload_libraries does not name pg_stat_statements")
		}
		s.exec(`SELECT pg_stat_statements_reset(0, 0, 0); CREATE TABLE t (a int); INSERT INTO t VALUES (1)`)
		for _, sql := range []string{`SELECT a FROM t WHERE a = 1`, `SELECT a FROM t WHERE a = 2`, `SELECT a FROM t WHERE a = 3`} {
			s.exec(sql)
		}
		s.want(`SELECT query, calls, rows FROM pg_stat_statements WHERE query LIKE 'SELECT a FROM t%'`, "SELECT a FROM t WHERE a = $1|3|1")
		s.want(`SELECT dealloc >= 0 FROM pg_stat_statements_info`, "t")
	})
}
