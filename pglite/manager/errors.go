package manager

import (
	"errors"
	"fmt"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// What errors of this package can be, for errors.Is. The error of a database
// whose data directory is of another version of PostgreSQL is a
// *pglite.VersionError, and that of a folder that another program uses wraps
// pglite.ErrLocked.
var (
	// ErrNotFound: there is no database with that id, or no file.
	ErrNotFound = errors.New("not found")
	// ErrExists: the id is taken.
	ErrExists = errors.New("exists already")
	// ErrInvalid: a value that cannot be: an id with other characters than
	// letters, digits, - and _, an unknown role, text that is not UTF-8 or
	// contains NUL, bad JSON, a vector of another dimension.
	ErrInvalid = errors.New("invalid value")
	// ErrInUse: there are handles of the database that have not been closed, or
	// it is being exported.
	ErrInUse = errors.New("the database is in use")
	// ErrClosed: the handle, or the manager, has been closed.
	ErrClosed = pglite.ErrClosed
	// ErrTooManyRows: a result has more rows than [RunOptions].MaxRows.
	ErrTooManyRows = errors.New("too many rows")
	// ErrBadArchive: what Import was given is damaged, was cut off, exceeds the
	// limit, or is no archive of databases.
	ErrBadArchive = errors.New("bad archive of databases")
)

// kinds are the errors above.
var kinds = []error{ErrNotFound, ErrExists, ErrInvalid, ErrInUse, ErrClosed, ErrTooManyRows, ErrBadArchive}

// wrap is wrap for what the manager does: what fails after Close fails because of
// it.
func (m *Manager) wrap(err error, doing, object string) error {
	if err != nil && m.dbs.ctx.Err() != nil && !errors.Is(err, ErrClosed) {
		err = fmt.Errorf("%w: %w", ErrClosed, err)
	}
	return wrap(err, doing, object)
}

// wrap says what was being done to what, and of which kind the error is.
func wrap(err error, doing, object string) error {
	if err == nil {
		return nil
	}
	if err == pgx.ErrNoRows {
		err = ErrNotFound
	}
	text := "manager: " + doing
	if object != "" {
		text += fmt.Sprintf(" %q", shorten(object))
	}
	if kind := kindOf(err); kind != nil {
		return fmt.Errorf("%s: %w: %w", text, kind, err)
	}
	return fmt.Errorf("%s: %w", text, err)
}

// kindOf says what an error means that does not say so itself. For the codes see
// PostgreSQL's appendix A.
func kindOf(err error) error {
	for _, kind := range kinds {
		if errors.Is(err, kind) {
			return nil
		}
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return ErrNotFound
	}
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || len(pg.Code) != 5 {
		return nil
	}
	switch pg.Code {
	case "23505": // unique_violation
		return ErrExists
	case "23503": // foreign_key_violation: a message's database
		return ErrNotFound
	case "23502", "23514", "54000": // not_null_violation, check_violation, program_limit_exceeded
		return ErrInvalid
	}
	if pg.Code[:2] == "22" { // data exception
		return ErrInvalid
	}
	return nil
}

// shorten keeps a text in an error to what a line can hold.
func shorten(s string) string {
	const most = 64
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}
