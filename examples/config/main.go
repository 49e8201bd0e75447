// Command config opens a database with a configuration of its own, and shows what came of it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"

	"github.com/calfdb/calf/pglite"
)

func main() {
	dir, err := os.MkdirTemp("", "calf-config-")
	if err == nil {
		err = errors.Join(show(context.Background(), dir, os.Stdout), os.RemoveAll(dir))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func open(ctx context.Context, dir string, logger *slog.Logger) (*pglite.DB, error) {
	return pglite.OpenConfig(ctx, pglite.Config{
		Dir:        dir,
		Durability: pglite.Relaxed,
		Settings: map[string]string{
			"work_mem":                 "32MB",
			"shared_preload_libraries": "pg_stat_statements",
		},
		Extensions: []string{"pg_stat_statements", "pg_trgm", "vector"},
		Logger:     logger, // a *slog.Logger, for the server log
	})
}

func show(ctx context.Context, dir string, w io.Writer) (err error) {
	db, err := open(ctx, dir, slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	handle := db.SQL() // a *sql.DB
	defer handle.Close()
	for _, name := range []string{"synchronous_commit", "fsync", "work_mem", "shared_preload_libraries"} {
		var value string
		if err := handle.QueryRowContext(ctx, "SELECT current_setting($1)", name).Scan(&value); err != nil {
			return err
		}
		fmt.Fprintf(w, "%s = %s\n", name, value)
	}
	var extensions string
	err = handle.QueryRowContext(ctx, `SELECT string_agg(extname, ' ' ORDER BY extname) FROM pg_extension`).Scan(&extensions)
	if err != nil {
		return err
	}
	fmt.Fprintln(w, "extensions:", extensions)
	return nil
}
