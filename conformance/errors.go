package conformance

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// testErrors checks what errors tell: their code and the fields that go with it.
func testErrors(a *area) {
	a.run("Codes", func(s *session) {
		s.exec(`CREATE TABLE t (a int NOT NULL, b int UNIQUE, c int CHECK (c > 0))`)
		for _, c := range errorCodes {
			e := s.fails(c.sqlstate, c.sql)
			require.Equal(s, "ERROR", e.Severity)
			require.Equal(s, "ERROR", e.SeverityUnlocalized)
			if c.message != "" {
				require.Equal(s, c.message, e.Message)
			}
			if c.position > 0 {
				require.EqualValues(s, c.position, e.Position, c.sql)
			}
		}
	})
	a.run("ConstraintFields", func(s *session) {
		s.exec(`
			CREATE TABLE parent (id int PRIMARY KEY);
			CREATE TABLE child (id int NOT NULL, p int CONSTRAINT child_parent REFERENCES parent, n int CONSTRAINT positive CHECK (n > 0));
			CREATE DOMAIN small AS int CONSTRAINT below_ten CHECK (VALUE < 10);
			INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1, 1)`)
		for _, c := range []struct {
			sqlstate, sql, table, column, dataType, constraint, detail string
		}{
			{"23505", `INSERT INTO parent VALUES (1)`, "parent", "", "", "parent_pkey", "Key (id)=(1) already exists."},
			{"23503", `INSERT INTO child VALUES (1, 7, 1)`, "child", "", "", "child_parent", `Key (p)=(7) is not present in table "parent".`},
			{"23503", `DELETE FROM parent`, "child", "", "", "child_parent", `Key (id)=(1) is still referenced from table "child".`},
			{"23502", `INSERT INTO child VALUES (NULL, 1, 1)`, "child", "id", "", "", "Failing row contains (null, 1, 1)."},
			{"23514", `INSERT INTO child VALUES (1, 1, -1)`, "child", "", "", "positive", "Failing row contains (1, 1, -1)."},
			{"23514", `SELECT 10::small`, "", "", "small", "below_ten", ""},
		} {
			e := s.fails(c.sqlstate, c.sql)
			require.Equal(s, c.table, e.TableName, c.sql)
			require.Equal(s, c.column, e.ColumnName, c.sql)
			require.Equal(s, c.dataType, e.DataTypeName, c.sql)
			require.Equal(s, c.constraint, e.ConstraintName, c.sql)
			require.Equal(s, c.detail, e.Detail, c.sql)
			require.Equal(s, s.schema, e.SchemaName, c.sql)
		}
	})
	a.run("HintAndPosition", func(s *session) {
		s.exec(`CREATE TABLE t (name text)`)
		e := s.fails("42703", `SELECT nam FROM t`)
		require.Equal(s, `Perhaps you meant to reference the column "t.name".`, e.Hint)
		require.EqualValues(s, 8, e.Position)
		e = s.fails("42883", `SELECT 1, nofunction(2)`)
		require.EqualValues(s, 11, e.Position)
		require.NotEmpty(s, e.Hint)
		// A position counts characters, not bytes.
		e = s.fails("42703", `SELECT 'ä漢🐘', x`)
		require.EqualValues(s, 15, e.Position)
	})
	a.run("InternalPosition", func(s *session) {
		s.exec(`CREATE FUNCTION broken() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN (SELECT x FROM nowhere); END $$`)
		e := s.fails("42P01", `SELECT broken()`)
		require.Equal(s, `(SELECT x FROM nowhere)`, e.InternalQuery)
		require.EqualValues(s, 16, e.InternalPosition)
		require.Equal(s, "PL/pgSQL function broken() line 1 at RETURN", e.Where)
	})
	a.run("SourceLocation", func(s *session) {
		e := s.fails("22012", `SELECT 1/0`)
		require.Equal(s, "int.c", e.File)
		require.Equal(s, "int4div", e.Routine)
		require.Positive(s, e.Line)
	})
	a.run("RaisedByUser", func(s *session) {
		e := s.fails("AB123", `DO $$ BEGIN RAISE EXCEPTION 'm %', 1 USING ERRCODE = 'AB123', DETAIL = 'd', HINT = 'h',
			CONSTRAINT = 'c', TABLE = 't', COLUMN = 'k', DATATYPE = 'y', SCHEMA = 's'; END $$`)
		require.Equal(s, &pgconn.PgError{
			Severity: "ERROR", SeverityUnlocalized: "ERROR", Code: "AB123", Message: "m 1", Detail: "d", Hint: "h",
			Where:      "PL/pgSQL function inline_code_block line 1 at RAISE",
			SchemaName: "s", TableName: "t", ColumnName: "k", DataTypeName: "y", ConstraintName: "c",
			File: e.File, Line: e.Line, Routine: "exec_stmt_raise",
		}, e)
	})
	a.run("HundredInARow", func(s *session) {
		for i := range 100 {
			e := s.fails("42P01", fmt.Sprintf(`SELECT * FROM nothing_%d`, i))
			require.Equal(s, fmt.Sprintf(`relation "nothing_%d" does not exist`, i), e.Message)
			_, err := s.run(`SELECT 1 / ($1::int - $1::int)`, i)
			s.isError("22012", err, "division by zero")
			require.Equal(s, fmt.Sprint(i), s.value(`SELECT $1::int`, i))
		}
	})
	a.run("SystemCatalogs", func(s *session) {
		if s.value(`SHOW allow_system_table_mods`) == "on" {
			s.Skip("allow_system_table_mods is on")
		}
		s.fails("42501", `DROP TABLE pg_class`)
		s.fails("42501", `ALTER TABLE pg_class ADD COLUMN x int`)
		s.fails("42501", `CREATE TABLE pg_catalog.x (a int)`)
		s.fails("42939", `CREATE SCHEMA pg_x`)
		s.fails("42939", `CREATE ROLE pg_x`)
	})
	a.run("LongMessage", func(s *session) {
		e := s.fails("P0001", `DO $$ BEGIN RAISE EXCEPTION '%', repeat('x', 1000000); END $$`)
		require.Len(s, e.Message, 1_000_000)
	})
	a.run("Context", func(s *session) {
		s.exec(`CREATE FUNCTION f(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1 / n; END $$;
			CREATE FUNCTION g(n int) RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN f(n); END $$`)
		e := s.fails("22012", `SELECT g(0)`)
		require.Equal(s, "PL/pgSQL function f(integer) line 1 at RETURN\nPL/pgSQL function g(integer) line 1 at RETURN", e.Where)
	})
	a.run("InSQLFunction", func(s *session) {
		s.exec(`CREATE FUNCTION f(n int) RETURNS int LANGUAGE sql AS 'SELECT 1 / n FROM generate_series(1, 1)'`)
		e := s.fails("22012", `SELECT f(x) FROM (VALUES (1), (0)) v(x)`)
		require.Equal(s, `SQL function "f" statement 1`, e.Where)
	})
}

var errorCodes = []struct {
	sqlstate, sql, message string
	position               int
}{
	{"42601", `SELEC 1`, `syntax error at or near "SELEC"`, 1},
	{"42601", `SELECT 1 FROM`, `syntax error at end of input`, 14},
	{"42601", `SELECT 'x`, `unterminated quoted string at or near "'x"`, 8},
	{"42601", `SELECT /* x`, `unterminated /* comment at or near "/* x"`, 8},
	{"42P01", `SELECT * FROM nope`, `relation "nope" does not exist`, 15},
	{"3F000", `CREATE TABLE nope.t ()`, `schema "nope" does not exist`, 14},
	{"42703", `SELECT nope FROM t`, `column "nope" does not exist`, 8},
	{"42703", `INSERT INTO t (nope) VALUES (1)`, `column "nope" of relation "t" does not exist`, 16},
	{"42702", `SELECT a FROM t, t AS u`, `column reference "a" is ambiguous`, 8},
	{"42883", `SELECT nope(1)`, `function nope(integer) does not exist`, 8},
	{"42883", `SELECT 'a'::text + 1`, `operator does not exist: text + integer`, 18},
	{"42725", `SELECT -'x'`, ``, 0},
	{"42704", `SELECT 1::nope`, `type "nope" does not exist`, 11},
	{"42P07", `CREATE TABLE t ()`, `relation "t" already exists`, 0},
	{"42701", `ALTER TABLE t ADD COLUMN a int`, `column "a" of relation "t" already exists`, 0},
	{"42803", `SELECT a, count(*) FROM t`, `column "t.a" must appear in the GROUP BY clause or be used in an aggregate function`, 8},
	{"42804", `SELECT CASE WHEN 1 THEN 2 END`, `argument of CASE/WHEN must be type boolean, not type integer`, 18},
	{"42804", `INSERT INTO t VALUES (true)`, `column "a" is of type integer but expression is of type boolean`, 23},
	{"42846", `SELECT true::date`, `cannot cast type boolean to date`, 12},
	{"42P10", `INSERT INTO t VALUES (1) ON CONFLICT (a) DO NOTHING`, `there is no unique or exclusion constraint matching the ON CONFLICT specification`, 0},
	{"42P20", `SELECT 1 WHERE row_number() OVER () = 1`, `window functions are not allowed in WHERE`, 16},
	{"42P19", `WITH RECURSIVE r AS (SELECT 1 UNION ALL SELECT sum(1) FROM r) SELECT 1`, ``, 0},
	{"42809", `DROP VIEW t`, `"t" is not a view`, 0},
	{"22012", `SELECT 1/0`, `division by zero`, 0},
	{"22012", `SELECT 1.0/0`, `division by zero`, 0},
	{"22012", `SELECT 1::float8/0`, `division by zero`, 0},
	{"22003", `SELECT 2147483647 + 1`, `integer out of range`, 0},
	{"22003", `SELECT 32768::int2`, `smallint out of range`, 0},
	{"22003", `SELECT 9223372036854775807 + 1`, `bigint out of range`, 0},
	{"22003", `SELECT '9999999999'::int`, `value "9999999999" is out of range for type integer`, 8},
	{"22003", `SELECT 1e309::float8`, ``, 0},
	{"22003", `SELECT 1e200::float8 * 1e200::float8`, `value out of range: overflow`, 0},
	{"22003", `SELECT 12345::numeric(4,2)`, `numeric field overflow`, 0},
	{"22003", `SELECT 10::numeric ^ 200000`, `value overflows numeric format`, 0},
	{"22001", `CREATE TEMP TABLE v (a varchar(2)); INSERT INTO v VALUES ('abc')`, `value too long for type character varying(2)`, 0},
	{"22P02", `SELECT 'x'::int`, `invalid input syntax for type integer: "x"`, 8},
	{"22P02", `SELECT 'x'::uuid`, `invalid input syntax for type uuid: "x"`, 8},
	{"22P02", `SELECT '{"a":}'::json`, `invalid input syntax for type json`, 8},
	{"22P02", `SELECT '{1,2'::int[]`, `malformed array literal: "{1,2"`, 8},
	{"22007", `SELECT 'x'::date`, `invalid input syntax for type date: "x"`, 8},
	{"22008", `SELECT '2023-02-29'::date`, `date/time field value out of range: "2023-02-29"`, 8},
	{"22008", `SELECT '2024-01-01'::date + 2147483647`, `date out of range`, 0},
	{"22023", `SELECT now() AT TIME ZONE 'nope'`, `time zone "nope" not recognized`, 0},
	{"22011", `SELECT substring('x' FROM 1 FOR -1)`, `negative substring length not allowed`, 0},
	{"2201B", `SELECT 'x' ~ '('`, `invalid regular expression: parentheses () not balanced`, 0},
	{"2201E", `SELECT ln(0::numeric)`, `cannot take logarithm of zero`, 0},
	{"2201F", `SELECT sqrt(-1)`, `cannot take square root of a negative number`, 0},
	{"2201W", `SELECT 1 LIMIT -1`, `LIMIT must not be negative`, 0},
	{"2201X", `SELECT 1 OFFSET -1`, `OFFSET must not be negative`, 0},
	{"2202E", `SELECT ARRAY[[1],[2,3]]`, `multidimensional arrays must have array expressions with matching dimensions`, 0},
	{"21000", `SELECT (SELECT 1 UNION ALL SELECT 2)`, `more than one row returned by a subquery used as an expression`, 0},
	{"21000", `INSERT INTO t (a, b) VALUES (1, 1), (1, 1) ON CONFLICT (b) DO UPDATE SET a = 2`, `ON CONFLICT DO UPDATE command cannot affect row a second time`, 0},
	{"23502", `INSERT INTO t (b) VALUES (1)`, `null value in column "a" of relation "t" violates not-null constraint`, 0},
	{"23514", `INSERT INTO t (a, c) VALUES (1, 0)`, `new row for relation "t" violates check constraint "t_c_check"`, 0},
	{"25001", `SELECT 1; VACUUM`, `VACUUM cannot run inside a transaction block`, 0},
	{"25P01", `SAVEPOINT x`, `SAVEPOINT can only be used in transaction blocks`, 0},
	{"25P01", `LOCK TABLE t`, `LOCK TABLE can only be used in transaction blocks`, 0},
	{"26000", `EXECUTE nope`, `prepared statement "nope" does not exist`, 0},
	{"2BP01", `CREATE TEMP VIEW dependent AS SELECT * FROM t; DROP TABLE t`, `cannot drop table t because other objects depend on it`, 0},
	{"34000", `FETCH nope`, `cursor "nope" does not exist`, 0},
	{"42710", `CREATE LANGUAGE plpgsql`, ``, 0},
	{"42712", `SELECT 1 FROM t, t`, `table name "t" specified more than once`, 0},
	{"42P16", `CREATE TABLE u (a int PRIMARY KEY, b int PRIMARY KEY)`, `multiple primary keys for table "u" are not allowed`, 42},
	{"42P22", `CREATE TEMP TABLE coll (a text COLLATE "C", b text COLLATE "POSIX"); INSERT INTO coll VALUES ('x', 'y'); SELECT a < b FROM coll`, `could not determine which collation to use for string comparison`, 0},
	{"42P21", `SELECT ('a' COLLATE "C") < ('b' COLLATE "POSIX")`, `collation mismatch between explicit collations "C" and "POSIX"`, 33},
	{"0A000", `SELECT DISTINCT a FROM t FOR UPDATE`, `FOR UPDATE is not allowed with DISTINCT clause`, 0},
	{"54000", `SELECT repeat('x', 1073741824)`, `requested length too large`, 0},
	{"55000", `CREATE SEQUENCE q; SELECT currval('q')`, ``, 0},
}
