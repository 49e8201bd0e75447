package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// asClient is a variable that makes the test binary a command that uses the database
// that its environment names: it runs the SQL that the variable holds, and prints the
// value that comes of it, or its SQLSTATE.
const asClient = "CALF_TEST_AS_CLIENT"

// client is such a command.
func client(sql string) int {
	ctx := context.Background()
	found := []any{}
	for _, address := range []string{os.Getenv("DATABASE_URL"), ""} { // "" is what PGHOST and so on say
		conn, err := pgx.Connect(ctx, address)
		var value string
		if err == nil {
			err = conn.QueryRow(ctx, sql).Scan(&value)
			conn.Close(ctx)
		}
		if server := (*pgconn.PgError)(nil); errors.As(err, &server) {
			value, err = server.Code, nil
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		found = append(found, value)
	}
	fmt.Println(found...)
	return 7
}
