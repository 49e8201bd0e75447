package pglite

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// closeTimeout is how long Close waits for PostgreSQL to shut down before it
// stops at once, which leaves the directory for recovery.
const closeTimeout = time.Minute

// Close ends all sessions, shuts PostgreSQL down and releases the directory, as
// PostgreSQL's fast shutdown does. It does not wait for anybody who uses a
// connection: statements that run and Rows that are open fail, with SQLSTATE 57P01
// mostly, and transactions are rolled back. Connections and pools that came from
// the DB fail from then on, with ErrClosed when they connect; closing them
// afterwards does no harm. Who serves the DB stops.
//
// It takes some milliseconds, and of a directory as long as the last checkpoint
// does. If a session has not ended in 10 seconds, or PostgreSQL in a minute, it is
// stopped as by a crash, wherever it would look for a signal, and Close returns an
// error: nothing that was committed is lost, and the directory is recovered when it
// is opened next.
//
// It may be called again, also at the same time: each call waits for the end and
// returns the same error.
func (db *DB) Close() error {
	db.closing.Do(func() { db.closeErr = db.close() })
	return db.closeErr
}

func (db *DB) close() error {
	db.mu.Lock()
	db.closed = true
	db.mu.Unlock()
	pooled := db.shared.close()
	db.cancel()
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	err := db.cluster.Shutdown(ctx)
	db.sessions.Wait()
	<-pooled
	return errors.Join(err, db.releaseAll())
}

func (db *DB) releaseAll() (err error) {
	for _, c := range db.release {
		err = errors.Join(err, c.Close())
	}
	db.release = nil
	return err
}

// isClosed reports whether Close was called.
func (db *DB) isClosed() bool {
	db.mu.Lock()
	defer db.mu.Unlock()
	return db.closed
}

// asClosed makes an error of somebody who began before Close was called say that
// it was.
func (db *DB) asClosed(err error) error {
	if err != nil && db.isClosed() && !errors.Is(err, ErrClosed) {
		return fmt.Errorf("%w: %w", err, ErrClosed)
	}
	return err
}
