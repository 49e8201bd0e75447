package presenter

import (
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/calfdb/calf/schema"
)

// What a DatabaseError can be, for errors.Is.
var (
	// ErrNotFound: there is nothing with that id.
	ErrNotFound = errors.New("not found")
	// ErrExists: the id is taken.
	ErrExists = errors.New("exists already")
	// ErrReference: a conversation, message, parent, knowledge base, file or
	// chunk that it belongs to does not exist.
	ErrReference = errors.New("refers to something that does not exist")
	// ErrInvalid: a value that cannot be: an unknown role or status, a negative
	// count, text that is not UTF-8 or contains NUL, bad JSON, an id that is too
	// long, a vector of the wrong dimension or with infinite numbers.
	ErrInvalid = errors.New("invalid value")
	// ErrTransition: a file or chunk cannot have that status after the one that
	// it has; see TaskStatus.
	ErrTransition = errors.New("cannot change to that status")
	// ErrKnowledge: there are no knowledge bases here, because Config.Knowledge
	// is not set or the server has no pgvector.
	ErrKnowledge = errors.New("no knowledge bases")
	// ErrMemory: it needs more memory than Config.Memory, or the server, allows.
	ErrMemory = errors.New("too much memory")
)

// ErrClosed is the error of Begin after Close.
var ErrClosed = errors.New("the presenter is closed")

// ErrTimeout is the cause of errors in a transaction of Begin that has lasted
// too long.
var ErrTimeout = errors.New("the transaction took too long and was rolled back")

// A DatabaseError says what could not be done, and why. Nothing of it was done.
type DatabaseError struct {
	// Op is what was being done, such as "creating conversation"; ID is to what,
	// or empty.
	Op, ID string
	// Code is the SQLSTATE: the server's, or what the server would have said
	// where the presenter found out itself; "" if the server did not answer.
	Code string
	// Constraint is the name of the constraint that was violated, or empty.
	Constraint string
	// Err is the cause, often a *pgconn.PgError.
	Err error
}

func (e *DatabaseError) Error() string {
	if e.ID != "" {
		return fmt.Sprintf("presenter: %s %q: %v", e.Op, shorten(e.ID), e.Err)
	}
	return fmt.Sprintf("presenter: %s: %v", e.Op, e.Err)
}

func (e *DatabaseError) Unwrap() error { return e.Err }

// SQLState returns Code.
func (e *DatabaseError) SQLState() string { return e.Code }

// Is reports whether the error is of the kind that ErrNotFound, ErrExists,
// ErrReference, ErrInvalid or ErrMemory stand for, or has the same code as another
// DatabaseError.
func (e *DatabaseError) Is(target error) bool {
	if other, ok := target.(*DatabaseError); ok {
		return other.Code != "" && other.Code == e.Code
	}
	kind := kindOf(e.Code)
	return kind != nil && kind == target
}

// kindOf says what an SQLSTATE means to a caller. See PostgreSQL's appendix A.
func kindOf(code string) error {
	switch code {
	case noData:
		return ErrNotFound
	case uniqueViolation:
		return ErrExists
	case foreignKeyViolation:
		return ErrReference
	case badTransition:
		return ErrTransition
	case outOfMemory:
		return ErrMemory
	case "23502", checkViolation, "54000": // not_null_violation, program_limit_exceeded
		return ErrInvalid
	}
	if len(code) == 5 && code[:2] == "22" { // data exception
		return ErrInvalid
	}
	return nil
}

const (
	noData              = "02000"
	dataException       = "22000"
	invalidParameter    = "22023"
	invalidText         = "22021" // character_not_in_repertoire
	foreignKeyViolation = "23503"
	uniqueViolation     = "23505"
	checkViolation      = "23514"
	badTransition       = "55000" // object_not_in_prerequisite_state
	outOfMemory         = "53200"
	lockNotAvailable    = "55P03"
	notSupported        = "0A000" // feature_not_supported
	duplicateTable      = "42P07" // of an index, too
)

// A TransactionError says that a transaction could not be begun, committed,
// rolled back or found.
type TransactionError struct {
	// ID is the id of a transaction of Begin, or empty.
	ID string
	// Op is "begin", "commit", "rollback" or "find".
	Op string
	// Err is the cause.
	Err error
}

func (e *TransactionError) Error() string {
	if e.ID != "" {
		return fmt.Sprintf("presenter: %s transaction %q: %v", e.Op, shorten(e.ID), e.Err)
	}
	return fmt.Sprintf("presenter: %s transaction: %v", e.Op, e.Err)
}

func (e *TransactionError) Unwrap() error { return e.Err }

// SQLState returns the SQLSTATE of the cause, or "".
func (e *TransactionError) SQLState() string { return stateOf(e.Err) }

// MigrationError is the error of a schema that could not be migrated.
type MigrationError = schema.MigrationError

// wrap makes a DatabaseError of what a statement returned.
func wrap(op, id string, err error) error {
	if err == nil {
		return nil
	}
	var done *DatabaseError
	var tx *TransactionError
	if errors.As(err, &done) || errors.As(err, &tx) {
		return err
	}
	if errors.Is(err, pgx.ErrNoRows) {
		return &DatabaseError{Op: op, ID: id, Code: noData, Err: ErrNotFound}
	}
	if errors.Is(err, errTooMuch) {
		return &DatabaseError{Op: op, ID: id, Code: outOfMemory, Err: err}
	}
	e := &DatabaseError{Op: op, ID: id, Err: err}
	if errors.Is(err, ErrKnowledge) {
		e.Code = notSupported
	}
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		e.Code, e.Constraint = pg.Code, pg.ConstraintName
	}
	return e
}

// refuse makes a DatabaseError of something that the presenter found wrong.
func refuse(op, id, code, format string, args ...any) error {
	return &DatabaseError{Op: op, ID: id, Code: code, Err: fmt.Errorf(format, args...)}
}

func stateOf(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// shorten keeps an id in an error's text to what a line can hold.
func shorten(id string) string {
	const most = 64
	if len(id) > most {
		return id[:most] + "…"
	}
	return id
}
