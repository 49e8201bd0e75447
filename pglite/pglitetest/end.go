package pglitetest

import (
	"context"
	"testing"
	"time"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/internal/inuse"
)

// patience is how long what a test has just ended, by its context for example, may
// take to end.
const patience = time.Second

// end closes a database and its pool, if there is one, whoever uses them, and says
// what is in use.
func end(tb testing.TB, db *pglite.DB, p *pool) {
	tb.Helper()
	var taken []uint32
	if p != nil {
		taken = p.taken()
	}
	left, err := leftovers(db, taken, tb.Failed())
	say := tb.Error
	if tb.Failed() {
		say = tb.Log
	}
	for _, c := range left {
		say("pglitetest: the test has left a connection in use:", c)
	}
	if err != nil {
		say("pglitetest: looking for connections in use:", err)
	}
	if err := db.Close(); err != nil {
		tb.Error(err)
	}
	if p != nil {
		p.close()
	}
}

// leftovers returns which connections are in use, and stay so unless only a look
// is wanted.
func leftovers(db *pglite.DB, taken []uint32, look bool) ([]inuse.Connection, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*patience)
	defer cancel()
	for until := time.Now().Add(patience); ; time.Sleep(patience / 100) {
		left, err := inuse.Of(ctx, db, taken)
		if err != nil || len(left) == 0 || look || time.Now().After(until) {
			return left, err
		}
	}
}
