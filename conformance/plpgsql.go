package conformance

import (
	"fmt"

	"github.com/stretchr/testify/require"
)

// testPLpgSQL checks functions, procedures and blocks in PL/pgSQL, and functions in SQL.
func testPLpgSQL(a *area) {
	a.run("ControlFlow", func(s *session) {
		s.exec(`CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
			DECLARE r text := ''; i int := 0; x record; a int[] := '{}'; e int;
			BEGIN
				WHILE i < n LOOP i := i + 1; CONTINUE WHEN i % 2 = 0; r := r || i; END LOOP;
				<<outer>> LOOP LOOP i := i + 1; EXIT outer WHEN i > 100; END LOOP; END LOOP;
				FOR i IN REVERSE 3..1 BY 2 LOOP r := r || ',' || i; END LOOP;
				FOR x IN SELECT y, y * y AS z FROM generate_series(1, 3) AS y LOOP a := a || x.z; END LOOP;
				FOREACH e IN ARRAY a LOOP r := r || '/' || e; END LOOP;
				CASE n WHEN 1, 2 THEN r := r || ' few'; WHEN 5 THEN r := r || ' five'; ELSE r := r || ' many'; END CASE;
				IF i = 101 THEN RETURN r; ELSIF i IS NULL THEN RETURN 'null'; ELSE RETURN 'wrong'; END IF;
			END $$`)
		s.want(`SELECT f(5)`, "135,3,1/1/4/9 five")
		s.want(`SELECT f(1)`, "1,3,1/1/4/9 few")
		s.fails("20000", `DO $$ BEGIN CASE 5 WHEN 1 THEN NULL; END CASE; END $$`)
		s.fails("2F005", `DO $$ BEGIN END $$; CREATE FUNCTION g() RETURNS int LANGUAGE plpgsql AS $$ BEGIN END $$; SELECT g()`)
	})
	a.run("Recursion", func(s *session) {
		s.exec(`CREATE FUNCTION fib(n int) RETURNS int LANGUAGE plpgsql AS $$
			BEGIN IF n < 2 THEN RETURN n; END IF; RETURN fib(n - 1) + fib(n - 2); END $$;
			CREATE FUNCTION depth(n int) RETURNS int LANGUAGE plpgsql AS $$
			BEGIN IF n = 0 THEN RETURN 0; END IF; RETURN 1 + depth(n - 1); END $$;
			CREATE FUNCTION ack(m int, n int) RETURNS int LANGUAGE sql AS $$
				SELECT CASE WHEN m = 0 THEN n + 1 WHEN n = 0 THEN ack(m - 1, 1) ELSE ack(m - 1, ack(m, n - 1)) END $$`)
		s.want(`SELECT fib(15)`, "610")
		s.want(`SELECT depth(300)`, "300")
		s.want(`SELECT ack(2, 3)`, "9")
	})
	a.run("Exceptions", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY);
			CREATE FUNCTION f(n int) RETURNS text LANGUAGE plpgsql AS $$
			DECLARE state text; message text; detail text; hint text; context text; con text;
			BEGIN
				INSERT INTO t VALUES (n);
				BEGIN
					INSERT INTO t VALUES (n * 10);
					IF n = 1 THEN INSERT INTO t VALUES (n); END IF;
					IF n = 2 THEN PERFORM 1 / 0; END IF;
					IF n = 3 THEN RAISE EXCEPTION 'mine %', n USING ERRCODE = 'ZZ999', DETAIL = 'd', HINT = 'h'; END IF;
					IF n = 4 THEN PERFORM * FROM nowhere; END IF;
					IF n = 5 THEN ASSERT false, 'asserted'; END IF;
				EXCEPTION
					WHEN unique_violation THEN GET STACKED DIAGNOSTICS con = CONSTRAINT_NAME; RETURN 'unique ' || con;
					WHEN division_by_zero OR SQLSTATE '42P01' THEN RETURN SQLSTATE || ' ' || SQLERRM;
					WHEN SQLSTATE 'ZZ999' THEN
						GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT, context = PG_EXCEPTION_CONTEXT;
						RETURN concat_ws('|', state, message, detail, hint, context);
				END;
				RETURN 'ok';
			END $$`)
		s.want(`SELECT f(1)`, "unique t_pkey")
		s.want(`SELECT f(2)`, "22012 division by zero")
		s.want(`SELECT f(3)`, "ZZ999|mine 3|d|h|PL/pgSQL function f(integer) line 9 at RAISE")
		s.want(`SELECT f(4)`, `42P01 relation "nowhere" does not exist`)
		require.Equal(s, "asserted", s.fails("P0004", `SELECT f(5)`).Message)
		s.want(`SELECT f(6)`, "ok")
		s.want(`SELECT a FROM t ORDER BY a`, "1", "2", "3", "4", "6", "60")
		s.want(`DO $$ BEGIN BEGIN PERFORM 1/0; EXCEPTION WHEN OTHERS THEN BEGIN RAISE; EXCEPTION WHEN division_by_zero THEN NULL; END; END; END $$`)
	})
	a.run("DynamicSQL", func(s *session) {
		s.exec(`CREATE TABLE "odd name" (a int, "B" text);
			CREATE FUNCTION put(tab text, col text, val text) RETURNS int LANGUAGE plpgsql AS $$
			DECLARE n int;
			BEGIN
				EXECUTE format('INSERT INTO %I (%I, a) VALUES ($1, %L)', tab, col, '7') USING val;
				GET DIAGNOSTICS n = ROW_COUNT;
				EXECUTE 'SELECT count(*) + $1 FROM ' || quote_ident(tab) INTO n USING n;
				RETURN n;
			END $$`)
		s.want(`SELECT put('odd name', 'B', 'it''s')`, "2")
		s.want(`SELECT a, "B" FROM "odd name"`, "7|it's")
		s.fails("22004", `DO $$ BEGIN EXECUTE NULL; END $$`)
		s.exec(`CREATE FUNCTION dyn(q text) RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN RETURN QUERY EXECUTE q; END $$`)
		s.want(`SELECT * FROM dyn('VALUES (1), (2)')`, "1", "2")
		s.fails("42804", `SELECT * FROM dyn('SELECT ''x''::text')`)
	})
	a.run("Raise", func(s *session) {
		s.exec(`DO $$ BEGIN RAISE NOTICE '% and % and %%', 1, NULL USING HINT = 'h', DETAIL = 'd', ERRCODE = '01ABC'; END $$`)
		notice := s.lastNotice()
		require.Equal(s, []string{"NOTICE", "01ABC", "1 and <NULL> and %", "d", "h", "PL/pgSQL function inline_code_block line 1 at RAISE"},
			[]string{notice.Severity, notice.Code, notice.Message, notice.Detail, notice.Hint, notice.Where})
		s.fails("P0001", `DO $$ BEGIN RAISE 'plain'; END $$`)
		s.fails("23505", `DO $$ BEGIN RAISE unique_violation USING MESSAGE = 'named'; END $$`)
		s.fails("22012", `DO $$ BEGIN RAISE SQLSTATE '22012'; END $$`)
		s.fails("42601", `DO $$ BEGIN RAISE NOTICE '%', 1, 2; END $$`)
		s.exec(`DO $$ BEGIN FOR i IN 1..500 LOOP RAISE NOTICE 'number %', i; END LOOP; END $$`)
		require.Len(s, s.notices, 501)
		require.Equal(s, "number 500", s.lastNotice().Message)
	})
	a.run("Diagnostics", func(s *session) {
		s.exec(`CREATE TABLE t (a int);
			CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
			DECLARE n int; c text; r text := '';
			BEGIN
				r := r || FOUND;
				INSERT INTO t VALUES (1), (2), (3); GET DIAGNOSTICS n = ROW_COUNT; r := r || n || FOUND;
				UPDATE t SET a = 0 WHERE a > 5; r := r || FOUND;
				PERFORM 1 FROM t; r := r || FOUND;
				GET DIAGNOSTICS c = PG_CONTEXT; RETURN r || ' ' || c;
			END $$`)
		s.want(`SELECT f()`, "false3truefalsetrue PL/pgSQL function f() line 8 at GET DIAGNOSTICS")
	})
	a.run("SelectInto", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, 'x'), (2, 'y');
			CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
			DECLARE r t%ROWTYPE; x t.b%TYPE; y record; n int;
			BEGIN
				SELECT * INTO r FROM t WHERE a = 1;
				SELECT b INTO STRICT x FROM t WHERE a = 2;
				SELECT 1 AS p, 'q' AS q INTO y;
				INSERT INTO t VALUES (3, 'z') RETURNING a INTO n;
				SELECT a INTO n FROM t WHERE false;
				r.b := r.b || '!';
				RETURN concat_ws(',', r.a, r.b, x, y.p, y.q, n);
			END $$`)
		s.want(`SELECT f()`, "1,x!,y,1,q")
		s.fails("P0003", `DO $$ DECLARE n int; BEGIN SELECT a INTO STRICT n FROM t; END $$`)
		s.fails("P0002", `DO $$ DECLARE n int; BEGIN SELECT a INTO STRICT n FROM t WHERE a = 99; END $$`)
	})
	a.run("CompositeAndSets", func(s *session) {
		s.exec(`CREATE TYPE pair AS (a int, b text);
			CREATE FUNCTION one() RETURNS pair LANGUAGE plpgsql AS $$ DECLARE p pair; BEGIN p.a := 1; p.b := 'x'; RETURN p; END $$;
			CREATE FUNCTION many(n int) RETURNS SETOF pair LANGUAGE plpgsql AS $$
			DECLARE p pair;
			BEGIN
				FOR i IN 1..n LOOP p := (i, 'r' || i); RETURN NEXT p; END LOOP;
				RETURN QUERY SELECT 0, 'query'; RETURN;
			END $$;
			CREATE FUNCTION tab(n int) RETURNS TABLE (x int, y int) LANGUAGE plpgsql AS $$
			BEGIN FOR i IN 1..n LOOP x := i; y := i * i; RETURN NEXT; END LOOP; END $$;
			CREATE FUNCTION outs(INOUT a int, OUT b text, VARIADIC c int[]) LANGUAGE plpgsql AS $$ BEGIN a := a + 1; b := array_to_string(c, '+'); END $$;
			CREATE FUNCTION poly(a anyelement, b anyarray) RETURNS anyarray LANGUAGE plpgsql AS $$ BEGIN RETURN b || a; END $$;
			CREATE FUNCTION defaults(a int, b int DEFAULT 2, c text DEFAULT 'c') RETURNS text LANGUAGE sql RETURN a || ',' || b || ',' || c`)
		s.want(`SELECT one(), (one()).b`, "(1,x)|x")
		s.want(`SELECT * FROM many(2)`, "1|r1", "2|r2", "0|query")
		s.want(`SELECT many(1)`, "(1,r1)", "(0,query)")
		s.want(`SELECT * FROM tab(3) WITH ORDINALITY`, "1|1|1", "2|4|2", "3|9|3")
		s.want(`SELECT * FROM outs(1, 2, 3), outs(5, VARIADIC '{7,8}') AS o (p, q)`, "2|2+3|6|7+8")
		s.want(`SELECT poly(1, ARRAY[2,3]), poly('x'::text, '{}')`, "{2,3,1}|{x}")
		s.want(`SELECT defaults(1), defaults(1, c => 'z'), defaults(c := 'n', a := 9)`, "1,2,c|1,2,z|9,2,n")
		s.want(`SELECT * FROM json_to_recordset('[{"a":1,"b":"x"}]') AS r(a int, b text), many(a) AS m (c, d)`, "1|x|1|r1", "1|x|0|query")
	})
	a.run("LargeSet", func(s *session) {
		s.exec(`CREATE FUNCTION many(n int) RETURNS SETOF int LANGUAGE plpgsql AS $$ BEGIN FOR i IN 1..n LOOP RETURN NEXT i; END LOOP; END $$; SET work_mem = '64kB'`)
		s.want(`SELECT count(*), sum(m) FROM many(100000) AS m`, "100000|5000050000")
	})
	a.run("Procedures", func(s *session) {
		s.exec(`CREATE TABLE t (a int);
			CREATE PROCEDURE batches(n int) LANGUAGE plpgsql AS $$
			BEGIN
				FOR i IN 1..n LOOP
					INSERT INTO t VALUES (i);
					IF i % 2 = 0 THEN COMMIT; ELSE ROLLBACK; END IF;
				END LOOP;
				INSERT INTO t VALUES (99);
			END $$;
			CREATE PROCEDURE outs(IN a int, INOUT b int, OUT c text) LANGUAGE plpgsql AS $$ BEGIN b := a + b; c := 'out'; END $$`)
		s.wantTag("CALL", `CALL batches(5)`)
		s.want(`SELECT a FROM t ORDER BY a`, "2", "4", "99")
		s.exec(`BEGIN`)
		s.fails("2D000", `CALL batches(2)`)
		s.exec(`ROLLBACK`)
		s.want(`CALL outs(1, 2, NULL)`, "3|out")
		s.exec(`CREATE PROCEDURE sq(a int) LANGUAGE sql AS 'INSERT INTO t VALUES (a + 1000)'`)
		s.exec(`CALL sq(5)`)
		s.want(`SELECT max(a) FROM t`, "1005")
		s.fails("42809", `SELECT sq(1)`)
		s.want(`SELECT count(*) FROM t WHERE a < 0`, "0")
		s.fails("22012", `DO $$ BEGIN FOR i IN 1..3 LOOP INSERT INTO t VALUES (-i); COMMIT; END LOOP; INSERT INTO t VALUES (-9); PERFORM 1/0; END $$`)
		s.want(`SELECT a FROM t WHERE a < 0 ORDER BY a`, "-3", "-2", "-1")
	})
	a.run("CommitInCursorLoop", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT * FROM generate_series(1, 5) AS a; CREATE TABLE u (a int);
			CREATE PROCEDURE copy_all() LANGUAGE plpgsql AS $$
			DECLARE r record;
			BEGIN FOR r IN SELECT a FROM t ORDER BY a LOOP INSERT INTO u VALUES (r.a); COMMIT; END LOOP; END $$`)
		s.exec(`CALL copy_all()`)
		s.want(`SELECT count(*) FROM u`, "5")
	})
	a.run("Cursors", func(s *session) {
		s.exec(`CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
			DECLARE c CURSOR (n int) FOR SELECT i FROM generate_series(1, n) AS i; d refcursor; r text := ''; x int;
			BEGIN
				OPEN c(5); FETCH c INTO x; r := r || x; MOVE 2 FROM c; FETCH c INTO x; r := r || x; FETCH LAST FROM c INTO x; r := r || x; CLOSE c;
				FOR y IN c(2) LOOP r := r || '/' || y.i; END LOOP;
				OPEN d SCROLL FOR SELECT 7; FETCH d INTO x; FETCH PRIOR FROM d INTO x; r := r || coalesce(x::text, 'none'); CLOSE d;
				RETURN r;
			END $$`)
		s.want(`SELECT f()`, "145/1/2none")
	})
	a.run("Attributes", func(s *session) {
		s.exec(`CREATE FUNCTION strict_f(a int) RETURNS text STRICT IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN RETURN 'called'; END $$;
			CREATE FUNCTION setting() RETURNS text LANGUAGE plpgsql SET work_mem = '9MB' AS $$ BEGIN RETURN current_setting('work_mem'); END $$;
			CREATE FUNCTION who() RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT current_user::text'`)
		s.want(`SELECT strict_f(NULL), strict_f(1)`, "∅|called")
		s.exec(`SET work_mem = '5MB'`)
		s.want(`SELECT setting(), current_setting('work_mem')`, "9MB|5MB")
		role := s.name("role")
		owner := s.value(`SELECT current_user`)
		s.exec(`CREATE ROLE ` + role + `; GRANT USAGE ON SCHEMA ` + s.schema + ` TO ` + role + `; SET ROLE ` + role)
		s.want(`SELECT who(), current_user`, owner+"|"+role)
		s.exec(`RESET ROLE; DROP OWNED BY ` + role + `; DROP ROLE ` + role)
	})
	a.run("PlanInvalidation", func(s *session) {
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1);
			CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ DECLARE r record; BEGIN SELECT * INTO r FROM t; RETURN r::text; END $$`)
		for range 7 {
			s.want(`SELECT f()`, "(1)")
		}
		s.exec(`ALTER TABLE t ADD COLUMN b text DEFAULT 'new'`)
		s.want(`SELECT f()`, "(1,new)")
		s.exec(`DROP TABLE t; CREATE TABLE t (c text); INSERT INTO t VALUES ('recreated')`)
		s.want(`SELECT f()`, "(recreated)")
		s.exec(`CREATE OR REPLACE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$ BEGIN RETURN 'replaced'; END $$`)
		s.want(`SELECT f()`, "replaced")
	})
	a.run("SyntaxErrors", func(s *session) {
		e := s.fails("42601", `CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 END $$`)
		require.Positive(s, e.Position)
		s.fails("42601", `DO $$ BEGIN x := 1; END $$`)
		s.fails("42601", `DO $$ BEGIN IF true THEN END $$`)
		s.fails("42601", `DO $$ BEGIN SELECT 1; END $$`)
		s.fails("42704", `DO LANGUAGE nope ''`)
	})
	a.run("ManyFunctions", func(s *session) {
		for i := range 50 {
			s.exec(fmt.Sprintf(`CREATE FUNCTION f%d(a int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN a + %d; END $$`, i, i))
		}
		sum := `0`
		for i := range 50 {
			sum += fmt.Sprintf(` + f%d(1)`, i)
		}
		s.want(`SELECT `+sum, "1275")
	})
	a.run("SQLBodies", func(s *session) {
		s.exec(`CREATE TABLE t (a int);
			CREATE FUNCTION std(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC INSERT INTO t VALUES (x); SELECT sum(a) FROM t; END`)
		s.want(`SELECT std(1)`, "1")
		s.want(`SELECT std(2)`, "3")
		s.fails("2BP01", `DROP TABLE t`)
		s.want(`SELECT pg_get_function_result('std'::regproc), pg_get_function_arguments('std'::regproc)`, "integer|x integer")
	})
}
