// Command sqldump moves a database to another one as SQL, as it could be moved to any PostgreSQL.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"github.com/calfdb/calf/pglite/dump"
	"io"
	"log"
	"os"

	"github.com/calfdb/calf/pglite"
)

func main() {
	if err := run(context.Background(), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer) (err error) {
	from, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	to, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, to.Close()) }()
	_, err = from.Exec(ctx, `CREATE TABLE city (name text PRIMARY KEY, founded int);
		INSERT INTO city VALUES ('Rome', -753), ('Brasília', 1960)`)
	if err != nil {
		return err
	}
	if err := move(ctx, from, to); err != nil {
		return err
	}
	var oldest string
	if err := to.QueryRow(ctx, "SELECT name FROM city ORDER BY founded LIMIT 1").Scan(&oldest); err != nil {
		return err
	}
	fmt.Fprintln(w, "the oldest city is", oldest)
	return nil
}

// move copies a database as pg_dump and psql would do it.
func move(ctx context.Context, from, to *pglite.DB) error {
	var script bytes.Buffer // or a file
	err := from.DumpSQL(ctx, &script, dump.SQLConfig{
		Args:     []string{"--no-owner", "--exclude-table=temporary_*"}, // pg_dump's own
		Messages: os.Stderr,
	})
	if err != nil {
		return err
	}
	return to.RestoreSQL(ctx, &script, dump.RestoreSQLConfig{SingleTransaction: true})
}
