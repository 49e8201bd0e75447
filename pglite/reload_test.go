package pglite_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"
)

// logged keeps the messages of a log.
type logged struct {
	slog.Handler
	mu   sync.Mutex
	text strings.Builder
}

func newLogged() *logged { return &logged{Handler: slog.DiscardHandler} }

func (l *logged) Enabled(context.Context, slog.Level) bool { return true }

func (l *logged) Handle(_ context.Context, r slog.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text.WriteString(r.Message + "\n")
	return nil
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// connectAs tries to connect as a role and returns the SQLSTATE, or "".
func connectAs(t *testing.T, db *pglite.DB, role string) string {
	t.Helper()
	cfg := db.ConnConfig()
	cfg.User = role
	conn, err := pgx.ConnectConfig(context.Background(), cfg)
	if err == nil {
		require.NoError(t, conn.Close(context.Background()))
		return ""
	}
	var pg *pgconn.PgError
	require.ErrorAs(t, err, &pg)
	return pg.Code
}

func TestReload(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "data")
	log := newLogged()
	db := open(t, pglite.Config{Dir: dir, Logger: slog.New(log)})
	exec(t, db, "CREATE ROLE ada LOGIN; CREATE ROLE bob LOGIN")
	require.Empty(t, connectAs(t, db, "bob"))
	rules := func(lines string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, "pg_hba.conf"), []byte(lines), 0o600))
	}

	rules("local all bob reject\nlocal all all trust\n")
	require.Empty(t, connectAs(t, db, "bob"), "a rule counts from the next reload on")
	require.NoError(t, db.Reload(ctx))
	require.Equal(t, "28000", connectAs(t, db, "bob"))
	require.Empty(t, connectAs(t, db, "ada"))
	require.Contains(t, log.String(), "received SIGHUP, reloading configuration files")

	rules("local all all trust\nlocal all all no-such-method\n")
	require.NoError(t, db.Reload(ctx))
	require.Equal(t, "28000", connectAs(t, db, "bob"), "a file with a mistake changes nothing")
	require.Contains(t, log.String(), `invalid authentication method "no-such-method"`)
	require.Contains(t, log.String(), "/pg_hba.conf was not reloaded")

	rules("local all all reject\n")
	require.NoError(t, db.Reload(ctx))
	require.Equal(t, "28000", connectAs(t, db, "postgres"))
	rules("local all all trust\n")
	require.NoError(t, db.Reload(ctx), "it needs no connection")
	require.Empty(t, connectAs(t, db, "bob"))

	require.NoError(t, os.WriteFile(filepath.Join(dir, "pg_ident.conf"), []byte("half line\n"), 0o600))
	require.NoError(t, db.Reload(ctx))
	require.Contains(t, log.String(), "/pg_ident.conf was not reloaded")

	require.NoError(t, db.Close())
	require.ErrorIs(t, db.Reload(ctx), pglite.ErrClosed)
}

// What SQL tells of a reload, in a session that began before and in one that begins afterwards.
func TestReloadSettings(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	db := open(t, pglite.Config{})
	before, err := db.Connect(ctx)
	require.NoError(t, err)
	defer before.Close(ctx)
	exec(t, db, "ALTER SYSTEM SET max_connections = 50")
	exec(t, db, "ALTER SYSTEM SET work_mem = '9MB'")
	var started, loaded time.Time
	times := "SELECT pg_postmaster_start_time(), pg_conf_load_time()"
	require.NoError(t, before.QueryRow(ctx, times).Scan(&started, &loaded))
	require.NoError(t, db.Reload(ctx))
	after, err := db.Connect(ctx)
	require.NoError(t, err)
	defer after.Close(ctx)
	for name, conn := range map[string]*pgx.Conn{"before": before, "after": after} {
		var startedNow, loadedNow time.Time
		require.NoError(t, conn.QueryRow(ctx, times).Scan(&startedNow, &loadedNow))
		require.Equal(t, started, startedNow, name)
		require.True(t, loadedNow.After(loaded), name)
		var memory, connections string
		var pending bool
		require.NoError(t, conn.QueryRow(ctx, `SELECT current_setting('work_mem'), setting, pending_restart
			FROM pg_settings WHERE name = 'max_connections'`).Scan(&memory, &connections, &pending))
		require.Equal(t, []any{"9MB", "100", true}, []any{memory, connections, pending}, name)
	}
}
