package pglite_test

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

// stateIs returns nil if an error is an SQL error with that SQLSTATE.
func stateIs(err error, state string) error {
	var pgErr *pgconn.PgError
	if !errors.As(err, &pgErr) || pgErr.Code != state {
		return fmt.Errorf("SQLSTATE %s was expected: %w", state, cause(err))
	}
	return nil
}

// errorIs returns nil if an error is the one that is expected.
func errorIs(err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("%q was expected: %w", want, cause(err))
	}
	return nil
}

func cause(err error) error {
	if err == nil {
		return errors.New("there was no error")
	}
	return err
}

// An endingSession is a session that is about to end.
type endingSession struct {
	ctx   context.Context
	conn  *pgx.Conn
	pid   uint32
	watch *watch
}

func (s *endingSession) exec(sql string) error {
	_, err := s.conn.Exec(s.ctx, sql)
	return err
}

// start runs SQL that does not end, and waits until the server is at it. The channel gives its error.
func (s *endingSession) start(work endlessWork) (<-chan error, context.CancelFunc, error) {
	ctx, cancel := context.WithCancel(s.ctx)
	ended := make(chan error, 1)
	go func() { ended <- work.run(ctx, s) }()
	return ended, cancel, s.watch.until(work.busy, s.pid)
}

// terminate ends the session as an administrator does.
func (s *endingSession) terminate() error {
	return s.watch.exec(`SELECT pg_terminate_backend($1)`, s.pid)
}

// lastWord waits for the server to end an idle session, and checks what it says.
func (s *endingSession) lastWord(state string) error {
	_, err := s.conn.WaitForNotification(s.ctx)
	return errors.Join(stateIs(err, state), s.conn.Close(s.ctx))
}

// drop closes the connection without a word to the server.
func (s *endingSession) drop() error { return s.conn.PgConn().Conn().Close() }

// holding makes the session hold locks, a temporary table and a transaction.
const holding = `SELECT pg_advisory_lock_shared(1); CREATE TEMP TABLE mine (a int); BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE; INSERT INTO t VALUES (1)`

// endlessWork is work that does not end by itself.
type endlessWork struct {
	name string
	run  func(ctx context.Context, s *endingSession) error
	busy string // the condition on pg_stat_activity that tells that the server is at it
	// waits says that the client does not read before its context ends.
	waits bool
}

// endlessWorks are the kinds of work that sessions are ended in the middle of.
var endlessWorks = []endlessWork{
	{name: "Sleep", run: func(ctx context.Context, s *endingSession) error {
		_, err := s.conn.Exec(ctx, `SELECT pg_sleep(1000)`)
		return err
	}, busy: `wait_event = 'PgSleep'`},
	{name: "Computation", run: func(ctx context.Context, s *endingSession) error {
		_, err := s.conn.Exec(ctx, `DO $$ BEGIN LOOP END LOOP; END $$`)
		return err
	}, busy: `state = 'active' AND query LIKE 'DO %'`},
	{name: "CopyIn", run: func(ctx context.Context, s *endingSession) error {
		r, w := io.Pipe()
		defer w.Close()
		stop := context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
		defer stop()
		_, err := s.conn.PgConn().CopyFrom(ctx, r, `COPY t FROM STDIN`)
		return err
	}, busy: `query LIKE 'COPY t FROM%' AND wait_event = 'ClientRead'`},
	{name: "CopyOut", run: func(ctx context.Context, s *endingSession) error {
		_, err := s.conn.PgConn().CopyTo(ctx, io.Discard, `COPY (SELECT generate_series(1, 1000000000000)) TO STDOUT`)
		return err
	}, busy: `state = 'active' AND query LIKE 'COPY (SELECT%'`},
	{name: "Listen", run: func(ctx context.Context, s *endingSession) error {
		if _, err := s.conn.Exec(ctx, `LISTEN news`); err != nil {
			return err
		}
		_, err := s.conn.WaitForNotification(ctx)
		return err
	}, busy: `state = 'idle' AND query = 'LISTEN news'`},
	{name: "UnreadRows", run: func(ctx context.Context, s *endingSession) error {
		rows, err := s.conn.Query(ctx, `SELECT repeat('x', 1000), generate_series(1, 1000000000)`)
		if err != nil {
			return err
		}
		defer rows.Close()
		<-ctx.Done()
		for rows.Next() {
		}
		return rows.Err()
	}, busy: `wait_event = 'ClientWrite'`, waits: true},
	{name: "Lock", run: func(ctx context.Context, s *endingSession) error {
		_, err := s.conn.Exec(ctx, holding+`; SELECT pg_sleep(1000)`)
		return err
	}, busy: `wait_event = 'PgSleep'`},
}

// An ending is a way for a session to end. It returns when its client is done with it.
type ending struct {
	name string
	end  func(s *endingSession) error
}

// endings are all of them.
var endings = func() []ending {
	all := []ending{
		{"Close", func(s *endingSession) error { return s.conn.Close(s.ctx) }},
		{"CloseHolding", func(s *endingSession) error { return errors.Join(s.exec(holding), s.conn.Close(s.ctx)) }},
		{"Drop", func(s *endingSession) error { return s.drop() }},
		{"DropHolding", func(s *endingSession) error { return errors.Join(s.exec(holding), s.drop()) }},
		{"DropInAMessage", func(s *endingSession) error {
			packet, err := (&pgproto3.Query{String: "SELECT 1"}).Encode(nil)
			if err != nil {
				return err
			}
			_, err = s.conn.PgConn().Conn().Write(packet[:len(packet)-3])
			return errors.Join(err, s.drop())
		}},
		{"DropInACursor", func(s *endingSession) error {
			return errors.Join(s.exec(`BEGIN; DECLARE c CURSOR FOR SELECT generate_series(1, 100000); FETCH 10 FROM c`), s.drop())
		}},
		{"DropAsleep", func(s *endingSession) error {
			// Without the setting PostgreSQL does not notice until the statement is over.
			if err := s.exec(`SET client_connection_check_interval = '50ms'`); err != nil {
				return err
			}
			s.conn.PgConn().Frontend().SendQuery(&pgproto3.Query{String: `SELECT pg_sleep(1000)`})
			err := s.conn.PgConn().Frontend().Flush()
			return errors.Join(err, s.watch.until(`wait_event = 'PgSleep'`, s.pid), s.drop())
		}},
		{"Terminated", func(s *endingSession) error { return errors.Join(s.terminate(), s.lastWord("57P01")) }},
		{"TerminatedHolding", func(s *endingSession) error {
			return errors.Join(s.exec(holding), s.terminate(), s.lastWord("57P01"))
		}},
		{"TerminatedByItself", func(s *endingSession) error {
			return errors.Join(stateIs(s.exec(`SELECT pg_terminate_backend(pg_backend_pid())`), "57P01"), s.conn.Close(s.ctx))
		}},
		{"IdleSessionTimeout", func(s *endingSession) error {
			return errors.Join(s.exec(`SET idle_session_timeout = '50ms'`), s.lastWord("57P05"))
		}},
		{"IdleInTransactionTimeout", func(s *endingSession) error {
			return errors.Join(s.exec(`SET idle_in_transaction_session_timeout = '50ms'; `+holding), s.lastWord("25P03"))
		}},
		{"TransactionTimeout", func(s *endingSession) error {
			return errors.Join(s.exec(`SET transaction_timeout = '50ms'; BEGIN; LOCK TABLE t IN ROW EXCLUSIVE MODE`), s.lastWord("25P04"))
		}},
		{"StatementTimeout", func(s *endingSession) error {
			return errors.Join(s.exec(`SET statement_timeout = '50ms'`), stateIs(s.exec(`SELECT pg_sleep(1000)`), "57014"), s.conn.Close(s.ctx))
		}},
		{"Cancelled", func(s *endingSession) error {
			ended, cancel, err := s.start(endlessWorks[0])
			defer cancel()
			return errors.Join(err, s.conn.PgConn().CancelRequest(s.ctx), stateIs(<-ended, "57014"), s.conn.Close(s.ctx))
		}},
		{"PreparedTransaction", func(s *endingSession) error { // which max_prepared_transactions = 0 does not allow
			return errors.Join(stateIs(s.exec(`BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'p'`), "55000"), s.drop())
		}},
		{"ProtocolViolation", func(s *endingSession) error {
			_, err := s.conn.PgConn().Conn().Write([]byte{'~', 0, 0, 0, 4})
			return errors.Join(err, s.lastWord("08P01"))
		}},
	}
	for _, work := range endlessWorks {
		all = append(all, ending{"ContextEndsIn" + work.name, func(s *endingSession) error {
			ended, cancel, err := s.start(work)
			cancel()
			return errors.Join(err, errorIs(<-ended, context.Canceled), s.conn.Close(s.ctx))
		}})
		if work.waits {
			continue
		}
		all = append(all, ending{"TerminatedIn" + work.name, func(s *endingSession) error {
			ended, cancel, err := s.start(work)
			defer cancel()
			err = errors.Join(err, s.terminate())
			said := <-ended
			if work.name == "CopyOut" && errors.Is(said, io.ErrUnexpectedEOF) { // in the middle of a row there is no last word
				return errors.Join(err, s.conn.Close(s.ctx))
			}
			return errors.Join(err, stateIs(said, "57P01"), s.conn.Close(s.ctx))
		}})
	}
	return all
}()
