package libraries

import (
	"context"
	"io/fs"
	"testing"
	"testing/fstest"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/tern/v2/migrate"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// ternMigrate migrates a pool of pgx, that of DB.Pool or of a server, to the newest version. tern locks it for others.
func ternMigrate(ctx context.Context, pool *pgxpool.Pool, migrations fs.FS) error {
	return pool.AcquireFunc(ctx, func(conn *pgxpool.Conn) error {
		m, err := migrate.NewMigrator(ctx, conn.Conn(), "public.schema_version")
		if err != nil {
			return err
		}
		if err := m.LoadMigrations(migrations); err != nil {
			return err
		}
		return m.Migrate(ctx)
	})
}

var ternMigrations = fstest.MapFS{
	"001_account.sql": {Data: []byte(`
CREATE TABLE account (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL);
INSERT INTO account (name) VALUES ('{{.first}}');
---- create above / drop below ----
DROP TABLE account;
`)},
	"002_shout.sql": {Data: []byte(`
{{ template "shared/shout.sql" . }}
CREATE TRIGGER shout BEFORE INSERT ON account FOR EACH ROW EXECUTE FUNCTION shout();
INSERT INTO account (name) VALUES ('second');
---- create above / drop below ----
DROP FUNCTION shout CASCADE;
`)},
	"003_index.sql": {Data: []byte(`CREATE INDEX account_name ON account (name);
---- create above / drop below ----
DROP INDEX account_name;
`)},
	"shared/shout.sql": {Data: []byte(`
CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.name := upper(NEW.name); RETURN NEW; END $$;
`)},
}

func TestTern(t *testing.T) {
	eachTarget(t, func(t *testing.T, on target) {
		ctx := bounded(t)
		pool := on.pool(t)
		// Several programs start at the same time.
		var group errgroup.Group
		for range 4 {
			group.Go(func() error { return ternMigrate(ctx, pool, ternMigrations) })
		}
		require.NoError(t, group.Wait())
		conn := on.connect(t)
		names := func() (names string) {
			t.Helper()
			require.NoError(t, conn.QueryRow(ctx, "SELECT string_agg(name, ' ' ORDER BY id) FROM account").Scan(&names))
			return names
		}
		require.Equal(t, "<no value> SECOND", names())

		m := ternMigrator(t, conn, ternMigrations)
		var started []string
		m.OnStart = func(_ int32, name, direction, _ string) { started = append(started, direction+" "+name) }
		m.Data = map[string]any{"first": "prime"}
		requireTernVersion(t, m, 3)
		require.NoError(t, m.MigrateTo(ctx, 0))
		requireTernVersion(t, m, 0)
		require.NoError(t, m.Migrate(ctx))
		require.Equal(t, []string{"down 003_index.sql", "down 002_shout.sql", "down 001_account.sql", "up 001_account.sql", "up 002_shout.sql", "up 003_index.sql"}, started)

		// A migration that fails leaves nothing, and its error says where.
		broken := fstest.MapFS{"004_broken.sql": {Data: []byte("CREATE TABLE half (a int);\nSELECT * FROM nowhere;\n")}}
		for name, file := range ternMigrations {
			broken[name] = file
		}
		m = ternMigrator(t, conn, broken)
		err := m.Migrate(ctx)
		var failed migrate.MigrationPgError
		require.ErrorAs(t, err, &failed)
		require.Equal(t, "42P01", failed.Code)
		where, err := migrate.ExtractErrorLine(failed.Sql, int(failed.Position))
		require.NoError(t, err)
		require.Equal(t, 2, where.LineNum)
		requireTernVersion(t, m, 3)
		var left bool
		require.NoError(t, conn.QueryRow(ctx, "SELECT to_regclass('half') IS NOT NULL OR EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid())").Scan(&left))
		require.False(t, left)
	})
}

// ternMigrator makes a migrator for a connection.
func ternMigrator(t *testing.T, conn *pgx.Conn, migrations fs.FS) *migrate.Migrator {
	t.Helper()
	m, err := migrate.NewMigrator(bounded(t), conn, "public.schema_version")
	require.NoError(t, err)
	require.NoError(t, m.LoadMigrations(migrations))
	return m
}

func requireTernVersion(t *testing.T, m *migrate.Migrator, want int32) {
	t.Helper()
	version, err := m.GetCurrentVersion(bounded(t))
	require.NoError(t, err)
	require.Equal(t, want, version)
}
