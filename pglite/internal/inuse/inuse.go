// Package inuse lets pglitetest ask what of a database is in use, which is
// nobody else's business.
package inuse

import (
	"context"
	"fmt"
)

// A Connection is one that somebody uses: it waits in a transaction, or was taken
// from a pool and not given back.
type Connection struct {
	PID       uint32
	State     string // as in pg_stat_activity
	Statement string // the last one
}

func (c Connection) String() string {
	return fmt.Sprintf("PID %d (%s), whose last statement is: %s", c.PID, c.State, c.Statement)
}

// Of returns the connections of a *pglite.DB that are in use, also those with
// one of the given PIDs. It costs nothing when no connection is open but idle ones
// of the DB itself. Package pglite sets it.
var Of func(ctx context.Context, db any, taken []uint32) ([]Connection, error)
