package crash

import "fmt"

// What sessions do: see kinds.

func one(next state, sql ...string) step { return step{sql, next} }

func (s *session) insert(st state) step { return s.insertSome(st, 1+s.rnd.IntN(3)) }

func (s *session) insertMany(st state) step { return s.insertSome(st, 30+s.rnd.IntN(200)) }

func (s *session) insertSome(st state, n int) step {
	name := s.pick(st)
	if name == "" {
		return step{}
	}
	return one(st, s.insertRows(st, name, n))
}

func (s *session) change(st state) step {
	name := s.pick(st)
	if name == "" {
		return step{}
	}
	return one(st, s.changeRows(st, name))
}

// transaction is a block of several changes that is committed or not, with a
// savepoint that is rolled back to or not.
func (s *session) transaction(st state) step {
	name := s.pick(st)
	if name == "" {
		return step{}
	}
	before := st.clone()
	sql := []string{"BEGIN"}
	for range 1 + s.rnd.IntN(4) {
		saved := st.clone()
		savepoint := s.rnd.IntN(4) == 0
		if savepoint {
			sql = append(sql, "SAVEPOINT x")
		}
		if s.rnd.IntN(2) == 0 {
			sql = append(sql, s.insertRows(st, name, 1+s.rnd.IntN(20)))
		} else {
			sql = append(sql, s.changeRows(st, name))
		}
		if savepoint && s.rnd.IntN(2) == 0 {
			sql, st = append(sql, "ROLLBACK TO x"), saved
		}
	}
	if s.rnd.IntN(4) == 0 {
		return step{append(sql, "ROLLBACK"), before}
	}
	return step{append(sql, "COMMIT"), st}
}

func (s *session) create(st state) step {
	name := s.unused(st)
	if name == "" {
		return step{}
	}
	st.table(name)
	return one(st, createTable(name))
}

// createFilled makes a table and fills it in one transaction, which may write
// no WAL of the rows if wal_level is minimal.
func (s *session) createFilled(st state) step {
	name := s.unused(st)
	if name == "" {
		return step{}
	}
	before := st.clone()
	sql := []string{"BEGIN", createTable(name), s.insertRows(st, name, 1+s.rnd.IntN(300))}
	if s.rnd.IntN(2) == 0 {
		sql = append(sql, s.changeRows(st, name))
	}
	if s.rnd.IntN(3) == 0 {
		return step{append(sql, "ROLLBACK"), before}
	}
	return step{append(sql, "COMMIT"), st}
}

func (s *session) drop(st state) step {
	name := s.pick(st)
	if name == "" {
		return step{}
	}
	delete(st.Tables, name)
	return one(st, "DROP TABLE "+name)
}

func (s *session) rename(st state) step {
	from, to := s.pick(st), s.unused(st)
	if from == "" || to == "" || vectors(from) != vectors(to) {
		return step{}
	}
	st.Tables[to] = st.Tables[from]
	delete(st.Tables, from)
	return one(st, fmt.Sprintf("ALTER TABLE %[1]s RENAME TO %[2]s; ALTER INDEX %[1]s_pkey RENAME TO %[2]s_pkey", from, to))
}

// truncate empties a table, alone or in a transaction that fills it again.
func (s *session) truncate(st state) step {
	name := s.pick(st)
	if name == "" {
		return step{}
	}
	before := st.clone()
	st.Tables[name] = map[int]int{}
	if s.rnd.IntN(2) == 0 {
		return one(st, "TRUNCATE "+name)
	}
	sql := []string{"BEGIN", "TRUNCATE " + name, s.insertRows(st, name, 1+s.rnd.IntN(100))}
	if s.rnd.IntN(3) == 0 {
		return step{append(sql, "ROLLBACK"), before}
	}
	return step{append(sql, "COMMIT"), st}
}

func (s *session) checkpoint(st state) step { return one(st, "CHECKPOINT") }

func (s *session) maintain(st state) step {
	if name := s.pick(st); name != "" {
		return one(st, []string{"VACUUM ", "VACUUM (FREEZE) ", "ANALYZE "}[s.rnd.IntN(3)]+name)
	}
	return one(st, "SELECT pg_switch_wal()")
}

// rewrite gives a table and its indexes new files.
func (s *session) rewrite(st state) step {
	name := s.pick(st)
	if name == "" {
		return step{}
	}
	return one(st, fmt.Sprintf([]string{
		"VACUUM FULL %s", "CLUSTER %[1]s USING %[1]s_pkey", "REINDEX TABLE %s", "SELECT pg_switch_wal() /* %s */",
	}[s.rnd.IntN(4)], name))
}

// sequence takes a number that no crash may give again: then it would be a
// duplicate.
func (s *session) sequence(st state) step {
	st.Sequence++
	return one(st, fmt.Sprintf("INSERT INTO %s DEFAULT VALUES", seqTable(s.name)))
}

func (s *session) database(st state) step {
	name := fmt.Sprintf("%s_%d", s.name, s.rnd.IntN(2))
	if st.Databases[name] {
		delete(st.Databases, name)
		return one(st, "DROP DATABASE "+name)
	}
	// What an interrupted DROP has left has no connections and is invalid.
	st.Databases[name] = true
	return step{[]string{
		"DROP DATABASE IF EXISTS " + name,
		"CREATE DATABASE " + name + " STRATEGY " + []string{"wal_log", "file_copy"}[s.rnd.IntN(2)],
	}, st}
}

// prepare prepares a transaction that inserts a row.
func (s *session) prepare(st state) step {
	s.lastID++
	st.Prepared = s.lastID
	insert := fmt.Sprintf("INSERT INTO %s SELECT id, v, %s FROM (SELECT %d AS id, %d AS v)", prepTable(s.name), padOf, s.lastID, s.lastID%1000)
	return step{[]string{"BEGIN", insert, "PREPARE TRANSACTION " + s.gid(s.lastID)}, st}
}

// finishPrepared ends a prepared transaction, now or after a checkpoint, which
// writes it to a file.
func (s *session) finishPrepared(st state) step {
	id := st.Prepared
	switch s.rnd.IntN(3) {
	case 0:
		return one(st, "CHECKPOINT")
	case 1:
		st.Prepared = 0
		return one(st, "ROLLBACK PREPARED "+s.gid(id))
	}
	st.Prepared = 0
	st.table(prepTable(s.name))[id] = id % 1000
	return one(st, "COMMIT PREPARED "+s.gid(id))
}

func (s *session) gid(id int) string { return fmt.Sprintf("'%s_%d'", s.name, id) }
