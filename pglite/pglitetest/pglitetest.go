// Package pglitetest gives each test a PostgreSQL database of its own, which is
// ready in some tens of milliseconds and ends with the test.
//
//	var app = pglitetest.Template{Setup: func(ctx context.Context, db *pglite.DB) error {
//		_, err := db.Exec(ctx, "CREATE TABLE person (id int PRIMARY KEY, name text)")
//		return err
//	}}
//
//	func TestRename(t *testing.T) {
//		t.Parallel()
//		db := app.Open(t)
//		_, err := db.Exec(t.Context(), "INSERT INTO person VALUES (1, 'Ada')")
//		...
//	}
//
// Setup, such as running migrations, happens once in a test program; each Open
// is a copy of the result. The databases are whole clusters: tests may run in
// parallel, create roles and databases, listen, and hold locks without knowing
// of each other. The guest must be installed, as for any program that uses
// pglite.
package pglitetest

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/calfdb/calf/pglite"
)

// A Template is what the databases of tests start as copies of. The zero value
// makes empty databases. It must not be changed after the first Open, nor copied,
// and is safe for concurrent use.
type Template struct {
	// Config configures the template and the databases. Without a Logger, the
	// warnings and errors of a database's server log go to the log of its test.
	Config pglite.Config
	// Setup fills the template; nil leaves it empty. Its context is not that of a
	// test.
	Setup func(ctx context.Context, db *pglite.DB) error

	once     sync.Once
	template *pglite.Template
	err      error
}

// Open returns a new database, which is closed when the test and its subtests
// have ended. If that fails, so does the test; if making the template failed,
// all tests that open it fail.
//
// A test that leaves a connection in use fails, too: Rows of the database or the
// pool that were not closed, a statement of theirs that still runs, a transaction
// that was not ended. The error names each with its last statement. In a test that
// has failed already, they are only named in its log.
func (t *Template) Open(tb testing.TB) *pglite.DB {
	tb.Helper()
	db := t.open(tb)
	tb.Cleanup(func() { end(tb, db, nil) })
	return db
}

// open returns a new database.
func (t *Template) open(tb testing.TB) *pglite.DB {
	tb.Helper()
	t.once.Do(func() {
		t.template, t.err = pglite.NewTemplate(context.Background(), t.Config, t.Setup)
	})
	if t.err != nil {
		tb.Fatal(t.err)
	}
	cfg := t.Config
	cfg.Template, cfg.Load, cfg.Extensions = t.template, nil, nil
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.NewTextHandler(tb.Output(), &slog.HandlerOptions{Level: slog.LevelWarn}))
	}
	db, err := pglite.OpenConfig(tb.Context(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

// Pool returns a pool of connections to a new database; see [Template.Open]. Both
// are closed when the test and its subtests have ended.
func (t *Template) Pool(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	db := t.open(tb)
	pool, err := newPool(tb.Context(), db)
	if err != nil {
		tb.Fatal(errors.Join(err, db.Close()))
	}
	tb.Cleanup(func() { end(tb, db, pool) })
	return pool.Pool
}

var empty Template

// Open returns an empty database, as [Template.Open] does.
func Open(tb testing.TB) *pglite.DB {
	tb.Helper()
	return empty.Open(tb)
}

// Pool returns a pool of connections to an empty database, as [Template.Pool]
// does.
func Pool(tb testing.TB) *pgxpool.Pool {
	tb.Helper()
	return empty.Pool(tb)
}
