package conformance

import (
	"fmt"

	"github.com/stretchr/testify/require"
)

// testLocks checks how sessions wait for each other.
func testLocks(a *area) {
	a.run("RowLock", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 1), (2, 2)`)
		s.exec(`BEGIN; SELECT * FROM t WHERE a = 1 FOR UPDATE`)
		o.want(`SELECT n FROM t WHERE a = 1`, "1")
		o.exec(`UPDATE t SET n = 20 WHERE a = 2`)
		update := o.start(`UPDATE t SET n = n + 1 WHERE a = 1 RETURNING n`)
		s.blocked(o)
		s.want(fmt.Sprintf(`SELECT pg_blocking_pids(%d) = ARRAY[pg_backend_pid()], wait_event_type FROM pg_stat_activity WHERE pid = %[1]d`, o.pg.PID()), "t|Lock")
		s.exec(`UPDATE t SET n = 100 WHERE a = 1`)
		s.exec(`COMMIT`)
		require.Equal(s, []string{"101"}, update.rows())
	})
	a.run("Conflicts", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t VALUES (1)`)
		strengths := []string{"KEY SHARE", "SHARE", "NO KEY UPDATE", "UPDATE"}
		for held, mine := range strengths {
			for wanted, theirs := range strengths {
				s.exec(`BEGIN; SELECT * FROM t FOR ` + mine)
				_, err := o.run(`SELECT * FROM t FOR ` + theirs + ` NOWAIT`)
				// KEY SHARE goes with all but UPDATE, SHARE with SHARE; the rest exclude each other.
				if held+wanted <= 2 {
					require.NoError(s, err, "%s then %s", mine, theirs)
				} else {
					s.isError("55P03", err, mine+" then "+theirs)
				}
				s.exec(`COMMIT`)
			}
		}
	})
	a.run("NowaitAndSkipLocked", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int PRIMARY KEY); INSERT INTO t SELECT * FROM generate_series(1, 5)`)
		s.exec(`BEGIN; SELECT * FROM t WHERE a IN (1, 3) FOR UPDATE`)
		require.Equal(s, `could not obtain lock on row in relation "t"`, o.fails("55P03", `SELECT * FROM t FOR UPDATE NOWAIT`).Message)
		o.want(`SELECT a FROM t ORDER BY a FOR UPDATE SKIP LOCKED`, "2", "4", "5")
		o.fails("55P03", `BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE NOWAIT`)
		o.exec(`ROLLBACK`)
		s.exec(`COMMIT`)
	})
	a.run("QueueWithSkipLocked", func(s *session) {
		const jobs, consumers = 60, 4
		s.exec(fmt.Sprintf(`CREATE TABLE jobs (id int PRIMARY KEY, taker int); INSERT INTO jobs SELECT i FROM generate_series(1, %d) AS i`, jobs))
		var takers []*pending
		for i, consumer := range s.others(consumers) {
			takers = append(takers, consumer.start(fmt.Sprintf(`DO $$
				DECLARE job int;
				BEGIN
					LOOP
						SELECT id INTO job FROM jobs WHERE taker IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED;
						IF job IS NULL THEN EXIT WHEN NOT EXISTS (SELECT 1 FROM jobs WHERE taker IS NULL); PERFORM pg_sleep(0.001); COMMIT; CONTINUE; END IF;
						UPDATE jobs SET taker = %d WHERE id = job AND taker IS NULL;
						ASSERT FOUND;
						COMMIT;
					END LOOP;
				END $$`, i)))
		}
		for _, taker := range takers {
			taker.rows()
		}
		s.want(`SELECT count(*) FROM jobs WHERE taker IS NOT NULL`, fmt.Sprint(jobs))
	})
	a.run("TableLock", func(s *session) {
		o, third := s.another(), s.another()
		s.exec(`CREATE TABLE t (a int)`)
		s.exec(`BEGIN; INSERT INTO t VALUES (1)`)
		lock := o.start(`LOCK TABLE t IN ACCESS EXCLUSIVE MODE`)
		lock.fails("25P01")
		o.exec(`BEGIN`)
		lock = o.start(`LOCK TABLE t IN ACCESS EXCLUSIVE MODE`)
		s.blocked(o)
		// A reader queues behind the one who waits.
		read := third.start(`SELECT count(*) FROM t`)
		s.blocked(third)
		s.want(fmt.Sprintf(`SELECT pg_blocking_pids(%d)`, third.pg.PID()), fmt.Sprintf("{%d}", o.pg.PID()))
		s.exec(`COMMIT`)
		lock.rows()
		o.exec(`DELETE FROM t; COMMIT`)
		require.Equal(s, []string{"0"}, read.rows())
	})
	a.run("Deadlock", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0), (2, 0); SET deadlock_timeout = '10ms'`)
		o.exec(`SET deadlock_timeout = '10ms'`)
		s.exec(`BEGIN; UPDATE t SET n = 1 WHERE a = 1`)
		o.exec(`BEGIN; UPDATE t SET n = 2 WHERE a = 2`)
		first := s.start(`UPDATE t SET n = 1 WHERE a = 2`)
		second := o.start(`UPDATE t SET n = 2 WHERE a = 1`)
		_, firstErr := first.wait()
		if firstErr != nil {
			s.exec(`ROLLBACK`)
		} else {
			s.exec(`COMMIT`)
		}
		_, secondErr := second.wait()
		if secondErr != nil {
			o.exec(`ROLLBACK`)
		} else {
			o.exec(`COMMIT`)
		}
		require.True(s, (firstErr == nil) != (secondErr == nil), "exactly one victim: %v, %v", firstErr, secondErr)
		victim := firstErr
		winner := "2"
		if victim == nil {
			victim, winner = secondErr, "1"
		}
		e := s.isError("40P01", victim, "UPDATE")
		require.Equal(s, "deadlock detected", e.Message)
		require.Contains(s, e.Detail, fmt.Sprintf("Process %d waits for ShareLock on transaction", s.pg.PID()))
		require.Contains(s, e.Detail, fmt.Sprintf("blocked by process %d.", s.pg.PID()))
		require.Equal(s, "See server log for query details.", e.Hint)
		s.want(`SELECT DISTINCT n FROM t`, winner)
	})
	a.run("DeadlockOfThree", func(s *session) {
		sessions := append(s.others(2), s)
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, n int); INSERT INTO t VALUES (0, 0), (1, 0), (2, 0)`)
		for i, one := range sessions {
			one.exec(`SET deadlock_timeout = '10ms'`)
			one.exec(fmt.Sprintf(`BEGIN; SELECT * FROM t WHERE a = %d FOR UPDATE`, i))
		}
		var waiting []*pending
		for i, one := range sessions {
			waiting = append(waiting, one.start(fmt.Sprintf(`SELECT * FROM t WHERE a = %d FOR UPDATE`, (i+1)%3)))
		}
		// One is the victim; as each ends its transaction, the one before it gets its row.
		outcomes := make([]outcome, len(waiting))
		ended := make(chan int)
		for i, p := range waiting {
			go func() {
				outcomes[i] = <-p.done
				ended <- i
			}()
		}
		victims := 0
		for range waiting {
			i := <-ended
			if err := outcomes[i].err; err != nil {
				s.isError("40P01", err, waiting[i].sql)
				victims++
			}
			sessions[i].exec(`ROLLBACK`)
		}
		require.Equal(s, 1, victims)
	})
	a.run("LockTimeout", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1)`)
		s.exec(`BEGIN; UPDATE t SET a = 2`)
		o.exec(`SET lock_timeout = '30ms'`)
		require.Equal(s, "canceling statement due to lock timeout", o.fails("55P03", `UPDATE t SET a = 3`).Message)
		o.fails("55P03", `ALTER TABLE t ADD b int`)
		o.want(`SELECT a FROM t`, "1")
		o.exec(`BEGIN; SAVEPOINT s`)
		o.fails("55P03", `SELECT * FROM t FOR SHARE`)
		o.exec(`ROLLBACK TO s; SELECT * FROM t; COMMIT`)
		s.exec(`COMMIT`)
		o.want(`UPDATE t SET a = 3 RETURNING a`, "3")
	})
	a.run("StatementTimeoutWhileWaiting", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int)`)
		s.exec(`BEGIN; LOCK TABLE t`)
		o.fails("57014", `SET statement_timeout = '30ms'; SELECT * FROM t`) // the error undoes the setting
		s.exec(`COMMIT`)
		o.exec(`SELECT * FROM t`)
	})
	a.run("Advisory", func(s *session) {
		o := s.another()
		s.exec(`SELECT pg_advisory_lock(42)`)
		o.want(`SELECT pg_try_advisory_lock(42), pg_try_advisory_lock_shared(42)`, "f|f")
		lock := o.start(`SELECT pg_advisory_lock(42)`)
		s.blocked(o)
		s.exec(`SELECT pg_advisory_unlock(42)`)
		lock.rows()
		s.want(`SELECT pg_try_advisory_lock(42)`, "f")
		o.want(`SELECT pg_advisory_unlock(42)`, "t")
		s.want(`SELECT pg_advisory_lock_shared(7)`, "")
		o.want(`SELECT pg_try_advisory_lock_shared(7), pg_try_advisory_lock(7)`, "t|f")
		s.exec(`SELECT pg_advisory_unlock_all()`)
		o.exec(`SELECT pg_advisory_unlock_all()`)
		o.exec(`BEGIN; SELECT pg_advisory_xact_lock(1, 2)`)
		s.want(`SELECT pg_try_advisory_lock(1, 2)`, "f")
		o.exec(`COMMIT`)
		s.want(`SELECT pg_try_advisory_lock(1, 2), pg_advisory_unlock(1, 2)`, "t|t")
	})
	a.run("AdvisoryLocksEndWithTheSession", func(s *session) {
		o := s.another()
		o.ends = true
		o.exec(`SELECT pg_advisory_lock(43)`)
		s.want(`SELECT pg_try_advisory_lock(43)`, "f")
		lock := s.start(`SELECT pg_advisory_lock(43)`)
		require.NoError(s, o.pg.Close(o.ctx))
		lock.rows()
		s.want(`SELECT pg_advisory_unlock(43)`, "t")
	})
	a.run("SubtransactionAbortReleases", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, n int); INSERT INTO t VALUES (1, 0)`)
		s.exec(`BEGIN; SAVEPOINT s; UPDATE t SET n = 1`)
		update := o.start(`UPDATE t SET n = n + 10 RETURNING n`)
		s.blocked(o)
		s.exec(`ROLLBACK TO s`)
		require.Equal(s, []string{"10"}, update.rows())
		s.want(`SELECT n FROM t`, "10")
		s.exec(`COMMIT`)
	})
	a.run("Visibility", func(s *session) {
		o := s.another()
		s.exec(`CREATE TABLE t (a int)`)
		s.exec(`BEGIN; LOCK TABLE t IN SHARE MODE`)
		o.want(fmt.Sprintf(`SELECT mode, granted, fastpath FROM pg_locks WHERE relation = 't'::regclass AND pid = %d`, s.pg.PID()), "ShareLock|t|f")
		o.exec(`BEGIN`)
		write := o.start(`INSERT INTO t VALUES (1)`)
		s.blocked(o)
		s.want(fmt.Sprintf(`SELECT mode, granted FROM pg_locks WHERE relation = 't'::regclass AND pid = %d`, o.pg.PID()), "RowExclusiveLock|f")
		s.exec(`COMMIT`)
		write.rows()
		o.exec(`COMMIT`)
	})
	a.run("ManyWaiters", func(s *session) {
		waiters := s.others(5)
		s.exec(`CREATE TABLE t (n int); INSERT INTO t VALUES (0)`)
		s.exec(`BEGIN; SELECT * FROM t FOR UPDATE`)
		var updates []*pending
		for _, w := range waiters {
			updates = append(updates, w.start(`UPDATE t SET n = n + 1`))
		}
		s.blocked(waiters...)
		s.exec(`COMMIT`)
		for _, u := range updates {
			u.rows()
		}
		s.want(`SELECT n FROM t`, "5")
	})
}
