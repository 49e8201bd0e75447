package conformance

import (
	"fmt"

	"github.com/stretchr/testify/require"
)

// testSavepoints checks subtransactions.
func testSavepoints(a *area) {
	a.run("RollbackTo", func(s *session) {
		s.exec(`CREATE TABLE t (a int); BEGIN; INSERT INTO t VALUES (1); SAVEPOINT a; INSERT INTO t VALUES (2)`)
		s.fails("22012", `SELECT 1/0`)
		s.wantTag("ROLLBACK", `ROLLBACK TO SAVEPOINT a`)
		require.Equal(s, byte('T'), s.pg.TxStatus())
		s.exec(`INSERT INTO t VALUES (3)`)
		s.exec(`ROLLBACK TO a; INSERT INTO t VALUES (4); COMMIT`)
		s.want(`SELECT a FROM t ORDER BY a`, "1", "4")
	})
	a.run("NestedAndReleased", func(s *session) {
		s.exec(`CREATE TABLE t (a int); BEGIN; SAVEPOINT a; INSERT INTO t VALUES (1); SAVEPOINT b; INSERT INTO t VALUES (2)`)
		s.wantTag("RELEASE", `RELEASE SAVEPOINT b`)
		s.fails("3B001", `ROLLBACK TO b`)
		s.exec(`ROLLBACK TO a; INSERT INTO t VALUES (3); RELEASE a; COMMIT`)
		s.want(`SELECT a FROM t`, "3")
	})
	a.run("SameName", func(s *session) {
		s.exec(`CREATE TABLE t (a int); BEGIN; SAVEPOINT s; INSERT INTO t VALUES (1); SAVEPOINT s; INSERT INTO t VALUES (2);
			ROLLBACK TO s; RELEASE s; ROLLBACK TO s; INSERT INTO t VALUES (3); COMMIT`)
		s.want(`SELECT a FROM t`, "3")
	})
	a.run("ReleaseAfterErrorIsRefused", func(s *session) {
		s.exec(`BEGIN; SAVEPOINT s`)
		s.fails("22012", `SELECT 1/0`)
		s.fails("25P02", `RELEASE s`)
		s.fails("25P02", `SAVEPOINT other`)
		s.exec(`ROLLBACK TO s; COMMIT`)
	})
	a.run("Overflow", func(s *session) {
		// A backend advertises 64 subtransactions; what is beyond them is looked up in pg_subtrans.
		s.exec(`CREATE TABLE t (a int)`)
		s.exec(`BEGIN`)
		for i := range 100 {
			s.exec(fmt.Sprintf(`SAVEPOINT s%d; INSERT INTO t VALUES (%d)`, i, i))
		}
		s.exec(`ROLLBACK TO s90; INSERT INTO t VALUES (-1)`)
		s.want(`SELECT count(*), min(a), max(a) FROM t`, "91|-1|89")
		s.exec(`ROLLBACK TO s10; COMMIT`)
		s.want(`SELECT count(*) FROM t`, "10")
	})
	a.run("ManyInALoop", func(s *session) {
		s.exec(`CREATE TABLE t (a int UNIQUE)`)
		s.exec(`DO $$ BEGIN
			FOR i IN 1..2000 LOOP
				BEGIN
					INSERT INTO t VALUES (i / 2);
				EXCEPTION WHEN unique_violation THEN NULL;
				END;
			END LOOP;
		END $$`)
		s.want(`SELECT count(*) FROM t`, "1001")
	})
	a.run("Settings", func(s *session) {
		s.exec(`SET work_mem = '5MB'; BEGIN; SAVEPOINT a; SET work_mem = '6MB'; SAVEPOINT b; SET LOCAL work_mem = '7MB'`)
		s.want(`SHOW work_mem`, "7MB")
		s.exec(`ROLLBACK TO b`)
		s.want(`SHOW work_mem`, "6MB")
		s.exec(`ROLLBACK TO a`)
		s.want(`SHOW work_mem`, "5MB")
		s.exec(`COMMIT`)
	})
	a.run("Cursors", func(s *session) {
		s.exec(`BEGIN; DECLARE c CURSOR FOR SELECT * FROM generate_series(1, 5); FETCH 2 FROM c; SAVEPOINT s; FETCH 1 FROM c;
			DECLARE d CURSOR FOR SELECT 1; ROLLBACK TO s`)
		s.want(`FETCH 1 FROM c`, "4")
		s.fails("34000", `FETCH 1 FROM d`)
		s.exec(`ROLLBACK`)
	})
	a.run("DDL", func(s *session) {
		s.exec(`BEGIN; CREATE TABLE t (a int); SAVEPOINT s; ALTER TABLE t ADD COLUMN b int; DROP TABLE t; CREATE TABLE u (); ROLLBACK TO s;
			INSERT INTO t VALUES (1); COMMIT`)
		s.want(`SELECT *, to_regclass('u') FROM t`, "1|∅")
	})
}
