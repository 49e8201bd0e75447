package conformance

import "github.com/stretchr/testify/require"

// testExtensionTables checks extensions that bring triggers, functions on sets, samples and foreign tables.
func testExtensionTables(a *area) {
	a.extension("autoinc", func(s *session) {
		s.exec(`CREATE SEQUENCE next_id START 10 MINVALUE -20; CREATE TABLE ids (id int4, idesc text); CREATE TRIGGER ids_nextid BEFORE INSERT OR UPDATE ON ids FOR EACH ROW EXECUTE FUNCTION autoinc(id, next_id);
			INSERT INTO ids VALUES (0, 'first'), (NULL, 'second'), (5, 'given')`)
		s.want(`SELECT * FROM ids ORDER BY id`, "5|given", "10|first", "11|second")
	})
	a.extension("insert_username", func(s *session) {
		s.exec(`CREATE TABLE t (name text, username text NOT NULL); CREATE TRIGGER u BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION insert_username(username); INSERT INTO t VALUES ('x')`)
		s.want(`SELECT username = current_user FROM t`, "t")
	})
	a.extension("moddatetime", func(s *session) {
		s.exec(`CREATE TABLE mdt (id int4, moddate timestamp DEFAULT 'epoch' NOT NULL); CREATE TRIGGER m BEFORE UPDATE ON mdt FOR EACH ROW EXECUTE FUNCTION moddatetime(moddate); INSERT INTO mdt VALUES (1), (2); UPDATE mdt SET id = 3 WHERE id = 1`)
		s.want(`SELECT id, moddate = 'epoch', moddate > '2024-01-01' FROM mdt ORDER BY id`, "2|t|f", "3|f|t")
	})
	a.extension("refint", func(s *session) {
		s.exec(`CREATE TABLE a (id int4 NOT NULL); CREATE UNIQUE INDEX ON a (id); CREATE TABLE b (refb int4);
			CREATE TRIGGER at AFTER DELETE OR UPDATE ON a FOR EACH ROW EXECUTE FUNCTION check_foreign_key(1, 'cascade', 'id', 'b', 'refb'); CREATE TRIGGER bt AFTER INSERT OR UPDATE ON b FOR EACH ROW EXECUTE FUNCTION check_primary_key('refb', 'a', 'id');
			INSERT INTO a VALUES (10), (20); INSERT INTO b VALUES (10), (20)`)
		_, err := s.run(`INSERT INTO b VALUES (99)`)
		require.ErrorContains(s, err, "tuple references non-existent key")
		s.exec(`DELETE FROM a WHERE id = 10`)
		s.want(`SELECT refb FROM b`, "20")
	})
	a.extension("tcn", func(s *session) {
		s.exec(`CREATE TABLE tt (id serial PRIMARY KEY, name text); CREATE TRIGGER x AFTER INSERT OR UPDATE OR DELETE ON tt FOR EACH ROW EXECUTE FUNCTION triggered_change_notification(); LISTEN tcn`)
		s.exec(`INSERT INTO tt (name) VALUES ('a')`)
		s.exec(`UPDATE tt SET name = 'b'`)
		s.exec(`DELETE FROM tt`)
		require.Len(s, s.notifications, 3)
		require.Equal(s, `"tt",I,"id"='1'`, s.notifications[0].Payload)
		require.Equal(s, `"tt",U,"id"='1'`, s.notifications[1].Payload)
		require.Equal(s, `"tt",D,"id"='1'`, s.notifications[2].Payload)
		s.exec(`UNLISTEN *`)
	})
	a.extension("tablefunc", func(s *session) {
		s.want(`SELECT count(*), avg(n) BETWEEN -20 AND 30 FROM normal_rand(10, 5, 3) AS n`, "10|t")
		s.exec(`CREATE TABLE ct (id int, rowid text, attribute text, value text); INSERT INTO ct VALUES (1, 'test1', 'att1', 'val1'), (2, 'test1', 'att2', 'val2'), (3, 'test1', 'att3', 'val3'), (4, 'test2', 'att1', 'val5'), (5, 'test2', 'att3', 'val7')`)
		s.want(`SELECT * FROM crosstab('SELECT rowid, attribute, value FROM ct WHERE attribute IN (''att2'', ''att3'') ORDER BY 1, 2') AS ct (row_name text, c1 text, c2 text)`, "test1|val2|val3", "test2|val7|∅")
		s.want(`SELECT * FROM crosstab('SELECT rowid, attribute, value FROM ct ORDER BY 1', 'VALUES (''att1''), (''att2''), (''att3'')') AS ct (r text, a text, b text, c text)`, "test1|val1|val2|val3", "test2|val5|∅|val7")
		s.exec(`CREATE TABLE tree (keyid text, parent text); INSERT INTO tree VALUES ('row1', NULL), ('row2', 'row1'), ('row3', 'row1'), ('row4', 'row2')`)
		s.want(`SELECT * FROM connectby('tree', 'keyid', 'parent', 'row1', 0, '~') AS t (keyid text, parent text, level int, branch text)`, "row1|∅|0|row1", "row2|row1|1|row1~row2", "row4|row2|2|row1~row2~row4", "row3|row1|1|row1~row3")
	})
	a.extension("tsm_system_rows", func(s *session) {
		s.exec(`CREATE TABLE sr AS SELECT i, repeat('x', 100) AS x FROM generate_series(1, 1000) AS i; ANALYZE sr`)
		s.want(`SELECT count(*), count(DISTINCT i) FROM sr TABLESAMPLE SYSTEM_ROWS (50)`, "50|50")
		s.want(`SELECT count(*) FROM sr TABLESAMPLE SYSTEM_ROWS (5000)`, "1000")
		s.fails("2202H", `SELECT * FROM sr TABLESAMPLE SYSTEM_ROWS (-1)`)
	})
	a.extension("tsm_system_time", func(s *session) {
		s.exec(`CREATE TABLE st AS SELECT * FROM generate_series(1, 1000) AS i; ANALYZE st`)
		s.want(`SELECT count(*) FROM st TABLESAMPLE SYSTEM_TIME (100000)`, "1000")
		s.plans(`SELECT * FROM st TABLESAMPLE SYSTEM_TIME (100)`, "Sampling: system_time ('100'::double precision)")
	})
	a.extension("file_fdw", func(s *session) {
		file, server := s.serverFile("1,one\n2,two\n3,\n"), s.name("files")
		s.exec(`CREATE SERVER ` + server + ` FOREIGN DATA WRAPPER file_fdw; CREATE FOREIGN TABLE ff (a int, b text) SERVER ` + server + ` OPTIONS (filename '` + file + `', format 'csv')`)
		s.want(`SELECT * FROM ff ORDER BY a`, "1|one", "2|two", "3|∅")
		s.want(`SELECT max(a) FROM ff WHERE b LIKE 'o%'`, "1")
		s.plans(`SELECT * FROM ff`, "Foreign Scan on ff")
		s.exec(`ANALYZE ff; CREATE FOREIGN TABLE gone (a text) SERVER ` + server + ` OPTIONS (filename '/nowhere/to/be/found')`)
		s.fails("58P01", `SELECT * FROM gone`)
		s.fails("0A000", `INSERT INTO ff VALUES (1)`)
		role := s.role("")
		s.exec(`GRANT SELECT ON ff TO ` + role + `; SET ROLE ` + role)
		s.want(`SELECT count(*) FROM ff`, "3")
		s.exec(`RESET ROLE; DROP SERVER ` + server + ` CASCADE`)
	})
}
