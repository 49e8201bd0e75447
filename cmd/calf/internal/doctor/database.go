package doctor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/calfdb/calf/cmd/calf/internal/errtext"
	"github.com/calfdb/calf/pglite"
)

// memoryDatabase opens a database and asks it something.
func memoryDatabase(ctx context.Context) Finding {
	start := time.Now()
	db, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		return fail(errtext.Line(err), "what failed above may be why")
	}
	opened := time.Since(start)
	version, took, err := ask(ctx, db)
	if err = errors.Join(err, db.Close()); err != nil {
		return fail(errtext.Line(err), "")
	}
	return ok(fmt.Sprintf("PostgreSQL %s, opened in %v, the first SELECT 1 took %v",
		version, opened.Round(time.Millisecond), took.Round(100*time.Microsecond)))
}

func ask(ctx context.Context, db *pglite.DB) (version string, took time.Duration, err error) {
	conn, err := db.Connect(ctx)
	if err != nil {
		return "", 0, err
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, "SHOW server_version").Scan(&version); err != nil {
		return "", 0, err
	}
	start := time.Now()
	_, err = conn.Exec(ctx, "SELECT 1")
	return version, time.Since(start), err
}
