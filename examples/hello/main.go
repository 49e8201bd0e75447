// Command hello opens a database in a directory, and asks it for the nearest of some vectors.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/pglite"
)

func main() {
	if err := hello(context.Background(), filepath.Join(os.TempDir(), "calf-hello"), os.Stdout); err != nil {
		log.Fatal(err)
	}
}

func hello(ctx context.Context, dir string, w io.Writer) error {
	db, err := pglite.OpenConfig(ctx, pglite.Config{Dir: dir, Extensions: []string{"vector"}})
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec(ctx, `CREATE TABLE IF NOT EXISTS color AS SELECT * FROM (VALUES
		('red', '[255,0,0]'::vector), ('olive', '[128,128,0]'), ('navy', '[0,0,128]')) AS v(name, rgb)`)
	if err != nil {
		return err
	}
	var name string
	err = db.QueryRow(ctx, `SELECT name FROM color ORDER BY rgb <-> $1::vector LIMIT 1`, "[100,90,10]").Scan(&name)
	fmt.Fprintln(w, name) // olive
	return err
}
