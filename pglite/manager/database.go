package manager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// A Database is what the meta database says of a database. As JSON it is what
// database.build has.
type Database struct {
	ID string `json:"id"`
	// Name is for people; "" if it has none.
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`
	// Hidden databases are those that nobody has used yet; lists leave them out
	// unless they are asked for.
	Hidden bool `json:"isHidden"`
}

// A NewDatabase is a database to be made. All fields are optional.
type NewDatabase struct {
	// ID is 1 to 64 letters, digits, - and _; "" makes a new one.
	ID        string
	Name      string
	Hidden    bool
	CreatedAt time.Time // zero means now
	// Load is an archive of a data directory, tar or tar.gz, that the database is
	// made of; see [pglite.Config.Load], and [pglite.Config.LoadLimit] for the
	// limit, which Config.DB sets.
	Load io.Reader
}

// An Update is what to change of a database; nil leaves it as it is.
type Update struct {
	Name   *string
	Hidden *bool
}

// querier is the pool of the meta database, or a transaction.
type querier interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
	Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error)
}

const databaseColumns = "id, coalesce(name, ''), created_at, is_hidden"

func scanDatabase(row pgx.CollectableRow) (d Database, err error) {
	err = row.Scan(&d.ID, &d.Name, &d.CreatedAt, &d.Hidden)
	d.CreatedAt = d.CreatedAt.UTC()
	return d, err
}

// one runs a query that returns a row.
func one[T any](ctx context.Context, q querier, scan pgx.RowToFunc[T], sql string, args ...any) (T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		var none T
		return none, err
	}
	return pgx.CollectExactlyOneRow(rows, scan)
}

// many runs a query that returns rows.
func many[T any](ctx context.Context, q querier, scan pgx.RowToFunc[T], sql string, args ...any) ([]T, error) {
	rows, err := q.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, scan)
}

// Create makes a database. It is there at once, and takes no space before it is
// opened, unless it is loaded. It is ErrExists if the id is taken. After an error
// there is nothing.
func (m *Manager) Create(ctx context.Context, n NewDatabase) (d Database, err error) {
	if n.ID == "" {
		n.ID = m.cfg.NewID()
	}
	defer func() { err = m.wrap(err, "creating database", n.ID) }()
	ctx, stop := m.dbs.during(ctx)
	defer stop()
	if err := errors.Join(checkID(n.ID), checkTime(orNow(n.CreatedAt))); err != nil {
		return d, err
	}
	if _, err := m.database(ctx, n.ID); err == nil { // before an archive is unpacked
		return d, ErrExists
	}
	release, err := m.dbs.claim(ctx, n.ID, false)
	if err != nil {
		return d, err
	}
	defer release()
	name := folderName(n.ID)
	made, err := m.folder.temporary(name)
	if err != nil {
		return d, err
	}
	defer func() {
		if err != nil {
			m.discard(made)
		}
	}()
	if n.Load != nil {
		version, err := m.restore(ctx, n.Load, made, m.cfg.DB.LoadLimit)
		if err != nil {
			return d, err
		}
		if version != m.version {
			if err := m.upgrade(ctx, made); err != nil {
				return d, older(err, "the archive")
			}
		}
	}
	d, err = one(ctx, m.pool, scanDatabase, `INSERT INTO databases (id, name, is_hidden, created_at)
		VALUES ($1, nullif($2, ''), $3, coalesce($4, now())) RETURNING `+databaseColumns, n.ID, n.Name, n.Hidden, zeroTime(n.CreatedAt))
	if err != nil {
		return Database{}, err
	}
	if err := m.folder.move(made, dbsName+"/"+name); err != nil {
		_, undo := m.pool.Exec(context.WithoutCancel(ctx), "DELETE FROM databases WHERE id = $1", n.ID)
		if undo != nil {
			err = fmt.Errorf("%w; taking it back: %w", err, undo)
		}
		return Database{}, err
	}
	return d, nil
}

// discard removes what was not completed. If that fails, it is done when the
// folder is opened again.
func (m *Manager) discard(name string) {
	if err := m.folder.remove(name, nil); err != nil {
		m.cfg.Logger.Warn("removing what was not completed", "folder", m.folder.at(name), "error", err)
	}
}

// Database returns a database, or ErrNotFound.
func (m *Manager) Database(ctx context.Context, id string) (Database, error) {
	d, err := m.database(ctx, id)
	return d, m.wrap(err, "reading database", id)
}

func (m *Manager) database(ctx context.Context, id string) (Database, error) {
	if err := checkID(id); err != nil {
		return Database{}, err
	}
	return one(ctx, m.pool, scanDatabase, "SELECT "+databaseColumns+" FROM databases WHERE id = $1", id)
}

// Databases returns the databases that are not hidden, or all, the oldest first.
func (m *Manager) Databases(ctx context.Context, hidden bool) ([]Database, error) {
	list, err := m.databases(ctx, m.pool)
	if err != nil {
		return nil, m.wrap(err, "listing databases", "")
	}
	shown := []Database{}
	for _, d := range list {
		if hidden || !d.Hidden {
			shown = append(shown, d)
		}
	}
	return shown, nil
}

func (m *Manager) databases(ctx context.Context, q querier) ([]Database, error) {
	return many(ctx, q, scanDatabase, "SELECT "+databaseColumns+" FROM databases ORDER BY created_at, id")
}

// Count returns how many databases there are that are not hidden, or all.
func (m *Manager) Count(ctx context.Context, hidden bool) (int64, error) {
	n, err := one(ctx, m.pool, pgx.RowTo[int64], "SELECT count(*) FROM databases WHERE $1 OR NOT is_hidden", hidden)
	return n, m.wrap(err, "counting databases", "")
}

// Update changes name and visibility of a database, and returns it.
func (m *Manager) Update(ctx context.Context, id string, u Update) (d Database, err error) {
	defer func() { err = m.wrap(err, "updating database", id) }()
	if err := checkID(id); err != nil {
		return d, err
	}
	return one(ctx, m.pool, scanDatabase, `UPDATE databases SET name = CASE WHEN $2 THEN nullif($3, '') ELSE name END,
		is_hidden = coalesce($4, is_hidden) WHERE id = $1 RETURNING `+databaseColumns,
		id, u.Name != nil, u.Name, u.Hidden)
}

// Delete deletes a database with all that is in it, its messages, and what an
// upgrade kept of it. It is ErrInUse if there are handles of it, and
// pglite.ErrLocked if another program has its data directory open; nothing is
// deleted then.
func (m *Manager) Delete(ctx context.Context, id string) (err error) {
	defer func() { err = m.wrap(err, "deleting database", id) }()
	if _, err := m.database(ctx, id); err != nil {
		return err
	}
	release, err := m.dbs.claim(ctx, id, true)
	if err != nil {
		return err
	}
	defer release()
	name := dbsName + "/" + folderName(id)
	found, err := m.folder.exists(name)
	if err != nil {
		return err
	}
	deleteRow := func() error {
		_, err := one(ctx, m.pool, pgx.RowTo[string], "DELETE FROM databases WHERE id = $1 RETURNING id", id)
		return err
	}
	if !found { // somebody has removed it
		return deleteRow()
	}
	// When the row is gone, so is the database: what is left is removed the next
	// time, if need be.
	trash := deletedName + "/" + folderName(id) + "." + newID()
	if err := m.folder.move(name, trash); err != nil {
		return err
	}
	gone := false
	err = m.folder.remove(trash, func() error {
		err := deleteRow()
		gone = err == nil
		return err
	})
	switch {
	case err == nil:
	case gone:
		m.cfg.Logger.Warn("a deleted database could not be removed, and is tried again the next time", "folder", m.folder.at(trash), "error", err)
		err = nil
	default:
		if undo := m.folder.move(trash, name); undo != nil {
			err = fmt.Errorf("%w; moving it back: %w", err, undo)
		}
	}
	return err
}

// zeroTime is a time that is NULL in the database if it is zero.
func zeroTime(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}
