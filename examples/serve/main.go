// Command serve lets other programs connect to a database, as they would to any PostgreSQL server, until it is
// interrupted.
//
//	go run ./examples/serve -dir ./data -listen 127.0.0.1:5433
//	psql 'host=127.0.0.1 port=5433 user=guest password=secret dbname=postgres'
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/signal"

	"github.com/jackc/pgx/v5"

	"github.com/calfdb/calf/pglite"
)

func main() {
	dir := flag.String("dir", pglite.Memory, "the data directory")
	address := flag.String("listen", "127.0.0.1:5433", "the address to listen at")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	listener, err := net.Listen("tcp", *address)
	if err == nil {
		fmt.Println("listening at", listener.Addr())
		err = serve(ctx, *dir, "secret", listener)
	}
	if err != nil {
		stop()
		log.Fatal(err)
	}
}

// serve serves a database at a listener until ctx ends. Who comes from outside has to be guest and know the password; the
// program itself connects as it likes.
func serve(ctx context.Context, dir, password string, listener net.Listener) (err error) {
	db, err := pglite.OpenConfig(ctx, pglite.Config{
		Dir: dir,
		HBA: "local all all trust\nhost all guest all scram-sha-256\n",
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if err := createGuest(ctx, db, password); err != nil {
		return errors.Join(err, listener.Close())
	}
	return db.Serve(ctx, listener, pglite.ServeConfig{})
}

// createGuest makes the role guest, or gives it another password.
func createGuest(ctx context.Context, db *pglite.DB, password string) error {
	conn, err := db.Connect(ctx)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	return pgx.BeginFunc(ctx, conn, func(tx pgx.Tx) error {
		var exists bool
		if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = 'guest')`).Scan(&exists); err != nil {
			return err
		}
		if !exists {
			if _, err := tx.Exec(ctx, `CREATE ROLE guest LOGIN`); err != nil {
				return err
			}
		}
		// ALTER ROLE takes no parameters, so the statement is made by PostgreSQL itself.
		var alter string
		if err := tx.QueryRow(ctx, `SELECT format('ALTER ROLE guest PASSWORD %L', $1::text)`, password).Scan(&alter); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, alter)
		return err
	})
}
