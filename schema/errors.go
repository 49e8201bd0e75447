package schema

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5/pgconn"
)

// ErrHistory is in the chain of an error about a database whose history does
// not fit the set of migrations: one was edited after it was applied, removed,
// or comes before one that has been applied. The error's text names each. Test
// for it with errors.Is.
var ErrHistory = errors.New("the history of the database does not fit the migrations")

// ErrVersion is in the chain of an error about a target version that the set
// does not have, or that cannot be reached because a migration has no way back.
// Test for it with errors.Is.
var ErrVersion = errors.New("no such version to migrate to")

// A Phase is what the runner was doing when it failed.
type Phase string

// The phases of Migrate, in order. Plan, Current and Validate use the first
// two and PhaseValidate.
const (
	PhaseBegin    Phase = "begin"    // starting a transaction, waiting for the lock
	PhaseHistory  Phase = "history"  // reading what has been applied, comparing it with the set
	PhaseApply    Phase = "apply"    // running a migration's Up
	PhaseRevert   Phase = "revert"   // running a migration's Down
	PhaseRecord   Phase = "record"   // writing down what has been applied
	PhaseCommit   Phase = "commit"   // making it last
	PhaseValidate Phase = "validate" // reading the catalogs
)

// A MigrationError says what failed, in which phase. The database is as it was
// before: everything happens in one transaction. Only if the connection broke
// in PhaseCommit can the transaction have succeeded; Current tells.
type MigrationError struct {
	// Set is the name of the set; Version and Name are those of the migration
	// that failed, or empty.
	Set, Version, Name string
	// Phase is what was being done.
	Phase Phase
	// Recoverable reports that the same call may succeed later although nobody
	// changes the migrations or the database: the context ended, the
	// connection broke, or the server had a conflict or no resources.
	Recoverable bool
	// Err is the cause, often a *pgconn.PgError.
	Err error
}

func (e *MigrationError) Error() string {
	if e.Version != "" {
		return fmt.Sprintf("schema: migrating %s, %s of %s %s: %v", e.Set, e.Phase, e.Version, e.Name, e.Err)
	}
	return fmt.Sprintf("schema: migrating %s, %s: %v", e.Set, e.Phase, e.Err)
}

func (e *MigrationError) Unwrap() error { return e.Err }

// SQLState returns the SQLSTATE of the cause, or "" if it is no error of SQL.
func (e *MigrationError) SQLState() string {
	var pg *pgconn.PgError
	if errors.As(e.Err, &pg) {
		return pg.Code
	}
	return ""
}

func (s *Set) fail(phase Phase, m Migration, err error) error {
	var done *MigrationError
	if err == nil || errors.As(err, &done) {
		return err
	}
	return &MigrationError{Set: s.name, Version: m.Version, Name: m.Name, Phase: phase, Recoverable: recoverable(err), Err: err}
}

// recoverable reports whether an error may be gone at another time.
func recoverable(err error) bool {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		switch pg.Code[:2] {
		// Classes of PostgreSQL's appendix A: connection exception, transaction
		// rollback, insufficient resources, operator intervention.
		case "08", "40", "53", "57":
			return true
		}
		return pg.Code == "55P03" // lock_not_available
	}
	var network net.Error
	var connect *pgconn.ConnectError
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &network) || errors.As(err, &connect) || pgconn.SafeToRetry(err)
}
