package conformance

import (
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

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
