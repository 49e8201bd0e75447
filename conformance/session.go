package conformance

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// null stands for NULL in rows written as text.
const null = "∅"

// session is a connection under test, with a schema of its own. Its methods fail the test where a statement does not do
// what they say. It must be used by one goroutine at a time.
type session struct {
	*testing.T
	target Target
	server server

	ctx    context.Context
	conn   *pgx.Conn      // unusable after wire
	pg     *pgconn.PgConn // conn's, or what wire made of it
	schema string

	opened        []*session // by another
	notices       []*pgconn.Notice
	notifications []*pgconn.Notification
	ends          bool // the case ends the session itself
}

// openSession connects and makes the session's schema. The session is checked and closed when t ends.
func openSession(t *testing.T, target Target, srv server, configure func(*pgx.ConnConfig)) *session {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), caseTimeout)
	t.Cleanup(cancel)
	s := &session{T: t, target: target, server: srv, ctx: ctx, schema: uniqueName()}
	s.connect(configure)
	t.Cleanup(s.close)
	s.exec(`CREATE SCHEMA ` + s.schema)
	s.exec(`SET search_path TO ` + s.schema)
	return s
}

// uniqueName returns an identifier that no other run uses.
func uniqueName() string {
	var random [6]byte
	_, _ = rand.Read(random[:])
	return "conformance_" + hex.EncodeToString(random[:])
}

// connect opens the session's connection, or a new one when that is lost.
func (s *session) connect(configure func(*pgx.ConnConfig)) {
	s.Helper()
	s.conn = s.target.Connect(s.ctx, s.T, func(config *pgx.ConnConfig) {
		config.DefaultQueryExecMode = pgx.QueryExecModeDescribeExec
		config.OnNotice = func(_ *pgconn.PgConn, notice *pgconn.Notice) {
			s.notices = append(s.notices, notice)
		}
		config.OnNotification = func(_ *pgconn.PgConn, notification *pgconn.Notification) {
			s.notifications = append(s.notifications, notification)
		}
		if configure != nil {
			configure(config)
		}
	})
	s.pg = s.conn.PgConn()
}

// close proves that the session still works, drops its schema and ends it.
func (s *session) close() {
	if s.ends && s.pg.IsClosed() {
		s.connect(nil)
	}
	if !s.healthy() {
		_ = s.pg.Close(s.ctx)
		s.connect(nil)
	}
	for _, sql := range []string{
		`RESET SESSION AUTHORIZATION`, `RESET ROLE`, `RESET statement_timeout`, `RESET default_transaction_read_only`,
		`SET client_min_messages TO warning`, `DROP SCHEMA IF EXISTS ` + s.schema + ` CASCADE`,
	} {
		if _, err := s.run(sql); err != nil {
			s.Errorf("cleaning up: %s: %v", sql, err)
		}
	}
	if err := s.pg.Close(s.ctx); err != nil {
		s.Errorf("closing the session: %v", err)
	}
}

// healthy reports whether the session is idle and usable, and fails the test if not.
func (s *session) healthy() bool {
	if s.pg.IsClosed() {
		s.Errorf("the session ended")
		return false
	}
	if s.pg.IsBusy() {
		s.Errorf("the session was left busy")
		return false
	}
	if status := s.pg.TxStatus(); status != 'I' {
		s.Errorf("the session was left in transaction status %c", status)
		if _, err := s.run(`ROLLBACK`); err != nil {
			s.Errorf("rolling back: %v", err)
			return false
		}
	}
	results, err := s.run(`SELECT 1,
		(SELECT count(*) FROM pg_catalog.pg_cursors WHERE name <> ''),
		(SELECT count(*) FROM pg_catalog.pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory')`)
	if err != nil {
		s.Errorf("the session does not answer: %v", err)
		return false
	}
	if row := results[0].rows[0]; row != "1|0|0" {
		s.Errorf("SELECT 1, open cursors, advisory locks: %s", row)
	}
	return true
}

// sub runs a part of a case as a subtest on the same session, and checks that it leaves the session idle.
func (s *session) sub(name string, test func(*session)) {
	s.Helper()
	outer := s.T
	defer func() { s.T = outer }()
	outer.Run(name, func(t *testing.T) {
		s.T = t
		s.notices, s.notifications = nil, nil
		defer func() {
			if status := s.pg.TxStatus(); status != 'I' && !s.pg.IsClosed() {
				s.Errorf("the session was left in transaction status %c", status)
				_, _ = s.run(`ROLLBACK`)
			}
		}()
		test(s)
	})
}

// name returns an identifier for an object outside the schema. The case drops the object.
func (s *session) name(suffix string) string {
	return s.schema + "_" + suffix
}

// needs skips the case on servers older than a major version.
func (s *session) needs(major int, what string) {
	s.Helper()
	if s.server.version < major*10000 {
		s.Skipf("%s: PostgreSQL %d and later; this is %d", what, major, s.server.version/10000)
	}
}

// result is what one statement returned, in text form.
type result struct {
	tag  string
	rows []string // columns joined by |
}

// run runs a statement and returns what it gives, or the error that it ends with. Without arguments sql goes through the
// simple protocol, and may hold several statements; otherwise through the extended one, with untyped text parameters.
func (s *session) run(sql string, args ...any) ([]result, error) {
	if len(args) == 0 {
		multi := s.pg.Exec(s.ctx, sql)
		var results []result
		for multi.NextResult() {
			r, err := readResult(multi.ResultReader())
			results = append(results, r)
			if err != nil {
				break
			}
		}
		return results, multi.Close()
	}
	values := make([][]byte, len(args))
	for i, arg := range args {
		switch arg := arg.(type) {
		case nil:
		case []byte:
			values[i] = arg
		default:
			values[i] = fmt.Append(nil, arg)
		}
	}
	r, err := readResult(s.pg.ExecParams(s.ctx, sql, values, nil, nil, nil))
	return []result{r}, err
}

func readResult(reader *pgconn.ResultReader) (result, error) {
	var r result
	for reader.NextRow() {
		r.rows = append(r.rows, joinRow(reader.Values()))
	}
	tag, err := reader.Close()
	r.tag = tag.String()
	return r, err
}

func joinRow(values [][]byte) string {
	columns := make([]string, len(values))
	for i, value := range values {
		columns[i] = null
		if value != nil {
			columns[i] = string(value)
		}
	}
	return strings.Join(columns, "|")
}

// exec runs statements and returns their command tags, joined by "; ".
func (s *session) exec(sql string, args ...any) string {
	s.Helper()
	results, err := s.run(sql, args...)
	require.NoError(s, err, brief(sql))
	tags := make([]string, len(results))
	for i, r := range results {
		tags[i] = r.tag
	}
	return strings.Join(tags, "; ")
}

// query runs statements and returns all their rows.
func (s *session) query(sql string, args ...any) []string {
	s.Helper()
	results, err := s.run(sql, args...)
	require.NoError(s, err, brief(sql))
	rows := []string{}
	for _, r := range results {
		rows = append(rows, r.rows...)
	}
	return rows
}

// value runs a statement that gives one row, and returns the row.
func (s *session) value(sql string, args ...any) string {
	s.Helper()
	rows := s.query(sql, args...)
	require.Len(s, rows, 1, brief(sql))
	return rows[0]
}

// want runs statements whose rows must be these.
func (s *session) want(sql string, rows ...string) {
	s.Helper()
	if rows == nil {
		rows = []string{}
	}
	require.Equal(s, rows, s.query(sql), brief(sql))
}

// wantTag runs statements whose command tags, joined by "; ", must be tag.
func (s *session) wantTag(tag, sql string, args ...any) {
	s.Helper()
	require.Equal(s, tag, s.exec(sql, args...), brief(sql))
}

// fails runs a statement that must fail with a SQLSTATE, and returns the error.
func (s *session) fails(sqlstate, sql string, args ...any) *pgconn.PgError {
	s.Helper()
	_, err := s.run(sql, args...)
	return s.isError(sqlstate, err, sql)
}

// isError checks that err is a server's error with a SQLSTATE.
func (s *session) isError(sqlstate string, err error, sql string) *pgconn.PgError {
	s.Helper()
	var pgErr *pgconn.PgError
	require.ErrorAs(s, err, &pgErr, brief(sql))
	require.Equal(s, sqlstate, pgErr.Code, "%s: %s", brief(sql), pgErr.Message)
	return pgErr
}

// lastNotice returns the notice that came last.
func (s *session) lastNotice() *pgconn.Notice {
	s.Helper()
	require.NotEmpty(s, s.notices, "a notice was expected")
	return s.notices[len(s.notices)-1]
}

// brief cuts a statement to what a failure needs to show.
func brief(sql string) string {
	const most = 1000
	if len(sql) > most {
		return sql[:most] + "..."
	}
	return sql
}

// explain returns the lines of a plan.
func (s *session) explain(sql string) string {
	s.Helper()
	return strings.Join(s.query(`EXPLAIN (COSTS OFF) `+sql), "\n")
}

// plans checks that the plan of a statement contains some text.
func (s *session) plans(sql string, parts ...string) {
	s.Helper()
	plan := s.explain(sql)
	for _, part := range parts {
		require.Contains(s, plan, part, sql)
	}
}
