package libraries

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"
)

// sqlCalls are the ways in which a handle of database/sql can run sleeps.
func sqlCalls(db *sql.DB) map[string]func(ctx context.Context) error {
	return map[string]func(ctx context.Context) error{
		"Exec": func(ctx context.Context) error {
			_, err := db.ExecContext(ctx, sleeps)
			return err
		},
		"Query": func(ctx context.Context) error {
			rows, err := db.QueryContext(ctx, sleeps)
			if err != nil {
				return err
			}
			defer rows.Close()
			for rows.Next() {
			}
			return rows.Err()
		},
		"Prepared": func(ctx context.Context) error {
			stmt, err := db.PrepareContext(ctx, sleeps)
			if err != nil {
				return err
			}
			defer stmt.Close()
			_, err = stmt.ExecContext(ctx)
			return err
		},
		"Transaction": func(ctx context.Context) error {
			tx, err := db.BeginTx(context.WithoutCancel(ctx), nil)
			if err != nil {
				return err
			}
			defer tx.Rollback()
			_, err = tx.ExecContext(ctx, sleeps)
			return err
		},
	}
}

// sqlContexts ends contexts in the middle of what a handle of database/sql, with pgx as its driver, does.
func sqlContexts(t *testing.T, on target, db *sql.DB) {
	watch := on.connect(t)
	for name, call := range sqlCalls(db) {
		t.Run(name, func(t *testing.T) {
			requireContextError(t, watch, call)
			require.NoError(t, db.PingContext(bounded(t)), "the handle is usable")
		})
	}
}
