package conformance

import "github.com/stretchr/testify/require"

// testTriggers checks triggers on tables, views and commands.
func testTriggers(a *area) {
	// trace makes a trigger function that writes what it is called for into a table.
	const trace = `CREATE TABLE traced (n serial, line text);
		CREATE FUNCTION trace() RETURNS trigger LANGUAGE plpgsql AS $$
		BEGIN
			INSERT INTO traced (line) VALUES (concat_ws(' ', TG_NAME, TG_WHEN, TG_LEVEL, TG_OP,
				CASE WHEN TG_LEVEL = 'ROW' AND TG_OP <> 'INSERT' THEN OLD::text END, CASE WHEN TG_LEVEL = 'ROW' AND TG_OP <> 'DELETE' THEN NEW::text END));
			RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
		END $$;`
	const traced = `WITH gone AS (DELETE FROM traced RETURNING *) SELECT line FROM gone ORDER BY n`

	a.run("Order", func(s *session) {
		s.exec(trace + `CREATE TABLE t (a int, b text);
			CREATE TRIGGER b_row BEFORE INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION trace();
			CREATE TRIGGER a_row AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION trace();
			CREATE TRIGGER b_statement BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON t FOR EACH STATEMENT EXECUTE FUNCTION trace();
			CREATE TRIGGER a_statement AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON t EXECUTE FUNCTION trace()`)
		s.exec(`INSERT INTO t VALUES (1, 'x'), (2, 'y')`)
		s.want(traced, "b_statement BEFORE STATEMENT INSERT", "b_row BEFORE ROW INSERT (1,x)", "b_row BEFORE ROW INSERT (2,y)",
			"a_row AFTER ROW INSERT (1,x)", "a_row AFTER ROW INSERT (2,y)", "a_statement AFTER STATEMENT INSERT")
		s.exec(`UPDATE t SET a = a + 10 WHERE a = 1`)
		s.want(traced, "b_statement BEFORE STATEMENT UPDATE", "b_row BEFORE ROW UPDATE (1,x) (11,x)", "a_row AFTER ROW UPDATE (1,x) (11,x)", "a_statement AFTER STATEMENT UPDATE")
		s.exec(`DELETE FROM t WHERE false; TRUNCATE t`)
		s.want(traced, "b_statement BEFORE STATEMENT DELETE", "a_statement AFTER STATEMENT DELETE", "b_statement BEFORE STATEMENT TRUNCATE", "a_statement AFTER STATEMENT TRUNCATE")
		s.exec(`ALTER TABLE t DISABLE TRIGGER ALL; INSERT INTO t VALUES (1)`)
		s.want(traced)
	})
	a.run("ChangesAndSkipsRows", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text);
			CREATE FUNCTION change() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN IF NEW.a < 0 THEN RETURN NULL; END IF; NEW.b := upper(NEW.b) || TG_ARGV[0] || TG_NARGS; RETURN NEW; END $$;
			CREATE TRIGGER change BEFORE INSERT OR UPDATE OF b ON t FOR EACH ROW WHEN (NEW.b IS NOT NULL) EXECUTE FUNCTION change('!', 'x')`)
		s.wantTag("INSERT 0 2", `INSERT INTO t VALUES (1, 'x'), (-1, 'skipped'), (2, NULL)`)
		s.exec(`UPDATE t SET a = 9 WHERE a = 1`)
		s.want(`SELECT * FROM t ORDER BY a`, "2|∅", "9|X!2")
	})
	a.run("TransitionTables", func(s *session) {
		s.exec(`CREATE TABLE t (a int); CREATE TABLE log (op text, was bigint, is_now bigint, n bigint);
			CREATE FUNCTION sums() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				IF TG_OP = 'INSERT' THEN INSERT INTO log SELECT TG_OP, NULL, sum(a), count(*) FROM new_rows;
				ELSIF TG_OP = 'UPDATE' THEN INSERT INTO log SELECT TG_OP, (SELECT sum(a) FROM old_rows), sum(a), count(*) FROM new_rows;
				ELSE INSERT INTO log SELECT TG_OP, sum(a), NULL, count(*) FROM old_rows; END IF;
				RETURN NULL;
			END $$;
			CREATE TRIGGER i AFTER INSERT ON t REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION sums();
			CREATE TRIGGER u AFTER UPDATE ON t REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows EXECUTE FUNCTION sums();
			CREATE TRIGGER d AFTER DELETE ON t REFERENCING OLD TABLE AS old_rows EXECUTE FUNCTION sums()`)
		s.exec(`INSERT INTO t SELECT * FROM generate_series(1, 10); UPDATE t SET a = a * 2 WHERE a > 5; DELETE FROM t WHERE a < 3`)
		s.want(`SELECT * FROM log`, "INSERT|∅|55|10", "UPDATE|40|80|5", "DELETE|3|∅|2")
	})
	a.run("InsteadOf", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text); CREATE VIEW v AS SELECT a, upper(b) AS b FROM t;
			CREATE FUNCTION v_change() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN
				IF TG_OP = 'INSERT' THEN INSERT INTO t VALUES (NEW.a, lower(NEW.b)); RETURN NEW; END IF;
				IF TG_OP = 'UPDATE' THEN UPDATE t SET b = lower(NEW.b) WHERE a = OLD.a; RETURN NEW; END IF;
				DELETE FROM t WHERE a = OLD.a; RETURN OLD;
			END $$;
			CREATE TRIGGER v_change INSTEAD OF INSERT OR UPDATE OR DELETE ON v FOR EACH ROW EXECUTE FUNCTION v_change()`)
		s.wantTag("INSERT 0 2", `INSERT INTO v VALUES (1, 'X'), (2, 'Y')`)
		s.wantTag("UPDATE 1", `UPDATE v SET b = 'Z' WHERE a = 2`)
		s.wantTag("DELETE 1", `DELETE FROM v WHERE a = 1`)
		s.want(`SELECT * FROM t`, "2|z")
	})
	a.run("ConstraintTrigger", func(s *session) {
		s.exec(`CREATE TABLE t (a int);
			CREATE FUNCTION total() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN IF (SELECT sum(a) FROM t) <> 0 THEN RAISE EXCEPTION 'unbalanced' USING ERRCODE = 'check_violation'; END IF; RETURN NULL; END $$;
			CREATE CONSTRAINT TRIGGER total AFTER INSERT ON t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION total()`)
		s.exec(`BEGIN; INSERT INTO t VALUES (1); INSERT INTO t VALUES (-1); COMMIT`)
		s.exec(`BEGIN; INSERT INTO t VALUES (1)`)
		s.fails("23514", `COMMIT`)
		s.want(`SELECT count(*) FROM t`, "2")
	})
	a.run("Nested", func(s *session) {
		s.exec(`CREATE TABLE t (a int);
			CREATE FUNCTION chain() RETURNS trigger LANGUAGE plpgsql AS $$
			BEGIN IF NEW.a > 0 THEN INSERT INTO t VALUES (NEW.a - 1); END IF; RETURN NULL; END $$;
			CREATE TRIGGER chain AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION chain()`)
		s.exec(`INSERT INTO t VALUES (20)`)
		s.want(`SELECT count(*), min(a) FROM t`, "21|0")
		s.exec(`CREATE FUNCTION depth() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
			CREATE TABLE u (a int); CREATE TRIGGER deep AFTER INSERT ON u WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION depth(); INSERT INTO u VALUES (1)`)
	})
	a.run("ErrorsRollBack", func(s *session) {
		s.exec(`CREATE TABLE t (a int);
			CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.a = 3 THEN RAISE EXCEPTION 'no threes'; END IF; RETURN NEW; END $$;
			CREATE TRIGGER refuse BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION refuse()`)
		e := s.fails("P0001", `INSERT INTO t SELECT * FROM generate_series(1, 5)`)
		require.Equal(s, "PL/pgSQL function refuse() line 1 at RAISE", e.Where)
		s.want(`SELECT count(*) FROM t`, "0")
	})
	a.run("Rename", func(s *session) {
		s.exec(trace + `CREATE TABLE t (a int); CREATE TRIGGER one BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION trace();
			ALTER TRIGGER one ON t RENAME TO two; INSERT INTO t VALUES (1)`)
		s.want(traced, "two BEFORE ROW INSERT (1)")
		s.exec(`CREATE OR REPLACE TRIGGER two AFTER INSERT ON t EXECUTE FUNCTION trace(); INSERT INTO t VALUES (2)`)
		s.want(traced, "two AFTER STATEMENT INSERT")
		s.exec(`DROP TRIGGER two ON t; INSERT INTO t VALUES (3)`)
		s.want(traced)
	})
	a.run("Partitions", func(s *session) {
		s.exec(trace + `CREATE TABLE t (a int) PARTITION BY LIST (a); CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2);
			CREATE TRIGGER tr AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION trace(); INSERT INTO t VALUES (1)`)
		s.want(traced, "tr AFTER ROW INSERT (1)")
		s.exec(`UPDATE t SET a = 2`)
		s.want(traced, "tr AFTER ROW DELETE (1)", "tr AFTER ROW INSERT (2)")
	})
}
