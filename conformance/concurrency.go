package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// another opens a further session on the schema of s. It is checked and closed before s is.
func (s *session) another() *session {
	s.Helper()
	return s.anotherWith(nil)
}

// anotherWith is another, with a changed configuration.
func (s *session) anotherWith(configure func(*pgx.ConnConfig)) *session {
	s.Helper()
	s.roomForAnother()
	other := &session{T: s.T, target: s.target, server: s.server, ctx: s.ctx, schema: s.schema}
	other.connect(configure)
	s.opened = append(s.opened, other)
	s.Cleanup(func() {
		if other.pg.IsBusy() {
			_ = other.pg.CancelRequest(other.ctx) // so that it holds no locks that the end of s waits for
		}
		if !other.ends {
			other.healthy()
		}
		_ = other.pg.Close(other.ctx)
	})
	other.exec(`SET search_path TO ` + s.schema)
	return other
}

// roomForAnother skips the case if the target does not allow one more session.
func (s *session) roomForAnother() {
	s.Helper()
	if s.target.MaxConnections == 0 {
		return
	}
	open := 1
	for _, other := range s.opened {
		if !other.pg.IsClosed() {
			open++
		}
	}
	if open >= s.target.MaxConnections {
		s.Skipf("the target allows %d sessions at a time", s.target.MaxConnections)
	}
}

// others opens n further sessions.
func (s *session) others(n int) []*session {
	s.Helper()
	sessions := make([]*session, n)
	for i := range sessions {
		sessions[i] = s.another()
	}
	return sessions
}

// pending is a statement under way on another goroutine.
type pending struct {
	session *session
	sql     string
	done    chan outcome
}

// outcome is what a statement ended with.
type outcome struct {
	results []result
	err     error
}

// start runs a statement without waiting for it. The session must not be used before the statement's end was waited for.
func (s *session) start(sql string) *pending {
	p := &pending{session: s, sql: sql, done: make(chan outcome, 1)}
	go func() {
		results, err := s.run(sql)
		p.done <- outcome{results, err}
	}()
	return p
}

// wait waits for the statement's end and returns how it ended.
func (p *pending) wait() ([]result, error) {
	p.session.Helper()
	select {
	case o := <-p.done:
		return o.results, o.err
	case <-p.session.ctx.Done():
		p.session.Fatalf("%s: %v", brief(p.sql), context.Cause(p.session.ctx))
		return nil, nil
	}
}

// rows waits for the statement, which must succeed, and returns its rows.
func (p *pending) rows() []string {
	p.session.Helper()
	results, err := p.wait()
	require.NoError(p.session, err, brief(p.sql))
	rows := []string{}
	for _, r := range results {
		rows = append(rows, r.rows...)
	}
	return rows
}

// fails waits for the statement, which must fail with a SQLSTATE.
func (p *pending) fails(sqlstate string) *pgconn.PgError {
	p.session.Helper()
	_, err := p.wait()
	return p.session.isError(sqlstate, err, p.sql)
}

// until asks observer a question until the answer is t. Between two answers the server sleeps, so that the session
// asked about has its turn.
func (observer *session) until(question string) {
	observer.Helper()
	const most = 3000
	for range most {
		if rows := observer.query(question); len(rows) == 1 && rows[0] == "t" {
			return
		}
		observer.exec(`SELECT pg_sleep(0.01)`)
	}
	observer.Fatalf("never true: %s", question)
}

// blocked waits until the sessions wait for a lock.
func (observer *session) blocked(sessions ...*session) {
	observer.Helper()
	for _, s := range sessions {
		observer.until(fmt.Sprintf(`SELECT count(*) > 0 FROM pg_locks WHERE pid = %d AND NOT granted`, s.pg.PID()))
	}
}

// idle waits until the session has nothing to do.
func (observer *session) idle(s *session) {
	observer.Helper()
	observer.until(fmt.Sprintf(`SELECT state LIKE 'idle%%' FROM pg_stat_activity WHERE pid = %d`, s.pg.PID()))
}

// active waits until the session runs a statement that contains a text.
func (observer *session) active(s *session, text string) {
	observer.Helper()
	observer.until(fmt.Sprintf(`SELECT state = 'active' AND strpos(query, '%s') > 0 FROM pg_stat_activity WHERE pid = %d`, strings.ReplaceAll(text, `'`, `''`), s.pg.PID()))
}

// gone waits until the session's backend has ended.
func (observer *session) gone(pid uint32) {
	observer.Helper()
	observer.until(fmt.Sprintf(`SELECT count(*) = 0 FROM pg_stat_activity WHERE pid = %d`, pid))
}

// isGone checks that the next statement fails because the server ended the session, and why.
func (s *session) isGone(code string) {
	s.Helper()
	s.ends = true
	_, err := s.run(`SELECT 1`)
	s.requireReason(code, err, "SELECT 1")
	require.True(s, s.pg.IsClosed())
}

// requireReason checks that an error has the SQLSTATE with which the server ended the session. Over a Unix-domain socket pgx
// misses it when it writes too late, which fails there.
func (s *session) requireReason(code string, err error, doing string) {
	s.Helper()
	if s.pg.Conn().RemoteAddr().Network() == "unix" && errors.Is(err, syscall.EPIPE) {
		return
	}
	s.isError(code, err, doing)
}
