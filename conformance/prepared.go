package conformance

import (
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"
)

// testPrepared checks prepared statements, by SQL and by protocol.
func testPrepared(a *area) {
	a.run("SQL", func(s *session) {
		s.exec(`PREPARE p (int, text) AS SELECT $1 + 1, $2 || '!'`)
		s.want(`EXECUTE p (1, 'x')`, "2|x!")
		s.want(`EXECUTE p ('41', NULL)`, "42|∅")
		s.want(`SELECT name, statement, parameter_types, from_sql FROM pg_prepared_statements`, `p|PREPARE p (int, text) AS SELECT $1 + 1, $2 || '!'|{integer,text}|t`)
		s.fails("42P05", `PREPARE p AS SELECT 1`)
		s.fails("42601", `EXECUTE p (1)`)
		s.fails("42804", `EXECUTE p (true, 'x')`)
		s.wantTag("DEALLOCATE", `DEALLOCATE p`)
		s.fails("26000", `EXECUTE p (1, 'x')`)
		s.exec(`PREPARE a AS SELECT 1; PREPARE b AS SELECT 2`)
		s.wantTag("DEALLOCATE ALL", `DEALLOCATE ALL`)
		s.want(`SELECT count(*) FROM pg_prepared_statements`, "0")
		s.exec(`CREATE TABLE t (a int); PREPARE i AS INSERT INTO t VALUES ($1) RETURNING a`)
		s.want(`EXECUTE i (5)`, "5")
		s.exec(`PREPARE q (int) AS SELECT a + $1 AS a FROM t; CREATE TABLE u AS EXECUTE q (1); DEALLOCATE ALL`)
		s.want(`SELECT a FROM u`, "6")
	})
	a.run("Protocol", func(s *session) {
		description, err := s.pg.Prepare(s.ctx, "p", `SELECT $1::int + $2::int AS sum`, nil)
		require.NoError(s, err)
		require.Equal(s, []uint32{23, 23}, description.ParamOIDs)
		require.Equal(s, "sum", description.Fields[0].Name)
		for i := range 10 {
			r := s.pg.ExecPrepared(s.ctx, "p", [][]byte{fmt.Append(nil, i), []byte("1")}, nil, nil).Read()
			require.NoError(s, r.Err)
			require.Equal(s, fmt.Sprint(i+1), string(r.Rows[0][0]))
		}
		s.want(`SELECT name, from_sql, custom_plans + generic_plans FROM pg_prepared_statements`, "p|f|10")
		require.NoError(s, s.pg.Deallocate(s.ctx, "p"))
		require.NoError(s, s.pg.Deallocate(s.ctx, "p"))
		s.want(`SELECT count(*) FROM pg_prepared_statements`, "0")
	})
	a.run("SurviveErrorsAndTransactions", func(s *session) {
		s.exec(`BEGIN`)
		_, err := s.pg.Prepare(s.ctx, "p", `SELECT 10 / $1::int`, nil)
		require.NoError(s, err)
		r := s.pg.ExecPrepared(s.ctx, "p", [][]byte{[]byte("0")}, nil, nil).Read()
		s.isError("22012", r.Err, "division by zero")
		s.exec(`ROLLBACK`)
		r = s.pg.ExecPrepared(s.ctx, "p", [][]byte{[]byte("5")}, nil, nil).Read()
		require.NoError(s, r.Err)
		require.Equal(s, "2", string(r.Rows[0][0]))
		s.exec(`DEALLOCATE p`)
	})
	a.run("PlanInvalidation", func(s *session) {
		s.exec(`CREATE TABLE t (a int, b text); INSERT INTO t SELECT i, 'x' FROM generate_series(1, 1000) AS i; ANALYZE t; SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off;
			PREPARE p (int) AS SELECT count(*) FROM t WHERE a = $1`)
		s.want(`EXECUTE p (5)`, "1")
		s.plans(`EXECUTE p (5)`, "Seq Scan on t")
		s.exec(`CREATE INDEX t_a ON t (a)`)
		s.plans(`EXECUTE p (5)`, "using t_a")
		s.want(`EXECUTE p (5)`, "1")
		s.exec(`DROP INDEX t_a`)
		s.want(`EXECUTE p (5)`, "1")
		s.exec(`ALTER TABLE t ALTER a TYPE bigint`)
		s.want(`EXECUTE p (5)`, "1")
		s.exec(`ALTER TABLE t RENAME TO u`)
		s.fails("42P01", `EXECUTE p (5)`)
		s.exec(`CREATE TABLE t (a int)`)
		s.want(`EXECUTE p (5)`, "0")
		s.exec(`DEALLOCATE ALL`)
	})
	a.run("ChangedResult", func(s *session) {
		s.exec(`CREATE TABLE t (a int); PREPARE p AS SELECT * FROM t; ALTER TABLE t ADD b int`)
		require.Equal(s, "cached plan must not change result type", s.fails("0A000", `EXECUTE p`).Message)
		s.exec(`DEALLOCATE p`)
	})
	a.run("SearchPathChange", func(s *session) {
		other := s.name("other")
		s.exec(`CREATE SCHEMA ` + other + `; CREATE TABLE t (a text); INSERT INTO t VALUES ('first'); CREATE TABLE ` + other + `.t (a text); INSERT INTO ` + other + `.t VALUES ('second'); PREPARE p AS SELECT a FROM t`)
		s.want(`EXECUTE p`, "first")
		s.exec(`SET search_path = ` + other)
		s.want(`EXECUTE p`, "second")
		s.exec(`DEALLOCATE p; DROP SCHEMA ` + other + ` CASCADE`)
	})
	a.run("GenericAndCustomPlans", func(s *session) {
		s.exec(`PREPARE p (int) AS SELECT $1`)
		for range 8 {
			s.exec(`EXECUTE p (1)`)
		}
		s.want(`SELECT generic_plans + custom_plans, generic_plans > 0 FROM pg_prepared_statements WHERE name = 'p'`, "8|t")
		s.exec(`DEALLOCATE p`)
	})
	a.run("Many", func(s *session) {
		for i := range 500 {
			_, err := s.pg.Prepare(s.ctx, fmt.Sprintf("many_%d", i), fmt.Sprintf(`SELECT %d + $1::int`, i), nil)
			require.NoError(s, err)
		}
		s.want(`SELECT count(*) FROM pg_prepared_statements`, "500")
		r := s.pg.ExecPrepared(s.ctx, "many_321", [][]byte{[]byte("1")}, nil, nil).Read()
		require.Equal(s, "322", string(r.Rows[0][0]))
		s.exec(`DEALLOCATE ALL`)
	})
	a.runWith("ClientStatementCache", func(config *pgx.ConnConfig) {
		config.DefaultQueryExecMode = pgx.QueryExecModeCacheStatement
		config.StatementCacheCapacity = 5
	}, func(s *session) {
		for round := range 3 {
			for i := range 20 {
				var got int
				require.NoError(s, s.conn.QueryRow(s.ctx, fmt.Sprintf(`SELECT $1::int + %d`, i), round).Scan(&got))
				require.Equal(s, round+i, got)
			}
		}
	})
}
