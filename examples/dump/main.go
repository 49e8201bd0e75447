// Command dump copies a database while it is written to, and opens the copy.
package main

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"github.com/calfdb/calf/pglite/dump"
	"io"
	"log"
	"os"
	"path/filepath"

	"github.com/calfdb/calf/pglite"
)

func main() {
	dir, err := os.MkdirTemp("", "calf-dump-")
	if err == nil {
		err = errors.Join(run(context.Background(), dir, os.Stdout), os.RemoveAll(dir))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, dir string, w io.Writer) (err error) {
	db, err := pglite.Open(ctx, filepath.Join(dir, "data"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	if _, err := db.Exec(ctx, `CREATE TABLE visit AS SELECT g AS id FROM generate_series(1, 10000) g`); err != nil {
		return err
	}
	backup := filepath.Join(dir, "backup.tar.gz")
	if err := backUp(ctx, db, backup); err != nil {
		return err
	}
	if _, err := db.Exec(ctx, `DROP TABLE visit`); err != nil {
		return err
	}
	n, err := count(ctx, backup)
	fmt.Fprintln(w, "the copy has", n, "rows")
	return err
}

// backUp writes a database that is open to a file, which PGlite could load, too.
func backUp(ctx context.Context, db *pglite.DB, name string) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	z := gzip.NewWriter(f)
	err = db.Dump(ctx, z, dump.ArchiveConfig{})
	return errors.Join(err, z.Close(), f.Close())
}

// count opens a dump as a database in memory.
func count(ctx context.Context, name string) (n int, err error) {
	f, err := os.Open(name)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	db, err := pglite.OpenConfig(ctx, pglite.Config{Load: f})
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	err = db.QueryRow(ctx, `SELECT count(*) FROM visit`).Scan(&n)
	return n, err
}
