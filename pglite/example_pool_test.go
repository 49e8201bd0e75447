package pglite_test

import (
	"context"
	"fmt"
	"log"

	"github.com/calfdb/calf/pglite"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/pgvector/pgvector-go"
)

// A pool of 20 connections, each of which waits two seconds for a lock at most.
func ExampleDB_PoolConfig() {
	ctx := context.Background()
	db, err := pglite.Open(ctx, pglite.Memory)
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(ctx, "CREATE EXTENSION vector"); err != nil {
		log.Fatal(err)
	}

	cfg, err := db.PoolConfig()
	if err != nil {
		log.Fatal(err)
	}
	cfg.MaxConns = 20
	registered := cfg.AfterConnect // the types of pgvector
	cfg.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		if _, err := conn.Exec(ctx, "SET lock_timeout = '2s'"); err != nil {
			return err
		}
		return registered(ctx, conn)
	}
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		log.Fatal(err)
	}
	defer pool.Close()

	var timeout string
	var v pgvector.Vector
	if err := pool.QueryRow(ctx, "SELECT current_setting('lock_timeout'), '[1,2]'::vector").Scan(&timeout, &v); err != nil {
		log.Fatal(err)
	}
	fmt.Println(timeout, v.Slice())
	// Output: 2s [1 2]
}
