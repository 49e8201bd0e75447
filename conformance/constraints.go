package conformance

import "github.com/stretchr/testify/require"

// testConstraints checks constraints and the actions of foreign keys.
func testConstraints(a *area) {
	a.run("ForeignKeyActions", func(s *session) {
		for action, left := range map[string][]string{
			"CASCADE":     {"2|2"},
			"SET NULL":    {"1|∅", "2|2"},
			"SET DEFAULT": {"1|99", "2|2"},
		} {
			s.exec(`CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (id int, p int DEFAULT 99 REFERENCES p ON DELETE ` + action + ` ON UPDATE CASCADE); INSERT INTO p VALUES (1), (2), (99); INSERT INTO c VALUES (1, 1), (2, 2)`)
			s.exec(`DELETE FROM p WHERE id = 1`)
			s.want(`SELECT * FROM c ORDER BY id`, left...)
			s.exec(`UPDATE p SET id = 20 WHERE id = 2`)
			s.want(`SELECT p FROM c WHERE id = 2`, "20")
			s.exec(`DROP TABLE c, p`)
		}
		for action, sqlstate := range map[string]string{"RESTRICT": s.restrictCode(), "NO ACTION": "23503"} {
			s.exec(`CREATE TABLE p (id int PRIMARY KEY); CREATE TABLE c (p int REFERENCES p ON DELETE ` + action + `); INSERT INTO p VALUES (1); INSERT INTO c VALUES (1)`)
			s.fails(sqlstate, `DELETE FROM p`)
			s.exec(`DROP TABLE c, p`)
		}
	})
	a.run("ForeignKeyForms", func(s *session) {
		s.exec(`CREATE TABLE p (a int, b int, UNIQUE (a, b));
			CREATE TABLE c (a int, b int, d int, FOREIGN KEY (a, b) REFERENCES p (a, b) MATCH FULL ON DELETE SET NULL); CREATE TABLE simple (a int, b int, FOREIGN KEY (a, b) REFERENCES p (a, b) ON DELETE SET NULL (b))`)
		s.exec(`INSERT INTO p VALUES (1, 1); INSERT INTO c VALUES (1, 1), (NULL, NULL); INSERT INTO simple VALUES (1, NULL), (1, 1)`)
		s.fails("23503", `INSERT INTO c VALUES (1, NULL)`)
		s.exec(`DELETE FROM p`)
		s.want(`SELECT * FROM simple`, "1|∅", "1|∅")
		s.exec(`CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree ON DELETE CASCADE); INSERT INTO tree VALUES (1, NULL), (2, 1), (3, 2), (4, 3); DELETE FROM tree WHERE id = 2`)
		s.want(`SELECT id FROM tree`, "1")
		s.fails("42830", `CREATE TABLE x (a int REFERENCES p (a))`)
		s.fails("42804", `CREATE TABLE x (a text REFERENCES tree)`)
	})
	a.run("Check", func(s *session) {
		s.exec(`CREATE TABLE t (a int CHECK (a > 0), b int, CONSTRAINT ordered CHECK (a < b)); INSERT INTO t VALUES (1, 2), (NULL, 1), (5, NULL)`)
		require.Equal(s, "ordered", s.fails("23514", `INSERT INTO t VALUES (3, 2)`).ConstraintName)
		require.Equal(s, "t_a_check", s.fails("23514", `UPDATE t SET a = -a`).ConstraintName)
		e := s.fails("23514", `ALTER TABLE t ADD CONSTRAINT small CHECK (a < 5)`)
		require.Equal(s, `check constraint "small" of relation "t" is violated by some row`, e.Message)
		s.exec(`ALTER TABLE t ADD CONSTRAINT small CHECK (a < 5) NOT VALID`)
		s.fails("23514", `INSERT INTO t VALUES (6, 9)`)
		s.fails("23514", `ALTER TABLE t VALIDATE CONSTRAINT small`)
		s.exec(`DELETE FROM t WHERE a = 5; ALTER TABLE t VALIDATE CONSTRAINT small; ALTER TABLE t DROP CONSTRAINT ordered; INSERT INTO t VALUES (3, 2)`)
	})
	a.run("NotNull", func(s *session) {
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (NULL)`)
		s.fails("23502", `ALTER TABLE t ALTER a SET NOT NULL`)
		s.exec(`UPDATE t SET a = 1; ALTER TABLE t ALTER a SET NOT NULL`)
		s.fails("23502", `INSERT INTO t VALUES (NULL)`)
		s.exec(`ALTER TABLE t ALTER a DROP NOT NULL; INSERT INTO t VALUES (NULL)`)
	})
	a.run("NotEnforced", func(s *session) {
		s.needs(18, "NOT ENFORCED, and names of NOT NULL constraints")
		s.exec(`CREATE TABLE t (a int CHECK (a > 0) NOT ENFORCED, b int CONSTRAINT b_set NOT NULL); INSERT INTO t VALUES (-1, 1)`)
		s.fails("23502", `INSERT INTO t VALUES (1, NULL)`)
		s.exec(`ALTER TABLE t DROP CONSTRAINT b_set; INSERT INTO t VALUES (1, NULL)`)
		s.want(`SELECT conenforced FROM pg_constraint WHERE conrelid = 't'::regclass`, "f")
	})
	a.run("Unique", func(s *session) {
		s.exec(`CREATE TABLE t (a int UNIQUE, b int, UNIQUE NULLS NOT DISTINCT (b)); INSERT INTO t VALUES (NULL, 1), (NULL, NULL)`)
		s.fails("23505", `INSERT INTO t VALUES (1, NULL)`)
		e := s.fails("23505", `INSERT INTO t VALUES (2, 1)`)
		require.Equal(s, "Key (b)=(1) already exists.", e.Detail)
		s.exec(`CREATE UNIQUE INDEX lower_t ON t ((a % 10)) INCLUDE (b) WHERE a > 0; INSERT INTO t VALUES (1, 5)`)
		s.fails("23505", `INSERT INTO t VALUES (11, 6)`)
		s.exec(`CREATE TABLE u (a int); INSERT INTO u VALUES (1), (1)`)
		e = s.fails("23505", `CREATE UNIQUE INDEX ON u (a)`)
		require.Equal(s, "Key (a)=(1) is duplicated.", e.Detail)
		s.exec(`CREATE UNIQUE INDEX idx ON u (a) WHERE a > 1; DELETE FROM u; ALTER TABLE u ADD PRIMARY KEY (a)`)
		s.fails("42P16", `ALTER TABLE u ADD PRIMARY KEY (a)`)
	})
	a.run("Exclusion", func(s *session) {
		s.exec(`CREATE TABLE t (during tsrange, EXCLUDE USING gist (during WITH &&)); INSERT INTO t VALUES ('[2024-01-01 10:00, 2024-01-01 11:00)'), ('[2024-01-01 11:00, 2024-01-01 12:00)')`)
		e := s.fails("23P01", `INSERT INTO t VALUES ('[2024-01-01 10:30, 2024-01-01 10:45)')`)
		require.Equal(s, "t_during_excl", e.ConstraintName)
		s.exec(`CREATE TABLE c (p circle, EXCLUDE USING gist (p WITH &&) WHERE (radius(p) > 1) DEFERRABLE INITIALLY DEFERRED); INSERT INTO c VALUES ('<(0,0),1>'), ('<(0,0),0.5>'), ('<(0,0),5>')`)
		s.exec(`BEGIN; INSERT INTO c VALUES ('<(1,1),5>')`)
		s.fails("23P01", `COMMIT`)
		s.want(`SELECT count(*) FROM c`, "3")
	})
	a.run("Domains", func(s *session) {
		s.exec(`CREATE DOMAIN email AS text COLLATE "C" NOT NULL CHECK (VALUE ~ '@'); CREATE TABLE t (e email, es email[])`)
		s.fails("23514", `INSERT INTO t VALUES ('x', '{}')`)
		s.fails("23502", `INSERT INTO t VALUES (NULL, '{}')`)
		s.fails("23514", `INSERT INTO t VALUES ('a@b', '{a@b,c}')`)
		s.exec(`INSERT INTO t VALUES ('a@b', '{c@d}'); ALTER TABLE t DROP es; ALTER DOMAIN email ADD CONSTRAINT long CHECK (length(VALUE) > 2)`)
		s.fails("23514", `ALTER DOMAIN email ADD CONSTRAINT longer CHECK (length(VALUE) > 5)`)
		s.exec(`ALTER DOMAIN email DROP CONSTRAINT long; ALTER DOMAIN email DROP NOT NULL; INSERT INTO t VALUES (NULL)`)
	})
	a.run("Enums", func(s *session) {
		s.exec(`CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy'); CREATE TABLE t (m mood); INSERT INTO t VALUES ('happy'), ('sad')`)
		s.want(`SELECT m, m > 'ok' FROM t ORDER BY m`, "sad|f", "happy|t")
		s.fails("22P02", `INSERT INTO t VALUES ('nope')`)
		s.exec(`ALTER TYPE mood ADD VALUE 'meh' BEFORE 'ok'; ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'`)
		s.want(`SELECT enum_range(NULL::mood), enum_first(NULL::mood), enum_range('meh'::mood, NULL)`, "{sad,meh,fine,happy}|sad|{meh,fine,happy}")
		s.exec(`BEGIN; ALTER TYPE mood ADD VALUE 'late'`)
		s.fails("55P04", `INSERT INTO t VALUES ('late')`)
		s.exec(`ROLLBACK`)
	})
}

// restrictCode is the SQLSTATE of a row that RESTRICT keeps, which became a code of its own in 18.
func (s *session) restrictCode() string {
	if s.server.version >= 180000 {
		return "23001"
	}
	return "23503"
}
