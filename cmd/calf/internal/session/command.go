package session

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/calfdb/calf/cmd/calf/internal/script"
)

// command runs a backslash command: one of the few that the output of pg_dump
// has, or that scripts have which are not meant for people.
func (s *Session) command(ctx context.Context, p script.Piece) error {
	if p.SQL != "" {
		return s.complain(p, `\%s is not supported, and what is before it was not run`, p.Name)
	}
	if s.restricted != "" && p.Name != "unrestrict" {
		return s.complain(p, `\%s: between \restrict and \unrestrict there are no other commands`, p.Name)
	}
	args, err := script.Arguments(p.Args)
	if err != nil {
		return s.complain(p, `\%s: %v`, p.Name, err)
	}
	switch p.Name {
	case "restrict", "unrestrict":
		err = s.restrict(p.Name, args)
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

// restrict lets no other backslash command pass until the key comes again. That
// protects from commands that were smuggled into a dump.
func (s *Session) restrict(name string, args []script.Argument) error {
	switch {
	case len(args) != 1 || args[0].Text == "":
		return errors.New("it takes a key")
	case name == "restrict":
		s.restricted = args[0].Text
	case s.restricted == "":
		return errors.New(`there was no \restrict`)
	case s.restricted != args[0].Text:
		return errors.New("this is not the key")
	default:
		s.restricted = ""
	}
	return nil
}

// encoding sets the client's encoding. pg_dump does so before \connect with an
// unusual name.
func (s *Session) encoding(ctx context.Context, args []script.Argument) error {
	if len(args) != 1 {
		return errors.New("it takes an encoding")
	}
	quoted := "'" + strings.ReplaceAll(args[0].Text, "'", "''") + "'"
	_, err := s.conn.Exec(ctx, "SET client_encoding TO "+quoted).ReadAll()
	return err
}

// set sets ON_ERROR_STOP, the one variable that there is.
func (s *Session) set(args []script.Argument) error {
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
func (s *Session) reconnect(ctx context.Context, args []script.Argument) error {
	to, err := target(args)
	if err != nil {
		return err
	}
	if to.user == "" {
		to.user = s.user
	}
	if to.database == "" {
		to.database = s.database
	}
	if err := s.connect(ctx, to.user, to.database); err != nil {
		return err
	}
	return s.cfg.Printer.Done(fmt.Sprintf("You are now connected to database %q as user %q.", s.database, s.user))
}
