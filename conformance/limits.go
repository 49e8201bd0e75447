package conformance

import (
	"strings"

	"github.com/stretchr/testify/require"
)

// testLimits checks that what is too much ends in an error, and the session lives.
func testLimits(a *area) {
	a.run("FunctionRecursion", func(s *session) {
		s.exec(`CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN f(n + 1); END $$`)
		for range 3 {
			e := s.fails("54001", `SELECT f(1)`)
			require.Equal(s, "stack depth limit exceeded", e.Message)
			s.want(`SELECT 1`, "1")
		}
		s.exec(`CREATE FUNCTION g(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN g(n + 1); EXCEPTION WHEN statement_too_complex THEN RETURN n; END $$`)
		s.want(`SELECT g(1) > 50`, "t")
	})
	a.run("TriggerRecursion", func(s *session) {
		s.exec(`CREATE TABLE t (a int); CREATE FUNCTION again() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO t VALUES (NEW.a + 1); RETURN NEW; END $$;
			CREATE TRIGGER again BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION again()`)
		s.fails("54001", `INSERT INTO t VALUES (1)`)
		s.want(`SELECT count(*) FROM t`, "0")
	})
	a.run("DeepExpression", func(s *session) {
		s.fails("54001", `SELECT `+strings.Repeat("1+", 100_000)+`1`)
		s.want(`SELECT 1`, "1")
		s.want(`SELECT `+strings.Repeat("1+", 1000)+`1`, "1001")
		_, err := s.run(`SELECT ` + strings.Repeat("(", 20_000) + `1` + strings.Repeat(")", 20_000))
		require.ErrorContains(s, err, "SQLSTATE 4") // the parser's own limit is met first on some versions
		s.fails("54001", `SELECT repeat('[', 1000000)::json`)
		s.fails("54001", `SELECT (repeat('(', 100000) || 'a' || repeat(')', 100000))::tsquery`)
		s.want(`SELECT 1`, "1")
	})
	a.run("DeepData", func(s *session) {
		s.exec(`CREATE FUNCTION nest(n int) RETURNS jsonb LANGUAGE plpgsql AS $$ DECLARE j jsonb := '1'; BEGIN FOR i IN 1..n LOOP j := jsonb_build_array(j); END LOOP; RETURN j; END $$`)
		s.want(`SELECT length(nest(500)::text)`, "1001")
	})
	a.run("DeepRegularExpression", func(s *session) {
		// The regular expression engine asks for the depth of the stack in a way of its own.
		for _, open := range []string{"(", "(?:", "(?=", "(a|"} {
			sql := `SELECT 'a' ~ (repeat('` + open + `', $1) || 'a' || repeat(')', $1))`
			s.want(strings.ReplaceAll(sql, "$1", "300"), "t")
			s.fails("2201B", strings.ReplaceAll(sql, "$1", "500000"))
		}
		s.want(`SELECT regexp_match(repeat('x', 1000), '^' || repeat('(x)', 1000) || '\1$') IS NULL`, "t")
	})
	// Long strings are made of pieces of 1000: repeat copies one piece at a time.
	a.run("Sizes", func(s *session) {
		s.fails("54000", `SELECT repeat('x', 1073741824)`)
		s.fails("54000", `SELECT array_fill(1, ARRAY[1073741824])`)
		s.fails("54000", `SELECT array_fill(1, ARRAY[1, 1, 1, 1, 1, 1, 1])`)
		s.fails("54000", `SELECT lpad('', 1073741824)`)
		s.fails("54023", `SELECT concat(`+strings.TrimSuffix(strings.Repeat("1,", 101), ",")+`)`)
		s.fails("54011", `CREATE TABLE t (a int); CREATE INDEX ON t (`+strings.TrimSuffix(strings.Repeat("a,", 33), ",")+`)`)
		_, err := s.run(`SELECT string_agg(repeat(repeat('x', 1000), 100000), '') FROM generate_series(1, 11)`)
		if s.target.MemoryLimited {
			s.isOutOfMemory(err, "string_agg")
		} else {
			s.isError("54000", err, "string_agg")
		}
		s.want(`SELECT length(repeat(repeat('x', 1000), 100000))`, "100000000")
	})
	a.run("Memory", func(s *session) {
		if !s.target.MemoryLimited {
			s.Skip("the target has as much memory as the machine")
		}
		for _, sql := range []string{
			`SELECT md5(repeat(repeat('x', 1000), 1073741) || 'y')`,
			`SELECT length(repeat(repeat('x', 1000), 1000000) || repeat(repeat('y', 1000), 1000000))`,
			`SELECT length(array_agg(repeat(repeat(i::text, 1000), 200000))::text) FROM generate_series(1, 9) AS i`,
			`DO $$ DECLARE a text[]; BEGIN FOR i IN 1..9 LOOP a[i] := repeat(repeat('x', 1000), 900000); END LOOP; END $$`,
		} {
			_, err := s.run(sql)
			s.isOutOfMemory(err, sql)
			s.want(`SELECT 1`, "1")
		}
		s.want(`SELECT length(repeat(repeat('x', 1000), 100000))`, "100000000")
	})
	a.run("ManyLocks", func(s *session) {
		s.exec(`DO $$ BEGIN FOR i IN 1..1000 LOOP EXECUTE format('CREATE TABLE t%s (a int)', i); END LOOP; END $$`)
		s.want(`SELECT count(*) FROM pg_class WHERE relnamespace = current_schema::regnamespace`, "1000")
		s.exec(`DO $$ BEGIN FOR i IN 1..1000 LOOP EXECUTE format('DROP TABLE t%s', i); END LOOP; END $$`)
	})
	a.run("ManyOpenFiles", func(s *session) {
		// Each partition has a file, each sort on little memory some more.
		s.exec(`CREATE TABLE t (a int, b text) PARTITION BY LIST (a); DO $$ BEGIN FOR i IN 1..150 LOOP EXECUTE format('CREATE TABLE t_%s PARTITION OF t FOR VALUES IN (%s)', i, i); END LOOP; END $$`)
		s.exec(`INSERT INTO t SELECT 1 + i % 150, md5(i::text) FROM generate_series(1, 15000) AS i; CREATE INDEX ON t (b); SET work_mem = '64kB'`)
		s.want(`SELECT count(*), count(DISTINCT b) FROM t`, "15000|15000")
	})
}

// isOutOfMemory checks that err is the server's word that a value is too large, or that there is no memory for it.
func (s *session) isOutOfMemory(err error, sql string) {
	s.Helper()
	require.Error(s, err, sql)
	require.Regexp(s, `SQLSTATE (53200|54000)`, err.Error(), sql)
}
