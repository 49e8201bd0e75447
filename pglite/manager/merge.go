package manager

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

// merge adds the rows of another meta database, and gives what was unpacked its
// place.
func (i *importer) merge(ctx context.Context, from querier) error {
	rows, err := many(ctx, from, pgx.RowToStructByPos[databaseRow], `SELECT id, name, created_at, is_hidden
		FROM databases ORDER BY created_at, id LIMIT $1`, maxDatabases+1)
	if err != nil {
		return err
	}
	if len(rows) > maxDatabases {
		return fmt.Errorf("%w: it lists more than %d databases", ErrBadArchive, maxDatabases)
	}
	return i.add(ctx, rows, func(add func(messageRow) error) error {
		messages, err := from.Query(ctx, "SELECT id, database_id, role, content, tool_invocations::text, created_at, api_url, model FROM messages ORDER BY created_at, id")
		if err != nil {
			return err
		}
		defer messages.Close()
		for messages.Next() {
			row, err := pgx.RowToStructByPos[messageRow](messages)
			if err != nil {
				return err
			}
			if err := add(row); err != nil {
				return err
			}
		}
		return messages.Err()
	})
}

// maxDatabases is how many an import may list: those of a folder are listed in
// memory, and a hundred thousand data directories would take terabytes.
const maxDatabases = 100_000

// A databaseRow is a row of databases as it is: NULL is not the empty text.
type databaseRow struct {
	ID        string
	Name      *string
	CreatedAt pgtype.Timestamptz
	Hidden    bool
}

// A messageRow is a row of messages.
type messageRow struct {
	ID, DatabaseID, Role, Content string
	Tools                         *string
	CreatedAt                     pgtype.Timestamptz
	APIURL, Model                 *string
}

// size is about what a row takes in memory.
func (r messageRow) size() int {
	n := 200 + len(r.Content)
	if r.Tools != nil {
		n += len(*r.Tools)
	}
	return n
}

// checkTime refuses times that neither Go nor JSON has (RFC 3339).
func checkTime(t pgtype.Timestamptz) error {
	if !t.Valid || t.InfinityModifier != pgtype.Finite || t.Time.UTC().Year() < 1 || t.Time.UTC().Year() > 9999 {
		return fmt.Errorf("%w: its time is not between the years 1 and 9999", ErrInvalid)
	}
	return nil
}

// add adds databases and messages in one transaction, and then gives folders
// their places. Nobody opens, makes or deletes these databases meanwhile.
func (i *importer) add(ctx context.Context, rows []databaseRow, messages func(add func(messageRow) error) error) (err error) {
	i.cfg.Progress("adding to the list of databases")
	rows, err = i.choose(rows)
	if err != nil {
		return err
	}
	var releases []func()
	defer func() {
		for _, release := range releases {
			release()
		}
	}()
	inOrder := slices.Clone(rows) // so that two imports do not wait for each other
	slices.SortFunc(inOrder, func(a, b databaseRow) int { return strings.Compare(a.ID, b.ID) })
	for _, row := range inOrder {
		release, err := i.m.dbs.claim(ctx, row.ID, false)
		if err != nil {
			return fmt.Errorf("database %s: %w", row.ID, err)
		}
		releases = append(releases, release)
		if i.dbs[row.ID] == "" {
			folder, err := i.m.folder.temporary(folderName(row.ID))
			if err != nil {
				return err
			}
			i.dbs[row.ID] = folder
		}
	}
	var moved []string
	err = pgx.BeginFunc(ctx, i.m.pool, func(tx pgx.Tx) error {
		for _, row := range rows {
			d, err := one(ctx, tx, scanDatabase, `INSERT INTO databases (id, name, created_at, is_hidden) VALUES ($1, $2, $3, $4)
				ON CONFLICT (id) DO NOTHING RETURNING `+databaseColumns, row.ID, row.Name, row.CreatedAt, row.Hidden)
			if errors.Is(err, pgx.ErrNoRows) { // somebody has just made it
				i.report.DuplicateDatabases = append(i.report.DuplicateDatabases, row.ID)
				continue
			}
			if err != nil {
				return err
			}
			i.report.Databases = append(i.report.Databases, d)
			i.known[d.ID] = true
		}
		b := &messageBatch{i: i, tx: tx}
		if err := messages(func(row messageRow) error { return b.add(ctx, row) }); err != nil {
			return err
		}
		if err := b.flush(ctx); err != nil {
			return err
		}
		moved, err = i.placeFiles()
		return err
	})
	if err != nil {
		for _, name := range moved {
			i.m.discard(name)
		}
		return err
	}
	for _, d := range i.report.Databases {
		if err := i.m.folder.move(i.dbs[d.ID], dbsName+"/"+folderName(d.ID)); err != nil {
			return err
		}
		delete(i.dbs, d.ID)
	}
	return nil
}

// choose returns the rows that are to be added, and reports the others.
func (i *importer) choose(rows []databaseRow) (chosen []databaseRow, err error) {
	listed := map[string]bool{}
	for _, row := range rows {
		err := checkID(row.ID)
		if err == nil {
			err = checkTime(row.CreatedAt)
		}
		switch {
		case err != nil:
			i.failed[row.ID] = true
			if err := i.fail(row.ID, err); err != nil {
				return nil, err
			}
		case listed[row.ID]:
			if err := i.fail(row.ID, errors.New("it is listed twice")); err != nil {
				return nil, err
			}
		case i.known[row.ID]:
			i.report.DuplicateDatabases = append(i.report.DuplicateDatabases, row.ID)
		case i.failed[row.ID]: // reported
		default:
			if i.dbs[row.ID] == "" {
				i.report.Empty = append(i.report.Empty, row.ID)
			}
			chosen = append(chosen, row)
		}
		listed[row.ID] = true
	}
	for _, id := range slices.Sorted(maps.Keys(i.dbs)) {
		if !listed[id] {
			i.report.Unlisted = append(i.report.Unlisted, id)
			chosen = append(chosen, databaseRow{ID: id, CreatedAt: pgtype.Timestamptz{Time: time.Now(), Valid: true}})
		}
	}
	return chosen, nil
}

// placeFiles gives files their places, and returns which. If the program dies
// before the transaction is committed, they stay, and nothing refers to them.
func (i *importer) placeFiles() (moved []string, err error) {
	for len(i.files) > 0 {
		f := i.files[0]
		to := fileName + "/" + folderName(f.id)
		if err := i.m.folder.move(f.folder, to); err != nil {
			return moved, err
		}
		i.files = i.files[1:]
		moved = append(moved, to)
		file, err := i.m.file(f.id)
		if err != nil {
			return moved, err
		}
		i.report.Files = append(i.report.Files, file)
	}
	return moved, nil
}

// A messageBatch inserts messages, many at a time.
type messageBatch struct {
	i     *importer
	tx    pgx.Tx
	batch pgx.Batch
	size  int
}

// A batch has so many messages, or so many bytes of them, at most. It is what is
// held in memory.
const (
	maxBatch      = 500
	maxBatchBytes = 4 << 20
)

func (b *messageBatch) add(ctx context.Context, row messageRow) error {
	if b.i.failed[row.DatabaseID] {
		return nil // reported
	}
	err := checkTime(row.CreatedAt)
	switch Role(row.Role) {
	case User, Assistant, Tool:
	default:
		err = fmt.Errorf("%w: there is no role %q", ErrInvalid, shorten(row.Role))
	}
	if !b.i.known[row.DatabaseID] {
		err = fmt.Errorf("%w: there is no database %q", ErrInvalid, shorten(row.DatabaseID))
	}
	if err != nil {
		return b.i.fail("message "+row.ID, err)
	}
	b.batch.Queue(`INSERT INTO messages (id, database_id, role, content, tool_invocations, created_at, api_url, model)
		VALUES ($1, $2, $3, $4, $5::text::jsonb, $6, $7, $8) ON CONFLICT (id) DO NOTHING`,
		row.ID, row.DatabaseID, row.Role, row.Content, row.Tools, row.CreatedAt, row.APIURL, row.Model)
	b.size += row.size()
	if b.i.left -= int64(row.size()); b.i.left < 0 {
		return fmt.Errorf("%w: %w", ErrBadArchive, errLimit)
	}
	if b.batch.Len() < maxBatch && b.size < maxBatchBytes {
		return nil
	}
	return b.flush(ctx)
}

func (b *messageBatch) flush(ctx context.Context) error {
	if b.batch.Len() == 0 {
		return nil
	}
	n := b.batch.Len()
	results := b.tx.SendBatch(ctx, &b.batch)
	for range n {
		tag, err := results.Exec()
		if err != nil {
			return errors.Join(err, results.Close())
		}
		if tag.RowsAffected() == 0 {
			b.i.report.DuplicateMessages++
		} else {
			b.i.report.Messages++
		}
	}
	b.batch, b.size = pgx.Batch{}, 0
	return results.Close()
}
