// Command connections shows that connections are PostgreSQL backends with sessions of their own: transactions do not see each
// other's work before it is committed, NOTIFY reaches an idle session, and one that waits for another's lock is told to stop.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/calfdb/calf/pglite"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer) (err error) {
	db, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Exec(ctx, `CREATE TABLE account (owner text PRIMARY KEY, cents bigint NOT NULL)`); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, `INSERT INTO account VALUES ('ada', 100)`); err != nil {
		return err
	}
	alice, err := db.Connect(ctx) // a *pgx.Conn
	if err != nil {
		return err
	}
	defer alice.Close(ctx)
	bob, err := db.Connect(ctx)
	if err != nil {
		return err
	}
	defer bob.Close(ctx)
	for _, show := range []func(context.Context, io.Writer, *pgx.Conn, *pgx.Conn) error{isolation, notify, deadline} {
		if err := show(ctx, w, alice, bob); err != nil {
			return err
		}
	}
	return nil
}

// isolation shows that a transaction's work is not seen before it is committed.
func isolation(ctx context.Context, w io.Writer, alice, bob *pgx.Conn) error {
	tx, err := alice.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, `UPDATE account SET cents = cents - 30 WHERE owner = 'ada'`); err != nil {
		return err
	}
	var before, after int64
	if err := bob.QueryRow(ctx, `SELECT cents FROM account WHERE owner = 'ada'`).Scan(&before); err != nil {
		return err
	}
	if err := tx.Commit(ctx); err != nil {
		return err
	}
	if err := bob.QueryRow(ctx, `SELECT cents FROM account WHERE owner = 'ada'`).Scan(&after); err != nil {
		return err
	}
	fmt.Fprintf(w, "bob sees %d, and %d after alice's commit\n", before, after)
	return nil
}

// notify shows that NOTIFY reaches a session that waits.
func notify(ctx context.Context, w io.Writer, alice, bob *pgx.Conn) error {
	if _, err := bob.Exec(ctx, `LISTEN news`); err != nil {
		return err
	}
	if _, err := alice.Exec(ctx, `NOTIFY news, 'ada was paid'`); err != nil {
		return err
	}
	n, err := bob.WaitForNotification(ctx)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "bob hears on %s: %s\n", n.Channel, n.Payload)
	return nil
}

// deadline shows that a session waits for another's lock, and that the end of its context cancels the statement and ends the
// session, as with any server.
func deadline(ctx context.Context, w io.Writer, alice, bob *pgx.Conn) error {
	tx, err := alice.Begin(ctx)
	if err != nil {
		return err
	}
	defer tx.Rollback(ctx)
	if _, err := tx.Exec(ctx, `SELECT FROM account WHERE owner = 'ada' FOR UPDATE`); err != nil {
		return err
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	_, err = bob.Exec(short, `DELETE FROM account`)
	fmt.Fprintln(w, "bob waits for alice's lock until his context ends:", err)
	fmt.Fprintln(w, "his connection is closed:", bob.IsClosed())
	return nil
}
