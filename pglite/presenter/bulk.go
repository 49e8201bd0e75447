package presenter

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// BulkLoad is WithTx for loading much at once, as an import does: foreign keys
// and indexes of messages and attachments are taken away before the function
// runs, and made again after it, which checks every row. That takes half the
// time of keeping them up to date, if what is loaded is more than what there
// is; otherwise it takes longer. While it lasts, nobody else can use messages
// and attachments, nor the function search them quickly.
//
// References to what does not exist are found at the end only: BulkLoad then
// returns ErrReference, and nothing has been loaded.
//
// The indexes of messages for Search, which take longer than all the rest, are
// made last, after the transaction was committed: messages can be read
// meanwhile, and searched slowly, but not written. If that fails, the error is
// a *SearchIndexError: everything has been loaded, and RepairIndexes, or New the
// next time, makes the indexes.
func (p *Presenter) BulkLoad(ctx context.Context, f func(Tx) error) error {
	const op = "loading in bulk"
	var late []rebuilt
	err := p.WithTx(ctx, func(tx Tx) error {
		late = nil
		if err := tx.limitWork(ctx, op, true); err != nil {
			return err
		}
		// In this order, as everybody else does.
		if _, err := tx.exec(ctx, op, "", "LOCK TABLE conversations IN SHARE ROW EXCLUSIVE MODE"); err != nil {
			return err
		}
		if _, err := tx.exec(ctx, op, "", "LOCK TABLE messages, message_attachments IN ACCESS EXCLUSIVE MODE"); err != nil {
			return err
		}
		parts, err := query(ctx, tx.runner, op, "", pgx.RowToStructByPos[rebuilt], rebuiltSQL)
		if err != nil {
			return err
		}
		for _, part := range parts {
			if _, err := tx.exec(ctx, op, part.Name, part.Drop); err != nil {
				return err
			}
		}
		if err := f(tx); err != nil {
			return err
		}
		for _, part := range parts {
			if part.Late {
				late = append(late, part)
				continue
			}
			if _, err := tx.exec(ctx, op, part.Name, part.Make); err != nil {
				return fmt.Errorf("making %s again: %w", part.Name, err)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, part := range late {
		err := p.atomically(ctx, op, func(r runner) error {
			if err := r.limitWork(ctx, op, true); err != nil {
				return err
			}
			_, err := r.exec(ctx, op, part.Name, part.Make)
			return err
		})
		if state := stateOf(err); state == duplicateTable || state == uniqueViolation {
			err = nil // RepairIndexes, or a program that starts, was quicker
		}
		if err != nil {
			return &SearchIndexError{Index: part.Name, Err: err}
		}
	}
	return nil
}

// A SearchIndexError says that an index for Search could not be made, after
// everything else was done.
type SearchIndexError struct {
	// Index is its name.
	Index string
	// Err is the cause, a *DatabaseError.
	Err error
}

func (e *SearchIndexError) Error() string {
	return fmt.Sprintf("presenter: all was loaded, but the index %s is missing: %v", e.Index, e.Err)
}

func (e *SearchIndexError) Unwrap() error { return e.Err }

// rebuilt is a foreign key or an index, with how to drop and make it. Late is an
// index for Search.
type rebuilt struct {
	Name, Drop, Make string
	Late             bool
}

// rebuiltSQL finds what BulkLoad drops: foreign keys, and indexes that do not
// belong to a constraint. Indexes come first, since what checks the foreign
// keys may use them.
const rebuiltSQL = `
SELECT i.relname, format('DROP INDEX %s', x.indexrelid::regclass), pg_get_indexdef(x.indexrelid), i.relname LIKE 'idx\_messages\_search\_%'
FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
WHERE x.indrelid IN ('messages'::regclass, 'message_attachments'::regclass)
	AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = x.indexrelid AND contype IN ('p', 'u', 'x'))
UNION ALL
SELECT conname, format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
	format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)), false
FROM pg_constraint WHERE contype = 'f' AND conrelid IN ('messages'::regclass, 'message_attachments'::regclass)`
