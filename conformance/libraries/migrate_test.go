package libraries

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/golang-migrate/migrate/v4"
	"github.com/golang-migrate/migrate/v4/database"
	migratepgx "github.com/golang-migrate/migrate/v4/database/pgx/v5"
	migratepq "github.com/golang-migrate/migrate/v4/database/postgres"
	"github.com/golang-migrate/migrate/v4/source/iofs"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/calfdb/calf/pglite"
)

// migrateInMemory makes a golang-migrate for a database in this process, with pgx. Its Close closes the handle.
func migrateInMemory(db *pglite.DB, migrations fs.FS) (*migrate.Migrate, error) {
	driver, err := migratepgx.WithInstance(db.SQL(), &migratepgx.Config{})
	if err != nil {
		return nil, err
	}
	return migrateWith(driver, migrations)
}

// migratePQInMemory does the same with lib/pq.
func migratePQInMemory(db *pglite.DB, migrations fs.FS) (*migrate.Migrate, error) {
	handle, err := pqOpenInMemory(db)
	if err != nil {
		return nil, err
	}
	driver, err := migratepq.WithInstance(handle, &migratepq.Config{})
	if err != nil {
		return nil, err
	}
	return migrateWith(driver, migrations)
}

func migrateWith(driver database.Driver, migrations fs.FS) (*migrate.Migrate, error) {
	source, err := iofs.New(migrations, ".")
	if err != nil {
		return nil, err
	}
	return migrate.NewWithInstance("iofs", source, "calf", driver)
}

// migrateAt makes a golang-migrate for a server. The URL's scheme names the driver: postgres is lib/pq, pgx5 is pgx.
func migrateAt(url string, migrations fs.FS) (*migrate.Migrate, error) {
	source, err := iofs.New(migrations, ".")
	if err != nil {
		return nil, err
	}
	return migrate.NewWithSourceInstance("iofs", source, url)
}

var migrateMigrations = fstest.MapFS{
	"1_account.up.sql": {Data: []byte(`
CREATE TABLE account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
INSERT INTO account (name) VALUES ('first');`)},
	"1_account.down.sql": {Data: []byte(`DROP TABLE account`)},
	"2_shout.up.sql": {Data: []byte(`
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
CREATE TRIGGER shout BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION shout();
INSERT INTO account (name) VALUES ('second');`)},
	"2_shout.down.sql": {Data: []byte(`DROP FUNCTION shout CASCADE`)},
	"3_index.up.sql":   {Data: []byte(`CREATE INDEX account_name ON account (name)`)},
	"3_index.down.sql": {Data: []byte(`DROP INDEX account_name`)},
}

func TestMigrate(t *testing.T) {
	eachTarget(t, func(t *testing.T, on target) {
		testMigrate(t, on, func(migrations fs.FS) (*migrate.Migrate, error) {
			if on.db != nil {
				return migrateInMemory(on.db, migrations)
			}
			return migrateAt("pgx5"+strings.TrimPrefix(on.url, "postgres"), migrations)
		})
	})
}

func TestMigratePQ(t *testing.T) {
	eachTarget(t, func(t *testing.T, on target) {
		testMigrate(t, on, func(migrations fs.FS) (*migrate.Migrate, error) {
			if on.db != nil {
				return migratePQInMemory(on.db, migrations)
			}
			return migrateAt(on.url, migrations)
		})
	})
}

func testMigrate(t *testing.T, on target, open func(fs.FS) (*migrate.Migrate, error)) {
	ctx := bounded(t)
	run := func(migrations fs.FS, do func(*migrate.Migrate) error) (err error) {
		m, err := open(migrations)
		if err != nil {
			return err
		}
		defer func() {
			sourceErr, databaseErr := m.Close()
			err = errors.Join(err, sourceErr, databaseErr)
		}()
		return do(m)
	}
	// Several programs start at the same time.
	var group errgroup.Group
	changed := make(chan bool, 4)
	for range cap(changed) {
		group.Go(func() error {
			return run(migrateMigrations, func(m *migrate.Migrate) error {
				err := m.Up()
				changed <- err == nil
				if errors.Is(err, migrate.ErrNoChange) {
					return nil
				}
				return err
			})
		})
	}
	require.NoError(t, group.Wait())
	close(changed)
	changes := 0
	for c := range changed {
		if c {
			changes++
		}
	}
	require.Equal(t, 1, changes)
	conn := on.connect(t)
	names := func() (names string) {
		t.Helper()
		require.NoError(t, conn.QueryRow(ctx, "SELECT string_agg(name, ' ' ORDER BY id) FROM account").Scan(&names))
		return names
	}
	require.Equal(t, "first SECOND", names())

	require.NoError(t, run(migrateMigrations, func(m *migrate.Migrate) error {
		requireMigrateVersion(t, m, 3, false)
		require.NoError(t, m.Steps(-2))
		requireMigrateVersion(t, m, 1, false)
		require.NoError(t, m.Migrate(3))
		require.Equal(t, "first SECOND SECOND", names())
		require.NoError(t, m.Down())
		_, _, err := m.Version()
		require.ErrorIs(t, err, migrate.ErrNilVersion)
		return nil
	}))
	// After a migration that failed, nothing runs until somebody has had a look.
	broken := fstest.MapFS{
		"1_account.up.sql": migrateMigrations["1_account.up.sql"],
		"2_broken.up.sql":  {Data: []byte("CREATE TABLE half (a int);\n\nSELECT 1/0 FROM nowhere")},
	}
	require.NoError(t, run(broken, func(m *migrate.Migrate) error {
		err := m.Up()
		var failed database.Error
		require.ErrorAs(t, err, &failed)
		require.ErrorContains(t, err, `relation "nowhere" does not exist`)
		require.EqualValues(t, 3, failed.Line)
		requireMigrateVersion(t, m, 2, true)
		var dirty migrate.ErrDirty
		require.ErrorAs(t, m.Up(), &dirty)
		require.NoError(t, m.Force(1))
		requireMigrateVersion(t, m, 1, false)
		return nil
	}))
	require.Equal(t, "first", names())
	require.NoError(t, run(broken, func(m *migrate.Migrate) error { return m.Drop() }))
	var tables int
	require.NoError(t, conn.QueryRow(ctx, "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace").Scan(&tables))
	require.Zero(t, tables)
}

func requireMigrateVersion(t *testing.T, m *migrate.Migrate, want uint, wantDirty bool) {
	t.Helper()
	version, dirty, err := m.Version()
	require.NoError(t, err)
	require.Equal(t, want, version)
	require.Equal(t, wantDirty, dirty)
}
