package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/calfdb/calf/internal/sqlscript"
)

// command runs a backslash command: one of the few that the output of pg_dump
// has, or that scripts have which are not meant for people.
func (s *Session) command(ctx context.Context, p sqlscript.Piece) error {
	if p.SQL != "" {
		return s.complain(p, `\%s is not supported, and what is before it was not run`, p.Name)
	}
	args, err := sqlscript.Arguments(p.Args)
	mine := false
	if err == nil {
		mine, err = s.restriction.Command(p.Name, args)
	}
	if err != nil {
		return s.complain(p, `\%s: %v`, p.Name, err)
	}
	if mine {
		return nil
	}
	switch p.Name {
	case "connect", "c":
		if err := s.reconnect(ctx, args); err != nil {
			return fmt.Errorf(`line %d: \%s: %w`, p.Line, p.Name, err) // nothing shall run elsewhere
		}
	case "encoding":
		err = s.encoding(ctx, args)
	case "set":
		err = s.set(args)
	case "q", "quit":
		return errQuit
	case "if", "elif", "else", "endif", "copy":
		return fmt.Errorf(`line %d: \%s is not supported, and without it the rest means something else`, p.Line, p.Name)
	default:
		err = errors.New("not supported")
	}
	if err != nil {
		return s.complain(p, `\%s: %v`, p.Name, err)
	}
	return nil
}

// encoding sets the client's encoding. pg_dump does so before \connect with an
// unusual name.
func (s *Session) encoding(ctx context.Context, args []sqlscript.Argument) error {
	if len(args) != 1 {
		return errors.New("it takes an encoding")
	}
	quoted := "'" + strings.ReplaceAll(args[0].Text, "'", "''") + "'"
	_, err := s.conn.Exec(ctx, "SET client_encoding TO "+quoted).ReadAll()
	return err
}

// set sets ON_ERROR_STOP, the one variable that there is.
func (s *Session) set(args []sqlscript.Argument) error {
	if len(args) == 0 || args[0].Text != "ON_ERROR_STOP" {
		return errors.New("variables other than ON_ERROR_STOP are not supported")
	}
	value := ""
	for _, a := range args[1:] {
		value += a.Text
	}
	switch strings.ToLower(value) {
	case "", "on", "true", "yes", "1":
		s.cfg.StopOnError = true
	case "off", "false", "no", "0":
		s.cfg.StopOnError = false
	default:
		return fmt.Errorf("ON_ERROR_STOP is on or off, not %q", value)
	}
	return nil
}

// reconnect connects to another database, or as another user.
func (s *Session) reconnect(ctx context.Context, args []sqlscript.Argument) error {
	to, err := sqlscript.ConnectTarget(args)
	if err != nil {
		return err
	}
	if to.User == "" {
		to.User = s.user
	}
	if to.Database == "" {
		to.Database = s.database
	}
	if err := s.connect(ctx, to.User, to.Database); err != nil {
		return err
	}
	return s.cfg.Printer.Done(fmt.Sprintf("You are now connected to database %q as user %q.", s.database, s.user))
}
