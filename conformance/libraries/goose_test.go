package libraries

import (
	"database/sql"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// gooseProvider migrates any handle of database/sql: that of DB.SQL, or of a server. The lock keeps two programs that start at
// the same time from migrating at the same time.
func gooseProvider(db *sql.DB, migrations fs.FS) (*goose.Provider, error) {
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 30)) // every second, 30 times
	if err != nil {
		return nil, err
	}
	return goose.NewProvider(goose.DialectPostgres, db, migrations, goose.WithSessionLocker(locker))
}

var gooseMigrations = fstest.MapFS{
	"00001_account.sql": {Data: []byte(`-- +goose Up
CREATE TABLE account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
INSERT INTO account (name) VALUES ('first');
-- +goose Down
DROP TABLE account;
`)},
	"00002_shout.sql": {Data: []byte(`-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NEW.name := upper(NEW.name);
	RETURN NEW;
END $$;
-- +goose StatementEnd
CREATE TRIGGER shout BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION shout();
INSERT INTO account (name) VALUES ('second');
-- +goose Down
DROP FUNCTION shout CASCADE;
`)},
	"00003_index.sql": {Data: []byte(`-- +goose NO TRANSACTION
-- +goose Up
CREATE INDEX CONCURRENTLY account_name ON account (name);
-- +goose Down
DROP INDEX CONCURRENTLY account_name;
`)},
}

func TestGoose(t *testing.T) {
	eachSQL(t, func(t *testing.T, on target) {
		ctx := bounded(t)
		db := on.sql(t)
		// Several programs start at the same time: each migration runs once, and all are done when any of them goes on.
		applied := make(chan int, 4)
		var group errgroup.Group
		for range cap(applied) {
			group.Go(func() error {
				p, err := gooseProvider(db, gooseMigrations)
				if err != nil {
					return err
				}
				results, err := p.Up(ctx)
				applied <- len(results)
				return err
			})
		}
		require.NoError(t, group.Wait())
		close(applied)
		total := 0
		for n := range applied {
			total += n
		}
		require.Equal(t, 3, total)
		var names string
		require.NoError(t, db.QueryRowContext(ctx, "SELECT string_agg(name, ' ' ORDER BY id) FROM account").Scan(&names))
		require.Equal(t, "first SECOND", names)

		p, err := gooseProvider(db, gooseMigrations)
		require.NoError(t, err)
		status, err := p.Status(ctx)
		require.NoError(t, err)
		require.Len(t, status, 3)
		for _, s := range status {
			require.Equal(t, goose.StateApplied, s.State)
		}
		down, err := p.Down(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 3, down.Source.Version)
		_, err = p.DownTo(ctx, 0)
		require.NoError(t, err)
		version, err := p.GetDBVersion(ctx)
		require.NoError(t, err)
		require.Zero(t, version)
		require.ErrorIs(t, db.QueryRowContext(ctx, "SELECT 1 FROM pg_class WHERE relname = 'account'").Scan(&version), sql.ErrNoRows)

		// A migration that fails leaves nothing.
		broken, err := gooseProvider(db, fstest.MapFS{
			"00001_account.sql": gooseMigrations["00001_account.sql"],
			"00002_broken.sql":  {Data: []byte("-- +goose Up\nCREATE TABLE half (a int);\nSELECT 1/0;\n")},
		})
		require.NoError(t, err)
		_, err = broken.Up(ctx)
		requireSQLState(t, err, "22012")
		var partial *goose.PartialError
		require.ErrorAs(t, err, &partial)
		require.Len(t, partial.Applied, 1)
		version, err = broken.GetDBVersion(ctx)
		require.NoError(t, err)
		require.EqualValues(t, 1, version)
		require.ErrorIs(t, db.QueryRowContext(ctx, "SELECT 1 FROM pg_class WHERE relname = 'half'").Scan(&version), sql.ErrNoRows)
		var locks int
		require.NoError(t, db.QueryRowContext(ctx, "SELECT count(*) FROM pg_locks JOIN pg_database d ON d.oid = database WHERE locktype = 'advisory' AND datname = current_database()").Scan(&locks))
		require.Zero(t, locks, "the lock is free again")
	})
}
