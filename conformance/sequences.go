package conformance

import "github.com/stretchr/testify/require"

// testSequences checks sequences.
func testSequences(a *area) {
	a.run("Values", func(s *session) {
		s.exec(`CREATE SEQUENCE q START 5 INCREMENT 3 MAXVALUE 12 CYCLE MINVALUE 2`)
		s.want(`SELECT nextval('q'), nextval('q'), nextval('q'), nextval('q'), currval('q'), lastval()`, "5|8|11|2|2|2")
		s.want(`SELECT setval('q', 10), nextval('q')`, "10|2")
		s.want(`SELECT setval('q', 5, false)`, "5")
		s.want(`SELECT nextval('q')`, "5")
		s.exec(`CREATE SEQUENCE small AS smallint MAXVALUE 2; SELECT nextval('small'), nextval('small')`)
		e := s.fails("2200H", `SELECT nextval('small')`)
		require.Equal(s, `nextval: reached maximum value of sequence "small" (2)`, e.Message)
		s.fails("22003", `SELECT setval('small', 3)`)
		s.exec(`CREATE SEQUENCE down INCREMENT -1`)
		s.want(`SELECT nextval('down'), nextval('down')`, "-1|-2")
	})
	a.run("NotTransactional", func(s *session) {
		s.exec(`CREATE SEQUENCE q`)
		s.exec(`BEGIN; SELECT nextval('q'), nextval('q'); ROLLBACK`)
		s.want(`SELECT nextval('q')`, "3")
		s.exec(`BEGIN; ALTER SEQUENCE q RESTART WITH 100; ROLLBACK`)
		s.want(`SELECT nextval('q')`, "4")
	})
	a.run("Cache", func(s *session) {
		s.exec(`CREATE SEQUENCE q CACHE 10`)
		s.want(`SELECT nextval('q'), (SELECT last_value FROM q)`, "1|10")
		s.want(`SELECT sum(nextval('q')) FROM generate_series(1, 99)`, "5049")
	})
	a.run("Ownership", func(s *session) {
		s.exec(`CREATE TABLE t (a serial, b bigserial, c smallserial)`)
		s.want(`SELECT pg_get_serial_sequence('t', 'b'), data_type FROM pg_sequences WHERE schemaname = current_schema AND sequencename = 't_c_seq'`, s.schema+".t_b_seq|smallint")
		s.fails("2BP01", `DROP SEQUENCE t_a_seq`)
		s.exec(`ALTER TABLE t DROP COLUMN a`)
		s.want(`SELECT to_regclass('t_a_seq')`, null)
		s.exec(`CREATE SEQUENCE own OWNED BY t.b; DROP TABLE t`)
		s.want(`SELECT to_regclass('own')`, null)
	})
	a.run("Unlogged", func(s *session) {
		s.exec(`CREATE UNLOGGED SEQUENCE q; SELECT nextval('q'); ALTER SEQUENCE q SET LOGGED`)
		s.want(`SELECT nextval('q')`, "2")
	})
	a.run("Many", func(s *session) {
		s.exec(`CREATE SEQUENCE q; CREATE TABLE t AS SELECT nextval('q') AS n FROM generate_series(1, 10000)`)
		s.want(`SELECT count(DISTINCT n), max(n) FROM t`, "10000|10000")
		s.fails("55000", `CREATE SEQUENCE fresh; SELECT currval('fresh')`)
	})
}
