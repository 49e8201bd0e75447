package schema

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Applied is a migration that a database has.
type Applied struct {
	// Version and Name are what the database remembers, Name perhaps empty.
	Version, Name string
	// At is when it was applied.
	At time.Time
	// Checksum is what Migration.Checksum was then; "" if it was applied by a
	// program that keeps none, such as database.build.
	Checksum string
}

// History returns what a database has of a set, in order; nothing, if the set
// was never applied. It only reads.
func History(ctx context.Context, db DB, set *Set) ([]Applied, error) {
	var list []Applied
	err := set.read(ctx, db, func(tx pgx.Tx) (err error) {
		list, err = set.history(ctx, tx)
		return err
	})
	return list, err
}

// Current returns the version of the last migration that a database has, or
// Empty if it has none. It only reads.
func Current(ctx context.Context, db DB, set *Set) (string, error) {
	list, err := History(ctx, db, set)
	if err != nil || len(list) == 0 {
		return Empty, err
	}
	return list[len(list)-1].Version, nil
}

// history reads the table, which may lack the column checksum.
func (s *Set) history(ctx context.Context, tx pgx.Tx) ([]Applied, error) {
	rows, err := tx.Query(ctx, "SELECT to_regclass($1) IS NOT NULL", s.table.Sanitize())
	if err != nil {
		return nil, s.fail(PhaseHistory, Migration{}, err)
	}
	exists, err := pgx.CollectExactlyOneRow(rows, pgx.RowTo[bool])
	if err != nil || !exists {
		return nil, s.fail(PhaseHistory, Migration{}, err)
	}
	rows, err = tx.Query(ctx, `SELECT version, coalesce(name, ''), applied_at, coalesce(to_jsonb(m)->>'checksum', '')
		FROM `+s.table.Sanitize()+` AS m ORDER BY version COLLATE "C"`)
	if err != nil {
		return nil, s.fail(PhaseHistory, Migration{}, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Applied])
	return list, s.fail(PhaseHistory, Migration{}, err)
}

// check compares a history with the migrations. A history that fits is a
// prefix of them.
func (s *Set) check(history []Applied) error {
	known := make(map[string]Migration, len(s.migrations))
	for _, m := range s.migrations {
		known[m.Version] = m
	}
	applied := make(map[string]bool, len(history))
	var problems []error
	for _, a := range history {
		applied[a.Version] = true
		m, ok := known[a.Version]
		switch {
		case !ok && a.Version > s.LatestVersion():
			problems = append(problems, fmt.Errorf("%s %s is newer than this program, whose last is %s", a.Version, a.Name, s.LatestVersion()))
		case !ok:
			problems = append(problems, fmt.Errorf("%s %s was applied and is no longer there", a.Version, a.Name))
		case a.Checksum != "" && a.Checksum != m.Checksum():
			problems = append(problems, fmt.Errorf("%s was edited after it was applied at %s", m, a.At.UTC().Format(time.RFC3339)))
		}
	}
	for _, m := range s.migrations {
		if !applied[m.Version] && len(history) > 0 && m.Version < history[len(history)-1].Version {
			problems = append(problems, fmt.Errorf("%s is not applied, but %s, which comes later, is", m, history[len(history)-1].Version))
		}
	}
	if problems == nil {
		return nil
	}
	return s.fail(PhaseHistory, Migration{}, fmt.Errorf("%w: %w", ErrHistory, errors.Join(problems...)))
}
