package pglitetest_test

import (
	"context"
	"testing"

	"github.com/calfdb/calf/pglite"
	"github.com/calfdb/calf/pglite/pglitetest"
)

var app = pglitetest.Template{Setup: func(ctx context.Context, db *pglite.DB) error {
	_, err := db.Exec(ctx, "CREATE TABLE person (id int PRIMARY KEY, name text)")
	return err // or run your migrations
}}

func TestRename(t *testing.T) {
	t.Parallel()
	db := app.Open(t) // closed when the test ends
	_, err := db.Exec(t.Context(), "INSERT INTO person VALUES (1, 'Ada')")
	if err != nil {
		t.Fatal(err)
	}
}
