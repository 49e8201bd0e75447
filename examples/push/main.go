// Command push moves a database to a server. The server here is another calf, behind a socket; it could be any PostgreSQL
// since 15.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/push"
	"github.com/jackc/pgx/v5"
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
	_, err = db.Exec(ctx, `CREATE EXTENSION vector;
		CREATE TABLE city (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE, at vector(2));
		INSERT INTO city (name, at) VALUES ('Rome', '[41.9,12.5]'), ('Brasília', '[-15.8,-47.9]')`)
	if err != nil {
		return err
	}
	url, stop, err := server(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, stop()) }()
	return move(ctx, db, url, w)
}

// move moves a database, if nothing hinders.
func move(ctx context.Context, db *pglite.DB, url string, w io.Writer) error {
	target, err := pgx.ParseConfig(url)
	if err != nil {
		return err
	}
	report, err := db.Push(ctx, target, push.Config{NoOwner: true})
	if err != nil {
		return err // a *pglite.PushBlockedError says what hinders
	}
	for _, t := range report.Tables {
		fmt.Fprintf(w, "%s: %d rows, the same on both sides\n", t.Name, t.Rows)
	}
	return nil
}

// server starts a server and returns its URL.
func server(ctx context.Context) (url string, stop func() error, err error) {
	db, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		return "", nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, errors.Join(err, db.Close())
	}
	serving, stopServing := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- db.Serve(serving, l, pglite.ServeConfig{}) }()
	return fmt.Sprintf("postgres://postgres@%s/postgres?sslmode=disable", l.Addr()), func() error {
		stopServing()
		return errors.Join(<-ended, db.Close())
	}, nil
}
