package conformance

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
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

// testPipeline checks several requests sent before the first answer is read.
func testPipeline(a *area) {
	a.run("Pipeline", func(s *session) {
		pipeline := s.pg.StartPipeline(s.ctx)
		pipeline.SendPrepare("p", `SELECT $1::int * 2`, nil)
		pipeline.SendQueryParams(`SELECT 'first'`, nil, nil, nil, nil)
		pipeline.SendQueryPrepared("p", [][]byte{[]byte("21")}, nil, nil)
		pipeline.SendPipelineSync()
		pipeline.SendQueryParams(`SELECT 1/0`, nil, nil, nil, nil)
		pipeline.SendQueryParams(`SELECT 'skipped'`, nil, nil, nil, nil)
		pipeline.SendPipelineSync()
		pipeline.SendQueryPrepared("p", [][]byte{[]byte("5")}, nil, nil)
		pipeline.SendDeallocate("p")
		pipeline.SendPipelineSync()
		require.NoError(s, pipeline.Flush())

		require.Equal(s, []string{"prepared 1", "first", "42", "sync", "error 22012", "sync", "10", "closed", "sync"}, drain(s, pipeline))
		require.NoError(s, pipeline.Close())
	})
	a.run("FlushWithoutSync", func(s *session) {
		pipeline := s.pg.StartPipeline(s.ctx)
		for i := range 3 {
			pipeline.SendQueryParams(fmt.Sprintf(`SELECT %d`, i), nil, nil, nil, nil)
			pipeline.SendFlushRequest()
			require.NoError(s, pipeline.Flush())
			require.Equal(s, fmt.Sprint(i), nextResult(s, pipeline))
		}
		require.NoError(s, pipeline.Sync())
		require.Equal(s, "sync", nextResult(s, pipeline))
		require.NoError(s, pipeline.Close())
	})
	a.run("ImplicitTransaction", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY)`)
		pipeline := s.pg.StartPipeline(s.ctx)
		for _, sql := range []string{`INSERT INTO t VALUES (1)`, `INSERT INTO t VALUES (2)`, `INSERT INTO t VALUES (1)`, `INSERT INTO t VALUES (3)`} {
			pipeline.SendQueryParams(sql, nil, nil, nil, nil)
		}
		require.NoError(s, pipeline.Sync())
		require.Equal(s, []string{"INSERT 0 1", "INSERT 0 1", "error 23505", "sync"}, drain(s, pipeline))
		require.NoError(s, pipeline.Close())
		s.want(`SELECT count(*) FROM t`, "0")
	})
	a.run("ExplicitTransaction", func(s *session) {
		s.exec(`CREATE TABLE t (a int)`)
		pipeline := s.pg.StartPipeline(s.ctx)
		for _, sql := range []string{`BEGIN`, `INSERT INTO t VALUES (1)`, `COMMIT`, `INSERT INTO t VALUES (2)`, `SELECT 1/0`} {
			pipeline.SendQueryParams(sql, nil, nil, nil, nil)
		}
		require.NoError(s, pipeline.Sync())
		require.Equal(s, []string{"BEGIN", "INSERT 0 1", "COMMIT", "INSERT 0 1", "error 22012", "sync"}, drain(s, pipeline))
		require.NoError(s, pipeline.Close())
		s.want(`SELECT a FROM t`, "1")
	})
	a.run("Long", func(s *session) {
		pipeline := s.pg.StartPipeline(s.ctx)
		const requests = 5000
		for i := range requests {
			pipeline.SendQueryParams(`SELECT $1::int, repeat('x', 100)`, [][]byte{fmt.Append(nil, i)}, nil, nil, nil)
		}
		require.NoError(s, pipeline.Sync())
		for i := range requests {
			require.Contains(s, nextResult(s, pipeline), fmt.Sprintf("%d|xxx", i))
		}
		require.Equal(s, "sync", nextResult(s, pipeline))
		require.NoError(s, pipeline.Close())
	})
	a.run("Batch", func(s *session) {
		s.exec(`CREATE TABLE t (a int PRIMARY KEY, b text)`)
		batch := &pgx.Batch{}
		for i := range 100 {
			batch.Queue(`INSERT INTO t VALUES ($1, $2)`, i, fmt.Sprint("row ", i))
		}
		var count int
		batch.Queue(`SELECT count(*) FROM t`).QueryRow(func(row pgx.Row) error { return row.Scan(&count) })
		require.NoError(s, s.conn.SendBatch(s.ctx, batch).Close())
		require.Equal(s, 100, count)

		batch = &pgx.Batch{}
		batch.Queue(`INSERT INTO t VALUES (1000, 'x')`)
		batch.Queue(`INSERT INTO t VALUES (1, 'duplicate')`)
		batch.Queue(`INSERT INTO t VALUES (1001, 'x')`)
		s.isError("23505", s.conn.SendBatch(s.ctx, batch).Close(), "batch")
		s.want(`SELECT count(*) FROM t`, "100")
	})
	for _, mode := range execModes {
		a.runWith("Batch_"+strings.ReplaceAll(mode.String(), " ", "_"), func(config *pgx.ConnConfig) {
			config.DefaultQueryExecMode = mode
		}, func(s *session) {
			batch := &pgx.Batch{}
			for i := range 3 {
				batch.Queue(`SELECT $1::int`, i)
			}
			results := s.conn.SendBatch(s.ctx, batch)
			for i := range 3 {
				var got int
				require.NoError(s, results.QueryRow().Scan(&got))
				require.Equal(s, i, got)
			}
			require.NoError(s, results.Close())
		})
	}
	a.run("AbandonedBatch", func(s *session) {
		batch := &pgx.Batch{}
		batch.Queue(`SELECT 1`)
		batch.Queue(`SELECT * FROM generate_series(1, 1000)`)
		require.NoError(s, s.conn.SendBatch(s.ctx, batch).Close())
		require.NoError(s, s.conn.Ping(s.ctx))
	})
}

// drain reads the results of a pipeline to its end.
func drain(s *session, pipeline *pgconn.Pipeline) []string {
	s.Helper()
	var results []string
	for {
		result := nextResult(s, pipeline)
		if result == "" {
			return results
		}
		results = append(results, result)
	}
}

// nextResult reads a result of a pipeline and says in a word what it is.
func nextResult(s *session, pipeline *pgconn.Pipeline) string {
	s.Helper()
	results, err := pipeline.GetResults()
	if err != nil {
		return describeError(s, err)
	}
	switch r := results.(type) {
	case nil:
		return ""
	case *pgconn.StatementDescription:
		return fmt.Sprintf("prepared %d", len(r.ParamOIDs))
	case *pgconn.PipelineSync:
		return "sync"
	case *pgconn.CloseComplete:
		return "closed"
	case *pgconn.ResultReader:
		result, err := readResult(r)
		if err != nil {
			return describeError(s, err)
		}
		if len(result.rows) == 0 {
			return result.tag
		}
		return result.rows[0]
	}
	return fmt.Sprintf("%T", results)
}

func describeError(s *session, err error) string {
	s.Helper()
	var pgErr *pgconn.PgError
	require.ErrorAs(s, err, &pgErr)
	return "error " + pgErr.Code
}
