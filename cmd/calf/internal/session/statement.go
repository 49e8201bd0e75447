package session

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/calfdb/calf/cmd/calf/internal/render"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"
)

const (
	closeTimeout  = 5 * time.Second
	cancelTimeout = 5 * time.Second
)

// errLost says that there is no connection any more.
var errLost = errors.New("the connection to PostgreSQL was lost")

// statement runs a statement. The error is ErrFailed if it failed, which has
// been reported, and another one if nothing more can be run. It also returns
// whether the server asked for data, which is had from the given function.
func (s *Session) statement(ctx context.Context, sql string, data func(binary bool) io.Reader) (asked bool, err error) {
	s.sql = sql
	conn := s.conn
	defer context.AfterFunc(ctx, func() { cancel(conn) })()
	f := s.conn.Frontend()
	f.SendQuery(&pgproto3.Query{String: sql})
	if err := f.Flush(); err != nil {
		return false, fmt.Errorf("%w: %w", errLost, err)
	}
	a := &answer{session: s, data: data}
	for {
		// The context is not for receiving: the answer is read to its end.
		msg, err := s.conn.ReceiveMessage(context.Background())
		if err != nil {
			a.abort()
			if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
				render.Error(s.cfg.Stderr, e, sql)
				return a.asked, errLost
			}
			return a.asked, fmt.Errorf("%w: %w", errLost, err)
		}
		if _, done := msg.(*pgproto3.ReadyForQuery); done {
			return a.asked, a.done()
		}
		a.message(msg)
	}
}

// cancel cancels what a connection is doing. If that fails, it ends by itself.
func cancel(conn *pgconn.PgConn) {
	ctx, stop := context.WithTimeout(context.Background(), cancelTimeout)
	defer stop()
	conn.CancelRequest(ctx)
}

// An answer is the server's to one statement.
type answer struct {
	session *Session
	data    func(binary bool) io.Reader

	asked    bool // for data
	copyIn   *copyIn
	copyOut  bool
	inResult bool
	failed   bool
	writeErr error // the first error of writing, after which nothing is written
}

// message handles a message.
func (a *answer) message(msg pgproto3.BackendMessage) {
	p := a.session.cfg.Printer
	switch msg := msg.(type) {
	case *pgproto3.RowDescription:
		a.inResult = true
		a.write(func() error { return p.Begin(columns(msg)) })
	case *pgproto3.DataRow:
		a.write(func() error { return p.Row(msg.Values) })
	case *pgproto3.CommandComplete:
		a.complete(string(msg.CommandTag))
	case *pgproto3.CopyInResponse:
		a.asked = true
		a.copyIn = startCopyIn(a.session.conn.Frontend(), a.data(msg.OverallFormat != 0))
	case *pgproto3.CopyOutResponse:
		a.copyOut = true
	case *pgproto3.CopyData:
		a.write(func() error {
			_, err := a.session.cfg.Stdout.Write(msg.Data)
			return err
		})
	case *pgproto3.ErrorResponse:
		a.failed = true
		a.abort()
		if a.writeErr == nil { // else it is the cancellation
			render.Error(a.session.cfg.Stderr, pgconn.ErrorResponseToPgError(msg), a.session.sql)
		}
	}
}

func columns(msg *pgproto3.RowDescription) []render.Column {
	cols := make([]render.Column, len(msg.Fields))
	for i, f := range msg.Fields {
		cols[i] = render.Column{Name: string(f.Name), Type: f.DataTypeOID}
	}
	return cols
}

// complete ends what one command returned. What COPY TO STDOUT printed is left
// alone.
func (a *answer) complete(tag string) {
	p := a.session.cfg.Printer
	switch {
	case a.inResult:
		a.write(func() error { return p.End(tag) })
	case !a.copyOut:
		a.write(func() error { return p.Done(tag) })
	}
	a.inResult, a.copyOut = false, false
}

// abort ends what will not come to its end.
func (a *answer) abort() {
	if a.inResult {
		a.inResult = false
		a.write(a.session.cfg.Printer.Abort)
	}
	if a.copyIn != nil {
		a.copyIn.stop()
	}
	a.copyOut = false
}

// write writes, unless that failed before. If it fails now, the statement is
// cancelled, as nobody is going to see what it returns.
func (a *answer) write(f func() error) {
	if a.writeErr != nil {
		return
	}
	if a.writeErr = f(); a.writeErr != nil {
		cancel(a.session.conn)
	}
}

// done returns the outcome of the statement.
func (a *answer) done() error {
	a.abort()
	a.write(a.session.cfg.Stdout.Flush)
	if a.copyIn != nil {
		if err := a.copyIn.wait(); err != nil {
			return fmt.Errorf("reading the data: %w", err)
		}
	}
	switch {
	case a.writeErr != nil:
		return fmt.Errorf("writing: %w", a.writeErr)
	case a.failed:
		return ErrFailed
	}
	return nil
}
