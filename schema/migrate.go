package schema

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"
)

// DB is where migrations run: a *pgxpool.Pool, a *pgx.Conn or a pgx.Tx.
type DB interface {
	Begin(context.Context) (pgx.Tx, error)
}

// Targets of Migrate and Plan beside the versions of a set.
const (
	// Latest is the last migration.
	Latest = ""
	// Empty is the state before the first.
	Empty = "0"
)

// A Step is a migration to be run.
type Step struct {
	Migration
	// Revert says that Down is to be run, and not Up.
	Revert bool
}

// Plan returns what Migrate with the same target would run, in order. It only
// reads, and fails where Migrate would refuse.
func Plan(ctx context.Context, db DB, set *Set, target string) ([]Step, error) {
	var steps []Step
	err := set.read(ctx, db, func(tx pgx.Tx) error {
		history, err := set.history(ctx, tx)
		if err != nil {
			return err
		}
		steps, err = set.plan(history, target)
		return err
	})
	return steps, err
}

// Migrate brings a database to a target: Latest, Empty or a version of the set.
// It runs in one transaction and returns what it ran. Processes that call it at
// the same time wait for each other; the context bounds the waiting, too. The
// error is a *MigrationError, and the database is then as it was.
//
// A migration that takes back one with data in it deletes that data.
func Migrate(ctx context.Context, db DB, set *Set, target string) (_ []Step, err error) {
	tx, err := db.Begin(ctx)
	if err != nil {
		return nil, set.fail(PhaseBegin, Migration{}, err)
	}
	defer func() {
		if err != nil {
			// The context may have ended; pgx then closes the connection, which rolls back, too.
			_ = tx.Rollback(context.WithoutCancel(ctx))
		}
	}()
	// Whoever waited for the lock must see what its holder committed.
	if _, err := tx.Exec(ctx, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED"); err != nil {
		return nil, set.fail(PhaseBegin, Migration{}, err)
	}
	if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock($1)", lockKey); err != nil {
		return nil, set.fail(PhaseBegin, Migration{}, err)
	}
	history, err := set.history(ctx, tx)
	if err != nil {
		return nil, err
	}
	steps, err := set.plan(history, target)
	if err != nil {
		return nil, err
	}
	if err := set.prepare(ctx, tx, history); err != nil {
		return nil, err
	}
	for _, step := range steps {
		if err := set.run(ctx, tx, step); err != nil {
			return nil, err
		}
	}
	if err := tx.Commit(ctx); err != nil {
		return nil, set.fail(PhaseCommit, Migration{}, err)
	}
	return steps, nil
}

// lockKey is the advisory lock of everybody who migrates any set in a database:
// two sets may want the same extension. It is "calf" and "schema" in ASCII, as
// far as they fit in 64 bits.
const lockKey int64 = 0x63616c66_73636865

// plan says how to come from a history to a target.
func (s *Set) plan(history []Applied, target string) ([]Step, error) {
	if err := s.check(history); err != nil {
		return nil, err
	}
	goal := 0 // how many migrations are applied at the target
	switch target {
	case Latest:
		goal = len(s.migrations)
	case Empty:
	default:
		goal = 1 + slices.IndexFunc(s.migrations, func(m Migration) bool { return m.Version == target })
		if goal == 0 {
			return nil, s.fail(PhaseHistory, Migration{}, fmt.Errorf("%w: %q is not a version of %s", ErrVersion, target, s.name))
		}
	}
	var steps []Step
	for _, m := range s.migrations[min(len(history), goal):goal] {
		steps = append(steps, Step{Migration: m})
	}
	for i := len(history) - 1; i >= goal; i-- {
		m := s.migrations[i]
		if m.Down == "" {
			return nil, s.fail(PhaseRevert, m, fmt.Errorf("%w: %s has no way back", ErrVersion, m))
		}
		steps = append(steps, Step{Migration: m, Revert: true})
	}
	return steps, nil
}

// prepare makes the table of the history, and completes one that another
// program made: database.build's has no checksums. What it applied, under the
// versions of the set, is taken for what the set says.
func (s *Set) prepare(ctx context.Context, tx pgx.Tx, history []Applied) error {
	table := s.table.Sanitize()
	sql := ""
	if len(s.table) == 2 {
		sql = "CREATE SCHEMA IF NOT EXISTS " + s.table[:1].Sanitize() + ";\n"
	}
	sql += "CREATE TABLE IF NOT EXISTS " + table + ` (
		version text PRIMARY KEY,
		name text,
		applied_at timestamptz NOT NULL DEFAULT now()
	);
	ALTER TABLE ` + table + " ADD COLUMN IF NOT EXISTS checksum text;"
	if !slices.ContainsFunc(history, func(a Applied) bool { return a.Checksum != "" }) {
		if _, err := tx.Conn().PgConn().Exec(ctx, sql).ReadAll(); err != nil {
			return s.fail(PhaseRecord, Migration{}, err)
		}
	}
	for i, a := range history {
		if a.Checksum != "" {
			continue
		}
		m := s.migrations[i]
		if _, err := tx.Exec(ctx, "UPDATE "+table+" SET checksum = $2 WHERE version = $1", m.Version, m.Checksum()); err != nil {
			return s.fail(PhaseRecord, m, err)
		}
	}
	return nil
}

// run runs one step and records it.
func (s *Set) run(ctx context.Context, tx pgx.Tx, step Step) error {
	m, phase, sql := step.Migration, PhaseApply, step.Up
	record, args := "INSERT INTO "+s.table.Sanitize()+" (version, name, checksum) VALUES ($1, $2, $3)", []any{m.Version, m.Name, m.Checksum()}
	if step.Revert {
		phase, sql = PhaseRevert, m.Down
		record, args = "DELETE FROM "+s.table.Sanitize()+" WHERE version = $1", args[:1]
	}
	// The simple protocol takes several statements.
	if _, err := tx.Conn().PgConn().Exec(ctx, sql).ReadAll(); err != nil {
		return s.fail(phase, m, err)
	}
	if status := tx.Conn().PgConn().TxStatus(); status != 'T' {
		return s.fail(phase, m, errors.New("it ended the transaction, which it must not: part of it may have been applied"))
	}
	if _, err := tx.Exec(ctx, record, args...); err != nil {
		return s.fail(PhaseRecord, m, err)
	}
	return nil
}

// read runs a function in a transaction that changes nothing.
func (s *Set) read(ctx context.Context, db DB, f func(pgx.Tx) error) error {
	tx, err := db.Begin(ctx)
	if err != nil {
		return s.fail(PhaseBegin, Migration{}, err)
	}
	defer func() { _ = tx.Rollback(context.WithoutCancel(ctx)) }()
	return f(tx)
}
