package conformance

import "github.com/stretchr/testify/require"

// testMaintenance checks commands that keep a database in shape.
func testMaintenance(a *area) {
	a.run("Vacuum", func(s *session) {
		s.exec(`CREATE TABLE t WITH (autovacuum_enabled = off) AS SELECT i, repeat('x', 100) AS x FROM generate_series(1, 10000) AS i; CREATE INDEX ON t (i); DELETE FROM t WHERE i > 5000`)
		size := s.value(`SELECT pg_relation_size('t')`)
		s.wantTag("VACUUM", `VACUUM t`)
		s.want(`SELECT pg_relation_size('t') < `+size+` * 0.6, (SELECT relallvisible > 0 FROM pg_class WHERE oid = 't'::regclass)`, "t|t")
		s.exec(`DELETE FROM t WHERE i % 2 = 0`)
		s.exec(`VACUUM (FULL, ANALYZE, VERBOSE) t`)
		require.NotEmpty(s, s.notices)
		s.want(`SELECT count(*), pg_relation_size('t') < `+size+` * 0.3 FROM t`, "2500|t")
		s.exec(`VACUUM (FREEZE, INDEX_CLEANUP on, TRUNCATE off) t`)
		s.want(`SELECT age(relfrozenxid) < 1000 FROM pg_class WHERE oid = 't'::regclass`, "t")
		s.exec(`VACUUM (DISABLE_PAGE_SKIPPING) t`)
	})
	a.run("Analyze", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT i % 5 AS a FROM generate_series(1, 1000) AS i`)
		s.wantTag("ANALYZE", `ANALYZE t (a)`)
		s.want(`SELECT reltuples FROM pg_class WHERE oid = 't'::regclass`, "1000")
		s.want(`SELECT n_distinct FROM pg_stats WHERE schemaname = current_schema AND tablename = 't'`, "5")
	})
	a.run("IndexConcurrently", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b int); INSERT INTO t SELECT i, i FROM generate_series(1, 5000) AS i`)
		s.wantTag("CREATE INDEX", `CREATE INDEX CONCURRENTLY idx ON t (a)`)
		s.wantTag("CREATE INDEX", `CREATE UNIQUE INDEX CONCURRENTLY uniq ON t (b)`)
		s.want(`SELECT count(*) FROM pg_index WHERE indrelid = 't'::regclass AND indisvalid`, "2")
		s.wantTag("REINDEX", `REINDEX INDEX CONCURRENTLY idx`)
		s.wantTag("REINDEX", `REINDEX TABLE CONCURRENTLY t`)
		s.wantTag("REINDEX", `REINDEX TABLE t`)
		s.exec(`INSERT INTO t VALUES (9999, 9999)`)
		s.fails("23505", `INSERT INTO t VALUES (1, 1)`)
		s.wantTag("DROP INDEX", `DROP INDEX CONCURRENTLY idx`)
		s.exec(`DROP INDEX uniq; INSERT INTO t VALUES (1, 1)`)
		s.fails("23505", `CREATE UNIQUE INDEX CONCURRENTLY uniq ON t (b)`)
		s.want(`SELECT indisvalid FROM pg_index WHERE indexrelid = 'uniq'::regclass`, "f")
		s.exec(`DROP INDEX uniq`)
	})
	a.run("Cluster", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT (i * 7919) % 1000 AS a, repeat('x', 200) AS x FROM generate_series(1, 1000) AS i; CREATE INDEX idx ON t (a)`)
		s.wantTag("CLUSTER", `CLUSTER t USING idx`)
		s.want(`SELECT bool_and(a >= l) FROM (SELECT a, lag(a, 1, 0) OVER (ORDER BY ctid) AS l FROM t) v`, "t")
		s.exec(`CLUSTER t; ALTER TABLE t SET WITHOUT CLUSTER`)
	})
	a.run("Checkpoint", func(s *session) {
		s.wantTag("CHECKPOINT", `CHECKPOINT`)
		before := s.value(`SELECT pg_current_wal_lsn()`)
		s.exec(`CREATE TABLE t (a int)`)
		s.want(`SELECT pg_current_wal_lsn() > '`+before+`', pg_wal_lsn_diff(pg_current_wal_lsn(), '`+before+`') > 0`, "t|t")
		s.want(`SELECT pg_switch_wal() >= '`+before+`', length(pg_walfile_name(pg_current_wal_lsn()))`, "t|24")
		s.want(`SELECT checkpoint_lsn <= pg_current_wal_lsn(), timeline_id >= 1 FROM pg_control_checkpoint()`, "t|t")
	})
	a.run("Sizes", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT i, repeat('x', 100) FROM generate_series(1, 1000) AS i; CREATE INDEX ON t (i)`)
		s.want(`SELECT pg_relation_size('t') > 100000, pg_total_relation_size('t') > pg_table_size('t'), pg_indexes_size('t') > 0, pg_database_size(current_database()) > 1000000`, "t|t|t|t")
		s.want(`SELECT pg_relation_filepath('t') LIKE 'base/%'`, "t")
	})
	a.run("StatisticsViews", func(s *session) {
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); UPDATE t SET a = 3 WHERE a = 1; DELETE FROM t; SELECT * FROM t`)
		s.exec(`SELECT pg_stat_force_next_flush()`)
		s.want(`SELECT n_tup_ins, n_tup_upd, n_tup_del, seq_scan > 0 FROM pg_stat_user_tables WHERE relid = 't'::regclass`, "2|1|2|t")
		s.want(`SELECT state, query LIKE 'SELECT state%', backend_type FROM pg_stat_activity WHERE pid = pg_backend_pid()`, "active|t|client backend")
		s.want(`SELECT count(*) > 0 FROM pg_stat_database WHERE datname = current_database()`, "t")
	})
	a.run("Unlogged", func(s *session) {
		s.exec(`CREATE UNLOGGED TABLE t AS SELECT * FROM generate_series(1, 100) AS a; CREATE INDEX ON t (a)`)
		s.want(`SELECT relpersistence FROM pg_class WHERE oid = 't'::regclass`, "u")
		s.exec(`ALTER TABLE t SET LOGGED`)
		s.want(`SELECT count(*), (SELECT relpersistence FROM pg_class WHERE oid = 't'::regclass) FROM t`, "100|p")
	})
	a.run("Reindex", func(s *session) {
		s.wantTag("REINDEX", `REINDEX SCHEMA `+s.schema)
		s.wantTag("REINDEX", `REINDEX TABLE pg_catalog.pg_amproc`)
	})
}
