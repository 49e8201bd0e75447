package conformance

// testAdvisoryLocks checks advisory and table locks of one session.
func testAdvisoryLocks(a *area) {
	a.run("Session", func(s *session) {
		s.want(`SELECT pg_advisory_lock(7), pg_try_advisory_lock(7), pg_try_advisory_lock_shared(8), pg_advisory_lock(1, 2)`, "|t|t|")
		s.want(`SELECT classid, objid, objsubid, mode, granted FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid() ORDER BY 1, 2`, "0|7|1|ExclusiveLock|t", "0|8|1|ShareLock|t", "1|2|2|ExclusiveLock|t")
		s.want(`SELECT pg_advisory_unlock(7), pg_advisory_unlock(7), pg_advisory_unlock(7)`, "t|t|f")
		s.want(`SELECT pg_advisory_unlock_all()`, "")
	})
	a.run("Transaction", func(s *session) {
		s.exec(`BEGIN; SELECT pg_advisory_xact_lock(9); SAVEPOINT s; SELECT pg_advisory_xact_lock(10); ROLLBACK TO s`)
		s.want(`SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`, "9")
		s.exec(`COMMIT`)
		s.want(`SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()`, "0")
		s.exec(`BEGIN; SELECT pg_advisory_lock(11); ROLLBACK`)
		s.want(`SELECT pg_advisory_unlock(11)`, "t")
	})
	a.run("Tables", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		for _, mode := range []string{"ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE", "SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE", "ACCESS EXCLUSIVE"} {
			s.exec(`BEGIN; LOCK TABLE t IN ` + mode + ` MODE NOWAIT`)
			s.want(`SELECT lower(replace(mode, 'Lock', '')) = lower(replace('`+mode+`', ' ', '')) FROM pg_locks WHERE relation = 't'::regclass AND pid = pg_backend_pid()`, "t")
			s.exec(`COMMIT`)
		}
	})
}
