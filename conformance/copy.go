package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// testCopy checks COPY from and to the client.
func testCopy(a *area) {
	a.run("RoundTrip", func(s *session) {
		s.exec(`CREATE TABLE source (a int, b text, c timestamptz, d bytea, e text[], f numeric, g jsonb);
			INSERT INTO source
			SELECT i, CASE WHEN i % 7 = 0 THEN NULL WHEN i % 5 = 0 THEN '' ELSE E'a\tb\nc\\d"e,f' || chr(9786) || i END,
				'2024-01-01 00:00:00+00'::timestamptz + i * interval '1 second', decode(md5(i::text), 'hex'),
				ARRAY['x', NULL, i::text], i / 7.0, jsonb_build_object('i', i)
			FROM generate_series(1, 1000) AS i;
			CREATE TABLE target (LIKE source)`)
		for _, format := range []string{
			`FORMAT text`, `FORMAT csv`, `FORMAT binary`, `FORMAT csv, HEADER, DELIMITER ';', QUOTE '''', ESCAPE '\', NULL 'nil'`,
			`FORMAT csv, FORCE_QUOTE *`, `FORMAT text, DELIMITER '|', NULL ''`, `FORMAT text, HEADER true`,
		} {
			to := format
			from := strings.Replace(format, "FORCE_QUOTE *", "FORCE_NOT_NULL (a)", 1)
			data := s.copyTo(`COPY source TO STDOUT (` + to + `)`)
			s.exec(`TRUNCATE target`)
			require.EqualValues(s, 1000, s.copyFrom(`COPY target FROM STDIN (`+from+`)`, bytes.NewReader(data)), format)
			if strings.Contains(format, "NULL ''") {
				s.exec(`UPDATE target SET b = '' WHERE a % 5 = 0 AND a % 7 <> 0`) // this format cannot tell them apart
			}
			s.want(`(TABLE source EXCEPT TABLE target) UNION ALL (TABLE target EXCEPT TABLE source)`)
		}
	})
	a.run("TextOptions", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text, c text DEFAULT 'dflt')`)
		s.copyFrom(`COPY t (a, b) FROM STDIN`, strings.NewReader("1\tx\n2\t\\N\n3\t\\x41\\101\\t\\\\\n"))
		s.want(`SELECT * FROM t ORDER BY a`, "1|x|dflt", "2|∅|dflt", "3|AA\t\\|dflt")
		s.exec(`TRUNCATE t`)
		s.copyFrom(`COPY t (a, b) FROM STDIN (FORMAT csv, HEADER match)`, strings.NewReader("a,b\r\n1,\"two\r\nlines\"\r\n2,\"\"\r\n3,\r\n"))
		s.want(`SELECT a, b FROM t ORDER BY a`, "1|two\r\nlines", "2|", "3|∅")
		_, err := s.pg.CopyFrom(s.ctx, strings.NewReader("a,z\n1,2\n"), `COPY t (a, b) FROM STDIN (FORMAT csv, HEADER match)`)
		s.isError("22P04", err, "HEADER match")
		s.exec(`TRUNCATE t`)
		s.copyFrom(`COPY t FROM STDIN WHERE a % 2 = 0`, strings.NewReader("1\ta\tb\n2\tc\td\n"))
		s.want(`SELECT * FROM t`, "2|c|d")
		s.copyFrom(`COPY t FROM STDIN (FORMAT csv, FORCE_NULL (b))`, strings.NewReader("5,\"\",z\n"))
		s.want(`SELECT * FROM t WHERE a = 5`, "5|∅|z")
	})
	a.run("DefaultMarker", func(s *session) {
		s.needs(16, "COPY FROM with DEFAULT")
		s.exec(`CREATE TABLE t (a int, b text DEFAULT 'dflt')`)
		s.copyFrom(`COPY t FROM STDIN (DEFAULT '\D')`, strings.NewReader("1\t\\D\n2\tx\n"))
		s.want(`SELECT * FROM t ORDER BY a`, "1|dflt", "2|x")
	})
	a.run("OnErrorIgnore", func(s *session) {
		s.needs(17, "COPY FROM with ON_ERROR")
		s.exec(`CREATE TABLE t (a int)`)
		require.EqualValues(s, 2, s.copyFrom(`COPY t FROM STDIN (ON_ERROR ignore)`, strings.NewReader("1\nx\n3\n")))
		require.Equal(s, "1 row was skipped due to data type incompatibility", s.lastNotice().Message)
		s.want(`SELECT a FROM t`, "1", "3")
	})
	a.run("BadRows", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text NOT NULL)`)
		for _, c := range []struct{ data, sqlstate, where string }{
			{"1\tx\nz\ty\n", "22P02", `COPY t, line 2, column a: "z"`},
			{"1\tx\n2\n", "22P04", `COPY t, line 2: "2"`},
			{"1\tx\ty\n", "22P04", "COPY t, line 1: \"1\tx\ty\""},
			{"1\t\\N\n", "23502", `COPY t, line 1: "1	\N"`},
			{"1\t\xff\n", "22021", `COPY t, line 1`},
			{"1\t\x00\n", "22021", `COPY t, line 1`},
			{"99999999999\tx\n", "22003", `COPY t, line 1, column a: "99999999999"`},
		} {
			_, err := s.pg.CopyFrom(s.ctx, strings.NewReader(c.data), `COPY t FROM STDIN`)
			require.Equal(s, c.where, s.isError(c.sqlstate, err, c.data).Where)
		}
		_, err := s.pg.CopyFrom(s.ctx, strings.NewReader("1,\"x\n"), `COPY t FROM STDIN (FORMAT csv)`)
		require.Equal(s, "unterminated CSV quoted field", s.isError("22P04", err, "csv").Message)
		_, err = s.pg.CopyFrom(s.ctx, strings.NewReader("not binary"), `COPY t FROM STDIN (FORMAT binary)`)
		require.Equal(s, "COPY file signature not recognized", s.isError("22P04", err, "binary").Message)
		s.want(`SELECT count(*) FROM t`, "0")
	})
	a.run("BadStatements", func(s *session) {
		s.exec(`CREATE TABLE t (a int); CREATE VIEW v AS SELECT 1 AS a`)
		for sql, sqlstate := range map[string]string{
			`COPY nope FROM STDIN`:                     "42P01",
			`COPY t (nope) FROM STDIN`:                 "42703",
			`COPY t FROM STDIN (FORMAT nope)`:          "22023",
			`COPY t FROM STDIN (NOPE)`:                 "42601",
			`COPY t FROM STDIN (DELIMITER 'ab')`:       "0A000",
			`COPY v FROM STDIN`:                        "42809",
			`COPY (SELECT 1) FROM STDIN`:               "42601",
			`COPY (SELECT * FROM nope) TO STDOUT`:      "42P01",
			`COPY (DELETE FROM t) TO STDOUT`:           "0A000",
			`COPY t TO '/nowhere/to/be/found'`:         "58P01",
			`COPY t FROM '/nowhere/to/be/found'`:       "58P01",
			`COPY t TO 'relative'`:                     "42602",
			`COPY t FROM STDIN (FORMAT csv, QUOTE '')`: "0A000",
		} {
			s.fails(sqlstate, sql)
		}
	})
	a.run("OneByteAtATime", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text)`)
		w := s.wire()
		w.send(&pgproto3.Query{String: `COPY t FROM STDIN`})
		require.Equal(s, []string{"G 0 2"}, w.read(1))
		for i := range 300 {
			for _, b := range fmt.Appendf(nil, "%d\trow – %d\n", i, i) {
				w.send(&pgproto3.CopyData{Data: []byte{b}})
			}
			w.send(&pgproto3.CopyData{})
		}
		require.Equal(s, []string{"C COPY 300", "Z I"}, w.roundTrip(&pgproto3.CopyDone{}))
		require.Equal(s, []string{"T sum:20,count:20", "D 44850|300", "C SELECT 1", "Z I"},
			w.roundTrip(&pgproto3.Query{String: `SELECT sum(a), count(DISTINCT b) FROM t`}))
	})
	a.run("OneLargeMessage", func(s *session) {
		s.exec(`CREATE TABLE t (a text)`)
		w := s.wire()
		w.send(&pgproto3.Query{String: `COPY t FROM STDIN`},
			&pgproto3.CopyData{Data: append(bytes.Repeat([]byte("x"), 8_000_000), '\n')}, &pgproto3.CopyDone{})
		require.Equal(s, []string{"G 0 1", "C COPY 1", "Z I"}, w.readUntilReady())
		require.Equal(s, "D 8000000", w.roundTrip(&pgproto3.Query{String: `SELECT length(a) FROM t`})[1])
	})
	a.run("ManyRows", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, b text, c float8)`)
		const rows = 100_000
		i := 0
		n, err := s.conn.CopyFrom(s.ctx, pgx.Identifier{"t"}, []string{"a", "b", "c"}, pgx.CopyFromFunc(func() ([]any, error) {
			if i == rows {
				return nil, nil
			}
			i++
			return []any{i, "row", float64(i) / 2}, nil
		}))
		require.NoError(s, err)
		require.EqualValues(s, rows, n)
		s.want(`SELECT count(*), sum(a), sum(c) FROM t`, "100000|5000050000|2500025000")
		var out countingWriter
		tag, err := s.pg.CopyTo(s.ctx, &out, `COPY t TO STDOUT`)
		require.NoError(s, err)
		require.Equal(s, "COPY 100000", tag.String())
		require.Equal(s, rows, out.lines)
	})
	a.run("ClientFailsMidway", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		failure := errors.New("source ran dry")
		reader := io.MultiReader(strings.NewReader(strings.Repeat("1\n", 100_000)), failingReader{failure})
		_, err := s.pg.CopyFrom(s.ctx, reader, `COPY t FROM STDIN`)
		require.ErrorContains(s, err, "source ran dry")
		s.want(`SELECT count(*) FROM t`, "0")
	})
	a.run("EarlyErrorInLongCopy", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		data := "x\n" + strings.Repeat("1\n", 500_000)
		_, err := s.pg.CopyFrom(s.ctx, strings.NewReader(data), `COPY t FROM STDIN`)
		s.isError("22P02", err, "COPY")
		s.want(`SELECT 1`, "1")
	})
	a.run("TriggersAndGeneratedColumns", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c text);
			CREATE FUNCTION mark() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.c := 'marked ' || NEW.a; RETURN NEW; END $$;
			CREATE TRIGGER mark BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION mark()`)
		s.copyFrom(`COPY t (a) FROM STDIN`, strings.NewReader("1\n2\n"))
		s.want(`SELECT * FROM t ORDER BY a`, "1|2|marked 1", "2|4|marked 2")
		require.Equal(s, "1\tmarked 1\n2\tmarked 2\n", string(s.copyTo(`COPY t TO STDOUT`)))
	})
	a.run("Partitions", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text) PARTITION BY RANGE (a);
			CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (10); CREATE TABLE t2 PARTITION OF t FOR VALUES FROM (10) TO (20)`)
		s.copyFrom(`COPY t FROM STDIN`, strings.NewReader("1\ta\n11\tb\n2\tc\n"))
		s.want(`SELECT tableoid::regclass, count(*) FROM t GROUP BY 1 ORDER BY 1`, "t1|2", "t2|1")
		_, err := s.pg.CopyFrom(s.ctx, strings.NewReader("99\tx\n"), `COPY t FROM STDIN`)
		s.isError("23514", err, "no partition")
	})
	a.run("ReturningQuery", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		require.Equal(s, "1\n2\n", string(s.copyTo(`COPY (INSERT INTO t VALUES (1), (2) RETURNING a) TO STDOUT`)))
	})
	a.run("Freeze", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		_, err := s.pg.CopyFrom(s.ctx, strings.NewReader("1\n"), `COPY t FROM STDIN (FREEZE)`)
		s.isError("55000", err, "FREEZE of an older table")
		s.exec(`BEGIN; TRUNCATE t`)
		s.copyFrom(`COPY t FROM STDIN (FREEZE)`, strings.NewReader("1\n2\n"))
		s.exec(`COMMIT`)
		s.want(`SELECT count(*) FROM t`, "2")
	})
	a.run("ServerFile", func(s *session) {
		file := s.serverFile("one\ntwo\n")
		s.exec(`CREATE TABLE t (line text)`)
		s.wantTag("COPY 2", `COPY t FROM '`+file+`'`)
		s.want(`SELECT line FROM t`, "one", "two")
	})
	a.run("Program", func(s *session) {
		s.exec(`CREATE TABLE t (line text)`)
		if !s.target.NoShell {
			s.wantTag("COPY 2", `COPY t FROM PROGRAM 'printf "a\nb\n"'`)
			s.fails("38000", `COPY t TO PROGRAM 'exit 3'`)
			return
		}
		for _, sql := range []string{`COPY t TO PROGRAM 'cat'`, `COPY t FROM PROGRAM 'echo x'`} {
			s.someError(sql)
			s.want(`SELECT 1`, "1")
		}
	})
}

// copyFrom sends data and returns how many rows were copied.
func (s *session) copyFrom(sql string, data io.Reader) int64 {
	s.Helper()
	tag, err := s.pg.CopyFrom(s.ctx, data, sql)
	require.NoError(s, err, sql)
	return tag.RowsAffected()
}

// copyTo returns what a COPY TO STDOUT sends.
func (s *session) copyTo(sql string) []byte {
	s.Helper()
	var data bytes.Buffer
	_, err := s.pg.CopyTo(s.ctx, &data, sql)
	require.NoError(s, err, sql)
	return data.Bytes()
}

// serverFile writes a file on the server, and returns its name there. The file is emptied after the test, since SQL
// cannot remove one.
func (s *session) serverFile(text string) string {
	s.Helper()
	file := s.value(`SELECT current_setting('data_directory') || '/pg_stat_tmp'`) + "/conformance.txt"
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	s.exec(`COPY (SELECT unnest(ARRAY['` + strings.Join(lines, `','`) + `'])) TO '` + file + `'`)
	s.Cleanup(func() { s.exec(`COPY (SELECT WHERE false) TO '` + file + `'`) })
	return file
}

// someError runs a statement that must fail with an error of the server, whichever it is.
func (s *session) someError(sql string) {
	s.Helper()
	_, err := s.run(sql)
	require.ErrorContains(s, err, "SQLSTATE", sql)
}

type failingReader struct{ err error }

func (r failingReader) Read([]byte) (int, error) { return 0, r.err }

// countingWriter counts the lines written to it.
type countingWriter struct{ lines int }

func (w *countingWriter) Write(p []byte) (int, error) {
	w.lines += bytes.Count(p, []byte("\n"))
	return len(p), nil
}
