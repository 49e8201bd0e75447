package session

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/calfdb/calf/cmd/calf/internal/render"
	"github.com/calfdb/calf/internal/sqlscript"
	"github.com/jackc/pgx/v5/pgconn"
)

// Config says how a [Session] connects, reads and writes.
type Config struct {
	// Server returns the configuration of a new connection. The session changes
	// user and database, if others are asked for.
	Server func() *pgconn.Config
	// User and Database are what to connect with; if they are empty, those of
	// Server.
	User, Database string
	// Printer gets the results, Stdout the data of COPY TO STDOUT, and Stderr
	// everything that is said. The printer may write to Stdout, too.
	Printer render.Printer
	Stdout  *bufio.Writer
	Stderr  io.Writer
	// Data is what COPY FROM STDIN reads. If it is nil, the data follows in the
	// script.
	Data *bufio.Reader
	// StopOnError ends a script at the first error.
	StopOnError bool
}

// A Session runs scripts. It is not safe for concurrent use, and it must be
// closed.
type Session struct {
	cfg      Config
	conn     *pgconn.PgConn
	user     string
	database string
	sql      string // the statement that runs, or ran last

	restriction sqlscript.Restriction
}

// ErrFailed says that a part of the script failed, of which the reason was
// reported.
var ErrFailed = errors.New("a statement failed")

// errQuit ends a script before its end.
var errQuit = errors.New("quit")

// Open connects.
func Open(ctx context.Context, cfg Config) (*Session, error) {
	s := &Session{cfg: cfg}
	return s, s.connect(ctx, cfg.User, cfg.Database)
}

// connect replaces the connection, if there is one. If it fails, there is none
// afterwards.
func (s *Session) connect(ctx context.Context, user, database string) error {
	s.Close()
	cfg := s.cfg.Server()
	if user != "" {
		cfg.User = user
	}
	if database != "" {
		cfg.Database = database
	}
	s.user, s.database = cfg.User, cfg.Database
	cfg.RuntimeParams["client_encoding"] = "UTF8"
	if cfg.RuntimeParams["application_name"] == "" {
		cfg.RuntimeParams["application_name"] = "calf"
	}
	cfg.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { render.Notice(s.cfg.Stderr, n, s.sql) }
	cfg.OnNotification = func(_ *pgconn.PgConn, n *pgconn.Notification) {
		payload := ""
		if n.Payload != "" {
			payload = fmt.Sprintf(" with payload %q", n.Payload)
		}
		fmt.Fprintf(s.cfg.Stderr, "Asynchronous notification %q%s received from server process with PID %d.\n", n.Channel, payload, n.PID)
	}
	conn, err := pgconn.ConnectConfig(ctx, cfg)
	if err != nil {
		if e := (*pgconn.PgError)(nil); errors.As(err, &e) {
			err = fmt.Errorf("%s: %s", e.Severity, e.Message) // what pgconn says around it is about hosts
		}
		return fmt.Errorf("connecting to database %s as %s: %w", s.database, s.user, err)
	}
	s.conn = conn
	return nil
}

// Close closes the connection.
func (s *Session) Close() error {
	if s.conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := s.conn.Close(ctx)
	s.conn = nil
	return err
}

// Run runs a script. When parts of it fail, it reports them and goes on, and
// returns ErrFailed in the end. Any other error ended the script.
//
// When ctx is cancelled, the statement that runs is cancelled, and the script
// ends.
func (s *Session) Run(ctx context.Context, sc *sqlscript.Scanner) error {
	failed := false
	for {
		sc.Escapes = s.conn.ParameterStatus("standard_conforming_strings") == "off"
		piece, err := sc.Next()
		switch {
		case err == nil:
			err = s.piece(ctx, sc, piece)
		case err != io.EOF:
			err = fmt.Errorf("reading the script: %w", err)
		}
		switch {
		case err == nil:
		case err == io.EOF, errors.Is(err, errQuit):
			if failed {
				return ErrFailed
			}
			return nil
		case !errors.Is(err, ErrFailed):
			return err
		case s.cfg.StopOnError:
			return ErrFailed
		default:
			failed = true
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

// piece runs a piece of a script.
func (s *Session) piece(ctx context.Context, sc *sqlscript.Scanner, p sqlscript.Piece) error {
	switch {
	case p.Kind == sqlscript.Command:
		return s.command(ctx, p)
	case p.Kind == sqlscript.Space:
		return nil
	case strings.IndexByte(p.SQL, 0) >= 0:
		return s.complain(p, "the statement has a zero byte in it and was not run")
	}
	data := sc.Data
	if s.cfg.Data != nil {
		data = func(binary bool) io.Reader { return sqlscript.Data(s.cfg.Data, binary) }
	}
	asked, err := s.statement(ctx, p.SQL, data)
	if p.CopyIn && !asked && s.cfg.Data == nil && errors.Is(err, ErrFailed) {
		// The data is there all the same. It is no SQL.
		if _, err := io.Copy(io.Discard, sc.Data(false)); err != nil {
			return fmt.Errorf("reading the script: %w", err)
		}
	}
	return err
}

// complain reports what is wrong with a piece, and returns ErrFailed.
func (s *Session) complain(p sqlscript.Piece, format string, args ...any) error {
	fmt.Fprintf(s.cfg.Stderr, "calf: line %d: %s\n", p.Line, fmt.Sprintf(format, args...))
	return ErrFailed
}
