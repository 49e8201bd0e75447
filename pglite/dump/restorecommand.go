package dump

import (
	"errors"
	"fmt"

	"github.com/calfdb/calf/internal/sqlscript"
)

// command runs a command of psql's: one of the few that dumps have.
func (rs *restorer) command(p sqlscript.Piece) error {
	if p.SQL != "" {
		return &fatalError{errors.New("this command of psql is not supported here, and what is before it was not run")}
	}
	args, err := sqlscript.Arguments(p.Args)
	if err != nil {
		return err
	}
	if mine, err := rs.restriction.Command(p.Name, args); mine || err != nil {
		return err
	}
	switch p.Name {
	case "connect", "c":
		to, err := sqlscript.ConnectTarget(args)
		if err == nil {
			err = rs.connect(to)
		}
		if err != nil {
			return &fatalError{err} // nothing shall run elsewhere
		}
		return nil
	case "encoding":
		if len(args) != 1 {
			return errors.New("it takes an encoding")
		}
		return rs.setEncoding(args[0].Text)
	case "if", "elif", "else", "endif", "copy", "gexec", "i", "ir", "include", "include_relative", "q", "quit":
		return &fatalError{fmt.Errorf(`this command of psql is not supported here, and without it the rest means something else`)}
	}
	return errors.New("this command of psql is not supported here")
}
