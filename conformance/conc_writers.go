package conformance

import (
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"
)

// testWriters checks sessions that write the same rows, and schemas that change under them.
func testWriters(a *area) {
	a.run("UniqueInsertRace", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, who text)`)
		for _, end := range []string{"ROLLBACK", "COMMIT"} {
			s.exec(`BEGIN; INSERT INTO t VALUES (1, 's')`)
			insert := o.start(`INSERT INTO t VALUES (1, 'o')`)
			s.blocked(o)
			s.exec(end)
			if end == "COMMIT" {
				insert.fails("23505")
				s.want(`SELECT who FROM t`, "s")
			} else {
				insert.rows()
				s.want(`SELECT who FROM t`, "o")
			}
			s.exec(`TRUNCATE t`)
		}
	})
	a.run("Upserts", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (k text PRIMARY KEY, n int)`)
		const upsert = `INSERT INTO t VALUES ('x', 1) ON CONFLICT (k) DO UPDATE SET n = t.n + 1 RETURNING n`
		s.exec(`BEGIN`)
		s.want(upsert, "1")
		second := o.start(upsert)
		s.blocked(o)
		s.exec(`COMMIT`)
		require.Equal(s, []string{"2"}, second.rows())
		s.exec(`BEGIN; DELETE FROM t`)
		second = o.start(upsert)
		s.blocked(o)
		s.exec(`COMMIT`)
		require.Equal(s, []string{"1"}, second.rows())
		s.exec(`BEGIN; INSERT INTO t VALUES ('y', 1)`)
		nothing := o.start(`INSERT INTO t VALUES ('y', 2) ON CONFLICT DO NOTHING RETURNING n`)
		s.blocked(o)
		s.exec(`COMMIT`)
		require.Empty(s, nothing.rows())
	})
	a.run("UpsertStorm", func(s *session) {
		const writers, rounds = 4, 100
		s.exec(`CREATE TABLE t (k int PRIMARY KEY, n int)`)
		var all []*pending
		for _, o := range s.others(writers) {
			all = append(all, o.start(fmt.Sprintf(`DO $$ BEGIN FOR i IN 1..%d LOOP INSERT INTO t VALUES (i %% 7, 1) ON CONFLICT (k) DO UPDATE SET n = t.n + 1; COMMIT; END LOOP; END $$`, rounds)))
		}
		for _, p := range all {
			p.rows()
		}
		s.want(`SELECT sum(n), count(*) FROM t`, fmt.Sprintf("%d|7", writers*rounds))
	})
	a.run("Counters", func(s *session) {
		const writers, rounds = 4, 100
		s.exec(`CREATE TABLE t (n int); INSERT INTO t VALUES (0)`)
		var all []*pending
		for _, o := range s.others(writers) {
			all = append(all, o.start(fmt.Sprintf(`DO $$ BEGIN FOR i IN 1..%d LOOP UPDATE t SET n = n + 1; COMMIT; END LOOP; END $$`, rounds)))
		}
		for _, p := range all {
			p.rows()
		}
		s.want(`SELECT n FROM t`, fmt.Sprint(writers*rounds))
	})
	a.run("Transfers", func(s *session) {
		// The sum is the same whenever somebody looks.
		const writers, rounds = 3, 60
		s.exec(`CREATE TABLE account (id int PRIMARY KEY, n int); INSERT INTO account SELECT i, 100 FROM generate_series(0, 4) AS i`)
		var all []*pending
		for w, o := range s.others(writers) {
			all = append(all, o.start(fmt.Sprintf(`DO $$ DECLARE a int; b int; BEGIN FOR i IN 1..%d LOOP
				a := (i * %d) %% 5; b := (a + 1 + i %% 4) %% 5;
				UPDATE account SET n = n - 1 WHERE id = least(a, b); UPDATE account SET n = n + 1 WHERE id = greatest(a, b); COMMIT; END LOOP; END $$`, rounds, w+1)))
		}
		for range 20 {
			s.want(`SELECT sum(n) FROM account`, "500")
		}
		for _, p := range all {
			p.rows()
		}
		s.want(`SELECT sum(n) FROM account`, "500")
	})
	a.run("InsertersIntoOneIndex", func(s *session) {
		const writers, rows = 4, 3000
		s.exec(`CREATE TABLE t (h text PRIMARY KEY, tags int[]); CREATE INDEX ON t USING gin (tags)`)
		var all []*pending
		for w, o := range s.others(writers) {
			all = append(all, o.start(fmt.Sprintf(`INSERT INTO t SELECT md5('%d/' || i), ARRAY[i %% 10, %[1]d] FROM generate_series(1, %d) AS i`, w, rows)))
		}
		for _, p := range all {
			p.rows()
		}
		s.exec(`SET enable_seqscan = off`)
		s.want(`SELECT count(*), count(DISTINCT h) FROM t`, fmt.Sprintf("%d|%[1]d", writers*rows))
		s.want(`SELECT count(*) FROM t WHERE tags @> '{3}'`, fmt.Sprint(writers*rows/10+rows*9/10))
		s.want(`SELECT bool_and(h > l) FROM (SELECT h, lag(h, 1, '') OVER (ORDER BY h) AS l FROM t) v`, "t")
	})
	a.run("ForeignKeyRace", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE p (id int PRIMARY KEY, n int); CREATE TABLE c (p int REFERENCES p); INSERT INTO p VALUES (1, 0)`)
		s.exec(`BEGIN; DELETE FROM p WHERE id = 1`)
		insert := o.start(`INSERT INTO c VALUES (1)`)
		s.blocked(o)
		s.exec(`COMMIT`)
		insert.fails("23503")
		s.exec(`INSERT INTO p VALUES (2, 0)`)
		s.exec(`BEGIN; INSERT INTO c VALUES (2)`)
		o.exec(`UPDATE p SET n = 5 WHERE id = 2`) // leaves the key alone, so that nobody waits
		remove := o.start(`DELETE FROM p WHERE id = 2`)
		s.blocked(o)
		s.exec(`COMMIT`)
		remove.fails("23503")
	})
	a.run("CopyBesideReaders", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int)`)
		s.exec(`BEGIN`)
		s.copyFrom(`COPY t FROM STDIN`, lines(20_000))
		o.want(`SELECT count(*) FROM t`, "0")
		s.exec(`COMMIT`)
		o.want(`SELECT count(*) FROM t`, "20000")
	})
	a.run("HotRowsAreFound", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (id int PRIMARY KEY, n int) WITH (fillfactor = 50); INSERT INTO t VALUES (1, 0)`)
		o.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
		o.want(`SELECT n FROM t WHERE id = 1`, "0")
		for range 50 {
			s.exec(`UPDATE t SET n = n + 1`)
		}
		o.exec(`SET enable_seqscan = off`)
		o.want(`SELECT n FROM t WHERE id = 1`, "0")
		o.exec(`COMMIT`)
		o.want(`SELECT n FROM t WHERE id = 1`, "50")
	})
}

// lines returns the numbers from 1 to n, one a line.
func lines(n int) *strings.Reader {
	var b strings.Builder
	for i := range n {
		fmt.Fprintln(&b, i+1)
	}
	return strings.NewReader(b.String())
}
