package conformance

import (
	"fmt"

	"github.com/jackc/pgx/v5/pgproto3"
	"github.com/stretchr/testify/require"
)

// testCursors checks SQL cursors and the portals of the protocol.
func testCursors(a *area) {
	a.run("Scroll", func(s *session) {
		s.exec(`BEGIN; DECLARE c SCROLL CURSOR FOR SELECT * FROM generate_series(1, 10) AS i`)
		for _, step := range []struct {
			sql  string
			rows []string
		}{
			{`FETCH c`, []string{"1"}},
			{`FETCH NEXT FROM c`, []string{"2"}},
			{`FETCH 3 FROM c`, []string{"3", "4", "5"}},
			{`FETCH PRIOR FROM c`, []string{"4"}},
			{`FETCH FIRST FROM c`, []string{"1"}},
			{`FETCH LAST FROM c`, []string{"10"}},
			{`FETCH ABSOLUTE 7 FROM c`, []string{"7"}},
			{`FETCH ABSOLUTE -2 FROM c`, []string{"9"}},
			{`FETCH RELATIVE -3 FROM c`, []string{"6"}},
			{`FETCH RELATIVE 0 FROM c`, []string{"6"}},
			{`FETCH BACKWARD 2 FROM c`, []string{"5", "4"}},
			{`FETCH FORWARD ALL FROM c`, []string{"5", "6", "7", "8", "9", "10"}},
			{`FETCH c`, nil},
			{`FETCH BACKWARD ALL FROM c`, []string{"10", "9", "8", "7", "6", "5", "4", "3", "2", "1"}},
			{`FETCH PRIOR FROM c`, nil},
			{`FETCH 0 FROM c`, nil},
			{`FETCH -1 FROM c`, nil},
		} {
			s.want(step.sql, step.rows...)
		}
		s.wantTag("MOVE 5", `MOVE 5 FROM c`)
		s.wantTag("MOVE 5", `MOVE ALL FROM c`)
		s.wantTag("MOVE 0", `MOVE NEXT FROM c`)
		s.wantTag("CLOSE CURSOR; COMMIT", `CLOSE c; COMMIT`)
	})
	a.run("NoScroll", func(s *session) {
		s.exec(`BEGIN; DECLARE c NO SCROLL CURSOR FOR SELECT 1`)
		s.want(`FETCH 2 FROM c`, "1")
		s.fails("55000", `FETCH PRIOR FROM c`)
		s.exec(`ROLLBACK`)
	})
	a.run("WithHold", func(s *session) {
		s.exec(`CREATE TABLE t AS SELECT * FROM generate_series(1, 1000) AS i;
			BEGIN; DECLARE c CURSOR WITH HOLD FOR SELECT i FROM t ORDER BY i; FETCH 2 FROM c; COMMIT`)
		s.exec(`DELETE FROM t`)
		s.want(`FETCH 2 FROM c`, "3", "4")
		s.want(`SELECT name, is_holdable FROM pg_cursors`, "c|t")
		s.wantTag("MOVE 996", `MOVE ALL FROM c`)
		s.exec(`CLOSE ALL`)
	})
	a.run("EndsWithTheTransaction", func(s *session) {
		s.exec(`BEGIN; DECLARE c CURSOR FOR SELECT 1; COMMIT`)
		s.fails("34000", `FETCH c`)
		s.fails("25P01", `DECLARE c CURSOR FOR SELECT 1`)
	})
	a.run("Insensitive", func(s *session) {
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2); BEGIN; DECLARE c CURSOR FOR SELECT a FROM t ORDER BY a`)
		s.exec(`INSERT INTO t VALUES (3); UPDATE t SET a = a * 10`)
		s.want(`FETCH ALL FROM c`, "1", "2")
		s.exec(`COMMIT`)
	})
	a.run("CurrentOf", func(s *session) {
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1), (2), (3);
			BEGIN; DECLARE c CURSOR FOR SELECT a FROM t FOR UPDATE; FETCH 2 FROM c;
			UPDATE t SET a = 20 WHERE CURRENT OF c; FETCH 1 FROM c; DELETE FROM t WHERE CURRENT OF c; COMMIT`)
		s.want(`SELECT a FROM t ORDER BY a`, "1", "20")
	})
	a.run("Binary", func(s *session) {
		s.exec(`BEGIN; DECLARE c BINARY CURSOR FOR SELECT 258::int4`)
		s.want(`FETCH c`, "\x00\x00\x01\x02")
		s.exec(`COMMIT`)
	})
	a.run("FetchByPages", func(s *session) {
		s.exec(`BEGIN; DECLARE c CURSOR FOR SELECT i FROM generate_series(1, 100) AS i`)
		for page := range 10 {
			rows := s.query(`FETCH 10 FROM c`)
			require.Len(s, rows, 10)
			require.Equal(s, fmt.Sprint(page*10+1), rows[0])
		}
		s.want(`FETCH 10 FROM c`)
		s.exec(`COMMIT`)
	})
	a.run("PortalByPages", func(s *session) {
		w := s.wire()
		require.Equal(s, []string{"C BEGIN", "Z T"}, w.roundTrip(&pgproto3.Query{String: "BEGIN"}))
		require.Equal(s, []string{"1", "2", "Z T"}, w.roundTrip(
			&pgproto3.Parse{Query: "SELECT i FROM generate_series(1, $1::int) AS i"},
			&pgproto3.Bind{DestinationPortal: "p", Parameters: [][]byte{[]byte("10000")}}, &pgproto3.Sync{}))
		next := 1
		for {
			lines := w.roundTrip(&pgproto3.Execute{Portal: "p", MaxRows: 999}, &pgproto3.Sync{})
			for _, line := range lines[:len(lines)-2] {
				require.Equal(s, fmt.Sprintf("D %d", next), line)
				next++
			}
			if lines[len(lines)-2] != "s" {
				require.Equal(s, "C SELECT 10", lines[len(lines)-2])
				break
			}
		}
		require.Equal(s, 10001, next)
		require.Equal(s, []string{"C COMMIT", "Z I"}, w.roundTrip(&pgproto3.Query{String: "COMMIT"}))
	})
	a.run("PortalsAndSubtransactions", func(s *session) {
		w := s.wire()
		w.roundTrip(&pgproto3.Query{String: "BEGIN; SAVEPOINT s"})
		lines := w.roundTrip(&pgproto3.Parse{Query: "SELECT * FROM generate_series(1, 3)"},
			&pgproto3.Bind{DestinationPortal: "p"}, &pgproto3.Execute{Portal: "p", MaxRows: 1}, &pgproto3.Sync{})
		require.Equal(s, []string{"1", "2", "D 1", "s", "Z T"}, lines)
		w.roundTrip(&pgproto3.Query{String: "ROLLBACK TO s"})
		lines = w.roundTrip(&pgproto3.Execute{Portal: "p"}, &pgproto3.Sync{})
		require.Equal(s, []string{`E ERROR 34000 portal "p" does not exist`, "Z E"}, lines)
		w.roundTrip(&pgproto3.Query{String: "ROLLBACK"})
	})
	a.run("ReadRowByRow", func(s *session) {
		rows, err := s.conn.Query(s.ctx, `SELECT i, repeat('x', 100) FROM generate_series(1, 20000) AS i`)
		require.NoError(s, err)
		n := 0
		for rows.Next() {
			n++
			var i int
			var text string
			require.NoError(s, rows.Scan(&i, &text))
			require.Equal(s, n, i)
		}
		require.NoError(s, rows.Err())
		require.Equal(s, 20000, n)
	})
	a.run("StopReadingEarly", func(s *session) {
		rows, err := s.conn.Query(s.ctx, `SELECT i FROM generate_series(1, 100000) AS i`)
		require.NoError(s, err)
		require.True(s, rows.Next())
		rows.Close()
		require.NoError(s, rows.Err())
		s.want(`SELECT 1`, "1")
	})
	a.run("ReturnedByFunctions", func(s *session) {
		s.exec(`CREATE FUNCTION two(refcursor, refcursor) RETURNS SETOF refcursor LANGUAGE plpgsql AS $$
			BEGIN
				OPEN $1 FOR SELECT 'first', 1; RETURN NEXT $1;
				OPEN $2 FOR EXECUTE 'SELECT i FROM generate_series(1, $1) AS i' USING 3; RETURN NEXT $2;
			END $$`)
		s.exec(`BEGIN`)
		s.want(`SELECT * FROM two('a', 'b')`, "a", "b")
		s.want(`FETCH ALL FROM a`, "first|1")
		s.want(`FETCH ALL FROM b`, "1", "2", "3")
		s.exec(`COMMIT`)
	})
}
