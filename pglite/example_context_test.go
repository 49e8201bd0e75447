package pglite_test

import (
	"context"
	"fmt"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
)

// When a context ends, pgx closes the connection. Whoever would rather wait for the server, which cancels the statement and keeps
// the session, tells pgx so.
func ExampleDB_ConnConfig_context() {
	ctx := context.Background()
	db, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		panic(err)
	}
	defer db.Close()
	cfg := db.ConnConfig()
	cfg.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: 5 * time.Second}
	}
	conn, err := pgx.ConnectConfig(ctx, cfg)
	if err != nil {
		panic(err)
	}
	defer conn.Close(ctx)
	short, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
	defer cancel()
	_, _ = conn.Exec(short, "SELECT pg_sleep(3)") // fails, with SQLSTATE 57014
	fmt.Println("usable:", conn.Ping(ctx) == nil)
	// Output:
	// usable: true
}
