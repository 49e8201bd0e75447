package conformance

import (
	"errors"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// testTransactions checks transactions of one session.
func testTransactions(a *area) {
	a.run("CommitAndRollback", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		s.wantTag("BEGIN; INSERT 0 1; COMMIT", `BEGIN; INSERT INTO t VALUES (1); COMMIT`)
		s.wantTag("BEGIN; INSERT 0 1; ROLLBACK", `BEGIN; INSERT INTO t VALUES (2); ROLLBACK`)
		s.wantTag("START TRANSACTION; INSERT 0 1; ROLLBACK", `START TRANSACTION; INSERT INTO t VALUES (3); ABORT`)
		s.wantTag("BEGIN; INSERT 0 1; COMMIT", `BEGIN WORK; INSERT INTO t VALUES (4); END`)
		s.want(`SELECT a FROM t ORDER BY a`, "1", "4")
	})
	a.run("DDLIsTransactional", func(s *session) {
		s.exec(`BEGIN; CREATE TABLE t (a int); CREATE TYPE e AS ENUM ('x'); CREATE INDEX ON t (a); CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ROLLBACK`)
		s.want(`SELECT to_regclass('t'), to_regtype('e'), to_regproc('f')`, "∅|∅|∅")
		s.exec(`CREATE TABLE t (a int); INSERT INTO t VALUES (1)`)
		s.exec(`BEGIN; DROP TABLE t; ROLLBACK`)
		s.want(`SELECT a FROM t`, "1")
		s.exec(`BEGIN; TRUNCATE t; ALTER TABLE t ADD COLUMN b int DEFAULT 5; ROLLBACK`)
		s.want(`SELECT * FROM t`, "1")
	})
	a.run("FailedTransaction", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		s.exec(`BEGIN; INSERT INTO t VALUES (1)`)
		s.fails("22012", `SELECT 1/0`)
		require.Equal(s, byte('E'), s.pg.TxStatus())
		s.fails("25P02", `SELECT 1`)
		_, err := s.run(`SELECT $1::int`, 1)
		s.isError("25P02", err, "extended protocol")
		s.wantTag("ROLLBACK", `COMMIT`)
		s.want(`SELECT count(*) FROM t`, "0")
	})
	a.run("Chain", func(s *session) {
		s.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY`)
		s.exec(`COMMIT AND CHAIN`)
		require.Equal(s, byte('T'), s.pg.TxStatus())
		s.want(`SHOW transaction_isolation`, "repeatable read")
		s.want(`SHOW transaction_read_only`, "on")
		s.exec(`ROLLBACK AND CHAIN; ROLLBACK`)
		s.want(`SHOW transaction_isolation`, "read committed")
	})
	a.run("ReadOnly", func(s *session) {
		s.exec(`CREATE TABLE t (a int); CREATE SEQUENCE q; CREATE TEMP TABLE tmp (a int)`)
		for _, sql := range []string{
			`INSERT INTO t VALUES (1)`, `UPDATE t SET a = 1`, `DELETE FROM t`, `TRUNCATE t`, `CREATE TABLE u ()`, `DROP TABLE t`,
			`SELECT nextval('q')`, `SELECT 1 FROM t FOR UPDATE`, `COMMENT ON TABLE t IS ''`, `CREATE ROLE nobody_at_all`,
			`COPY t FROM '/nothing'`, `WITH x AS (INSERT INTO t VALUES (1) RETURNING 1) SELECT * FROM x`, `ALTER TABLE t ADD b int`,
		} {
			s.exec(`BEGIN READ ONLY`)
			s.fails("25006", sql)
			s.exec(`ROLLBACK`)
		}
		s.exec(`BEGIN READ ONLY; INSERT INTO tmp VALUES (1); SELECT * FROM t; EXPLAIN INSERT INTO t VALUES (1); COMMIT`)
		s.exec(`SET default_transaction_read_only = on`)
		s.fails("25006", `INSERT INTO t VALUES (1)`)
		s.exec(`BEGIN READ WRITE; INSERT INTO t VALUES (1); COMMIT; RESET default_transaction_read_only`)
		s.exec(`BEGIN; SELECT 1`)
		s.exec(`SET TRANSACTION READ ONLY`)
		s.fails("25001", `SET TRANSACTION READ WRITE`)
		s.exec(`ROLLBACK`)
	})
	a.run("Characteristics", func(s *session) {
		for _, level := range []string{"read uncommitted", "read committed", "repeatable read", "serializable"} {
			s.exec(`BEGIN ISOLATION LEVEL ` + level)
			s.want(`SHOW transaction_isolation`, level)
			s.exec(`COMMIT`)
		}
		s.exec(`BEGIN; SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE`)
		s.want(`SHOW transaction_deferrable`, "on")
		s.exec(`COMMIT; BEGIN; SELECT 1`)
		s.fails("25001", `SET TRANSACTION ISOLATION LEVEL SERIALIZABLE`)
		s.exec(`ROLLBACK; SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ`)
		s.want(`SHOW transaction_isolation`, "repeatable read")
		s.exec(`RESET default_transaction_isolation`)
		s.exec(`SET TRANSACTION READ ONLY`)
		require.Equal(s, "SET TRANSACTION can only be used in transaction blocks", s.lastNotice().Message)
	})
	a.run("StableNow", func(s *session) {
		s.exec(`BEGIN`)
		first := s.value(`SELECT now()::text || transaction_timestamp()::text || current_timestamp::text`)
		s.exec(`DO $$ BEGIN FOR i IN 1..1000 LOOP PERFORM clock_timestamp(); END LOOP; END $$`)
		require.Equal(s, first, s.value(`SELECT now()::text || transaction_timestamp()::text || current_timestamp::text`))
		s.want(`SELECT clock_timestamp() >= statement_timestamp() AND statement_timestamp() >= now()`, "t")
		s.exec(`COMMIT`)
	})
	a.run("TransactionIDs", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		s.exec(`BEGIN`)
		s.want(`SELECT pg_current_xact_id_if_assigned() IS NULL`, "t")
		s.exec(`INSERT INTO t VALUES (1)`)
		id := s.value(`SELECT pg_current_xact_id()`)
		s.want(`SELECT xmin = pg_current_xact_id()::xid, pg_xact_status(pg_current_xact_id()) FROM t`, "t|in progress")
		s.exec(`COMMIT`)
		require.Equal(s, "committed", s.value(`SELECT pg_xact_status($1::text::xid8)`, id))
		s.exec(`BEGIN; INSERT INTO t VALUES (2)`)
		id = s.value(`SELECT pg_current_xact_id()`)
		s.exec(`ROLLBACK`)
		require.Equal(s, "aborted", s.value(`SELECT pg_xact_status($1::text::xid8)`, id))
	})
	a.run("TwoPhase", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		if s.value(`SHOW max_prepared_transactions`) == "0" {
			s.exec(`BEGIN; INSERT INTO t VALUES (1)`)
			s.fails("55000", `PREPARE TRANSACTION 'x'`)
			s.exec(`ROLLBACK`)
			s.want(`SELECT count(*) FROM t`, "0")
			return
		}
		gid := s.name("gid")
		s.wantTag("BEGIN; INSERT 0 1; PREPARE TRANSACTION", `BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION '`+gid+`'`)
		s.want(`SELECT count(*) FROM t`, "0")
		s.exec(`COMMIT PREPARED '` + gid + `'`)
		s.want(`SELECT count(*) FROM t`, "1")
	})
	a.run("ExportedSnapshot", func(s *session) {
		s.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
		snapshot := s.value(`SELECT pg_export_snapshot()`)
		require.Regexp(s, `^[0-9A-F]+-[0-9A-F]+-1$`, snapshot)
		s.exec(`COMMIT`)
		s.exec(`BEGIN ISOLATION LEVEL REPEATABLE READ`)
		_, err := s.run(`SET TRANSACTION SNAPSHOT '` + snapshot + `'`)
		require.Error(s, err)
		s.exec(`ROLLBACK`)
	})
	a.run("AutocommitOfUtilities", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		s.exec(`BEGIN`)
		for _, sql := range []string{`VACUUM`, `CREATE DATABASE x`, `CREATE INDEX CONCURRENTLY ON t (a)`, `ALTER SYSTEM SET work_mem = '1MB'`} {
			s.exec(`SAVEPOINT p`)
			s.fails("25001", sql)
			s.exec(`ROLLBACK TO p`)
		}
		s.exec(`ROLLBACK`)
	})
	a.run("DeferrableConstraints", func(s *session) {
		s.exec(`CREATE TABLE p (id int PRIMARY KEY);
			CREATE TABLE c (id int UNIQUE DEFERRABLE INITIALLY DEFERRED, p int REFERENCES p DEFERRABLE INITIALLY DEFERRED)`)
		s.exec(`BEGIN; INSERT INTO c VALUES (1, 1); INSERT INTO p VALUES (1); COMMIT`)
		s.exec(`BEGIN; INSERT INTO c VALUES (2, 2)`)
		e := s.fails("23503", `COMMIT`)
		require.Equal(s, "c_p_fkey", e.ConstraintName)
		require.Equal(s, byte('I'), s.pg.TxStatus())
		s.exec(`BEGIN; INSERT INTO c VALUES (2, 2)`)
		s.fails("23503", `SET CONSTRAINTS c_p_fkey IMMEDIATE`)
		s.exec(`ROLLBACK`)
		s.exec(`INSERT INTO c SELECT i, 1 FROM generate_series(2, 5) i; UPDATE c SET id = id + 1`)
		s.want(`SELECT min(id), max(id) FROM c`, "2|6")
		s.exec(`BEGIN; SET CONSTRAINTS ALL IMMEDIATE`)
		s.fails("23503", `INSERT INTO c VALUES (9, 9)`)
		s.exec(`ROLLBACK`)
	})
	a.run("ClientTransactions", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		failure := errors.New("changed my mind")
		err := pgx.BeginFunc(s.ctx, s.conn, func(tx pgx.Tx) error {
			if _, err := tx.Exec(s.ctx, `INSERT INTO t VALUES ($1)`, 1); err != nil {
				return err
			}
			return failure
		})
		require.ErrorIs(s, err, failure)
		err = pgx.BeginTxFunc(s.ctx, s.conn, pgx.TxOptions{IsoLevel: pgx.Serializable}, func(tx pgx.Tx) error {
			if _, err := tx.Exec(s.ctx, `INSERT INTO t VALUES ($1)`, 2); err != nil {
				return err
			}
			nested := pgx.BeginFunc(s.ctx, tx, func(tx pgx.Tx) error {
				_, err := tx.Exec(s.ctx, `INSERT INTO t VALUES ($1), ($2)`, 3, "x")
				return err
			})
			require.Error(s, nested)
			_, err := tx.Exec(s.ctx, `INSERT INTO t VALUES ($1)`, 4)
			return err
		})
		require.NoError(s, err)
		s.want(`SELECT a FROM t ORDER BY a`, "2", "4")
		tx, err := s.conn.Begin(s.ctx)
		require.NoError(s, err)
		_, err = tx.Exec(s.ctx, `SELECT 1/0`)
		require.Error(s, err)
		require.ErrorIs(s, tx.Commit(s.ctx), pgx.ErrTxCommitRollback)
	})
}
