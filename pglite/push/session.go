package push

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/calfdb/calf/pglite/dump"
	"github.com/calfdb/calf/pglite/internal/sqltext"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// settings pin how values are written as text, so that both sides write the same, and switch off what could end a session
// that has to wait, or hide rows. lc_monetary counts for money, search_path for names that are values, such as of regclass.
var settings = [][2]string{
	{"bytea_output", "hex"},
	{"client_min_messages", "warning"},
	{"DateStyle", "ISO"},
	{"default_transaction_isolation", "read committed"},
	{"default_transaction_read_only", "off"},
	{"extra_float_digits", "3"},
	{"idle_in_transaction_session_timeout", "0"},
	{"idle_session_timeout", "0"}, // since 14
	{"IntervalStyle", "postgres"},
	{"lc_monetary", "C"},
	{"lock_timeout", "0"},
	{"row_security", "off"}, // an error, where there would be less rows
	{"search_path", ""},
	{"standard_conforming_strings", "on"},
	{"statement_timeout", "0"},
	{"TimeZone", "UTC"},
	{"transaction_timeout", "0"}, // since 17
	{"xmloption", "content"},
}

// setSettings sets those that the server has.
var setSettings = func() string {
	var values []string
	for _, s := range settings {
		values = append(values, "("+sqltext.Literal(s[0])+", "+sqltext.Literal(s[1])+")")
	}
	return "SELECT pg_catalog.set_config(v.name, v.value, false) FROM (VALUES " + strings.Join(values, ", ") + ") v (name, value)" +
		" JOIN pg_catalog.pg_settings s ON pg_catalog.lower(s.name) = pg_catalog.lower(v.name)"
}()

// hangUpTimeout is how long the end of a cancelled statement, and that of a session, is waited for.
const hangUpTimeout = 5 * time.Second

// side returns a configuration whose sessions are cancelled when a context ends, and not only left.
func side(cfg *pgx.ConnConfig) *pgx.ConnConfig {
	cfg = cfg.Copy()
	cfg.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: hangUpTimeout}
	}
	return cfg
}

// connectTo opens a session with the settings of a push; side is for the error.
func connectTo(ctx context.Context, cfg *pgx.ConnConfig, side string) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("connecting to the %s: %w", side, err)
	}
	if _, err := conn.Exec(ctx, setSettings); err != nil {
		_ = hangUp(ctx, conn)
		return nil, fmt.Errorf("connecting to the %s: %w", side, err)
	}
	return conn, nil
}

// hangUp closes a session, which may be nil, and waits until nothing uses the connection any more.
func hangUp(ctx context.Context, conn *pgx.Conn) error {
	if conn == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), hangUpTimeout)
	defer cancel()
	err := conn.Close(ctx)
	select {
	case <-conn.PgConn().CleanupDone():
	case <-ctx.Done():
	}
	return err
}

// texts returns the one column of a query.
func texts(ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]string, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// A meter adds up the progress of tables that are copied at the same time.
type meter struct {
	told func(dump.Progress)
	mu   sync.Mutex
	at   dump.Progress
}

// phase begins something else.
func (m *meter) phase(name string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at.Phase = name
	m.tell()
}

// add adds bytes.
func (m *meter) add(n int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.at.Done += n
	m.tell()
}

func (m *meter) tell() {
	if m.told != nil {
		m.told(m.at)
	}
}
